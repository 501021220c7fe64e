/**
 * The events of a history: Temporal's types and attribute names, numbered from 1, never changed once written.
 *
 * Owns: the stored shape (format version 1). Times are epoch milliseconds in fields that end in `TimeMs`, durations
 * are milliseconds in other fields that end in `Ms`, ids of events are numbers in fields that end in `EventId`.
 * `history-json.ts` turns this into Temporal's JSON form by those endings, so a new field must keep to them.
 */
import type { Failure, RetryState } from "./failure.ts";
import type { PayloadMap, Payloads } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export interface Named {
  readonly name: string;
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
  | "FORCE_CLOSE_COMMAND";

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
  };
  WorkflowExecutionCompleted: { readonly result?: Payloads; readonly workflowTaskCompletedEventId: number };
  WorkflowExecutionFailed: {
    readonly failure: Failure;
    readonly retryState: RetryState;
    readonly workflowTaskCompletedEventId: number;
  };
  WorkflowExecutionTimedOut: { readonly retryState: RetryState };
  WorkflowExecutionCanceled: { readonly details?: Payloads; readonly workflowTaskCompletedEventId: number };
  WorkflowExecutionTerminated: { readonly reason?: string; readonly details?: Payloads; readonly identity?: string };
  WorkflowExecutionCancelRequested: { readonly cause?: string; readonly identity?: string };
  WorkflowExecutionSignaled: {
    readonly signalName: string;
    readonly input?: Payloads;
    readonly header?: PayloadMap;
    readonly identity?: string;
    /** Deduplicates retries of the sender, and is part of what the input's encryption is bound to. */
    readonly requestId: string;
  };
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
}

export type EventType = keyof EventAttributes;

/** One numbered event of type `T`. */
export interface EventOf<T extends EventType> {
  readonly eventId: number;
  readonly eventTimeMs: number;
  readonly eventType: T;
  readonly attributes: EventAttributes[T];
}

/** Any event of a history; `eventType` tells which. */
export type HistoryEvent = { [T in EventType]: EventOf<T> }[EventType];
