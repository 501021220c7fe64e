/**
 * Update with start: an update for the workflow that is there, or for one that starts with it, in one commit.
 *
 *   current run \ asked  | what happens
 *   ---------------------+---------------------------------------------------------------------------
 *   any, update ended    | its outcome, though the run may have closed
 *   open, same start     | the update goes to it
 *   open, update known   | the same update
 *   open, USE_EXISTING   | the update goes to it
 *   anything else        | a start as its policies say; refused, the update has not happened either
 *
 * Owns: this order. The update of a run that starts is with its first workflow task.
 */
import { type Decision, unchanged } from "./draft.ts";
import type { StartReply, UpdateWithStartRequest } from "./protocol.ts";
import { alreadyCompleted } from "./signal.ts";
import { firstEvents, startWorkflow } from "./start.ts";
import type { WorkflowState } from "./state.ts";
import { type UpdateTaken, completedEventIdOf, isKnownUpdate, updateMessage, updateWorkflow } from "./update.ts";

/** Both halves of the answer. */
export interface UpdateWithStartTaken {
  readonly start: StartReply;
  readonly update: UpdateTaken;
}

export function updateWithStart(
  current: Readonly<WorkflowState> | undefined,
  { start, update }: Pick<UpdateWithStartRequest, "start" | "update">,
  nowMs: number,
  newRunId: string,
): Decision<UpdateWithStartTaken> {
  const isRunning = current?.status === "RUNNING";
  if (current && completedEventIdOf(current, update.updateId) !== undefined) return unchanged(known(current));
  if (current && isRunning) {
    const sameStart = current.identity.startRequestId === start.requestId;
    const usesExisting = start.workflowIdConflictPolicy === "USE_EXISTING";
    if (sameStart || usesExisting || isKnownUpdate(current, update.updateId)) {
      const decision = updateWorkflow(current, update, nowMs);
      return decision.ok ? { ...decision, value: known(current) } : decision;
    }
  }
  const decision = startWorkflow(current, start, nowMs, newRunId);
  if (!decision.ok) return decision;
  const { newRun } = decision.changes;
  // The start is known and its run has closed: the update was accepted there, or nobody is left to take it.
  if (!newRun && current)
    return isKnownUpdate(current, update.updateId) ? unchanged(known(current)) : alreadyCompleted(current);
  if (!newRun) throw new Error("a start without a run before it has begun none");
  const events = firstEvents(newRun.identity, start, nowMs, current, { isEarly: true });
  return {
    ok: true,
    changes: { ...decision.changes, newRun: { ...newRun, events, admitted: [updateMessage(update)] } },
    value: { start: decision.value, update: { runId: newRunId } },
  };
}

function known({ identity, start }: Readonly<WorkflowState>): UpdateWithStartTaken {
  const { runId } = identity;
  return { start: { runId, firstExecutionRunId: start.firstExecutionRunId, started: false }, update: { runId } };
}
