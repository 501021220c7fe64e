/**
 * An activity reported on by its id, by somebody who has no task token: the attempt that runs is meant, whichever it is.
 *
 *   state \ input | completed                  | failed, canceled, heartbeat
 *   --------------+----------------------------+-----------------------------
 *   scheduled     | closed, a start is made up | not found
 *   backing off   | closed, a start is made up | not found
 *   started       | closed                     | as by task token
 *   closed        | not found                  | not found
 *
 * Owns: finding the activity by its id. What then happens to it is that of a report by task token.
 */
import { endAttempt, recordHeartbeat } from "./activity.ts";
import type { HeartbeatActivityReply } from "./activity-task.ts";
import type { HeartbeatActivityByIdRequest, RespondActivityByIdRequest } from "./control-requests.ts";
import type { Decision } from "./draft.ts";
import { rejected } from "./rejection.ts";
import { type ActivityState, type WorkflowState, openActivities } from "./state.ts";

/** Somebody outside reports how an activity has ended. */
export function respondActivityById(
  state: Readonly<WorkflowState>,
  request: RespondActivityByIdRequest,
  nowMs: number,
): Decision<{ readonly accepted: true }> {
  const activity = openActivity(state, request.activityId);
  if (!activity) return notFound(state, request.activityId, "is open");
  const started = startedFor(activity, request, nowMs);
  return started ? endAttempt(state, started, request, nowMs) : notFound(state, request.activityId, "is running");
}

/** Somebody outside shows that an activity is being worked on, and learns whether to stop. */
export function heartbeatActivityById(
  state: Readonly<WorkflowState>,
  request: HeartbeatActivityByIdRequest,
  nowMs: number,
): Decision<HeartbeatActivityReply> {
  const activity = openActivity(state, request.activityId);
  if (activity?.progress.startedTimeMs === undefined) return notFound(state, request.activityId, "is running");
  return recordHeartbeat(state, activity, request.details, nowMs);
}

/** The activity with this id. There is one at most: ids are refused while they are in use. */
function openActivity(state: Readonly<WorkflowState>, activityId: string): ActivityState | undefined {
  return openActivities(state).find((activity) => activity.activityId === activityId);
}

/**
 * The activity as it has to be to end like this. A result is taken though no worker has begun: it is there, and running
 * the activity would only make it twice. History shows no end without a start, so the start is made up.
 */
function startedFor(
  activity: ActivityState,
  { outcome, identity }: RespondActivityByIdRequest,
  nowMs: number,
): ActivityState | undefined {
  const { progress } = activity;
  if (progress.startedTimeMs !== undefined) return activity;
  return outcome.kind === "completed"
    ? { ...activity, progress: { ...progress, startedTimeMs: nowMs, identity } }
    : undefined;
}

function notFound(
  state: Readonly<WorkflowState>,
  activityId: string,
  what: string,
): Extract<Decision<never>, { ok: false }> {
  const message = `no activity with the id '${activityId}' ${what} in run ${state.identity.runId}`;
  return rejected("ActivityNotFound", message);
}
