/**
 * Updates: requests that the workflow may refuse, and whose outcome their caller waits for.
 *
 *   state \ input | request          | task starts | accept        | reject   | complete  | run closes
 *   --------------+------------------+-------------+---------------+----------+-----------+---------------------
 *   none          | admitted, or     | -           | task fails    | task     | task      | -
 *                 | refused (limits) |             |               | fails    | fails     |
 *   admitted      | same update      | carried     | task fails    | task     | task      | refused (*)
 *                 |                  |             |               | fails    | fails     |
 *   carried       | same update      | carried (+) | accepted      | rejected | task      | refused (*)
 *                 |                  |             | (event)       |          | fails     |
 *   accepted      | same update      | -           | task fails    | task     | completed | failed: workflow
 *                 |                  |             |               | fails    | (event)   | completed before it
 *   completed     | same outcome     | -           | task fails    | task     | task      | -
 *                 |                  |             |               | fails    | fails     |
 *   rejected      | as none: history does not know of it
 *
 * (+) by the next attempt, when the task has failed. (*) With WorkflowAlreadyCompleted; an admitted or carried update
 * moves to the next run instead when the workflow continues as new. An update that its task leaves unanswered is
 * rejected.
 *
 * Owns: admission with its limits, and what can be said of an update. What a workflow task does to it is
 * `update-command.ts`. Admitted updates are in memory only: their callers' calls fail with the object, and are repeated
 * under the same update id. Accepted ones are history.
 */
import { type Decision, Draft, unchanged } from "./draft.ts";
import { type Failure, SERVICE_FAILURE_SOURCE } from "./failure.ts";
import type { HistoryEvent } from "./history-event.ts";
import { MAX_UPDATES, MAX_UPDATES_IN_FLIGHT } from "./limits.ts";
import type { UpdateReply, UpdateRequest } from "./protocol.ts";
import { rejected } from "./rejection.ts";
import { alreadyCompleted } from "./signal.ts";
import { type WorkflowState, openUpdates } from "./state.ts";
import type { UpdateMessage } from "./workflow-task.ts";

type Refused = Extract<Decision<never>, { ok: false }>;

/** A paused run takes no updates: their callers would wait for as long as it is paused. */
function refusedByPause({ paused, identity }: Readonly<WorkflowState>): Refused | undefined {
  if (!paused) return undefined;
  const message = `workflow id '${identity.workflowId}' is paused and takes no updates: unpause it, or send a signal`;
  return rejected("FailedPrecondition", message, { runId: identity.runId });
}

/** Which run has taken an update. How far it has come is asked of the state (`updateReply`). */
export interface UpdateTaken {
  readonly runId: string;
}

/** An update for a run, known by its id already or to be admitted. */
export function updateWorkflow(
  state: Readonly<WorkflowState>,
  request: UpdateRequest,
  nowMs: number,
): Decision<UpdateTaken> {
  const taken = { runId: state.identity.runId };
  if (isKnownUpdate(state, request.updateId)) return unchanged(taken);
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  const refused = refusedByPause(state) ?? refusedByLimits(state);
  if (refused) return refused;
  const draft = new Draft(state, nowMs);
  draft.admitUpdate(updateMessage(request));
  if (state.start.isStartDelayed) draft.startEarly();
  draft.ensureSpeculativeTask();
  return draft.decide(taken);
}

/** Whether an update with this id has been admitted or accepted by the run. */
export function isKnownUpdate(state: Readonly<WorkflowState>, updateId: string): boolean {
  return state.updates[updateId] !== undefined || state.admittedUpdates.some(({ message }) => isOf(message, updateId));
}

function isOf(message: UpdateMessage, updateId: string): boolean {
  return message.updateId === updateId;
}

function refusedByLimits(state: Readonly<WorkflowState>): Refused | undefined {
  const admitted = state.admittedUpdates.length;
  if (openUpdates(state).length + admitted >= MAX_UPDATES_IN_FLIGHT)
    return rejected(
      "ResourceExhausted",
      `${MAX_UPDATES_IN_FLIGHT} updates of the run are in flight, the most allowed at once: wait for one of them`,
    );
  if (Object.keys(state.updates).length + admitted >= MAX_UPDATES)
    return rejected("ResourceExhausted", `the run has taken ${MAX_UPDATES} updates, the most allowed: continue as new`);
  return undefined;
}

/** The update as the workflow is told of it. */
export function updateMessage(
  request: Pick<UpdateRequest, "updateId" | "updateName" | "args" | "header" | "identity">,
): UpdateMessage {
  const { updateId, updateName, args, header, identity } = request;
  return {
    updateId,
    updateName,
    ...(args ? { args } : {}),
    ...(header ? { header } : {}),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** The event that holds an update's outcome, or undefined while there is none. */
export function completedEventIdOf(state: Readonly<WorkflowState>, updateId: string): number | undefined {
  return state.updates[updateId]?.completedEventId;
}

/**
 * What is to be said of an update, or undefined of one that is not known. `completing` is the event that
 * `completedEventIdOf` names.
 */
export function updateReply(
  state: Readonly<WorkflowState>,
  updateId: string,
  completing: HistoryEvent | undefined,
): UpdateReply | undefined {
  const update = state.updates[updateId];
  if (!update) return isKnownUpdate(state, updateId) ? { ...subject(state, updateId), stage: "ADMITTED" } : undefined;
  if (completing?.eventType === "WorkflowExecutionUpdateCompleted")
    return { ...subject(state, updateId), stage: "COMPLETED", outcome: completing.attributes.outcome };
  if (state.status === "RUNNING") return { ...subject(state, updateId), stage: "ACCEPTED" };
  return { ...subject(state, updateId), stage: "COMPLETED", outcome: { failure: COMPLETED_BEFORE } };
}

/** What is to be said of an update that the workflow has refused. */
export function rejectedUpdateReply(state: Readonly<WorkflowState>, updateId: string, failure: Failure): UpdateReply {
  return { ...subject(state, updateId), stage: "COMPLETED", outcome: { failure } };
}

function subject(
  state: Readonly<WorkflowState>,
  updateId: string,
): Pick<UpdateReply, "runId" | "originalExecutionRunId" | "updateId"> {
  return {
    runId: state.identity.runId,
    originalExecutionRunId: state.start.originalExecutionRunId,
    updateId,
  };
}

/** What becomes of an update that was accepted by a run which then closed. */
const COMPLETED_BEFORE: Failure = {
  message: "Workflow Update failed because the Workflow completed before the Update completed.",
  source: SERVICE_FAILURE_SOURCE,
  applicationFailureInfo: { type: "AcceptedUpdateCompletedWorkflow", nonRetryable: true },
};

/** Whether an update has come as far as somebody waits for. */
export function hasReached(reply: UpdateReply, stage: "ACCEPTED" | "COMPLETED"): boolean {
  return reply.stage === "COMPLETED" || reply.stage === stage;
}
