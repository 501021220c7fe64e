/**
 * What the service answers: the methods of a WorkflowExecution object, as clients and activity workers call them.
 *
 * Owns: request and reply shapes, protocol version 1. All payloads inside are encoded by the application. Every
 * request carries `version`; a service that does not know it answers `ProtocolVersionUnsupported`.
 */
import type {
  ClaimActivityReply,
  ClaimActivityRequest,
  DeadLetterRequest,
  HeartbeatActivityReply,
  HeartbeatActivityRequest,
  RespondActivityRequest,
} from "./activity-task.ts";
import type { Failure } from "./failure.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { PayloadMap, Payloads } from "./payload.ts";
import type { Reply } from "./rejection.ts";

export const PROTOCOL_VERSION = 1;

export type WorkflowExecutionStatus = "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "TERMINATED" | "TIMED_OUT";

export type WorkflowIdReusePolicy = "ALLOW_DUPLICATE" | "ALLOW_DUPLICATE_FAILED_ONLY" | "REJECT_DUPLICATE";
export type WorkflowIdConflictPolicy = "FAIL" | "USE_EXISTING" | "TERMINATE_EXISTING";
export type QueryRejectCondition = "NONE" | "NOT_OPEN" | "NOT_COMPLETED_CLEANLY";

export interface StartRequest {
  readonly version: 1;
  readonly namespace: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly memo?: PayloadMap;
  readonly workflowExecutionTimeoutMs?: number;
  readonly workflowRunTimeoutMs?: number;
  readonly workflowTaskTimeoutMs?: number;
  readonly workflowIdReusePolicy?: WorkflowIdReusePolicy;
  readonly workflowIdConflictPolicy?: WorkflowIdConflictPolicy;
  /** The same id again answers with the run it started, and starts nothing. */
  readonly requestId: string;
  readonly identity?: string;
}

/** `started` is false when the run was there already (same request id, or USE_EXISTING). */
export interface StartReply {
  readonly runId: string;
  readonly firstExecutionRunId: string;
  readonly started: boolean;
}

/** Which run is meant. Without `runId` the current one; `firstExecutionRunId` guards against another chain. */
export interface RunSelector {
  readonly runId?: string;
  readonly firstExecutionRunId?: string;
}

export interface SignalRequest extends RunSelector {
  readonly version: 1;
  readonly signalName: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly requestId: string;
  readonly identity?: string;
}

export interface SignalWithStartRequest {
  readonly version: 1;
  readonly start: StartRequest;
  readonly signal: Omit<SignalRequest, keyof RunSelector>;
}

export interface CancelRequest extends RunSelector {
  readonly version: 1;
  readonly requestId: string;
  readonly reason?: string;
  readonly identity?: string;
}

export interface TerminateRequest extends RunSelector {
  readonly version: 1;
  readonly reason?: string;
  readonly details?: Payloads;
  readonly identity?: string;
}

export interface QueryRequest extends RunSelector {
  readonly version: 1;
  readonly queryId: string;
  readonly queryType: string;
  readonly args?: Payloads;
  readonly header?: PayloadMap;
  readonly rejectCondition?: QueryRejectCondition;
}

export interface QueryReply {
  readonly result: Payloads;
  readonly runId: string;
}

export interface DescribeRequest extends RunSelector {
  readonly version: 1;
}

export type PendingActivityState = "SCHEDULED" | "STARTED" | "CANCEL_REQUESTED";

export interface PendingActivityInfo {
  readonly activityId: string;
  readonly activityType: string;
  readonly state: PendingActivityState;
  readonly attempt: number;
  readonly maximumAttempts: number;
  readonly scheduledTimeMs: number;
  readonly lastStartedTimeMs?: number;
  readonly lastHeartbeatTimeMs?: number;
  readonly heartbeatDetails?: Payloads;
  readonly lastFailure?: Failure;
  readonly lastWorkerIdentity?: string;
  /** When the next attempt is dispatched, while it waits for a retry. */
  readonly nextAttemptScheduleTimeMs?: number;
  readonly expirationTimeMs?: number;
}

export interface PendingTimerInfo {
  readonly timerId: string;
  readonly startedEventId: number;
  readonly fireTimeMs: number;
}

