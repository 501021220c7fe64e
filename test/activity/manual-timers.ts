/**
 * Time that a test moves by hand.
 *
 * Owns: the clock and the callbacks that wait for it. `advance` lets promises settle after every callback, so that what
 * a callback set going is done before the next one is due.
 */
import type { ActivityTimers } from "../../src/sdk/activity/activity-timers.ts";

interface Alarm {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class ManualTimers implements ActivityTimers {
  nowMs = 0;
  readonly #alarms = new Set<Alarm>();

  /** Callbacks that still wait. */
  get pending(): number {
    return this.#alarms.size;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const alarm: Alarm = { dueMs: this.nowMs + delayMs, callback };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      const due = [...this.#alarms].filter(({ dueMs }) => dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.nowMs = due.dueMs;
      this.#alarms.delete(due);
      due.callback();
      await settle();
    }
    this.nowMs = untilMs;
    await settle();
  }
}

/** Lets everything happen that waits for neither a timer nor another thread (encryption does). */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

/** Lets things happen until they have; for what waits for encryption, which takes as long as it takes. */
export async function eventually(hasHappened: () => boolean): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    if (hasHappened()) return;
    await nextTurn();
  }
  throw new Error(`It has not happened: ${hasHappened.toString()}`);
}

const MAX_TURNS = 1_000_000;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
