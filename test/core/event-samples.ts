/** One event of every type, with every attribute it can have. A type added later does not compile without a sample. */
import type { Failure } from "../../src/core/failure.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import { payloads } from "./requests.ts";

const [payload = {}] = payloads("value").payloads;
const fields = { fields: { scheduledEventId: payload, someTimeMs: payload } };

/** A failure that holds one of everything, with a payload named like a field of ours. */
const failure: Failure = {
  message: "Activity task failed",
  source: "HoldfastService",
  stackTrace: "at transfer",
  encodedAttributes: { metadata: { encoding: "YmluYXJ5L2VuY3J5cHRlZA==", retryState: "AAAA" }, data: "AAAA" },
  activityFailureInfo: {
    scheduledEventId: 5,
    startedEventId: 6,
    identity: "worker-1",
    activityType: { name: "withdraw" },
    activityId: "1",
    retryState: "MAXIMUM_ATTEMPTS_REACHED",
  },
  cause: {
    message: "busy",
    applicationFailureInfo: {
      type: "Busy",
      nonRetryable: false,
      details: payloads("details"),
      nextRetryDelayMs: 1_500,
      category: "BENIGN",
    },
    cause: {
      timeoutFailureInfo: { timeoutType: "HEARTBEAT", lastHeartbeatDetails: payloads("7 of 9") },
      cause: { canceledFailureInfo: { details: payloads("why") }, cause: { terminatedFailureInfo: {} } },
    },
  },
};

const SAMPLES: { readonly [T in EventType]: Required<EventAttributes[T]> } = {
  WorkflowExecutionStarted: {
    workflowType: { name: "transfer" },
    workflowId: "transfer-1",
    taskQueue: { name: "transfers" },
    input: payloads("order"),
    header: fields,
    memo: fields,
    workflowExecutionTimeoutMs: 86_400_000,
    workflowRunTimeoutMs: 3_600_500,
    workflowTaskTimeoutMs: 10_000,
    workflowExecutionExpirationTimeMs: Date.UTC(2028, 1, 29, 23, 59, 59, 7),
    originalExecutionRunId: "run-1",
    firstExecutionRunId: "run-1",
    identity: "client-1",
    attempt: 1,
  },
  WorkflowTaskScheduled: { taskQueue: { name: "transfers" }, startToCloseTimeoutMs: 10_000, attempt: 2 },
  WorkflowTaskStarted: {
    scheduledEventId: 2,
    identity: "workflow-worker",
    requestId: "task-1",
    historySizeBytes: 4_000_000_000,
    suggestContinueAsNew: true,
  },
  WorkflowTaskCompleted: {
    scheduledEventId: 2,
    startedEventId: 3,
    identity: "workflow-worker",
    sdkMetadata: { coreUsedFlags: [1, 2, 3], langUsedFlags: [1], sdkName: "holdfast", sdkVersion: "0.1.0" },
  },
  WorkflowTaskTimedOut: { scheduledEventId: 2, startedEventId: 3, timeoutType: "START_TO_CLOSE" },
  WorkflowTaskFailed: {
    scheduledEventId: 2,
    startedEventId: 3,
    cause: "NON_DETERMINISTIC_ERROR",
    failure,
    identity: "workflow-worker",
  },
  ActivityTaskScheduled: {
    activityId: "1",
    activityType: { name: "withdraw" },
    taskQueue: { name: "transfers" },
    header: fields,
    input: payloads("amount"),
    scheduleToCloseTimeoutMs: 0,
    scheduleToStartTimeoutMs: 50,
    startToCloseTimeoutMs: 60_000,
    heartbeatTimeoutMs: 1_005,
    retryPolicy: {
      initialIntervalMs: 1_000,
      backoffCoefficient: 1.5,
      maximumIntervalMs: 100_000,
      maximumAttempts: 3,
      nonRetryableErrorTypes: ["InsufficientFunds"],
    },
    workflowTaskCompletedEventId: 4,
    eagerlyClaimed: true,
  },
  ActivityTaskStarted: {
    scheduledEventId: 5,
    identity: "worker-1",
    requestId: "claim-1",
    attempt: 3,
    lastFailure: failure,
  },
  ActivityTaskCompleted: {
    result: payloads("done"),
    scheduledEventId: 5,
    startedEventId: 6,
    identity: "worker-1",
  },
  ActivityTaskFailed: {
    failure,
    scheduledEventId: 5,
    startedEventId: 6,
    identity: "worker-1",
    retryState: "NON_RETRYABLE_FAILURE",
  },
  ActivityTaskTimedOut: { failure, scheduledEventId: 5, startedEventId: 0, retryState: "TIMEOUT" },
  ActivityTaskCancelRequested: { scheduledEventId: 5, workflowTaskCompletedEventId: 4 },
  ActivityTaskCanceled: {
    details: payloads("stopped"),
    latestCancelRequestedEventId: 7,
    scheduledEventId: 5,
    startedEventId: 6,
    identity: "worker-1",
  },
  TimerStarted: { timerId: "1", startToFireTimeoutMs: 2_592_000_001, workflowTaskCompletedEventId: 4 },
  TimerFired: { timerId: "1", startedEventId: 8 },
  TimerCanceled: { timerId: "1", startedEventId: 8, workflowTaskCompletedEventId: 4, identity: "workflow-worker" },
  WorkflowExecutionSignaled: {
    signalName: "approve",
    input: payloads("yes"),
    header: fields,
    identity: "client-1",
    requestId: "signal-1",
  },
  WorkflowExecutionCancelRequested: { cause: "too late", identity: "client-1" },
  WorkflowExecutionCompleted: { result: payloads("paid"), workflowTaskCompletedEventId: 4 },
  WorkflowExecutionFailed: { failure, retryState: "RETRY_POLICY_NOT_SET", workflowTaskCompletedEventId: 4 },
  WorkflowExecutionTimedOut: { retryState: "TIMEOUT" },
  WorkflowExecutionCanceled: { details: payloads("stopped"), workflowTaskCompletedEventId: 4 },
  WorkflowExecutionTerminated: { reason: "enough", details: payloads("why"), identity: "operator" },
};

/** The samples as events, numbered in the order above. Not a history that could be. */
export const EVENT_SAMPLES: readonly HistoryEvent[] = Object.entries(SAMPLES).map(
  ([eventType, attributes], index) =>
    ({
      eventId: index + 1,
      eventTimeMs: Date.UTC(2026, 10, 21, 5, 0, index, index * 10),
      eventType,
      attributes,
    }) as HistoryEvent,
);
