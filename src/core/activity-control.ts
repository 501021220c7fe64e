/**
 * What operators do with the activities of a run, without its code knowing.
 *
 *   state \ request | pause           | unpause       | reset                      | options
 *   ----------------+-----------------+---------------+----------------------------+------------------------
 *   scheduled       | paused          | scheduled     | scheduled, sent anew       | sent anew with them
 *   backing off     | paused          | backing off   | scheduled, sent            | backs off by them
 *   started         | pause requested | started       | started, told (*)          | hold from now on
 *   paused          | paused          | scheduled, sent | scheduled, sent, or paused (+) | wait with it
 *   pause requested | pause requested | started       | started, told (*), or still asked to pause (+) | hold from now on
 *   closed          | not found       | not found     | not found                  | not found
 *
 * (*) its failure is followed by a first attempt at once. (+) with `keepPaused`.
 *
 * Owns: these transitions, and which activities a request selects. All of it is progress: history shows the attempts
 * that came of it, as it shows any.
 */
import { activityDeadline } from "./activity.ts";
import { changedOptions, scheduledOptions } from "./activity-options.ts";
import type {
  ActivityControlReply,
  ActivityControlRequest,
  ActivityRunOptions,
  PauseActivityRequest,
  ResetActivityRequest,
  UnpauseActivityRequest,
  UpdateActivityOptionsReply,
  UpdateActivityOptionsRequest,
} from "./control-requests.ts";
import { type Decision, Draft } from "./draft.ts";
import { type Rejection, rejected } from "./rejection.ts";
import { completeRetryPolicy, retryIntervalMs } from "./retry-policy.ts";
import { alreadyCompleted } from "./signal.ts";
import { type ActivityProgress, type ActivityState, type WorkflowState, openActivities, runOptions } from "./state.ts";

type Refused = { readonly ok: false; readonly rejection: Rejection };
type Act = (draft: Draft, activity: Readonly<ActivityState>) => void;

/** No attempt begins any more; one that runs is told so and may go on. */
export function pauseActivity(
  state: Readonly<WorkflowState>,
  request: PauseActivityRequest,
  nowMs: number,
): Decision<ActivityControlReply> {
  const { identity, reason } = request;
  return onActivities(state, request, nowMs, (draft, { scheduledEventId, progress }) => {
    if (progress.paused) return;
    const paused = {
      pausedTimeMs: draft.nowMs,
      ...(identity === undefined ? {} : { identity }),
      ...(reason === undefined ? {} : { reason }),
    };
    draft.activityProgress(scheduledEventId, { ...progress, paused });
  });
}

/** Attempts may begin again, the next one at once. */
export function unpauseActivity(
  state: Readonly<WorkflowState>,
  request: UnpauseActivityRequest,
  nowMs: number,
): Decision<ActivityControlReply> {
  return onActivities(state, request, nowMs, (draft, activity) => {
    if (!activity.progress.paused) return;
    const { paused: _, heartbeatDetails, ...rest } = activity.progress;
    const progress = { ...rest, ...(heartbeatDetails && !request.resetHeartbeat ? { heartbeatDetails } : {}) };
    if (progress.startedTimeMs === undefined) {
      sendNow(draft, activity, request.resetAttempts ? { ...progress, attempt: 1 } : progress);
      return;
    }
    const restart = request.resetAttempts ? { restart: progress.restart ?? {} } : {};
    draft.activityProgress(activity.scheduledEventId, { ...progress, ...restart });
  });
}

/** Attempts begin anew. */
export function resetActivity(
  state: Readonly<WorkflowState>,
  request: ResetActivityRequest,
  nowMs: number,
): Decision<ActivityControlReply> {
  return onActivities(state, request, nowMs, (draft, activity) => {
    const { paused, options, ...progress } = activity.progress;
    const kept = {
      ...(paused && request.keepPaused ? { paused } : {}),
      ...(options && !request.restoreOriginalOptions ? { options } : {}),
    };
    if (progress.startedTimeMs !== undefined) {
      const forgets = request.resetHeartbeat || progress.restart?.forgetsHeartbeat;
      const restart = { isReset: true as const, ...(forgets ? { forgetsHeartbeat: true as const } : {}) };
      draft.activityProgress(activity.scheduledEventId, { ...progress, ...kept, restart });
      return;
    }
    const { heartbeatDetails, identity } = progress;
    sendNow(draft, activity, {
      attempt: 1,
      attemptScheduledTimeMs: draft.nowMs,
      ...(heartbeatDetails && !request.resetHeartbeat ? { heartbeatDetails } : {}),
      ...(identity === undefined ? {} : { identity }),
      ...kept,
    });
  });
}

