/**
 * The activities of one run.
 *
 * Owns: their numbering and their state. A cancellation that needs no answer from the service is resolved by the run
 * itself, in a further activation of the same workflow task: after the code that asked for it has come to rest.
 *
 *   unsent ── cancel ──▶ withdrawn, cancelled by the run
 *   sent ── cancel, ABANDON ──▶ cancelled by the run; what the history says later is ignored
 *   sent ── cancel, TRY_CANCEL ──▶ RequestCancelActivityTask, then as ABANDON
 *   sent ── cancel, WAIT_CANCELLATION_COMPLETED ──▶ RequestCancelActivityTask, then waits for the history
 *   sent ── completed, failed, timed out or cancelled in history ──▶ closed, delivered by its job
 */
import type { ScheduleActivityTaskCommand } from "../core/command.ts";
import { activityCancelledFailure } from "./activity-failures.ts";
import type { CommandOutbox, OutboxEntry } from "./command-outbox.ts";
import type { Outcome, OwnResolutions } from "./resolutions.ts";

/** What the workflow does when the scope of an activity is cancelled. */
export type ActivityCancellationType = "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "ABANDON";

/** How an activity ended, in clear. */
export type ActivityResolution = Outcome;

interface Activity {
  readonly command: ScheduleActivityTaskCommand;
  readonly cancellationType: ActivityCancellationType;
  /** Settles the promise that workflow code holds. */
  readonly settle: (resolution: ActivityResolution) => void;
  readonly entry: OutboxEntry;
  scheduledEventId: number | undefined;
  cancelRequested: boolean;
  /** The run or the history knows how it ended; only its job is still to come. */
  closed: boolean;
}

export class Activities {
  readonly #outbox: CommandOutbox;
  readonly #own: OwnResolutions;
  readonly #open = new Map<number, Activity>();
  readonly #byScheduledEvent = new Map<number, number>();
  #nextSequence = 1;

  constructor(outbox: CommandOutbox, own: OwnResolutions) {
    this.#outbox = outbox;
    this.#own = own;
  }

  /** Takes the next number, whether or not an activity comes of it. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  schedule(
    sequence: number,
    command: ScheduleActivityTaskCommand,
    cancellationType: ActivityCancellationType,
    settle: (resolution: ActivityResolution) => void,
  ): void {
    const entry = this.#outbox.push(command, (event) => this.#recordScheduled(sequence, event.eventId));
    this.#open.set(sequence, {
      command,
      cancellationType,
      settle,
      entry,
      scheduledEventId: undefined,
      cancelRequested: false,
      closed: false,
    });
  }

  #recordScheduled(sequence: number, scheduledEventId: number): void {
    this.#byScheduledEvent.set(scheduledEventId, sequence);
    const activity = this.#open.get(sequence);
    if (activity) activity.scheduledEventId = scheduledEventId;
  }

  /** Asks for cancellation; a second time, or after the end, does nothing. */
  requestCancel(sequence: number): void {
    const activity = this.#open.get(sequence);
    if (activity === undefined || activity.closed || activity.cancelRequested) return;
    activity.cancelRequested = true;
    if (!activity.entry.sent) {
      this.#outbox.withdraw(activity.entry);
      this.#cancelLocally(sequence, activity);
      return;
    }
    if (activity.cancellationType !== "ABANDON" && activity.scheduledEventId !== undefined) {
      const { scheduledEventId } = activity;
      this.#outbox.push({ commandType: "RequestCancelActivityTask", scheduledEventId });
    }
    if (activity.cancellationType !== "WAIT_CANCELLATION_COMPLETED") this.#cancelLocally(sequence, activity);
  }

  #cancelLocally(sequence: number, activity: Activity): void {
    activity.closed = true;
    const { activityId, activityType } = activity.command;
    const failure = activityCancelledFailure({
      activityId,
      activityType,
      scheduledEventId: activity.scheduledEventId,
    });
    this.#own.push({ kind: "resolveActivity", sequence, resolution: { kind: "failed", failure } });
  }

  /**
   * Notes that the history closed an activity: the number to resolve, "ignore" if the run has its end already, or
   * undefined if the history never scheduled it here.
   */
  noteClosed(scheduledEventId: number): number | "ignore" | undefined {
    const sequence = this.#byScheduledEvent.get(scheduledEventId);
    if (sequence === undefined) return undefined;
    this.#byScheduledEvent.delete(scheduledEventId);
    const activity = this.#open.get(sequence);
    if (activity === undefined) return "ignore";
    activity.closed = true;
    return sequence;
  }

  resolve(sequence: number, resolution: ActivityResolution): void {
    const activity = this.#open.get(sequence);
    this.#open.delete(sequence);
    activity?.settle(resolution);
  }
}
