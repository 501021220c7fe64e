/**
 * The timers of one run.
 *
 * Owns: their numbering and their state. Sequence numbers are never given back, so that a timer cancelled before it
 * was sent leaves no event but still counts.
 *
 *   unsent ── cancel ──▶ (withdrawn)          sent ── cancel ──▶ CancelTimer, gone
 *   unsent ── task ends ──▶ sent              sent ── TimerFired ──▶ resolved, gone
 */
import type { Command } from "../core/command.ts";
import type { UserMetadata } from "../core/history-event.ts";
import type { CommandOutbox, OutboxEntry } from "./command-outbox.ts";
import type { Settlement } from "./settlement.ts";

interface Timer {
  readonly timerId: string;
  readonly settlement: Settlement<void>;
  readonly entry: OutboxEntry;
  startedEventId: number | undefined;
  /** The history has fired it already; only its job is still to come. */
  fired: boolean;
}

export class Timers {
  readonly #outbox: CommandOutbox;
  readonly #open = new Map<number, Timer>();
  readonly #byStartedEvent = new Map<number, number>();
  #nextSequence = 1;

  constructor(outbox: CommandOutbox) {
    this.#outbox = outbox;
  }

  /** Takes the next number, whether or not a timer comes of it. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  start(
    sequence: number,
    durationMs: number,
    settlement: Settlement<void>,
    metadata?: { readonly userMetadata: UserMetadata },
  ): void {
    const timerId = String(sequence);
    const command: Command = {
      commandType: "StartTimer",
      timerId,
      startToFireTimeoutMs: durationMs,
      ...metadata,
    };
    const entry = this.#outbox.push(command, (event) => this.#recordStarted(sequence, event.eventId));
    this.#open.set(sequence, { timerId, settlement, entry, startedEventId: undefined, fired: false });
  }

  #recordStarted(sequence: number, startedEventId: number): void {
    this.#byStartedEvent.set(startedEventId, sequence);
    const timer = this.#open.get(sequence);
    if (timer) timer.startedEventId = startedEventId;
  }

  /** Cancels an open timer; false if there is none. The caller settles the promise. */
  cancel(sequence: number): boolean {
    const timer = this.#open.get(sequence);
    if (timer === undefined) return false;
    this.#open.delete(sequence);
    if (!timer.entry.sent) this.#outbox.withdraw(timer.entry);
    else if (!timer.fired) this.#outbox.push({ commandType: "CancelTimer", timerId: timer.timerId });
    return true;
  }

  /** Notes that the history fired a timer. False if the history never started it here. */
  noteFired(startedEventId: number): boolean {
    const sequence = this.#byStartedEvent.get(startedEventId);
    if (sequence === undefined) return false;
    const timer = this.#open.get(sequence);
    if (timer) timer.fired = true;
    return true;
  }

  /** Resolves the promise of a fired timer, unless it was cancelled meanwhile. */
  fire(startedEventId: number): void {
    const sequence = this.#byStartedEvent.get(startedEventId);
    if (sequence === undefined) return;
    this.#byStartedEvent.delete(startedEventId);
    const timer = this.#open.get(sequence);
    this.#open.delete(sequence);
    timer?.settlement.resolve();
  }
}
