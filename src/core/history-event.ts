/**
 * The events of a history: Temporal's types and attribute names, numbered from 1, never changed once written.
 *
 * Owns: the stored shape (format version 1). Times are epoch milliseconds in fields that end in `TimeMs`, durations
 * are milliseconds in other fields that end in `Ms`, ids of events are numbers in fields that end in `EventId`.
 * `history-json.ts` turns this into Temporal's JSON form by those endings, so a new field must keep to them.
 */
import type { Failure, RetryState } from "./failure.ts";
import type { Payload, PayloadMap, Payloads, SearchAttributeMap } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export interface Named {
  readonly name: string;
}

/** One run, by both of its ids. */
export interface ExecutionRef {
  readonly workflowId: string;
  readonly runId: string;
}

/** A workflow that is signalled or cancelled from another one; without `runId` its current run is meant. */
export interface ExecutionTarget {
  readonly workflowId: string;
  readonly runId?: string;
}

/** What users wrote about an operation, encoded. Beside the attributes, as in Temporal. */
export interface UserMetadata {
  readonly summary?: Payload;
  readonly details?: Payload;
}

/** Why a workflow is told to continue as new. */
export type SuggestContinueAsNewReason = "HISTORY_SIZE_TOO_LARGE" | "TOO_MANY_HISTORY_EVENTS" | "TOO_MANY_UPDATES";

/** What happens to a child when its parent closes. */
export type ParentClosePolicy = "TERMINATE" | "ABANDON" | "REQUEST_CANCEL";

/** Why a signal or cancellation of another workflow could not be delivered. */
export type ExternalWorkflowFailedCause =
  | "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND"
  | "NAMESPACE_NOT_FOUND"
  | "SIGNAL_COUNT_LIMIT_EXCEEDED";

/** Why a child did not start. */
export type StartChildFailedCause = "WORKFLOW_ALREADY_EXISTS" | "NAMESPACE_NOT_FOUND";

/** How an update ended; exactly one of the fields. */
export type UpdateOutcome = { readonly success: Payloads } | { readonly failure: Failure };

/** Why an update was written down before the workflow has accepted it. */
export type UpdateAdmittedEventOrigin = "REAPPLY" | "UNSPECIFIED";

/** An update as its caller sent it. */
export interface UpdateRequestRecord {
  readonly meta: { readonly updateId: string; readonly identity?: string };
  readonly input: { readonly name: string; readonly args?: Payloads; readonly header?: PayloadMap };
}

/** Why a workflow task failed. */
export type WorkflowTaskFailedCause =
  | "UNHANDLED_COMMAND"
  | "BAD_SCHEDULE_ACTIVITY_ATTRIBUTES"
  | "BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES"
  | "BAD_START_TIMER_ATTRIBUTES"
  | "BAD_CANCEL_TIMER_ATTRIBUTES"
  | "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES"
  | "BAD_FAIL_WORKFLOW_EXECUTION_ATTRIBUTES"
  | "BAD_CANCEL_WORKFLOW_EXECUTION_ATTRIBUTES"
  | "START_TIMER_DUPLICATE_ID"
  | "SCHEDULE_ACTIVITY_DUPLICATE_ID"
  | "WORKFLOW_WORKER_UNHANDLED_FAILURE"
  | "NON_DETERMINISTIC_ERROR"
  | "PENDING_ACTIVITIES_LIMIT_EXCEEDED"
  | "PAYLOADS_TOO_LARGE"
  | "BAD_CONTINUE_AS_NEW_ATTRIBUTES"
  | "BAD_START_CHILD_EXECUTION_ATTRIBUTES"
  | "BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES"
  | "BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES"
  | "BAD_RECORD_MARKER_ATTRIBUTES"
  | "BAD_SEARCH_ATTRIBUTES"
  | "BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES"
  | "BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE"
  | "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED"
  | "PENDING_SIGNALS_LIMIT_EXCEEDED"
  | "PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED"
  | "FORCE_CLOSE_COMMAND"
  | "RESET_WORKFLOW";

/** Flags of the SDK that pin behaviour on replay; written where the official SDK looks for them. */
export interface SdkMetadata {
  readonly coreUsedFlags?: readonly number[];
  readonly langUsedFlags?: readonly number[];
  readonly sdkName?: string;
  readonly sdkVersion?: string;
}

