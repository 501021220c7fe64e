/**
 * An activity, from its command to its closing event.
 *
 *   state \ input   | claim      | heartbeat | respond           | timeout          | cancel command | dead letter
 *   ----------------+------------+-----------+-------------------+------------------+----------------+-------------
 *   scheduled       | started    | not found | not found         | closed           | closed         | retry/closed
 *   backing off     | stale      | not found | not found         | closed           | closed         | stale
 *   started         | stale (*)  | started   | closed / retry    | closed / retry   | started, asked | stale
 *   paused          | stale      | not found | not found         | -                | closed         | stale
 *   pause requested | stale (*)  | started   | closed / paused   | paused (+)       | started, asked | stale
 *   closed          | stale      | not found | not found         | -                | refused        | stale
 *
 * (*) the same claim id gets the same answer again, so a lost reply costs nothing. (+) By the attempt's own timeouts;
 * those of the whole activity wait until it is unpaused, and count meanwhile. What pauses, unpauses, resets and changes
 * an activity is `activity-control.ts`; in a paused run no claim and no dead letter is taken.
 *
 * Owns: these transitions. Attempts are progress; history gets Scheduled, then Started with the final attempt and the
 * closing event together.
 */
import type {
  ActivityOutcome,
  ClaimActivityRequest,
  DeadLetterRequest,
  HeartbeatActivityReply,
  TaskToken,
} from "./activity-task.ts";
import { newsOf } from "./activity-news.ts";
import type { Payloads } from "./payload.ts";
import { type Decision, Draft, unchanged } from "./draft.ts";
import { type Failure, SERVICE_FAILURE_SOURCE, type TimeoutType, timeoutFailure } from "./failure.ts";
import type { EventAttributes } from "./history-event.ts";
import { rejected } from "./rejection.ts";
import { type RetryDecision, decideRetry } from "./retry-policy.ts";
import { type ActivityProgress, type ActivityState, EAGER_CLAIM, type WorkflowState, runOptions } from "./state.ts";

/** When all attempts must be over, or undefined for never. */
export function activityExpirationMs(activity: Readonly<ActivityState>): number | undefined {
  const { scheduleToCloseTimeoutMs } = runOptions(activity);
  return scheduleToCloseTimeoutMs === 0 ? undefined : activity.scheduledTimeMs + scheduleToCloseTimeoutMs;
}

function stale(reason: string): Decision<ClaimDecision> {
  return unchanged({ claimed: false, reason });
}

export type ClaimDecision =
  | { readonly claimed: true; readonly scheduledEventId: number; readonly startedTimeMs: number }
  | { readonly claimed: false; readonly reason: string };

/** A worker asks for the attempt that a message points to. */
export function claimActivity(
  state: Readonly<WorkflowState>,
  request: ClaimActivityRequest,
  nowMs: number,
): Decision<ClaimDecision> {
  const activity = state.activities[request.scheduledEventId];
  if (state.identity.runId !== request.runId || !activity) return stale("the activity has closed");
  const { progress, scheduledEventId } = activity;
  if (progress.attempt !== request.attempt) return stale(`attempt ${request.attempt} is over`);
  if (progress.startedTimeMs !== undefined) {
    if (progress.claimId !== request.claimId) return stale("another worker has claimed this attempt");
    return unchanged({ claimed: true, scheduledEventId, startedTimeMs: progress.startedTimeMs });
  }
  const draft = new Draft(state, nowMs);
  // It is sent again once it is due.
  if (state.paused) return stale("the workflow is paused");
  if (progress.paused) return stale("the activity is paused");
  if (progress.attemptScheduledTimeMs > draft.nowMs) return stale("the attempt is not due yet");
  draft.activityProgress(scheduledEventId, {
    ...progress,
    startedTimeMs: draft.nowMs,
    claimId: request.claimId,
    identity: request.identity,
  });
  return draft.decide({ claimed: true, scheduledEventId, startedTimeMs: draft.nowMs });
}

