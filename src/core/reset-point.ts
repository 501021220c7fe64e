/**
 * The point of a reset: which events of a history name one, and how much of the history each keeps.
 *
 *   event given                       | history is kept up to and with
 *   ----------------------------------+------------------------------------------------------------
 *   WorkflowTaskStarted               | the task's WorkflowTaskScheduled; the task is started anew
 *   WorkflowTaskCompleted, -Failed or | the task's WorkflowTaskStarted
 *   -TimedOut                         |
 *   the first or last workflow task   | that of the first or last task that has completed; where none has, that of the
 *                                     | first task that was scheduled
 *   anything else                     | refused
 *
 * Owns: this table, which is Temporal's: what is kept must leave a workflow task open, so that the code can decide anew
 * from there.
 */
import type { ResetPoint } from "./control-requests.ts";
import type { HistoryEvent } from "./history-event.ts";

/** The last event that is kept, or why there is none. */
export type ResolvedPoint =
  | { readonly ok: true; readonly keptEventId: number }
  | { readonly ok: false; readonly message: string };

interface SeenTask {
  readonly scheduledEventId: number;
  /** The event that ended it. */
  endEventId?: number;
  isCompleted?: true;
}

/** Ids that a refusal names at most. */
const MAX_NAMED_POINTS = 20;

/** The workflow tasks of a history, gathered while it is read. */
export class WorkflowTaskIndex {
  readonly #tasks: SeenTask[] = [];
  #lastEventId = 0;

  /** Takes in the next event. */
  take(event: HistoryEvent): void {
    this.#lastEventId = event.eventId;
    const { eventType, eventId } = event;
    if (eventType === "WorkflowTaskScheduled") this.#tasks.push({ scheduledEventId: eventId });
    const task = this.#tasks.at(-1);
    if (!task) return;
    if (eventType === "WorkflowTaskCompleted") task.isCompleted = true;
    if (eventType === "WorkflowTaskCompleted" || eventType === "WorkflowTaskFailed") task.endEventId = eventId;
    if (eventType === "WorkflowTaskTimedOut") task.endEventId = eventId;
  }

  /** What a point means in this history. */
  resolve(point: ResetPoint): ResolvedPoint {
    switch (point.kind) {
      case "event":
        return this.#atEvent(point.eventId);
      case "firstWorkflowTask":
        return this.#atTask(this.#tasks.find((task) => task.isCompleted));
      case "lastWorkflowTask":
        return this.#atTask(this.#tasks.findLast((task) => task.isCompleted));
    }
  }

  #atTask(task: SeenTask | undefined): ResolvedPoint {
    const eventId = task?.endEventId ?? (this.#tasks[0] && this.#tasks[0].scheduledEventId + 1);
    if (eventId !== undefined) return this.#atEvent(eventId);
    return { ok: false, message: "the run has had no workflow task yet: there is nothing to reset to" };
  }

  #atEvent(eventId: number): ResolvedPoint {
    if (this.#tasks.some((task) => this.#isWithin(task, eventId))) return { ok: true, keptEventId: eventId - 1 };
    return { ok: false, message: this.#refusal(eventId) };
  }

  /** Whether the task is open just before this event. */
  #isWithin({ scheduledEventId, endEventId }: SeenTask, eventId: number): boolean {
    return eventId > scheduledEventId && eventId <= (endEventId ?? this.#lastEventId);
  }

  #refusal(eventId: number): string {
    const points = this.#tasks.flatMap(({ scheduledEventId, endEventId }) => {
      const ids = [scheduledEventId + 1, ...(endEventId === undefined ? [] : [endEventId])];
      return ids.filter((id) => id <= this.#lastEventId);
    });
    const what = `event ${eventId} is no point to reset to: it must be a WorkflowTaskStarted, or the WorkflowTaskCompleted, -Failed or -TimedOut that follows one`;
    if (points.length === 0) return `${what}, and the run has had no workflow task yet`;
    const near = points.toSorted((a, b) => Math.abs(a - eventId) - Math.abs(b - eventId)).slice(0, MAX_NAMED_POINTS);
    const named = near.toSorted((a, b) => a - b).join(", ");
    const which = near.length < points.length ? "the nearest of the run's are" : "those of the run are";
    return `${what}; ${which} ${named}`;
  }
}