/** Attributes by event type. */
export interface EventAttributes {
  WorkflowExecutionStarted: {
    readonly workflowType: Named;
    readonly workflowId: string;
    readonly taskQueue: Named;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly memo?: PayloadMap;
    readonly workflowExecutionTimeoutMs?: number;
    readonly workflowRunTimeoutMs?: number;
    readonly workflowTaskTimeoutMs: number;
    readonly workflowExecutionExpirationTimeMs?: number;
    readonly originalExecutionRunId: string;
    readonly firstExecutionRunId: string;
    readonly identity?: string;
    readonly attempt: number;
    readonly searchAttributes?: SearchAttributeMap;
    readonly retryPolicy?: RetryPolicy;
    readonly cronSchedule?: string;
    /** The workflow that started this one as its child. */
    readonly parentWorkflowNamespace?: string;
    readonly parentWorkflowExecution?: ExecutionRef;
    readonly parentInitiatedEventId?: number;
    /** The workflow at the top of the tree of children; absent when it is this one. */
    readonly rootWorkflowExecution?: ExecutionRef;
    /** The run before this one in the same chain. */
    readonly continuedExecutionRunId?: string;
    /** What the payloads of that run are bound to, when it is not its run id: the run was reset. Not exported. */
    readonly continuedOriginalExecutionRunId?: string;
    readonly initiator?: ContinueAsNewInitiator;
    /** The failure that the run before ended with. */
    readonly continuedFailure?: Failure;
    readonly lastCompletionResult?: Payloads;
    /** The original execution run id of the run that came to it, if that was not the run before. Not exported. */
    readonly lastCompletionRunId?: string;
    /** Time before the first workflow task. */
    readonly firstWorkflowTaskBackoffMs?: number;
    /**
     * Request ids of what was sent to the runs before, so that a message delivered twice is seen once though the run
     * changed between. Not exported.
     */
    readonly inheritedRequestIds?: readonly string[];
  };
  WorkflowExecutionContinuedAsNew: {
    readonly newExecutionRunId: string;
    readonly workflowType: Named;
    readonly taskQueue: Named;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly memo?: PayloadMap;
    readonly searchAttributes?: SearchAttributeMap;
    readonly workflowRunTimeoutMs?: number;
    readonly workflowTaskTimeoutMs: number;
    readonly backoffStartIntervalMs?: number;
    readonly initiator: ContinueAsNewInitiator;
    readonly workflowTaskCompletedEventId: number;
  };
  WorkflowExecutionCompleted: {
    readonly result?: Payloads;
    /** The next run of its cron schedule. */
    readonly newExecutionRunId?: string;
    readonly workflowTaskCompletedEventId: number;
  };
  WorkflowExecutionFailed: {
    readonly failure: Failure;
    readonly retryState: RetryState;
    /** The run that tries again, or the next one of the cron schedule. */
    readonly newExecutionRunId?: string;
    readonly workflowTaskCompletedEventId: number;
  };
  WorkflowExecutionTimedOut: { readonly retryState: RetryState; readonly newExecutionRunId?: string };
  WorkflowExecutionCanceled: { readonly details?: Payloads; readonly workflowTaskCompletedEventId: number };
  WorkflowExecutionTerminated: {
    readonly reason?: string;
    readonly details?: Payloads;
    readonly identity?: string;
    /** The run that a reset has begun in place of this one: nobody is told of its end. Not exported. */
    readonly resetRunId?: string;
    /** That run goes on with the children of this one, which are left alone. Not exported. */
    readonly childrenHandedOver?: true;
    /** Likewise, but only those of its open children that these events have initiated. Not exported. */
    readonly handedOverChildren?: readonly number[];
  };
  WorkflowExecutionCancelRequested: {
    readonly cause?: string;
    readonly identity?: string;
    /** The workflow that asked, if one did. */
    readonly externalWorkflowExecution?: ExecutionRef;
    readonly externalInitiatedEventId?: number;
  };
  WorkflowExecutionSignaled: {
    readonly signalName: string;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly identity?: string;
    /** Deduplicates retries of the sender, and is part of what the input's encryption is bound to. */
    readonly requestId: string;
    /** The workflow that sent it, if one did. */
    readonly externalWorkflowExecution?: ExecutionRef;
  };
  WorkflowExecutionPaused: { readonly identity?: string; readonly reason?: string; readonly requestId: string };
  WorkflowExecutionUnpaused: { readonly identity?: string; readonly reason?: string; readonly requestId: string };
  WorkflowTaskScheduled: {
    readonly taskQueue: Named;
    readonly startToCloseTimeoutMs: number;
    readonly attempt: number;
  };
  WorkflowTaskStarted: {
    readonly scheduledEventId: number;
    readonly identity?: string;
    readonly requestId?: string;
    readonly historySizeBytes: number;
    readonly suggestContinueAsNew?: boolean;
    readonly suggestContinueAsNewReasons?: readonly SuggestContinueAsNewReason[];
  };
  WorkflowTaskCompleted: {
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly identity?: string;
    readonly sdkMetadata?: SdkMetadata;
  };
  WorkflowTaskTimedOut: {
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly timeoutType: "START_TO_CLOSE";
  };
  WorkflowTaskFailed: {
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly cause: WorkflowTaskFailedCause;
    readonly failure?: Failure;
    readonly identity?: string;
    /** Of a reset: the run whose history was taken over, and the run that goes on with it. */
    readonly baseRunId?: string;
    readonly newRunId?: string;
    /** Of a reset: ids of requests that were taken before it and are not in this history. Not exported. */
    readonly inheritedRequestIds?: readonly string[];
  };
  ActivityTaskScheduled: {
    readonly activityId: string;
    readonly activityType: Named;
    readonly taskQueue: Named;
    readonly header?: PayloadMap;
    readonly input?: Payloads;
    /** Normalised: zero means no limit. */
    readonly scheduleToCloseTimeoutMs: number;
    readonly scheduleToStartTimeoutMs: number;
    readonly startToCloseTimeoutMs: number;
    readonly heartbeatTimeoutMs: number;
    readonly retryPolicy: RetryPolicy;
    readonly workflowTaskCompletedEventId: number;
    /** The first attempt was claimed by this very commit, for the worker that is handed the task. Not exported. */
    readonly eagerlyClaimed?: true;
  };
  ActivityTaskStarted: {
    readonly scheduledEventId: number;
    readonly identity?: string;
    readonly requestId?: string;
    readonly attempt: number;
    readonly lastFailure?: Failure;
  };
  ActivityTaskCompleted: {
    readonly result?: Payloads;
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly identity?: string;
  };
  ActivityTaskFailed: {
    readonly failure: Failure;
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly identity?: string;
    readonly retryState: RetryState;
  };
  ActivityTaskTimedOut: {
    readonly failure: Failure;
    readonly scheduledEventId: number;
    /** Zero when the activity never started. */
    readonly startedEventId: number;
    readonly retryState: RetryState;
  };
  ActivityTaskCancelRequested: { readonly scheduledEventId: number; readonly workflowTaskCompletedEventId: number };
  ActivityTaskCanceled: {
    readonly details?: Payloads;
    readonly latestCancelRequestedEventId: number;
    readonly scheduledEventId: number;
    readonly startedEventId: number;
    readonly identity?: string;
  };
  TimerStarted: {
    readonly timerId: string;
    readonly startToFireTimeoutMs: number;
    readonly workflowTaskCompletedEventId: number;
  };
  TimerFired: { readonly timerId: string; readonly startedEventId: number };
  TimerCanceled: {
    readonly timerId: string;
    readonly startedEventId: number;
    readonly workflowTaskCompletedEventId: number;
    readonly identity?: string;
  };
  MarkerRecorded: {
    readonly markerName: string;
    readonly details?: Readonly<Record<string, Payloads>>;
    readonly failure?: Failure;
    readonly header?: PayloadMap;
    readonly workflowTaskCompletedEventId: number;
  };
  UpsertWorkflowSearchAttributes: {
    readonly searchAttributes: SearchAttributeMap;
    readonly workflowTaskCompletedEventId: number;
  };
  WorkflowPropertiesModified: {
    readonly upsertedMemo: PayloadMap;
    /** Names among them that were removed: the service cannot see which values are null. Not exported. */
    readonly removedMemoKeys?: readonly string[];
    readonly workflowTaskCompletedEventId: number;
  };
  /** An update that waits, and is history already: a reset has taken it over from another run. */
  WorkflowExecutionUpdateAdmitted: {
    readonly request: UpdateRequestRecord;
    readonly origin: UpdateAdmittedEventOrigin;
  };
  WorkflowExecutionUpdateAccepted: {
    readonly protocolInstanceId: string;
    readonly acceptedRequestMessageId: string;
    readonly acceptedRequestSequencingEventId: number;
    readonly acceptedRequest: UpdateRequestRecord;
  };
  WorkflowExecutionUpdateCompleted: {
    readonly meta: { readonly updateId: string; readonly identity?: string };
    readonly acceptedEventId: number;
    readonly outcome: UpdateOutcome;
  };
  StartChildWorkflowExecutionInitiated: {
    readonly namespace: string;
    readonly workflowId: string;
    readonly workflowType: Named;
    readonly taskQueue: Named;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly memo?: PayloadMap;
    readonly searchAttributes?: SearchAttributeMap;
    readonly workflowExecutionTimeoutMs?: number;
    readonly workflowRunTimeoutMs?: number;
    readonly workflowTaskTimeoutMs?: number;
    readonly parentClosePolicy: ParentClosePolicy;
    readonly workflowIdReusePolicy?: ChildWorkflowIdReusePolicy;
    readonly retryPolicy?: RetryPolicy;
    readonly cronSchedule?: string;
    readonly workflowTaskCompletedEventId: number;
  };
  StartChildWorkflowExecutionFailed: {
    readonly namespace: string;
    readonly workflowId: string;
    readonly workflowType: Named;
    readonly cause: StartChildFailedCause;
    readonly initiatedEventId: number;
    readonly workflowTaskCompletedEventId: number;
  };
  ChildWorkflowExecutionStarted: ChildEvent & { readonly header?: PayloadMap };
  ChildWorkflowExecutionCompleted: ChildCloseEvent & { readonly result?: Payloads };
  ChildWorkflowExecutionFailed: ChildCloseEvent & { readonly failure: Failure; readonly retryState: RetryState };
  ChildWorkflowExecutionCanceled: ChildCloseEvent & { readonly details?: Payloads };
  ChildWorkflowExecutionTimedOut: ChildCloseEvent & { readonly retryState: RetryState };
  ChildWorkflowExecutionTerminated: ChildCloseEvent;
  SignalExternalWorkflowExecutionInitiated: {
    readonly namespace: string;
    readonly workflowExecution: ExecutionTarget;
    readonly signalName: string;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly childWorkflowOnly?: boolean;
    /** What the target deduplicates by, and what the input's encryption is bound to. Not exported. */
    readonly signalRequestId: string;
    readonly workflowTaskCompletedEventId: number;
  };
  SignalExternalWorkflowExecutionFailed: ExternalEvent & {
    readonly cause: ExternalWorkflowFailedCause;
    readonly workflowTaskCompletedEventId: number;
  };
  ExternalWorkflowExecutionSignaled: ExternalEvent;
  RequestCancelExternalWorkflowExecutionInitiated: {
    readonly namespace: string;
    readonly workflowExecution: ExecutionTarget;
    readonly childWorkflowOnly?: boolean;
    readonly reason?: string;
    readonly workflowTaskCompletedEventId: number;
  };
  RequestCancelExternalWorkflowExecutionFailed: ExternalEvent & {
    readonly cause: ExternalWorkflowFailedCause;
    readonly workflowTaskCompletedEventId: number;
  };
  ExternalWorkflowExecutionCancelRequested: ExternalEvent;
}

