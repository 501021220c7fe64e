/**
 * Evolve: the only code that changes a run's state. Events and progress in, the same state object out, changed.
 *
 * Owns: what each event means for the state. Total over every event in storage, with no validation: whatever reached
 * history was decided before. A buffered event takes effect on its entity at once and again, harmlessly, when it is
 * numbered.
 */
import { mergeMemo, mergeSearchAttributes } from "./attribute-merge.ts";
import type { EventAttributes, EventOf, HistoryEvent } from "./history-event.ts";
import { lastCompletionRunId } from "./previous-run.ts";
import { FIRST_REDELIVERY_MS, cancelRequestId, hasOutbox, isItself } from "./outbox.ts";
import { beginReset } from "./reset-state.ts";
import {
  type BufferedEvent,
  type ProgressChange,
  type RunIdentity,
  type StartFacts,
  type WorkflowState,
  hasHadTask,
  initialProgress,
  namedRecord,
} from "./state.ts";
import { pauseRequestId } from "./workflow-pause.ts";
import { acceptUpdate, admitRecorded, answerCarried, carryUpdates, completeUpdate } from "./update-state.ts";

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
    attempt: attributes.attempt,
    ...(attributes.retryPolicy ? { retryPolicy: attributes.retryPolicy } : {}),
    ...(attributes.cronSchedule === undefined ? {} : { cronSchedule: attributes.cronSchedule }),
    workflowExecutionTimeoutMs: attributes.workflowExecutionTimeoutMs ?? 0,
    ...(attributes.retryPolicy || attributes.cronSchedule ? { repeated: repeatedFacts(attributes) } : {}),
    ...firstTaskFacts(event),
    ...lastCompletionFacts(attributes),
    ...parentFacts(attributes),
    ...(event.userMetadata ? { userMetadata: event.userMetadata } : {}),
  };
}

function repeatedFacts(attributes: EventAttributes["WorkflowExecutionStarted"]): NonNullable<StartFacts["repeated"]> {
  const { input, header, searchAttributes } = attributes;
  return {
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
  };
}

function firstTaskFacts({
  eventTimeMs,
  attributes,
}: EventOf<"WorkflowExecutionStarted">): Pick<StartFacts, "firstWorkflowTaskAtMs" | "isStartDelayed"> {
  const backoffMs = attributes.firstWorkflowTaskBackoffMs ?? 0;
  const isStartDelayed = backoffMs > 0 && attributes.initiator === undefined;
  return { firstWorkflowTaskAtMs: eventTimeMs + backoffMs, ...(isStartDelayed ? { isStartDelayed } : {}) };
}

function lastCompletionFacts(
  attributes: EventAttributes["WorkflowExecutionStarted"],
): Pick<StartFacts, "lastCompletion"> {
  const { lastCompletionResult: result } = attributes;
  return result ? { lastCompletion: { result, runId: lastCompletionRunId(attributes) } } : {};
}

