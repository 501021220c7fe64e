/**
 * What events, and what history does not record, mean for the updates of a run.
 *
 * Owns: the two ways in which an update waits. Most are admitted in memory and nothing else; those that a reset has
 * taken over are history, so a reload has to know which of them the workflow has rejected, for which there is no event:
 * those that a completed task carried and did not accept. Called by `evolve` and `apply` only.
 */
import type { EventOf } from "./history-event.ts";
import type { UpdateChanges, WorkflowState } from "./state.ts";
import { type UpdateMessage, messageOf } from "./workflow-task.ts";

/** A task that starts carries every update that waits. */
export function carryUpdates(state: WorkflowState): void {
  dropAnsweredUpdates(state);
  for (const update of state.admittedUpdates) update.carried = true;
}

/** Forgets updates of which history shows that the workflow has rejected them. */
export function dropAnsweredUpdates(state: WorkflowState): void {
  if (state.admittedUpdates.some((update) => update.answered))
    state.admittedUpdates = state.admittedUpdates.filter((update) => !update.answered);
}

/** An update that history shows before it is accepted. */
export function admitRecorded(
  state: WorkflowState,
  { eventId, attributes }: EventOf<"WorkflowExecutionUpdateAdmitted">,
): void {
  state.admittedUpdates.push({ message: messageOf(attributes.request), carried: false, admittedEventId: eventId });
}

export function acceptUpdate(state: WorkflowState, event: EventOf<"WorkflowExecutionUpdateAccepted">): void {
  const { updateId } = event.attributes.acceptedRequest.meta;
  state.updates[updateId] = { acceptedEventId: event.eventId };
  withdrawUpdate(state, updateId);
}

export function completeUpdate(state: WorkflowState, event: EventOf<"WorkflowExecutionUpdateCompleted">): void {
  const update = state.updates[event.attributes.meta.updateId];
  if (update) update.completedEventId = event.eventId;
}

function withdrawUpdate(state: WorkflowState, updateId: string): void {
  state.admittedUpdates = state.admittedUpdates.filter(({ message }) => message.updateId !== updateId);
}

/** Takes updates in; the next workflow task to start carries them. */
export function admitUpdates(state: WorkflowState, messages: readonly UpdateMessage[]): void {
  for (const message of messages) state.admittedUpdates.push({ message, carried: false });
}

/** Applies what history does not show of updates. Comes before the events of the same commit. */
export function evolveUpdates(state: WorkflowState, changes: UpdateChanges): void {
  for (const { updateId } of changes.rejected) withdrawUpdate(state, updateId);
  admitUpdates(state, changes.admitted);
  if (changes.taskDropped) delete state.workflowTask;
}

/** A completed task has answered what it carried: what it accepted follows at once, the rest it has rejected. */
export function answerCarried(state: WorkflowState): void {
  for (const update of state.admittedUpdates)
    if (update.carried && update.admittedEventId !== undefined) update.answered = true;
}
