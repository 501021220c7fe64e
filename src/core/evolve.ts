/**
 * Evolve: the only code that changes a run's state. Events and progress in, the same state object out, changed.
 *
 * Owns: what each event means for the state. Total over every event in storage, with no validation: whatever reached
 * history was decided before. A buffered event takes effect on its entity at once and again, harmlessly, when it is
 * numbered.
 */
import type { EventOf, HistoryEvent } from "./history-event.ts";
import {
  type BufferedEvent,
  type ProgressChange,
  type RunIdentity,
  type StartFacts,
  type WorkflowState,
  initialProgress,
  namedRecord,
} from "./state.ts";

function startFacts(event: EventOf<"WorkflowExecutionStarted">): StartFacts {
  const { attributes } = event;
  return {
    workflowType: attributes.workflowType.name,
    taskQueue: attributes.taskQueue.name,
    startTimeMs: event.eventTimeMs,
    workflowTaskTimeoutMs: attributes.workflowTaskTimeoutMs,
    workflowRunTimeoutMs: attributes.workflowRunTimeoutMs ?? 0,
    ...(attributes.workflowExecutionExpirationTimeMs === undefined
      ? {}
      : { executionExpirationTimeMs: attributes.workflowExecutionExpirationTimeMs }),
    originalExecutionRunId: attributes.originalExecutionRunId,
    firstExecutionRunId: attributes.firstExecutionRunId,
    ...(attributes.memo ? { memo: attributes.memo } : {}),
  };
}

/** State of a run from its first event. */
export function initialState(identity: RunIdentity, started: EventOf<"WorkflowExecutionStarted">): WorkflowState {
  return {
    identity,
    start: startFacts(started),
    status: "RUNNING",
    nextEventId: started.eventId + 1,
    lastEventTimeMs: started.eventTimeMs,
    historyBytes: 0,
    lastWorkflowTaskClosedEventId: 0,
    activities: {},
    timers: namedRecord(),
    buffered: [],
    signalRequestIds: namedRecord(),
    signalCount: 0,
    cancelRequested: false,
    dispatchedUpToMs: started.eventTimeMs,
  };
}

function scheduleActivity(state: WorkflowState, event: EventOf<"ActivityTaskScheduled">): void {
  const { attributes } = event;
  const claimed = attributes.eagerlyClaimed ? { eagerlyClaimed: true as const } : {};
  state.activities[event.eventId] = {
    scheduledEventId: event.eventId,
    activityId: attributes.activityId,
    activityType: attributes.activityType.name,
    taskQueue: attributes.taskQueue.name,
    scheduledTimeMs: event.eventTimeMs,
    scheduleToCloseTimeoutMs: attributes.scheduleToCloseTimeoutMs,
    scheduleToStartTimeoutMs: attributes.scheduleToStartTimeoutMs,
    startToCloseTimeoutMs: attributes.startToCloseTimeoutMs,
    heartbeatTimeoutMs: attributes.heartbeatTimeoutMs,
    retryPolicy: attributes.retryPolicy,
    ...claimed,
    progress: initialProgress({ scheduledTimeMs: event.eventTimeMs, ...claimed }),
  };
}

function startWorkflowTask(state: WorkflowState, event: EventOf<"WorkflowTaskStarted">): void {
  if (!state.workflowTask) return;
  state.workflowTask.startedEventId = event.eventId;
  state.workflowTask.startedTimeMs = event.eventTimeMs;
  state.workflowTask.timeoutFromMs = event.eventTimeMs;
}

function endWorkflowTask(state: WorkflowState, eventId: number): void {
  delete state.workflowTask;
  state.lastWorkflowTaskClosedEventId = eventId;
  // What was buffered is numbered by the events that follow in the same commit.
  state.buffered = [];
}

function countSignal(state: WorkflowState, requestId: string): void {
  if (state.signalRequestIds[requestId]) return;
  state.signalRequestIds[requestId] = true;
  state.signalCount += 1;
}

function close(state: WorkflowState, event: HistoryEvent, status: WorkflowState["status"]): void {
  state.status = status;
  state.closeEventId = event.eventId;
  state.closeTimeMs = event.eventTimeMs;
  delete state.workflowTask;
  state.activities = {};
  state.timers = namedRecord();
  state.buffered = [];
}

