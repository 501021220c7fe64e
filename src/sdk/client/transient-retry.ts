/**
 * Which errors of the transport are worth another try, and the trying.
 *
 * Owns: the classification, the number of tries and the waiting between them. An operation that comes here must be
 * harmless to repeat: requests carry ids made once per logical call, so the service answers a repeat like the first.
 * Rejections are values and never come here; only a call that got no answer does.
 */

/** Tries of one call in all. With the delays below they span about four seconds, longer than an object's restart. */
export const MAX_TRANSPORT_ATTEMPTS = 8;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;

/** Waiting and chance, handed in so that a test decides both. */
export interface RetryTiming {
  readonly sleep: (delayMs: number) => Promise<void>;
  /** A number in [0, 1), as from `Math.random`. */
  readonly random: () => number;
}

/** Real time. Nothing is read before the first call, so it is safe to hold at module level in a Worker. */
export const systemTiming: RetryTiming = {
  sleep: (delayMs) => new Promise((resolve) => void setTimeout(resolve, delayMs)),
  random: () => Math.random(),
};

// What the Workers runtime says when it lost the other side and set no flag on the error.
const LOST_CONNECTION = [
  "network connection lost",
  "connection was lost",
  "connection lost",
  "cause object to be reset",
  "caused object to be reset",
  "its code was updated",
  "no longer running",
  "websocket closed",
];

function flag(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && (error as Record<string, unknown>)[name] === true;
}

/** Whether the service asked for fewer calls. A repeat would make it worse. */
export function isOverloaded(error: unknown): boolean {
  return flag(error, "overloaded");
}

/** Whether the call may not have arrived, or its answer may have been lost, and the next try has a fair chance. */
export function isTransient(error: unknown): boolean {
  if (isOverloaded(error)) return false;
  if (flag(error, "retryable") || flag(error, "durableObjectReset")) return true;
  const message = error instanceof Error ? error.message.toLowerCase() : "";
  return LOST_CONNECTION.some((phrase) => message.includes(phrase));
}

/**
 * How long to wait after try number `attempt` (from 1), in milliseconds. Half of it is chance, so that callers cut off
 * together do not come back together. No wait is longer than `maximumMs`.
 */
export function transportDelayMs(attempt: number, random: () => number, maximumMs = MAX_DELAY_MS): number {
  const fullMs = Math.min(maximumMs, FIRST_DELAY_MS * 2 ** (attempt - 1));
  return fullMs / 2 + (fullMs / 2) * random();
}

/**
 * Runs an operation until it answers, or fails in a way that another try would not mend, or was tried
 * `maximumAttempts` times. Throws what the last try threw.
 *
 * @example
 * const reply = await retryTransient(() => service.execution("default", "order-1").start(request), systemTiming);
 */
export async function retryTransient<T>(
  operation: (attempt: number) => Promise<T>,
  timing: RetryTiming,
  maximumAttempts = MAX_TRANSPORT_ATTEMPTS,
  isWorthATry: (error: unknown) => boolean = isTransient,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt >= maximumAttempts || !isWorthATry(error)) throw error;
      await timing.sleep(transportDelayMs(attempt, timing.random));
    }
  }
}