/** What every event about a started child says. */
interface ChildEvent {
  readonly namespace: string;
  readonly workflowExecution: ExecutionRef;
  readonly workflowType: Named;
  readonly initiatedEventId: number;
}

interface ChildCloseEvent extends ChildEvent {
  readonly startedEventId: number;
  /** What the child's payloads are bound to, when it is not the run id. Not exported. */
  readonly childOriginalExecutionRunId?: string;
}

/** What every answer of an external workflow says. */
interface ExternalEvent {
  readonly namespace: string;
  readonly workflowExecution: ExecutionTarget;
  readonly initiatedEventId: number;
}

export type ContinueAsNewInitiator = "WORKFLOW" | "RETRY" | "CRON_SCHEDULE";
export type WorkflowIdReusePolicy = "ALLOW_DUPLICATE" | "ALLOW_DUPLICATE_FAILED_ONLY" | "REJECT_DUPLICATE";
/** Children have no conflict policy; the last, which others should not use any more, stands for one. */
export type ChildWorkflowIdReusePolicy = WorkflowIdReusePolicy | "TERMINATE_IF_RUNNING";

export type EventType = keyof EventAttributes;

/** One numbered event of type `T`. */
export interface EventOf<T extends EventType> {
  readonly eventId: number;
  readonly eventTimeMs: number;
  readonly eventType: T;
  readonly attributes: EventAttributes[T];
  readonly userMetadata?: UserMetadata;
}

/** Any event of a history; `eventType` tells which. */
export type HistoryEvent = { [T in EventType]: EventOf<T> }[EventType];
