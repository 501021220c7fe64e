/**
 * The attributes of every event type: how each field is read from proto3 JSON, and what it is when it is not written.
 *
 * Owns: the table. Proto JSON leaves out what has its default value, so a required field has one here. A field that is
 * added to an event does not compile without its reader.
 */
import type { EventAttributes, EventType, Named, UpdateOutcome } from "./history-event.ts";
import { CAUSE_PREFIXES, ENUM_PREFIXES } from "./history-json.ts";
import {
  duration,
  enumOf,
  enumsOf,
  failure,
  fieldsOf,
  filledText,
  flag,
  isAbsent,
  mapOf,
  number,
  numbers,
  object,
  payloadList,
  payloadMap,
  payloads,
  type Read,
  retryPolicy,
  retryState,
  searchAttributes,
  text,
  time,
} from "./json-fields.ts";

/** How a field is read. `absent` is what it is when it is not written, or when its reader finds nothing in it. */
export interface Field<T = unknown> {
  readonly read: Read<unknown>;
  readonly absent?: T;
}

/** Fields that the service keeps to itself cannot be read back; only a required one needs a value. */
type FieldFor<A, K extends keyof A> = undefined extends A[K] ? Field : Required<Field<A[K]>>;
type Table = {
  readonly [T in EventType]: { readonly [K in keyof Required<EventAttributes[T]>]: FieldFor<EventAttributes[T], K> };
};

const optional = (read: Read<unknown>): Field => ({ read });
const required = <T>(read: Read<unknown>, absent: T): Required<Field<T>> => ({ read, absent });
const notExported: Field = { read: () => undefined };

/** A limit of zero is none. */
const limit: Field = { read: (value, path) => duration(value, path) || undefined };
/** An event's number that is zero names none. */
const otherEventId: Field = { read: (value, path) => number(value, path) || undefined };
const eventId = required(number, 0);
const milliseconds = required(duration, 0);
const words = required(text, "");
const optionalText = optional(filledText);
const optionalFlag = optional((value, path) => flag(value, path) || undefined);

const named: Required<Field<Named>> = required(
  (value, path) => ({ name: "", ...fieldsOf({ name: text })(value, path) }),
  {
    name: "",
  },
);
const readExecution: Read<unknown> = (value, path) => fieldsOf({ workflowId: text, runId: text })(value, path);
const execution = required(
  (value, path) => ({ workflowId: "", runId: "", ...object(readExecution(value, path), path) }),
  {
    workflowId: "",
    runId: "",
  },
);
/** An execution whose run may be left open. */
const target = required(fieldsOf({ workflowId: text, runId: filledText }), { workflowId: "" });
/** An execution that may not be there; some writers have an empty one then. */
const optionalExecution = optional((value, path) => {
  const { workflowId, runId } = object(value, path);
  return isAbsent(workflowId) || workflowId === "" ? undefined : { workflowId, runId: runId ?? "" };
});

const payloadsField = optional(payloads);
const mapField = optional(payloadMap);
const failureField = optional(failure);
const requiredFailure = required(failure, {});
/** A history that says nothing was written before there was anything to say. */
const requiredRetryState = required(retryState, "RETRY_POLICY_NOT_SET" as const);
const initiator = enumOf(ENUM_PREFIXES.initiator, ["WORKFLOW", "RETRY", "CRON_SCHEDULE"]);
const reusePolicy = optional(
  enumOf(ENUM_PREFIXES.workflowIdReusePolicy, [
    "ALLOW_DUPLICATE",
    "ALLOW_DUPLICATE_FAILED_ONLY",
    "REJECT_DUPLICATE",
    "TERMINATE_IF_RUNNING",
  ]),
);
const admittedOrigin = enumOf(ENUM_PREFIXES.origin, ["REAPPLY", "UNSPECIFIED"]);
const notFoundCauses = ["EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND", "NAMESPACE_NOT_FOUND"] as const;

const meta = fieldsOf({ updateId: text, identity: filledText });
const readMeta: Read<unknown> = (value, path) => ({ updateId: "", ...meta(value, path) });
const updateInput = fieldsOf({ name: text, args: payloads, header: payloadMap });

/** An update's request; what it lacks may be in the event of its admission. */
export const updateRequest: Read<unknown> = (value, path) => {
  const request = object(value, path);
  return {
    meta: readMeta(request["meta"] ?? {}, `${path}.meta`),
    input: { name: "", ...updateInput(request["input"] ?? {}, `${path}.input`) },
  };
};