/** The next attempt of an activity that waits is due now, and its task is sent unless something holds it back. */
function sendNow(draft: Draft, activity: Readonly<ActivityState>, progress: ActivityProgress): void {
  const due: ActivityProgress = { ...progress, attemptScheduledTimeMs: draft.nowMs, sentAtOnce: true };
  draft.activityProgress(activity.scheduledEventId, due);
  const endsMs = activityDeadline({ ...activity, progress: due })?.atMs ?? Number.POSITIVE_INFINITY;
  if (!due.paused && endsMs > draft.nowMs) draft.dispatch(activity.scheduledEventId);
}

/** Changes what activities are run with. Rejects, and changes none, if one of them could not be run with that. */
export function updateActivityOptions(
  state: Readonly<WorkflowState>,
  request: UpdateActivityOptionsRequest,
  nowMs: number,
): Decision<UpdateActivityOptionsReply> {
  let options: ActivityRunOptions | undefined;
  let problem: string | undefined;
  const decision = onActivities(state, request, nowMs, (draft, activity) => {
    const base = request.restoreOriginal ? scheduledOptions(activity) : runOptions(activity);
    const changed = changedOptions(base, request.options ?? {});
    if (typeof changed === "string") {
      problem ??= `activity ${activity.activityId}: ${changed}`;
      return;
    }
    options = changed;
    const isOriginal = request.restoreOriginal === true && request.options === undefined;
    applyOptions(draft, activity, changed, isOriginal);
  });
  if (problem !== undefined) return rejected("InvalidArgument", problem);
  if (!decision.ok) return decision;
  if (!options) throw new Error("no activity was selected, and it was not refused");
  return { ...decision, value: { ...decision.value, options } };
}

function applyOptions(
  draft: Draft,
  activity: Readonly<ActivityState>,
  options: ActivityRunOptions,
  isOriginal: boolean,
): void {
  const { scheduledEventId } = activity;
  const { options: _, ...rest } = activity.progress;
  const progress: ActivityProgress = isOriginal ? rest : { ...rest, options };
  if (progress.startedTimeMs !== undefined || progress.paused) {
    draft.activityProgress(scheduledEventId, progress);
    return;
  }
  if (progress.attemptScheduledTimeMs <= draft.nowMs) {
    draft.activityProgress(scheduledEventId, progress);
    // Its task queue may be another now.
    draft.dispatch(scheduledEventId);
    return;
  }
  const attemptScheduledTimeMs = retryTimeMs(activity, options);
  if (attemptScheduledTimeMs <= draft.nowMs) sendNow(draft, activity, progress);
  else draft.activityProgress(scheduledEventId, { ...progress, attemptScheduledTimeMs });
}

/** When an attempt that waits for its retry is due with another policy. */
function retryTimeMs(activity: Readonly<ActivityState>, { retryPolicy }: ActivityRunOptions): number {
  const { attempt, attemptScheduledTimeMs, lastFailure } = activity.progress;
  // What the failure asked for stands above every policy.
  if (lastFailure?.applicationFailureInfo?.nextRetryDelayMs !== undefined) return attemptScheduledTimeMs;
  const intervalMs = (policy: ActivityRunOptions["retryPolicy"]): number =>
    retryIntervalMs(completeRetryPolicy(policy), attempt - 1);
  return attemptScheduledTimeMs - intervalMs(runOptions(activity).retryPolicy) + intervalMs(retryPolicy);
}

function onActivities(
  state: Readonly<WorkflowState>,
  request: ActivityControlRequest,
  nowMs: number,
  act: Act,
): Decision<ActivityControlReply> {
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  const selected = openActivities(state).filter((activity) => isSelected(activity, request));
  if (selected.length === 0) return noneSelected(state, request);
  const draft = new Draft(state, nowMs);
  for (const activity of selected) act(draft, activity);
  const { runId } = state.identity;
  return draft.decide({ runId, activityIds: selected.map((activity) => activity.activityId) });
}

function isSelected(activity: Readonly<ActivityState>, { activity: selector }: ActivityControlRequest): boolean {
  switch (selector.kind) {
    case "id":
      return activity.activityId === selector.activityId;
    case "type":
      return activity.activityType === selector.activityType;
    case "all":
      return true;
  }
}

function noneSelected({ identity }: Readonly<WorkflowState>, { activity }: ActivityControlRequest): Refused {
  const which = {
    id: (): string => `activity with the id '${activity.kind === "id" ? activity.activityId : ""}'`,
    type: (): string => `activity of the type '${activity.kind === "type" ? activity.activityType : ""}'`,
    all: (): string => "activity",
  }[activity.kind]();
  return rejected("ActivityNotFound", `no ${which} is open in run ${identity.runId}`);
}