export interface PendingWorkflowTaskInfo {
  readonly state: "SCHEDULED" | "STARTED";
  readonly attempt: number;
  readonly scheduledTimeMs: number;
  readonly startedTimeMs?: number;
  /** Why the attempt before failed; messages and stacks are encoded. */
  readonly lastFailure?: Failure;
  readonly lastFailureCause?: string;
}

export interface WorkflowExecutionDescription {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly firstExecutionRunId: string;
  readonly originalExecutionRunId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly status: WorkflowExecutionStatus;
  readonly startTimeMs: number;
  readonly executionTimeMs: number;
  readonly closeTimeMs?: number;
  readonly historyLength: number;
  readonly historySizeBytes: number;
  readonly memo?: PayloadMap;
  readonly cancelRequested: boolean;
  readonly pendingActivities: readonly PendingActivityInfo[];
  readonly pendingTimers: readonly PendingTimerInfo[];
  readonly pendingWorkflowTask?: PendingWorkflowTaskInfo;
}

export interface HistoryRequest extends RunSelector {
  readonly version: 1;
  /** First event wanted; 1 when absent. */
  readonly fromEventId?: number;
  /** Bytes of stored events after which a page ends; at least one stored row is always given. */
  readonly maxBytes?: number;
}

export interface HistoryReply {
  readonly runId: string;
  readonly events: readonly HistoryEvent[];
  /** Absent on the last page. */
  readonly nextEventId?: number;
}

/** How a run ended; `pending` while it has not. */
export type WorkflowOutcome =
  | { readonly kind: "pending"; readonly runId: string }
  | {
      readonly kind: "completed";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly result?: Payloads;
    }
  | {
      readonly kind: "failed";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly failure: Failure;
      readonly retryState: string;
    }
  | {
      readonly kind: "canceled";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly details?: Payloads;
    }
  | {
      readonly kind: "terminated";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly reason?: string;
    }
  | { readonly kind: "timedOut"; readonly runId: string; readonly originalExecutionRunId: string };

export interface OutcomeRequest extends RunSelector {
  readonly version: 1;
  /** True: the answer may wait while the object is at work anyway. It never keeps an idle object awake. */
  readonly wait?: boolean;
}

/**
 * The service as seen from the application: one of these for each (namespace, workflow id).
 *
 * `watchOutcome` gives the outcome once the run has ended, without keeping the service awake meanwhile; it may fail
 * (connection lost) and is then called again.
 */
export interface WorkflowExecutionRpc {
  start(request: StartRequest): Promise<Reply<StartReply>>;
  signal(request: SignalRequest): Promise<Reply<{ readonly runId: string }>>;
  signalWithStart(request: SignalWithStartRequest): Promise<Reply<StartReply>>;
  requestCancel(request: CancelRequest): Promise<Reply<{ readonly runId: string }>>;
  terminate(request: TerminateRequest): Promise<Reply<{ readonly runId: string }>>;
  query(request: QueryRequest): Promise<Reply<QueryReply>>;
  describe(request: DescribeRequest): Promise<Reply<WorkflowExecutionDescription>>;
  history(request: HistoryRequest): Promise<Reply<HistoryReply>>;
  outcome(request: OutcomeRequest): Promise<Reply<WorkflowOutcome>>;

  claimActivity(request: ClaimActivityRequest): Promise<Reply<ClaimActivityReply>>;
  heartbeatActivity(request: HeartbeatActivityRequest): Promise<Reply<HeartbeatActivityReply>>;
  respondActivity(request: RespondActivityRequest): Promise<Reply<{ readonly accepted: true }>>;
  reportDeadLetter(request: DeadLetterRequest): Promise<Reply<{ readonly accepted: boolean }>>;
}

/** How the application reaches the service; made from a Durable Object namespace by the worker layer. */
export interface WorkflowService {
  execution(namespace: string, workflowId: string): WorkflowExecutionRpc;
  /** Resolves when the run has ended. Rejects when the connection was lost before. */
  watchOutcome(
    namespace: string,
    workflowId: string,
    request: OutcomeRequest,
    signal?: { readonly aborted: boolean },
  ): Promise<Reply<WorkflowOutcome>>;
}
