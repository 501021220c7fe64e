/**
 * Read models of a run: its description, and how it ended.
 *
 * Owns: what callers see of the state. Changes nothing.
 */
import { activityExpirationMs } from "./activity.ts";
import { scheduledOptions } from "./activity-options.ts";
import type { PauseInfo } from "./control-requests.ts";
import type { EventAttributes, HistoryEvent } from "./history-event.ts";
import type {
  PendingActivityInfo,
  PendingActivityState,
  PendingChildInfo,
  PendingWorkflowTaskInfo,
  WorkflowExecutionDescription,
  WorkflowOutcome,
} from "./protocol.ts";
import { completeRetryPolicy } from "./retry-policy.ts";
import { type ActivityState, type ChildState, type WorkflowState, openActivities, runOptions } from "./state.ts";

function pendingActivityState(activity: Readonly<ActivityState>): PendingActivityState {
  if (activity.cancelRequestedEventId !== undefined) return "CANCEL_REQUESTED";
  const { startedTimeMs, paused } = activity.progress;
  if (startedTimeMs === undefined) return paused ? "PAUSED" : "SCHEDULED";
  return paused ? "PAUSE_REQUESTED" : "STARTED";
}

function pendingActivity(activity: Readonly<ActivityState>, nowMs: number): PendingActivityInfo {
  const { progress } = activity;
  const expirationTimeMs = activityExpirationMs(activity);
  const options = runOptions(activity);
  const isWaiting = progress.startedTimeMs === undefined && !progress.paused;
  const isBackingOff = isWaiting && progress.attemptScheduledTimeMs > nowMs;
  return {
    activityId: activity.activityId,
    activityType: activity.activityType,
    state: pendingActivityState(activity),
    attempt: progress.attempt,
    maximumAttempts: completeRetryPolicy(options.retryPolicy).maximumAttempts,
    scheduledTimeMs: activity.scheduledTimeMs,
    ...(progress.startedTimeMs === undefined ? {} : { lastStartedTimeMs: progress.startedTimeMs }),
    ...(progress.lastHeartbeatTimeMs === undefined ? {} : { lastHeartbeatTimeMs: progress.lastHeartbeatTimeMs }),
    ...(progress.heartbeatDetails ? { heartbeatDetails: progress.heartbeatDetails } : {}),
    ...(progress.lastFailure ? { lastFailure: progress.lastFailure } : {}),
    ...(progress.identity === undefined ? {} : { lastWorkerIdentity: progress.identity }),
    ...(isBackingOff ? { nextAttemptScheduleTimeMs: progress.attemptScheduledTimeMs } : {}),
    ...(expirationTimeMs === undefined ? {} : { expirationTimeMs }),
    ...(progress.paused ? { pauseInfo: progress.paused } : {}),
    options: scheduledOptions(options),
  };
}

function pendingWorkflowTask(state: Readonly<WorkflowState>): PendingWorkflowTaskInfo | undefined {
  const task = state.workflowTask;
  if (!task) return undefined;
  return {
    state: task.startedEventId === undefined ? "SCHEDULED" : "STARTED",
    attempt: task.attempt,
    scheduledTimeMs: Math.max(task.scheduledTimeMs, task.notBeforeMs),
    ...(task.startedTimeMs === undefined ? {} : { startedTimeMs: task.startedTimeMs }),
    ...(task.lastFailure ? { lastFailure: task.lastFailure } : {}),
    ...(task.lastFailureCause === undefined ? {} : { lastFailureCause: task.lastFailureCause }),
  };
}

function pendingChild(child: Readonly<ChildState>): PendingChildInfo {
  return {
    namespace: child.namespace,
    workflowId: child.workflowId,
    ...(child.runId === undefined ? {} : { runId: child.runId }),
    workflowType: child.workflowType,
    initiatedEventId: child.initiatedEventId,
    parentClosePolicy: child.parentClosePolicy,
  };
}