/** The worker has said that it will not run what it was handed: the queue finds another. */
export function releaseEagerClaim(
  state: Readonly<WorkflowState>,
  request: { readonly runId: string; readonly scheduledEventId: number },
  nowMs: number,
): Decision<{ readonly released: boolean }> {
  const activity = state.activities[request.scheduledEventId];
  const isClaimed =
    activity !== undefined &&
    state.identity.runId === request.runId &&
    activity.progress.attempt === 1 &&
    activity.progress.claimId === EAGER_CLAIM;
  if (!isClaimed) return unchanged({ released: false });
  const draft = new Draft(state, nowMs);
  if (activity.cancelRequestedEventId === undefined) {
    const { attempt, attemptScheduledTimeMs } = activity.progress;
    const waiting = { attempt, attemptScheduledTimeMs, ...controls(activity.progress) };
    draft.activityProgress(request.scheduledEventId, waiting);
    if (!waiting.paused) draft.dispatch(request.scheduledEventId);
  } else {
    // Cancelled while nobody ran it: it is over, as one that nobody has claimed is.
    draft.appendOrBuffer("ActivityTaskCanceled", {
      latestCancelRequestedEventId: activity.cancelRequestedEventId,
      scheduledEventId: activity.scheduledEventId,
      startedEventId: 0,
    });
    draft.ensureWorkflowTask();
  }
  return draft.decide({ released: true });
}

function activityNotFound(token: TaskToken): Extract<Decision<never>, { ok: false }> {
  return rejected(
    "ActivityNotFound",
    `activity ${token.activityId} (attempt ${token.attempt}) of run ${token.runId} is not running: it has closed, ` +
      "timed out or was retried, or the task token belongs to another run",
  );
}

/** The started activity a token names, if the token is right in every part. */
export function startedActivity(state: Readonly<WorkflowState>, token: TaskToken): ActivityState | undefined {
  const activity = state.activities[token.scheduledEventId];
  if (!activity || state.identity.runId !== token.runId || activity.activityId !== token.activityId) return undefined;
  if (state.identity.workflowId !== token.workflowId || state.identity.namespace !== token.namespace) return undefined;
  const { progress } = activity;
  return progress.attempt === token.attempt && progress.startedTimeMs !== undefined ? activity : undefined;
}

/** A worker shows that an attempt lives, and learns whether it should stop. */
export function heartbeatActivity(
  state: Readonly<WorkflowState>,
  request: { readonly token: TaskToken; readonly details?: Payloads | undefined },
  nowMs: number,
): Decision<HeartbeatActivityReply> {
  const activity = startedActivity(state, request.token);
  return activity ? recordHeartbeat(state, activity, request.details, nowMs) : activityNotFound(request.token);
}

/** The attempt that runs has shown that it lives. */
export function recordHeartbeat(
  state: Readonly<WorkflowState>,
  activity: Readonly<ActivityState>,
  details: Payloads | undefined,
  nowMs: number,
): Decision<HeartbeatActivityReply> {
  const draft = new Draft(state, nowMs);
  draft.activityProgress(activity.scheduledEventId, {
    ...activity.progress,
    lastHeartbeatTimeMs: draft.nowMs,
    ...(details ? { heartbeatDetails: details } : {}),
  });
  return draft.decide(newsOf(activity));
}

/** A worker reports how an attempt ended. */
export function respondActivity(
  state: Readonly<WorkflowState>,
  request: { readonly token: TaskToken; readonly outcome: ActivityOutcome; readonly identity: string },
  nowMs: number,
): Decision<{ readonly accepted: true }> {
  const activity = startedActivity(state, request.token);
  return activity ? endAttempt(state, activity, request, nowMs) : activityNotFound(request.token);
}

