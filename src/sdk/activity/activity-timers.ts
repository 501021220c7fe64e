/**
 * Time, as the activity runner needs it: handed in, so that tests move it by hand.
 *
 * Owns: the port and its form on the platform's timers. Nothing else in src/sdk/activity reads a clock.
 */

export interface ActivityTimers {
  /** Calls back once after `delayMs`, unless the function it returns was called before. */
  schedule(callback: () => void, delayMs: number): () => void;
}

// The platform's timers hold their delay in 31 bits and fire at once beyond that; longer waits are made of pieces.
const MAX_PLATFORM_DELAY_MS = 2 ** 31 - 1;

/** The platform's own timers. */
export const systemTimers: ActivityTimers = {
  schedule(callback, delayMs) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (restMs: number): void => {
      const pieceMs = Math.min(restMs, MAX_PLATFORM_DELAY_MS);
      timer = setTimeout(() => (restMs > pieceMs ? arm(restMs - pieceMs) : callback()), pieceMs);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