/** Without the request's id, which is nobody's business. */
function pauseInfo(paused: NonNullable<WorkflowState["paused"]>): PauseInfo {
  const { requestId: _, ...info } = paused;
  return info;
}

export function describeRun(state: Readonly<WorkflowState>, nowMs: number): WorkflowExecutionDescription {
  const { identity, start } = state;
  const task = pendingWorkflowTask(state);
  return {
    namespace: identity.namespace,
    workflowId: identity.workflowId,
    runId: identity.runId,
    firstExecutionRunId: start.firstExecutionRunId,
    originalExecutionRunId: start.originalExecutionRunId,
    workflowType: start.workflowType,
    taskQueue: start.taskQueue,
    status: state.paused ? "PAUSED" : state.status,
    ...(state.paused ? { pauseInfo: pauseInfo(state.paused) } : {}),
    startTimeMs: start.startTimeMs,
    executionTimeMs: start.firstWorkflowTaskAtMs,
    ...(state.closeTimeMs === undefined ? {} : { closeTimeMs: state.closeTimeMs }),
    historyLength: state.nextEventId - 1,
    historySizeBytes: state.historyBytes,
    ...(state.memo ? { memo: state.memo } : {}),
    ...(state.searchAttributes ? { searchAttributes: state.searchAttributes } : {}),
    ...(start.userMetadata ? { userMetadata: start.userMetadata } : {}),
    ...(start.parent ? { parent: start.parent } : {}),
    ...(start.root ? { root: start.root } : {}),
    cancelRequested: state.cancelRequested,
    pendingChildren: state.status === "RUNNING" ? Object.values(state.children).map(pendingChild) : [],
    pendingActivities: openActivities(state).map((activity) => pendingActivity(activity, nowMs)),
    pendingTimers: Object.values(state.timers).map((timer) => ({ ...timer })),
    ...(task ? { pendingWorkflowTask: task } : {}),
  };
}

function completedOutcome({ result, newExecutionRunId }: EventAttributes["WorkflowExecutionCompleted"]) {
  return { ...(result ? { result } : {}), ...(newExecutionRunId === undefined ? {} : { newExecutionRunId }) };
}

function timedOutOutcome({ retryState, newExecutionRunId }: EventAttributes["WorkflowExecutionTimedOut"]) {
  return { retryState, ...(newExecutionRunId === undefined ? {} : { newExecutionRunId }) };
}

function failedOutcome({ failure, retryState, newExecutionRunId }: EventAttributes["WorkflowExecutionFailed"]) {
  return { failure, retryState, ...(newExecutionRunId === undefined ? {} : { newExecutionRunId }) };
}

/** How the run ended, from its closing event; pending without one. */
export function outcomeOf(state: Readonly<WorkflowState>, closing: HistoryEvent | undefined): WorkflowOutcome {
  const { runId } = state.identity;
  const run = { runId, originalExecutionRunId: state.start.originalExecutionRunId };
  switch (closing?.eventType) {
    case "WorkflowExecutionCompleted":
      return { kind: "completed", ...run, ...completedOutcome(closing.attributes) };
    case "WorkflowExecutionFailed":
      return { kind: "failed", ...run, ...failedOutcome(closing.attributes) };
    case "WorkflowExecutionCanceled":
      return {
        kind: "canceled",
        ...run,
        ...(closing.attributes.details ? { details: closing.attributes.details } : {}),
      };
    case "WorkflowExecutionTerminated":
      return {
        kind: "terminated",
        ...run,
        ...(closing.attributes.reason === undefined ? {} : { reason: closing.attributes.reason }),
      };
    case "WorkflowExecutionTimedOut":
      return { kind: "timedOut", ...run, ...timedOutOutcome(closing.attributes) };
    case "WorkflowExecutionContinuedAsNew":
      return { kind: "continuedAsNew", ...run, newExecutionRunId: closing.attributes.newExecutionRunId };
    default:
      return { kind: "pending", runId };
  }
}
