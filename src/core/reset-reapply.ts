/**
 * What is applied to a run that a reset begins, of what came after the reset point.
 *
 *   event after the point                   | becomes
 *   ----------------------------------------+-----------------------------------------------------------------
 *   a signal                                | the same signal, under the same request id
 *   an update admitted or accepted          | an admitted update (REAPPLY); its outcome is for the new run to find
 *   an answer to what the kept history asks | the same answer, so that nobody is asked again
 *   anything else                           | nothing: the code decides anew
 *
 * Owns: this table. Nothing is applied twice, though several runs may show it.
 */
import type { ResetReapplyExcludeType } from "./control-requests.ts";
import type { Draft } from "./draft.ts";
import type { EventOf, HistoryEvent } from "./history-event.ts";
import type { WorkflowState } from "./state.ts";
import { type UpdateMessage, messageOf, recordOf } from "./workflow-task.ts";

type Answer = Extract<HistoryEvent, { readonly attributes: { readonly initiatedEventId: number } }>;

export class ReappliedEvents {
  readonly #draft: Draft;
  readonly #kept: Readonly<WorkflowState>;
  readonly #exclude: ReadonlySet<ResetReapplyExcludeType>;
  readonly #signals = new Set<string>();
  readonly #updates = new Set<string>();
  /** Of children that wait for an answer, the event that says they have started. */
  readonly #startedChildren = new Map<number, number>();
  /** What the kept history asks and nobody has answered yet. */
  readonly #unanswered: Set<number>;

  constructor(draft: Draft, kept: Readonly<WorkflowState>, exclude: ReadonlySet<ResetReapplyExcludeType>) {
    this.#draft = draft;
    this.#kept = kept;
    this.#exclude = exclude;
    const children = Object.values(kept.children);
    this.#unanswered = new Set([...children, ...Object.values(kept.externals)].map((asked) => asked.initiatedEventId));
    for (const { initiatedEventId, startedEventId } of children)
      if (startedEventId !== undefined) this.#startedChildren.set(initiatedEventId, startedEventId);
  }

  /** Applies an event again, if it is one that is applied. */
  take(event: HistoryEvent): void {
    switch (event.eventType) {
      case "WorkflowExecutionSignaled":
        return this.#signal(event);
      case "WorkflowExecutionUpdateAdmitted":
        return void this.admit(messageOf(event.attributes.request));
      case "WorkflowExecutionUpdateAccepted":
        return void this.admit(messageOf(event.attributes.acceptedRequest));
      case "ChildWorkflowExecutionStarted":
        return this.#childStarted(event);
      case "StartChildWorkflowExecutionFailed":
      case "ChildWorkflowExecutionCompleted":
      case "ChildWorkflowExecutionFailed":
      case "ChildWorkflowExecutionCanceled":
      case "ChildWorkflowExecutionTimedOut":
      case "ChildWorkflowExecutionTerminated":
      case "ExternalWorkflowExecutionSignaled":
      case "SignalExternalWorkflowExecutionFailed":
      case "ExternalWorkflowExecutionCancelRequested":
      case "RequestCancelExternalWorkflowExecutionFailed":
        return this.#answer(event);
      default:
        return;
    }
  }

  /** Admits an update, unless updates are left out or the run has it already. Returns whether it does. */
  admit(update: UpdateMessage): boolean {
    const { updateId } = update;
    if (this.#exclude.has("UPDATE") || this.#updates.has(updateId) || this.#isKept(updateId)) return false;
    this.#updates.add(updateId);
    this.#draft.append("WorkflowExecutionUpdateAdmitted", { request: recordOf(update), origin: "REAPPLY" });
    return true;
  }

  #isKept(updateId: string): boolean {
    const { updates, admittedUpdates } = this.#kept;
    if (updates[updateId]) return true;
    return admittedUpdates.some((update) => update.message.updateId === updateId && !update.answered);
  }

  #signal({ attributes }: EventOf<"WorkflowExecutionSignaled">): void {
    const { requestId } = attributes;
    if (this.#exclude.has("SIGNAL") || this.#signals.has(requestId)) return;
    if (this.#kept.signalRequestIds[requestId]) return;
    this.#signals.add(requestId);
    this.#draft.append("WorkflowExecutionSignaled", attributes);
  }

  #childStarted({ attributes, eventType }: EventOf<"ChildWorkflowExecutionStarted">): void {
    const { initiatedEventId } = attributes;
    if (!this.#unanswered.has(initiatedEventId) || this.#startedChildren.has(initiatedEventId)) return;
    this.#startedChildren.set(initiatedEventId, this.#draft.append(eventType, attributes));
  }

  #answer({ eventType, attributes }: Answer): void {
    const { initiatedEventId } = attributes;
    if (!this.#unanswered.delete(initiatedEventId)) return;
    const startedEventId = this.#startedChildren.get(initiatedEventId);
    // The event's place in the new history is another, and so is that of the child's start.
    const placed = "startedEventId" in attributes && startedEventId !== undefined ? { startedEventId } : {};
    this.#draft.append(eventType, { ...attributes, ...placed });
  }
}