const updateOutcome: Read<unknown> = (value, path) => {
  const outcome = object(value, path);
  if (!isAbsent(outcome["failure"])) return { failure: failure(outcome["failure"], `${path}.failure`) };
  return { success: payloadList(outcome["success"] ?? {}, `${path}.success`) };
};

const noOutcome: UpdateOutcome = { success: { payloads: [] } };

const child = {
  namespace: words,
  workflowExecution: execution,
  workflowType: named,
  initiatedEventId: eventId,
} as const;
const childClosed = { ...child, startedEventId: eventId, childOriginalExecutionRunId: notExported } as const;
const external = { namespace: words, workflowExecution: target, initiatedEventId: eventId } as const;
const commandEvent = { workflowTaskCompletedEventId: eventId } as const;
const taskEnd = { scheduledEventId: eventId, startedEventId: eventId } as const;
const activityEnd = { ...taskEnd, identity: optionalText } as const;

/** A missing cause is a failure of the worker; a replay only tells a reset from all others. */
const taskFailedCause = required(
  (value, path) => (text(value, path).endsWith("_UNSPECIFIED") ? undefined : taskFailedCauseName(value, path)),
  "WORKFLOW_WORKER_UNHANDLED_FAILURE" as const,
);
const taskFailedCauseName = enumOf(CAUSE_PREFIXES.WorkflowTaskFailed, [
  "UNHANDLED_COMMAND",
  "BAD_SCHEDULE_ACTIVITY_ATTRIBUTES",
  "BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES",
  "BAD_START_TIMER_ATTRIBUTES",
  "BAD_CANCEL_TIMER_ATTRIBUTES",
  "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES",
  "BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES",
  "BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES",
  "START_TIMER_DUPLICATE_ID",
  "SCHEDULE_ACTIVITY_DUPLICATE_ID",
  "WORKFLOW_WORKER_UNHANDLED_FAILURE",
  "NON_DETERMINISTIC_ERROR",
  "PENDING_ACTIVITIES_LIMIT_EXCEEDED",
  "PAYLOADS_TOO_LARGE",
  "BAD_CONTINUE_AS_NEW_ATTRIBUTES",
  "BAD_START_CHILD_EXECUTION_ATTRIBUTES",
  "BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES",
  "BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES",
  "BAD_RECORD_MARKER_ATTRIBUTES",
  "BAD_SEARCH_ATTRIBUTES",
  "BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES",
  "BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE",
  "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED",
  "PENDING_SIGNALS_LIMIT_EXCEEDED",
  "PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED",
  "FORCE_CLOSE_COMMAND",
  "RESET_WORKFLOW",
]);

