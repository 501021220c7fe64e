/**
 * Cuts a history into workflow tasks.
 *
 * Owns: the events that were handed over and not yet read, and which of the recorded workflow tasks count. A task that
 * failed or timed out never happened for the workflow: its events belong to the next one. What follows the start of a
 * task belongs to the next activation.
 */
import type { EventOf, HistoryEvent } from "../core/history-event.ts";
import { SessionOutOfDateError } from "./determinism-errors.ts";

/** One thing to do, in the order of history. */
export type HistoryStep =
  /** A task was completed: the events of its commands follow. */
  | { readonly kind: "completed"; readonly event: EventOf<"WorkflowTaskCompleted"> }
  /** Anything that is not about workflow tasks. */
  | { readonly kind: "event"; readonly event: HistoryEvent }
  /** A task that counts began: everything before it is told to the workflow. Without `completed` it is the live one. */
  | {
      readonly kind: "activate";
      readonly started: EventOf<"WorkflowTaskStarted">;
      readonly completed: EventOf<"WorkflowTaskCompleted"> | undefined;
      /**
       * What history says the task led to: of the events after its completion, up to the next task, the markers and the
       * accepted updates. They are told to the code in the activation that made them. Empty for a live task.
       */
      readonly lookAhead: readonly HistoryEvent[];
    };

export class HistoryReader {
  #unread: HistoryEvent[] = [];
  #lastEventId = 0;
  readonly #allowGaps: boolean;

  /** `allowGaps`: events may be missing, because they have no meaning for a workflow. */
  constructor({ allowGaps = false }: { readonly allowGaps?: boolean } = {}) {
    this.#allowGaps = allowGaps;
  }

  get lastEventId(): number {
    return this.#lastEventId;
  }

  /** Takes in the next events. Throws `SessionOutOfDateError` if they do not continue those before. */
  append(events: readonly HistoryEvent[]): void {
    for (const event of events) {
      const follows = this.#allowGaps ? event.eventId > this.#lastEventId : event.eventId === this.#lastEventId + 1;
      if (!follows)
        throw new SessionOutOfDateError(
          `The session has seen the history up to event ${this.#lastEventId}, and cannot go on with event ${event.eventId}.`,
        );
      this.#lastEventId = event.eventId;
      this.#unread.push(event);
    }
  }

  /**
   * Reads all that was handed over. `liveStartedEventId` is the task to be run now, which must be the last event;
   * undefined when there is none, as for a query.
   */
  read(liveStartedEventId: number | undefined): readonly HistoryStep[] {
    if (liveStartedEventId !== undefined) this.#assertEndsWithTask(liveStartedEventId);
    const events = this.#unread;
    this.#unread = [];
    const steps: HistoryStep[] = [];
    for (const [index, event] of events.entries()) {
      const step = stepOf(event, events, index, liveStartedEventId);
      if (step) steps.push(step);
    }
    return steps;
  }

  #assertEndsWithTask(startedEventId: number): void {
    const last = this.#unread.at(-1);
    if (last?.eventType !== "WorkflowTaskStarted" || last.eventId !== startedEventId)
      throw new SessionOutOfDateError(
        `The events of a workflow task must end with its WorkflowTaskStarted (event ${startedEventId}), ` +
          `but end with event ${this.#lastEventId}.`,
      );
  }
}

function stepOf(
  event: HistoryEvent,
  events: readonly HistoryEvent[],
  index: number,
  liveStartedEventId: number | undefined,
): HistoryStep | undefined {
  switch (event.eventType) {
    case "WorkflowTaskScheduled":
    case "WorkflowTaskTimedOut":
      return undefined;
    case "WorkflowTaskFailed":
      // A reset is told in the guise of a failed task.
      return event.attributes.cause === "RESET_WORKFLOW" ? { kind: "event", event } : undefined;
    case "WorkflowTaskCompleted":
      return { kind: "completed", event };
    case "WorkflowTaskStarted": {
      if (event.eventId === liveStartedEventId)
        return { kind: "activate", started: event, completed: undefined, lookAhead: [] };
      const completed = completionOf(event.eventId, events, index);
      return completed && { kind: "activate", started: event, completed, lookAhead: eventsOfTask(events, index + 2) };
    }
    default:
      return { kind: "event", event };
  }
}

const LOOKED_AHEAD: ReadonlySet<string> = new Set(["MarkerRecorded", "WorkflowExecutionUpdateAccepted"]);

/** The events from `from` on that come before the next workflow task. */
function eventsOfTask(events: readonly HistoryEvent[], from: number): readonly HistoryEvent[] {
  const end = events.findIndex((event, index) => index >= from && event.eventType === "WorkflowTaskScheduled");
  return events.slice(from, end === -1 ? undefined : end).filter((event) => LOOKED_AHEAD.has(event.eventType));
}

/** The completion of a task, or undefined if it failed, timed out or was never answered. */
function completionOf(
  startedEventId: number,
  events: readonly HistoryEvent[],
  index: number,
): EventOf<"WorkflowTaskCompleted"> | undefined {
  // What arrives while a task runs is written after its end, so the end follows the start at once.
  const next = events[index + 1];
  if (next?.eventType !== "WorkflowTaskCompleted") return undefined;
  return next.attributes.startedEventId === startedEventId ? next : undefined;
}
