/**
 * The one alarm of an object.
 *
 * Owns: what it is set to. It is only ever moved earlier, because moving it costs a row: an alarm that comes too early
 * finds nothing due and sets itself to the right time. Never set in the past: such an alarm set by an alarm handler
 * does not fire.
 */
import type { WriteCount } from "./entry-table.ts";

/** The platform throws at dates some generations away, and timeouts may be as long as anybody likes: ten years. */
const FURTHEST_MS = 3_650 * 86_400_000;

export class AlarmClock {
  readonly #storage: DurableObjectStorage;
  readonly #writes: WriteCount;
  #armedForMs: number | undefined;

  constructor(storage: DurableObjectStorage, writes: WriteCount) {
    this.#storage = storage;
    this.#writes = writes;
  }

  /** Reads what is set. Call once, before anything else. */
  async load(nowMs: number): Promise<void> {
    const storedMs = await this.#storage.getAlarm();
    // One that should have fired long ago may never fire: treat it as absent, so that the next turn sets it again.
    this.#armedForMs = storedMs !== null && storedMs > nowMs ? storedMs : undefined;
  }

  get isArmed(): boolean {
    return this.#armedForMs !== undefined;
  }

  /** The alarm has fired or was taken away, so none is set. */
  fired(): void {
    this.#armedForMs = undefined;
  }

  /** Makes sure that the alarm fires no later than `deadlineMs`; undefined asks for nothing. */
  arm(deadlineMs: number | undefined, nowMs: number): void {
    if (deadlineMs === undefined) return;
    if (this.#armedForMs !== undefined && this.#armedForMs <= deadlineMs) return;
    this.#armedForMs = Math.min(Math.max(Math.ceil(deadlineMs), nowMs + 1), nowMs + FURTHEST_MS);
    this.#writes.rows += 1;
    // Not awaited: the write joins the commit of this synchronous run, and the output gate waits for both.
    void this.#storage.setAlarm(this.#armedForMs);
  }
}