export const EVENT_FIELDS: Table = {
  WorkflowExecutionStarted: {
    workflowType: named,
    workflowId: words,
    taskQueue: named,
    input: payloadsField,
    header: mapField,
    memo: mapField,
    workflowExecutionTimeoutMs: limit,
    workflowRunTimeoutMs: limit,
    workflowTaskTimeoutMs: milliseconds,
    workflowExecutionExpirationTimeMs: optional(time),
    originalExecutionRunId: words,
    firstExecutionRunId: words,
    identity: optionalText,
    attempt: required(number, 1),
    searchAttributes: optional(searchAttributes),
    retryPolicy: optional(retryPolicy),
    cronSchedule: optionalText,
    parentWorkflowNamespace: optionalText,
    parentWorkflowExecution: optionalExecution,
    parentInitiatedEventId: otherEventId,
    rootWorkflowExecution: optionalExecution,
    continuedExecutionRunId: optionalText,
    continuedOriginalExecutionRunId: notExported,
    initiator: optional(initiator),
    continuedFailure: failureField,
    lastCompletionResult: payloadsField,
    lastCompletionRunId: notExported,
    firstWorkflowTaskBackoffMs: limit,
    inheritedRequestIds: notExported,
  },
  WorkflowExecutionContinuedAsNew: {
    newExecutionRunId: words,
    workflowType: named,
    taskQueue: named,
    input: payloadsField,
    header: mapField,
    memo: mapField,
    searchAttributes: optional(searchAttributes),
    workflowRunTimeoutMs: limit,
    workflowTaskTimeoutMs: milliseconds,
    backoffStartIntervalMs: limit,
    initiator: required(initiator, "WORKFLOW" as const),
    ...commandEvent,
  },
  WorkflowExecutionCompleted: { result: payloadsField, newExecutionRunId: optionalText, ...commandEvent },
  WorkflowExecutionFailed: {
    failure: requiredFailure,
    retryState: requiredRetryState,
    newExecutionRunId: optionalText,
    ...commandEvent,
  },
  WorkflowExecutionTimedOut: { retryState: requiredRetryState, newExecutionRunId: optionalText },
  WorkflowExecutionCanceled: { details: payloadsField, ...commandEvent },
  WorkflowExecutionTerminated: {
    reason: optionalText,
    details: payloadsField,
    identity: optionalText,
    resetRunId: notExported,
    childrenHandedOver: notExported,
    handedOverChildren: notExported,
  },
  WorkflowExecutionCancelRequested: {
    cause: optionalText,
    identity: optionalText,
    externalWorkflowExecution: optionalExecution,
    externalInitiatedEventId: otherEventId,
  },
  WorkflowExecutionSignaled: {
    signalName: words,
    input: payloadsField,
    header: mapField,
    identity: optionalText,
    requestId: words,
    externalWorkflowExecution: optionalExecution,
  },
  WorkflowExecutionPaused: { identity: optionalText, reason: optionalText, requestId: words },
  WorkflowExecutionUnpaused: { identity: optionalText, reason: optionalText, requestId: words },
  WorkflowTaskScheduled: { taskQueue: named, startToCloseTimeoutMs: milliseconds, attempt: required(number, 1) },
  WorkflowTaskStarted: {
    scheduledEventId: eventId,
    identity: optionalText,
    requestId: optionalText,
    historySizeBytes: required(number, 0),
    suggestContinueAsNew: optionalFlag,
    suggestContinueAsNewReasons: optional(
      enumsOf(ENUM_PREFIXES.suggestContinueAsNewReasons, [
        "HISTORY_SIZE_TOO_LARGE",
        "TOO_MANY_HISTORY_EVENTS",
        "TOO_MANY_UPDATES",
      ]),
    ),
  },
  WorkflowTaskCompleted: {
    ...activityEnd,
    sdkMetadata: optional(
      fieldsOf({ coreUsedFlags: numbers, langUsedFlags: numbers, sdkName: filledText, sdkVersion: filledText }),
    ),
  },
  WorkflowTaskTimedOut: {
    ...taskEnd,
    timeoutType: required(enumOf(ENUM_PREFIXES.timeoutType, ["START_TO_CLOSE"]), "START_TO_CLOSE"),
  },
  WorkflowTaskFailed: {
    ...activityEnd,
    cause: taskFailedCause,
    failure: failureField,
    baseRunId: optionalText,
    newRunId: optionalText,
    inheritedRequestIds: notExported,
  },
  ActivityTaskScheduled: {
    activityId: words,
    activityType: named,
    taskQueue: named,
    header: mapField,
    input: payloadsField,
    scheduleToCloseTimeoutMs: milliseconds,
    scheduleToStartTimeoutMs: milliseconds,
    startToCloseTimeoutMs: milliseconds,
    heartbeatTimeoutMs: milliseconds,
    retryPolicy: required(retryPolicy, {}),
    ...commandEvent,
    eagerlyClaimed: notExported,
  },
  ActivityTaskStarted: {
    scheduledEventId: eventId,
    identity: optionalText,
    requestId: optionalText,
    attempt: required(number, 1),
    lastFailure: failureField,
  },
  ActivityTaskCompleted: { result: payloadsField, ...activityEnd },
  ActivityTaskFailed: { failure: requiredFailure, ...activityEnd, retryState: requiredRetryState },
  ActivityTaskTimedOut: { failure: requiredFailure, ...taskEnd, retryState: requiredRetryState },
  ActivityTaskCancelRequested: { scheduledEventId: eventId, ...commandEvent },
  ActivityTaskCanceled: { details: payloadsField, latestCancelRequestedEventId: eventId, ...activityEnd },
  TimerStarted: { timerId: words, startToFireTimeoutMs: milliseconds, ...commandEvent },
  TimerFired: { timerId: words, startedEventId: eventId },
  TimerCanceled: { timerId: words, startedEventId: eventId, ...commandEvent, identity: optionalText },
  MarkerRecorded: {
    markerName: words,
    details: optional(mapOf(payloadList)),
    failure: failureField,
    header: mapField,
    ...commandEvent,
  },
  UpsertWorkflowSearchAttributes: {
    searchAttributes: required(searchAttributes, { indexedFields: {} }),
    ...commandEvent,
  },
  WorkflowPropertiesModified: {
    upsertedMemo: required(payloadMap, { fields: {} }),
    removedMemoKeys: notExported,
    ...commandEvent,
  },
  WorkflowExecutionUpdateAdmitted: {
    request: required(updateRequest, { meta: { updateId: "" }, input: { name: "" } }),
    origin: required(admittedOrigin, "UNSPECIFIED" as const),
  },
  WorkflowExecutionUpdateAccepted: {
    protocolInstanceId: words,
    acceptedRequestMessageId: words,
    acceptedRequestSequencingEventId: eventId,
    acceptedRequest: required(updateRequest, { meta: { updateId: "" }, input: { name: "" } }),
  },
  WorkflowExecutionUpdateCompleted: {
    meta: required(readMeta, { updateId: "" }),
    acceptedEventId: eventId,
    outcome: required(updateOutcome, noOutcome),
  },
  StartChildWorkflowExecutionInitiated: {
    namespace: words,
    workflowId: words,
    workflowType: named,
    taskQueue: named,
    input: payloadsField,
    header: mapField,
    memo: mapField,
    searchAttributes: optional(searchAttributes),
    workflowExecutionTimeoutMs: limit,
    workflowRunTimeoutMs: limit,
    workflowTaskTimeoutMs: limit,
    parentClosePolicy: required(
      enumOf(ENUM_PREFIXES.parentClosePolicy, ["TERMINATE", "ABANDON", "REQUEST_CANCEL"]),
      "TERMINATE" as const,
    ),
    workflowIdReusePolicy: reusePolicy,
    retryPolicy: optional(retryPolicy),
    cronSchedule: optionalText,
    ...commandEvent,
  },
  StartChildWorkflowExecutionFailed: {
    namespace: words,
    workflowId: words,
    workflowType: named,
    cause: required(
      enumOf(CAUSE_PREFIXES.StartChildWorkflowExecutionFailed, ["WORKFLOW_ALREADY_EXISTS", "NAMESPACE_NOT_FOUND"]),
      "WORKFLOW_ALREADY_EXISTS" as const,
    ),
    initiatedEventId: eventId,
    ...commandEvent,
  },
  ChildWorkflowExecutionStarted: { ...child, header: mapField },
  ChildWorkflowExecutionCompleted: { ...childClosed, result: payloadsField },
  ChildWorkflowExecutionFailed: { ...childClosed, failure: requiredFailure, retryState: requiredRetryState },
  ChildWorkflowExecutionCanceled: { ...childClosed, details: payloadsField },
  ChildWorkflowExecutionTimedOut: { ...childClosed, retryState: requiredRetryState },
  ChildWorkflowExecutionTerminated: childClosed,
  SignalExternalWorkflowExecutionInitiated: {
    namespace: words,
    workflowExecution: target,
    signalName: words,
    input: payloadsField,
    header: mapField,
    childWorkflowOnly: optionalFlag,
    signalRequestId: required(() => undefined, ""),
    ...commandEvent,
  },
  SignalExternalWorkflowExecutionFailed: {
    ...external,
    cause: required(
      enumOf(CAUSE_PREFIXES.SignalExternalWorkflowExecutionFailed, notFoundCauses),
      "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND" as const,
    ),
    ...commandEvent,
  },
  ExternalWorkflowExecutionSignaled: external,
  RequestCancelExternalWorkflowExecutionInitiated: {
    namespace: words,
    workflowExecution: target,
    childWorkflowOnly: optionalFlag,
    reason: optionalText,
    ...commandEvent,
  },
  RequestCancelExternalWorkflowExecutionFailed: {
    ...external,
    cause: required(
      enumOf(CAUSE_PREFIXES.RequestCancelExternalWorkflowExecutionFailed, notFoundCauses),
      "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND" as const,
    ),
    ...commandEvent,
  },
  ExternalWorkflowExecutionCancelRequested: external,
};