/** The attempt that runs is over. */
export function endAttempt(
  state: Readonly<WorkflowState>,
  activity: Readonly<ActivityState>,
  request: { readonly outcome: ActivityOutcome; readonly identity: string },
  nowMs: number,
): Decision<{ readonly accepted: true }> {
  const { outcome } = request;
  if (outcome.kind === "canceled" && activity.cancelRequestedEventId === undefined)
    return rejected("InvalidArgument", `cancellation of activity ${activity.activityId} was not requested`);
  const draft = new Draft(state, nowMs);
  if (outcome.kind === "failed") {
    const reported = withHeartbeat(activity, outcome.lastHeartbeatDetails);
    failAttempt(draft, reported, outcome.failure, request.identity);
  } else {
    appendStarted(draft, activity);
    const closing = { scheduledEventId: activity.scheduledEventId, startedEventId: 0, identity: request.identity };
    if (outcome.kind === "completed") {
      closeActivity(draft, "ActivityTaskCompleted", {
        ...closing,
        ...(outcome.result ? { result: outcome.result } : {}),
      });
    } else {
      closeActivity(draft, "ActivityTaskCanceled", {
        ...closing,
        latestCancelRequestedEventId: activity.cancelRequestedEventId ?? 0,
        ...(outcome.details ? { details: outcome.details } : {}),
      });
    }
    draft.ensureWorkflowTask();
  }
  return draft.decide({ accepted: true });
}

const DEAD_LETTER_IDENTITY = "dead-letter-queue";

/** A message for this attempt was given up by the queue: no worker could be reached, so the attempt has failed. */
export function reportDeadLetter(
  state: Readonly<WorkflowState>,
  request: DeadLetterRequest,
  nowMs: number,
): Decision<{ readonly accepted: boolean }> {
  const activity = state.activities[request.scheduledEventId];
  const isCurrent =
    activity !== undefined &&
    state.identity.runId === request.runId &&
    activity.progress.attempt === request.attempt &&
    activity.progress.startedTimeMs === undefined &&
    !state.paused &&
    !activity.progress.paused &&
    activity.progress.attemptScheduledTimeMs <= nowMs;
  if (!isCurrent) return unchanged({ accepted: false });
  const draft = new Draft(state, nowMs);
  const failure: Failure = {
    message: "The activity task was given up by the queue: no activity worker could take it",
    source: SERVICE_FAILURE_SOURCE,
    applicationFailureInfo: { type: "ActivityTaskDeadLettered" },
  };
  // History knows no failure of an attempt that never started, so the attempt starts and ends here.
  const progress = { ...activity.progress, startedTimeMs: draft.nowMs, identity: DEAD_LETTER_IDENTITY };
  failAttempt(draft, { ...activity, progress }, failure, DEAD_LETTER_IDENTITY);
  return draft.decide({ accepted: true });
}

function withHeartbeat(activity: Readonly<ActivityState>, details: Payloads | undefined): ActivityState {
  if (!details) return { ...activity };
  return { ...activity, progress: { ...activity.progress, heartbeatDetails: details } };
}

function decideActivityRetry(draft: Draft, activity: Readonly<ActivityState>, failure: Failure): RetryDecision {
  const { attempt, paused, restart } = activity.progress;
  // An operator holds the next attempt back, or wants it anew: how many there were is no reason to give up then.
  const isCounted = !paused && !restart;
  const decision = decideRetry({
    policy: runOptions(activity).retryPolicy,
    attempt: isCounted ? attempt : 0,
    failure,
    cancelRequested: activity.cancelRequestedEventId !== undefined,
    nowMs: draft.nowMs,
    expirationTimeMs: isCounted ? activityExpirationMs(activity) : undefined,
  });
  return isCounted || decision.kind === "stop" ? decision : { kind: "retry", delayMs: 0 };
}