/** What an event does to the entity it is about; the same whether it is numbered or still buffered. */
function evolveEntity(state: WorkflowState, event: HistoryEvent | BufferedEvent): void {
  switch (event.eventType) {
    case "WorkflowExecutionSignaled":
      countSignal(state, event.attributes.requestId);
      return;
    case "WorkflowExecutionCancelRequested":
      state.cancelRequested = true;
      return;
    case "ActivityTaskCompleted":
    case "ActivityTaskFailed":
    case "ActivityTaskTimedOut":
    case "ActivityTaskCanceled":
      delete state.activities[event.attributes.scheduledEventId];
      return;
    case "TimerFired": {
      const { timerId, startedEventId } = event.attributes;
      // The id may have been taken again before the firing got its number.
      if (state.timers[timerId]?.startedEventId === startedEventId) delete state.timers[timerId];
      return;
    }
    default:
      return;
  }
}

function evolveNumbered(state: WorkflowState, event: HistoryEvent): void {
  switch (event.eventType) {
    case "WorkflowExecutionStarted":
      return;
    case "WorkflowExecutionCompleted":
      return close(state, event, "COMPLETED");
    case "WorkflowExecutionFailed":
      return close(state, event, "FAILED");
    case "WorkflowExecutionTimedOut":
      return close(state, event, "TIMED_OUT");
    case "WorkflowExecutionCanceled":
      return close(state, event, "CANCELLED");
    case "WorkflowExecutionTerminated":
      return close(state, event, "TERMINATED");
    case "WorkflowTaskScheduled":
      state.workflowTask = {
        scheduledEventId: event.eventId,
        scheduledTimeMs: event.eventTimeMs,
        attempt: event.attributes.attempt,
        inHistory: true,
        notBeforeMs: event.eventTimeMs,
      };
      return;
    case "WorkflowTaskStarted":
      return startWorkflowTask(state, event);
    case "WorkflowTaskCompleted":
    case "WorkflowTaskTimedOut":
    case "WorkflowTaskFailed":
      return endWorkflowTask(state, event.eventId);
    case "ActivityTaskScheduled":
      return scheduleActivity(state, event);
    case "ActivityTaskCancelRequested": {
      const activity = state.activities[event.attributes.scheduledEventId];
      if (activity) activity.cancelRequestedEventId = event.eventId;
      return;
    }
    case "TimerStarted":
      state.timers[event.attributes.timerId] = {
        timerId: event.attributes.timerId,
        startedEventId: event.eventId,
        fireTimeMs: event.eventTimeMs + event.attributes.startToFireTimeoutMs,
      };
      return;
    case "TimerCanceled":
      delete state.timers[event.attributes.timerId];
      return;
    case "WorkflowExecutionSignaled":
    case "WorkflowExecutionCancelRequested":
    case "ActivityTaskStarted":
    case "ActivityTaskCompleted":
    case "ActivityTaskFailed":
    case "ActivityTaskTimedOut":
    case "ActivityTaskCanceled":
    case "TimerFired":
      return evolveEntity(state, event);
  }
}

/** Applies one numbered event. */
export function evolve(state: WorkflowState, event: HistoryEvent): void {
  evolveNumbered(state, event);
  state.nextEventId = event.eventId + 1;
  // An event that waited for its number keeps the earlier time at which it happened.
  state.lastEventTimeMs = Math.max(state.lastEventTimeMs, event.eventTimeMs);
}

/** Applies one event that waits for its number. */
export function evolveBuffered(state: WorkflowState, event: BufferedEvent): void {
  evolveEntity(state, event);
  state.buffered.push(event);
}

/** Whether a stored progress record still speaks of something open. */
export function isProgressCurrent(state: Readonly<WorkflowState>, change: ProgressChange): boolean {
  if (change.kind === "activity") return state.activities[change.scheduledEventId] !== undefined;
  // An event may have ended the retried task since; then the record is a leftover.
  return (
    state.status === "RUNNING" &&
    state.workflowTask === undefined &&
    change.workflowTask.failedEventId === state.lastWorkflowTaskClosedEventId
  );
}

/** Applies a progress record. */
export function evolveProgress(state: WorkflowState, change: ProgressChange): void {
  if (change.kind === "activity") {
    const activity = state.activities[change.scheduledEventId];
    if (activity) activity.progress = { ...change.progress };
    return;
  }
  state.workflowTask = { ...change.workflowTask };
}