function parentFacts(attributes: EventAttributes["WorkflowExecutionStarted"]): Pick<StartFacts, "parent" | "root"> {
  const { parentWorkflowExecution: parent, parentWorkflowNamespace, parentInitiatedEventId } = attributes;
  const root = attributes.rootWorkflowExecution ? { root: attributes.rootWorkflowExecution } : {};
  if (!parent || parentWorkflowNamespace === undefined || parentInitiatedEventId === undefined) return root;
  return {
    parent: { ...parent, namespace: parentWorkflowNamespace, initiatedEventId: parentInitiatedEventId },
    ...root,
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
    children: {},
    externals: {},
    buffered: [],
    signalRequestIds: namedRecord(
      Object.fromEntries((started.attributes.inheritedRequestIds ?? []).map((id) => [id, true as const])),
    ),
    signalCount: 0,
    admittedUpdates: [],
    updates: namedRecord(),
    recentRequestIds: [...(started.attributes.inheritedRequestIds ?? [])],
    cancelRequested: false,
    ...(started.attributes.memo ? { memo: started.attributes.memo } : {}),
    ...(started.attributes.searchAttributes ? { searchAttributes: started.attributes.searchAttributes } : {}),
    dispatchedUpToMs: started.eventTimeMs,
    redeliverMs: started.eventTimeMs,
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

function startTimer(state: WorkflowState, { eventId, eventTimeMs, attributes }: EventOf<"TimerStarted">): void {
  const { timerId, startToFireTimeoutMs } = attributes;
  state.timers[timerId] = { timerId, startedEventId: eventId, fireTimeMs: eventTimeMs + startToFireTimeoutMs };
}

function scheduleWorkflowTask(state: WorkflowState, event: EventOf<"WorkflowTaskScheduled">): void {
  state.workflowTask = {
    scheduledEventId: event.eventId,
    scheduledTimeMs: event.eventTimeMs,
    attempt: event.attributes.attempt,
    inHistory: true,
    notBeforeMs: event.eventTimeMs,
  };
}

function startWorkflowTask(state: WorkflowState, event: EventOf<"WorkflowTaskStarted">): void {
  if (!state.workflowTask) return;
  state.workflowTask.startedEventId = event.eventId;
  state.workflowTask.startedTimeMs = event.eventTimeMs;
  state.workflowTask.timeoutFromMs = event.eventTimeMs;
  carryUpdates(state);
}

function failWorkflowTask(state: WorkflowState, event: EventOf<"WorkflowTaskFailed">): void {
  endWorkflowTask(state, event.eventId);
  if (event.attributes.cause !== "RESET_WORKFLOW") return;
  beginReset(state, event);
  for (const requestId of event.attributes.inheritedRequestIds ?? []) {
    state.signalRequestIds[requestId] = true;
    rememberRequest(state, requestId);
  }
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

/** Request ids that are kept at the least. */
const RECENT_REQUEST_IDS = 200;

function rememberRequest(state: WorkflowState, requestId: string): void {
  if (state.recentRequestIds.includes(requestId)) return;
  state.recentRequestIds.push(requestId);
  if (state.recentRequestIds.length > 2 * RECENT_REQUEST_IDS)
    state.recentRequestIds = state.recentRequestIds.slice(-RECENT_REQUEST_IDS);
}

/** What has come ends the wait for the first workflow task, which a pause keeps from beginning. */
function wakeWhenUnpaused(state: WorkflowState): void {
  if (state.paused && !hasHadTask(state)) state.startsWhenUnpaused = true;
}

function receiveSignal(state: WorkflowState, signal: EventAttributes["WorkflowExecutionSignaled"]): void {
  countSignal(state, signal.requestId);
  rememberRequest(state, signal.requestId);
  if (state.start.isStartDelayed) wakeWhenUnpaused(state);
}

function receiveCancel(state: WorkflowState, request: EventAttributes["WorkflowExecutionCancelRequested"]): void {
  state.cancelRequested = true;
  wakeWhenUnpaused(state);
  const { externalWorkflowExecution: sender, externalInitiatedEventId: initiatedEventId } = request;
  if (!sender || initiatedEventId === undefined) return;
  rememberRequest(state, cancelRequestId({ runId: sender.runId, initiatedEventId }));
}

/** Called before something more is to be delivered: should the delivery be lost, it is made again by this time. */
function redeliverBy(state: WorkflowState, atMs: number): void {
  state.redeliverMs = hasOutbox(state) ? Math.min(state.redeliverMs, atMs) : atMs;
}

/** A delivery has failed: what waits is due at this time. Not stored; a state that is loaded is due at once. */
export function evolveRedelivery(state: WorkflowState, atMs: number): void {
  state.redeliverMs = atMs;
}

function initiateChild(state: WorkflowState, event: EventOf<"StartChildWorkflowExecutionInitiated">): void {
  const { attributes, eventId } = event;
  redeliverBy(state, event.eventTimeMs + FIRST_REDELIVERY_MS);
  state.children[eventId] = {
    initiatedEventId: eventId,
    namespace: attributes.namespace,
    workflowId: attributes.workflowId,
    workflowType: attributes.workflowType.name,
    parentClosePolicy: attributes.parentClosePolicy,
    workflowTaskCompletedEventId: attributes.workflowTaskCompletedEventId,
  };
}

type ExternalInitiated =
  | EventOf<"SignalExternalWorkflowExecutionInitiated">
  | EventOf<"RequestCancelExternalWorkflowExecutionInitiated">;

function initiateExternal(state: WorkflowState, event: ExternalInitiated): void {
  const { attributes, eventId } = event;
  const target = attributes.workflowExecution;
  // Answered by the commit that initiates it.
  if (isItself(state, attributes.namespace, target)) return;
  redeliverBy(state, event.eventTimeMs + FIRST_REDELIVERY_MS);
  state.externals[eventId] = {
    kind: event.eventType === "SignalExternalWorkflowExecutionInitiated" ? "signal" : "cancel",
    initiatedEventId: eventId,
    namespace: attributes.namespace,
    target,
    workflowTaskCompletedEventId: attributes.workflowTaskCompletedEventId,
  };
}

function startChild(
  state: WorkflowState,
  { initiatedEventId, workflowExecution }: EventAttributes["ChildWorkflowExecutionStarted"],
  startedEventId: number,
): void {
  const child = state.children[initiatedEventId];
  if (!child) return;
  child.runId = workflowExecution.runId;
  child.startedEventId = startedEventId;
}

/** What a run is once each of these events has ended it. */
const CLOSED_AS = {
  WorkflowExecutionCompleted: "COMPLETED",
  WorkflowExecutionFailed: "FAILED",
  WorkflowExecutionTimedOut: "TIMED_OUT",
  WorkflowExecutionCanceled: "CANCELLED",
  WorkflowExecutionTerminated: "TERMINATED",
  WorkflowExecutionContinuedAsNew: "CONTINUED_AS_NEW",
} as const;

function close(state: WorkflowState, event: HistoryEvent, status: WorkflowState["status"]): void {
  redeliverBy(state, event.eventTimeMs + FIRST_REDELIVERY_MS);
  state.status = status;
  if ("newExecutionRunId" in event.attributes) state.newExecutionRunId = event.attributes.newExecutionRunId;
  if (event.eventType === "WorkflowExecutionTerminated") handOver(state, event.attributes);
  state.closeEventId = event.eventId;
  state.closeTimeMs = event.eventTimeMs;
  delete state.workflowTask;
  delete state.paused;
  delete state.startsWhenUnpaused;
  state.activities = {};
  state.timers = namedRecord();
  state.buffered = [];
  state.admittedUpdates = [];
  // Children stay: their parent close policy is what the run still has to see to.
}

/** What a run that a reset has ended leaves to the one that it has begun. */
function handOver(state: WorkflowState, ended: EventAttributes["WorkflowExecutionTerminated"]): void {
  if (ended.resetRunId !== undefined) state.newExecutionRunId = ended.resetRunId;
  if (ended.childrenHandedOver) state.children = {};
  for (const initiatedEventId of ended.handedOverChildren ?? []) delete state.children[initiatedEventId];
}

/** What an event does to the entity it is about; the same whether it is numbered or still buffered. */
function evolveEntity(state: WorkflowState, event: HistoryEvent | BufferedEvent): void {
  switch (event.eventType) {
    case "WorkflowExecutionSignaled":
      return receiveSignal(state, event.attributes);
    case "WorkflowExecutionCancelRequested":
      return receiveCancel(state, event.attributes);
    case "WorkflowExecutionPaused":
      state.paused = { pausedTimeMs: event.eventTimeMs, ...event.attributes };
      rememberRequest(state, pauseRequestId("pause", event.attributes.requestId));
      return;
    case "WorkflowExecutionUnpaused":
      delete state.paused;
      delete state.startsWhenUnpaused;
      rememberRequest(state, pauseRequestId("unpause", event.attributes.requestId));
      return;
    case "ChildWorkflowExecutionStarted":
      return startChild(state, event.attributes, "eventId" in event ? event.eventId : 0);
    case "StartChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionCompleted":
    case "ChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionCanceled":
    case "ChildWorkflowExecutionTimedOut":
    case "ChildWorkflowExecutionTerminated":
      delete state.children[event.attributes.initiatedEventId];
      return;
    case "ExternalWorkflowExecutionSignaled":
    case "SignalExternalWorkflowExecutionFailed":
    case "ExternalWorkflowExecutionCancelRequested":
    case "RequestCancelExternalWorkflowExecutionFailed":
      delete state.externals[event.attributes.initiatedEventId];
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

/** Events that mean the same whether they are numbered or wait for it. */
type EntityEvent = HistoryEvent & { readonly eventType: EntityEventType };
type EntityEventType =
  | "WorkflowExecutionSignaled"
  | "WorkflowExecutionCancelRequested"
  | "WorkflowExecutionPaused"
  | "WorkflowExecutionUnpaused"
  | "ActivityTaskStarted"
  | "ActivityTaskCompleted"
  | "ActivityTaskFailed"
  | "ActivityTaskTimedOut"
  | "ActivityTaskCanceled"
  | "TimerFired"
  | "ChildWorkflowExecutionStarted"
  | "StartChildWorkflowExecutionFailed"
  | "ChildWorkflowExecutionCompleted"
  | "ChildWorkflowExecutionFailed"
  | "ChildWorkflowExecutionCanceled"
  | "ChildWorkflowExecutionTimedOut"
  | "ChildWorkflowExecutionTerminated"
  | "ExternalWorkflowExecutionSignaled"
  | "SignalExternalWorkflowExecutionFailed"
  | "ExternalWorkflowExecutionCancelRequested"
  | "RequestCancelExternalWorkflowExecutionFailed";

function evolveNumbered(state: WorkflowState, event: HistoryEvent): void {
  switch (event.eventType) {
    case "WorkflowExecutionStarted":
      return;
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionTimedOut":
    case "WorkflowExecutionCanceled":
    case "WorkflowExecutionTerminated":
    case "WorkflowExecutionContinuedAsNew":
      return close(state, event, CLOSED_AS[event.eventType]);
    case "MarkerRecorded":
      return;
    case "UpsertWorkflowSearchAttributes":
      state.searchAttributes = mergeSearchAttributes(state.searchAttributes, event.attributes.searchAttributes);
      return;
    case "WorkflowPropertiesModified":
      state.memo = mergeMemo(state.memo, event.attributes);
      return;
    case "WorkflowTaskScheduled":
      return scheduleWorkflowTask(state, event);
    case "WorkflowTaskStarted":
      return startWorkflowTask(state, event);
    case "WorkflowTaskCompleted":
      answerCarried(state);
      return endWorkflowTask(state, event.eventId);
    case "WorkflowTaskTimedOut":
      return endWorkflowTask(state, event.eventId);
    case "WorkflowTaskFailed":
      return failWorkflowTask(state, event);
    case "ActivityTaskScheduled":
      return scheduleActivity(state, event);
    case "ActivityTaskCancelRequested": {
      const activity = state.activities[event.attributes.scheduledEventId];
      if (activity) activity.cancelRequestedEventId = event.eventId;
      return;
    }
    case "TimerStarted":
      return startTimer(state, event);
    case "TimerCanceled":
      delete state.timers[event.attributes.timerId];
      return;
    case "WorkflowExecutionUpdateAdmitted":
      return admitRecorded(state, event);
    case "WorkflowExecutionUpdateAccepted":
      return acceptUpdate(state, event);
    case "WorkflowExecutionUpdateCompleted":
      return completeUpdate(state, event);
    case "StartChildWorkflowExecutionInitiated":
      return initiateChild(state, event);
    case "SignalExternalWorkflowExecutionInitiated":
    case "RequestCancelExternalWorkflowExecutionInitiated":
      return initiateExternal(state, event);
    default: {
      // An event that nothing here is about does not compile.
      const entityEvent: EntityEvent = event;
      return evolveEntity(state, entityEvent);
    }
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
  if (change.kind === "outboxSettled") return state.status !== "RUNNING";
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
  if (change.kind === "outboxSettled") {
    state.outboxSettled = true;
    state.children = {};
    state.externals = {};
    return;
  }
  state.workflowTask = { ...change.workflowTask };
  if (change.workflowTask.startedEventId !== undefined) carryUpdates(state);
}