function failAttempt(draft: Draft, activity: Readonly<ActivityState>, failure: Failure, identity: string): void {
  const decision = decideActivityRetry(draft, activity, failure);
  if (decision.kind === "retry") return retryActivity(draft, activity, failure, decision.delayMs);
  appendStarted(draft, activity);
  closeActivity(draft, "ActivityTaskFailed", {
    scheduledEventId: activity.scheduledEventId,
    startedEventId: 0,
    failure,
    identity,
    retryState: decision.retryState,
  });
  draft.ensureWorkflowTask();
}

function retryActivity(draft: Draft, activity: Readonly<ActivityState>, failure: Failure, delayMs: number): void {
  const { attempt, heartbeatDetails, identity, paused, restart } = activity.progress;
  const isSentNow = restart !== undefined && !paused;
  draft.activityProgress(activity.scheduledEventId, {
    attempt: restart ? 1 : attempt + 1,
    // Strictly later than now, so that the dispatch watermark cannot have passed it. A first attempt is not due by it.
    attemptScheduledTimeMs: restart ? draft.nowMs : draft.nowMs + Math.max(1, delayMs),
    lastFailure: failure,
    ...(heartbeatDetails && !restart?.forgetsHeartbeat ? { heartbeatDetails } : {}),
    ...(identity === undefined ? {} : { identity }),
    ...controls(activity.progress),
  });
  if (isSentNow) draft.dispatch(activity.scheduledEventId);
}

/** What operators have said of an activity and what holds for its next attempt too. */
function controls({ paused, options }: ActivityProgress): Pick<ActivityProgress, "paused" | "options"> {
  return { ...(paused ? { paused } : {}), ...(options ? { options } : {}) };
}

/** Writes the Started event that was held back, if the attempt had started. */
function appendStarted(draft: Draft, activity: Readonly<ActivityState>): void {
  const { progress } = activity;
  if (progress.startedTimeMs === undefined) return;
  draft.appendOrBuffer("ActivityTaskStarted", {
    scheduledEventId: activity.scheduledEventId,
    attempt: progress.attempt,
    ...(progress.identity === undefined ? {} : { identity: progress.identity }),
    ...(progress.claimId === undefined ? {} : { requestId: progress.claimId }),
    ...(progress.lastFailure ? { lastFailure: progress.lastFailure } : {}),
  });
}

type ClosingType = "ActivityTaskCompleted" | "ActivityTaskFailed" | "ActivityTaskTimedOut" | "ActivityTaskCanceled";

function closeActivity<T extends ClosingType>(draft: Draft, eventType: T, attributes: EventAttributes[T]): void {
  const startedEventId = draft.startedEventIdOf(attributes.scheduledEventId);
  draft.appendOrBuffer(eventType, { ...attributes, startedEventId });
}

const TIMEOUT_MESSAGES: Record<TimeoutType, string> = {
  START_TO_CLOSE: "activity StartToClose timeout",
  SCHEDULE_TO_START: "activity ScheduleToStart timeout",
  SCHEDULE_TO_CLOSE: "activity ScheduleToClose timeout",
  HEARTBEAT: "activity Heartbeat timeout",
};

/**
 * One of the four timeouts has passed. Returns whether the activity has closed; the caller then starts the workflow
 * task that sees it.
 */
export function timeOutActivity(draft: Draft, activity: Readonly<ActivityState>, timeoutType: TimeoutType): boolean {
  const { lastFailure, heartbeatDetails } = activity.progress;
  const message = TIMEOUT_MESSAGES[timeoutType];
  // An attempt's own failure does not hold the one before it, or attempts without limit would grow a chain without end.
  const attemptFailure = timeoutFailure(timeoutType, message);
  const decision = decideActivityRetry(draft, activity, attemptFailure);
  if (decision.kind === "retry") {
    retryActivity(draft, activity, attemptFailure, decision.delayMs);
    return false;
  }
  const context = { cause: lastFailure, lastHeartbeatDetails: heartbeatDetails };
  const outOfTime = decision.retryState === "TIMEOUT";
  const failure = outOfTime
    ? timeoutFailure(
        "SCHEDULE_TO_CLOSE",
        "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying",
        context,
      )
    : timeoutFailure(timeoutType, message, context);
  appendStarted(draft, activity);
  closeActivity(draft, "ActivityTaskTimedOut", {
    scheduledEventId: activity.scheduledEventId,
    startedEventId: 0,
    failure,
    retryState: timeoutType === "SCHEDULE_TO_CLOSE" ? "TIMEOUT" : decision.retryState,
  });
  return true;
}

