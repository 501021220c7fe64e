/**
 * One turn of the platform's event loop.
 *
 * Owns: the one primitive by which replay knows that workflow code has come to rest: when a new turn begins, every
 * microtask of the one before has run, and rejections that nobody handled have been reported. The functions are taken
 * from the platform before the determinism guards replace them.
 *
 * On workerd `setImmediate` and `setTimeout(0)` are turns, but wait for a timer: 1.3 ms each, measured at compatibility
 * date 2026-10-01. A byte through an `IdentityTransformStream` crosses the event loop as well, in 0.03 ms, and is
 * therefore preferred. A message on a `MessageChannel` is no turn there: it arrives among the microtasks.
 */

interface ByteStreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** The parts of a platform that can make a turn. */
export interface TurnPlatform {
  readonly IdentityTransformStream?: new () => ByteStreamPair;
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly setTimeout?: (callback: () => void, delayMs: number) => unknown;
}

/** Picks the cheapest way to wait for a turn that a platform offers. Throws if it offers none. */
export function turnOf({ IdentityTransformStream, setImmediate, setTimeout }: TurnPlatform): () => Promise<void> {
  if (IdentityTransformStream !== undefined) return () => streamTurn(new IdentityTransformStream());
  if (setImmediate !== undefined) return () => new Promise((resolve) => void setImmediate(resolve));
  if (setTimeout !== undefined) return () => new Promise((resolve) => void setTimeout(resolve, 0));
  throw new Error("This platform has neither IdentityTransformStream, setImmediate nor setTimeout.");
}

async function streamTurn({ readable, writable }: ByteStreamPair): Promise<void> {
  const read = readable.getReader().read();
  const written = writable.getWriter().write(new Uint8Array(1));
  await Promise.all([read, written]);
}

/** Resolves at the beginning of the next turn. */
export const nextTurn: () => Promise<void> = turnOf(globalThis);

/** The real clock, epoch milliseconds. */
export const realNow: () => number = Date.now.bind(Date);
