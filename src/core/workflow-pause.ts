/**
 * Pausing a run, and letting it go on.
 *
 *   state \ request | pause                   | unpause
 *   ----------------+-------------------------+-------------------------
 *   open            | paused                  | refused
 *   paused          | refused                 | open
 *   closed          | refused                 | refused
 *
 * A request that is made again, by its request id, is answered as before and changes nothing.
 *
 * Owns: these transitions. What a paused run does not do is kept from it where it would begin: no workflow task starts
 * and no activity task is sent (`draft.ts`), none is claimed (`activity.ts`), no deadline asks for either
 * (`deadlines.ts`). What comes in is written down and waits; timers fire, timeouts count, deliveries to other workflows
 * go on. A workflow task that is with the worker may end, and so may attempts of activities that run.
 */
import type { PauseWorkflowRequest, UnpauseWorkflowRequest } from "./control-requests.ts";
import { activityDeadline } from "./activity.ts";
import { type Decision, Draft, unchanged } from "./draft.ts";
import type { EventAttributes } from "./history-event.ts";
import { type Rejection, rejected } from "./rejection.ts";
import { alreadyCompleted } from "./signal.ts";
import { type WorkflowState, openActivities } from "./state.ts";

type Refused = { readonly ok: false; readonly rejection: Rejection };

/** Nothing begins in the run from here on. */
export function pauseWorkflow(
  state: Readonly<WorkflowState>,
  request: PauseWorkflowRequest,
  nowMs: number,
): Decision<{ readonly runId: string }> {
  const { runId } = state.identity;
  if (isRepeated(state, "pause", request)) return unchanged({ runId });
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  if (state.paused) return refused(state, "is paused already: unpause it first");
  const draft = new Draft(state, nowMs);
  draft.appendOrBuffer("WorkflowExecutionPaused", attributesOf(request));
  return draft.decide({ runId });
}

/** The run goes on: what came in is seen by a workflow task at once, and activity tasks that are due are sent. */
export function unpauseWorkflow(
  state: Readonly<WorkflowState>,
  request: UnpauseWorkflowRequest,
  nowMs: number,
): Decision<{ readonly runId: string }> {
  const { runId } = state.identity;
  if (isRepeated(state, "unpause", request)) return unchanged({ runId });
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  if (!state.paused) return refused(state, "is not paused");
  const draft = new Draft(state, nowMs);
  draft.appendOrBuffer("WorkflowExecutionUnpaused", attributesOf(request));
  // A task that failed waits for mended code, and that may be what the pause was for: it does not wait any longer.
  draft.dropWaitingTask();
  // What ends the wait for the first task does so now, if it came while the run was paused.
  if (state.startsWhenUnpaused) draft.startEarly();
  draft.ensureWorkflowTask();
  sendActivities(draft, state);
  return draft.decide({ runId });
}

/** Sends the task of every attempt that is due. */
function sendActivities(draft: Draft, state: Readonly<WorkflowState>): void {
  if (draft.closed) return;
  for (const activity of openActivities(state)) {
    const { startedTimeMs, paused, attemptScheduledTimeMs } = activity.progress;
    const isWaiting = startedTimeMs === undefined && !paused && attemptScheduledTimeMs <= draft.nowMs;
    const endsMs = activityDeadline(activity)?.atMs ?? Number.POSITIVE_INFINITY;
    if (isWaiting && endsMs > draft.nowMs) draft.dispatch(activity.scheduledEventId);
  }
  draft.dispatchedUpToNow();
}

function attributesOf({
  identity,
  reason,
  requestId,
}: PauseWorkflowRequest | UnpauseWorkflowRequest): EventAttributes["WorkflowExecutionPaused"] {
  return {
    ...(identity === undefined ? {} : { identity }),
    ...(reason === undefined ? {} : { reason }),
    requestId,
  };
}

/** How a request is remembered among those of other kinds. */
export function pauseRequestId(kind: "pause" | "unpause", requestId: string): string {
  return `${kind}/${requestId}`;
}

function isRepeated(
  state: Readonly<WorkflowState>,
  kind: "pause" | "unpause",
  { requestId }: PauseWorkflowRequest | UnpauseWorkflowRequest,
): boolean {
  return state.recentRequestIds.includes(pauseRequestId(kind, requestId));
}

function refused({ identity }: Readonly<WorkflowState>, why: string): Refused {
  return rejected("FailedPrecondition", `workflow id '${identity.workflowId}', run ${identity.runId}, ${why}`, {
    runId: identity.runId,
  });
}