export interface ActivityDeadline {
  readonly timeoutType: TimeoutType;
  readonly atMs: number;
}

/** The timeout of this activity that passes first, or undefined if it has none. */
export function activityDeadline(activity: Readonly<ActivityState>): ActivityDeadline | undefined {
  const { progress, scheduledTimeMs } = activity;
  const options = runOptions(activity);
  const candidates: ActivityDeadline[] = [];
  const add = (timeoutType: TimeoutType, fromMs: number, timeoutMs: number): void => {
    if (timeoutMs > 0) candidates.push({ timeoutType, atMs: fromMs + timeoutMs });
  };
  // Order decides ties: an activity that never started reports schedule-to-start.
  if (progress.startedTimeMs === undefined && !progress.paused)
    add("SCHEDULE_TO_START", progress.attemptScheduledTimeMs, options.scheduleToStartTimeoutMs);
  if (!progress.paused) add("SCHEDULE_TO_CLOSE", scheduledTimeMs, options.scheduleToCloseTimeoutMs);
  if (progress.startedTimeMs !== undefined) {
    add("START_TO_CLOSE", progress.startedTimeMs, options.startToCloseTimeoutMs);
    const lastSignOfLifeMs = Math.max(progress.startedTimeMs, progress.lastHeartbeatTimeMs ?? 0);
    add("HEARTBEAT", lastSignOfLifeMs, options.heartbeatTimeoutMs);
  }
  let first: ActivityDeadline | undefined;
  for (const candidate of candidates) if (!first || candidate.atMs < first.atMs) first = candidate;
  return first;
}

/** First redelivery of an unclaimed task, and the longest gap between two. */
export const REDELIVERY_INITIAL_MS = 10_000;
export const REDELIVERY_MAXIMUM_MS = 300_000;

/**
 * The first time after `afterMs` at which the task of an unclaimed attempt is to be sent (again): a retry at its
 * scheduled time, then either at growing gaps until a worker claims it. Derived, not stored, so a crash between commit and send heals by itself.
 */
export function nextDispatchMs(activity: Readonly<ActivityState>, afterMs: number): number | undefined {
  const { startedTimeMs, paused, attempt, attemptScheduledTimeMs, sentAtOnce } = activity.progress;
  if (startedTimeMs !== undefined || paused) return undefined;
  let atMs = attemptScheduledTimeMs;
  let gapMs = REDELIVERY_INITIAL_MS;
  // The first attempt is sent by the very turn that schedules it; a retry waits for its time.
  if (attempt === 1 || sentAtOnce) {
    atMs += gapMs;
    gapMs *= 2;
  }
  while (atMs <= afterMs) {
    if (gapMs >= REDELIVERY_MAXIMUM_MS) {
      const wholeGaps = Math.floor((afterMs - atMs) / REDELIVERY_MAXIMUM_MS) + 1;
      return atMs + wholeGaps * REDELIVERY_MAXIMUM_MS;
    }
    atMs += gapMs;
    gapMs = Math.min(gapMs * 2, REDELIVERY_MAXIMUM_MS);
  }
  return atMs;
}

/** When the task of an activity is to be sent next though nobody asks; never in a paused run. */
export function dispatchDeadlineMs(
  state: Readonly<WorkflowState>,
  activity: Readonly<ActivityState>,
): number | undefined {
  return state.paused ? undefined : nextDispatchMs(activity, state.dispatchedUpToMs);
}
