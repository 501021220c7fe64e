/**
 * Waiting for something to become true, never longer than said.
 *
 * Owns: the polling. Real time is the subject of these tests: what is killed and started again has no other clock.
 */
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 40;

/**
 * Asks until the answer is yes.
 *
 * @throws Error with `what` when the time is over
 * @example
 * await until(() => sink.hasAnnounced("order-1"), "order-1 is announced", 10_000);
 */
export async function until(ask: () => boolean | Promise<boolean>, what: string, limitMs: number): Promise<void> {
  const giveUpAtMs = Date.now() + limitMs;
  while (!(await ask())) {
    if (Date.now() >= giveUpAtMs) throw new Error(`after ${limitMs} ms it is still not true that ${what}`);
    await delay(POLL_MS);
  }
}

/** Waits until a moment, epoch milliseconds; one that has passed is over at once. */
export async function untilTime(atMs: number): Promise<void> {
  await delay(Math.max(0, atMs - Date.now()));
}
