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
  WatchActivityRequest,
} from "./activity-task.ts";
import type { BatchOperationRpc } from "./batch-protocol.ts";
import type {
  ActivityControlReply,
  ActivityRunOptions,
  DeleteReply,
  DeleteRequest,
  HeartbeatActivityByIdRequest,
  PauseActivityRequest,
  PauseInfo,
  PauseWorkflowRequest,
  ResetActivityRequest,
  ResetReply,
  ResetRequest,
  RespondActivityByIdRequest,
  UnpauseActivityRequest,
  UnpauseWorkflowRequest,
  UpdateActivityOptionsReply,
  UpdateActivityOptionsRequest,
} from "./control-requests.ts";
import type { Failure, RetryState } from "./failure.ts";
import type {
  ExecutionRef,
  HistoryEvent,
  UpdateOutcome,
  UserMetadata,
  WorkflowIdReusePolicy,
} from "./history-event.ts";
import type { EventSubscription, EventsRequest } from "./live-events.ts";
import type { PayloadMap, Payloads, SearchAttributeMap } from "./payload.ts";
import type { Reply } from "./rejection.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RunSelector } from "./run-selector.ts";

export const PROTOCOL_VERSION = 1;

export type WorkflowExecutionStatus =
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "TERMINATED"
  | "TIMED_OUT"
  | "CONTINUED_AS_NEW";

export type { WorkflowIdReusePolicy } from "./history-event.ts";
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
  /** The answer may wait for the end of the run, as that of an `OutcomeRequest` may, and then holds it. */
  readonly awaitsOutcome?: true;
  readonly identity?: string;
  readonly searchAttributes?: SearchAttributeMap;
  readonly retryPolicy?: RetryPolicy;
  /** The run is repeated by it: see `cron-expression.ts`. Its first run waits for its first tick too. */
  readonly cronSchedule?: string;
  /** Time before the first workflow task, unless a message comes before. Not with a cron schedule. */
  readonly startDelayMs?: number;
  readonly userMetadata?: UserMetadata;
  /** Set when a workflow starts this one as its child. */
  readonly parent?: ParentRef;
  /** The top of the tree of children that the parent belongs to. */
  readonly root?: ExecutionRef;
}

/** Which workflow started a child, and by which event. */
export interface ParentRef extends ExecutionRef {
  readonly namespace: string;
  readonly initiatedEventId: number;
}

/** `started` is false when the run was there already (same request id, or USE_EXISTING). */
export interface StartReply {
  readonly runId: string;
  readonly firstExecutionRunId: string;
  readonly started: boolean;
  /** The run's first workflow task has left for its worker in the turn that started it. */
  readonly eagerlyStarted?: true;
  /** Where the request has asked for it: how the run ended, or "pending". */
  readonly outcome?: WorkflowOutcome;
}

export type { RunSelector } from "./run-selector.ts";

export interface SignalRequest extends RunSelector {
  readonly version: 1;
  readonly signalName: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly requestId: string;
  readonly identity?: string;
  /** The workflow that sends it, if one does. */
  readonly sender?: ExternalSender;
}

/** A workflow that signals or cancels another. `childWorkflowOnly`: the target must be its child. */
export interface ExternalSender extends ParentRef {
  readonly childWorkflowOnly?: boolean;
  /** The run that has started the child, when it is another: the sender has taken over its history by a reset. */
  readonly parentRunId?: string;
  /** It does so because it has closed: `initiatedEventId` is the event that initiated the child that is meant. */
  readonly isParentClosed?: true;
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
  readonly sender?: ExternalSender;
}

export interface TerminateRequest extends RunSelector {
  readonly version: 1;
  readonly reason?: string;
  readonly details?: Payloads;
  readonly identity?: string;
  /** The parent whose end this is, by its parent close policy. */
  readonly sender?: ExternalSender;
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

/** How far an update has come. */
export type UpdateStage = "ADMITTED" | "ACCEPTED" | "COMPLETED";

export interface UpdateRequest extends RunSelector {
  readonly version: 1;
  /** The same id again answers with the same update, and runs nothing twice. */
  readonly updateId: string;
  readonly updateName: string;
  readonly args?: Payloads;
  readonly header?: PayloadMap;
  /** The answer is given when the update has come this far, or ended. */
  readonly waitForStage: "ACCEPTED" | "COMPLETED";
  readonly identity?: string;
}

export interface UpdateReply {
  readonly runId: string;
  readonly originalExecutionRunId: string;
  readonly updateId: string;
  /** May be short of what was asked for: then the caller asks again, or watches. */
  readonly stage: UpdateStage;
  /** Present exactly when the stage is COMPLETED. A rejected update has a failure here and nothing in history. */
  readonly outcome?: UpdateOutcome;
}

/** Asks after an update that was sent before. */
export interface PollUpdateRequest extends RunSelector {
  readonly version: 1;
  readonly updateId: string;
  readonly waitForStage: "ACCEPTED" | "COMPLETED";
}

export interface UpdateWithStartRequest {
  readonly version: 1;
  /** Must state `workflowIdConflictPolicy`. */
  readonly start: StartRequest;
  readonly update: Omit<UpdateRequest, keyof RunSelector>;
}

export interface UpdateWithStartReply {
  readonly start: StartReply;
  readonly update: UpdateReply;
}

/** A child that is to go asks whether the run that it has answered is still there, or one that took its history over. */
export interface KeepsHistoryRequest {
  readonly version: 1;
  readonly runId: string;
}

/** A child tells its parent how it ended; delivered at least once, taken once. */
export interface ChildClosedRequest {
  readonly version: 1;
  readonly parentRunId: string;
  readonly initiatedEventId: number;
  readonly childNamespace: string;
  readonly childWorkflowType: string;
  readonly child: ExecutionRef;
  /** The run that the parent has started; differs when the child has continued as new. */
  readonly childFirstExecutionRunId: string;
  readonly childOriginalExecutionRunId: string;
  readonly close:
    | { readonly kind: "completed"; readonly result?: Payloads }
    | { readonly kind: "failed"; readonly failure: Failure; readonly retryState: RetryState }
    | { readonly kind: "canceled"; readonly details?: Payloads }
    | { readonly kind: "timedOut"; readonly retryState: RetryState }
    | { readonly kind: "terminated" };
}

export interface DescribeRequest extends RunSelector {
  readonly version: 1;
}

export type PendingActivityState = "SCHEDULED" | "STARTED" | "CANCEL_REQUESTED" | "PAUSED" | "PAUSE_REQUESTED";

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
  /** Present exactly while the activity is paused. */
  readonly pauseInfo?: PauseInfo;
  /** What it is run with now. Absent from a service that does not know of changes. */
  readonly options?: ActivityRunOptions;
}

export interface PendingTimerInfo {
  readonly timerId: string;
  readonly startedEventId: number;
  readonly fireTimeMs: number;
}

export interface PendingChildInfo {
  readonly namespace: string;
  readonly workflowId: string;
  /** Absent until it has started. */
  readonly runId?: string;
  readonly workflowType: string;
  readonly initiatedEventId: number;
  readonly parentClosePolicy: string;
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
  /** A run that is paused is open. */
  readonly status: WorkflowExecutionStatus | "PAUSED";
  /** Present exactly while the run is paused. */
  readonly pauseInfo?: PauseInfo;
  readonly startTimeMs: number;
  readonly executionTimeMs: number;
  readonly closeTimeMs?: number;
  readonly historyLength: number;
  readonly historySizeBytes: number;
  readonly memo?: PayloadMap;
  readonly searchAttributes?: SearchAttributeMap;
  readonly userMetadata?: UserMetadata;
  readonly parent?: ParentRef;
  readonly root?: ExecutionRef;
  readonly pendingChildren: readonly PendingChildInfo[];
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
      /** The next run of its cron schedule. */
      readonly newExecutionRunId?: string;
    }
  | {
      readonly kind: "failed";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly failure: Failure;
      readonly retryState: string;
      /** The run that tries again, or the next one of the cron schedule. */
      readonly newExecutionRunId?: string;
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
  | {
      readonly kind: "timedOut";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      /** Absent from services that did not say it yet: then nothing followed. */
      readonly retryState?: string;
      /** The run that tries again, or the next one of the cron schedule. */
      readonly newExecutionRunId?: string;
    }
  | {
      readonly kind: "continuedAsNew";
      readonly runId: string;
      readonly originalExecutionRunId: string;
      readonly newExecutionRunId: string;
    };

export interface OutcomeRequest extends RunSelector {
  readonly version: 1;
  /** True: the answer may wait while the object is at work anyway. It never keeps an idle object awake. */
  readonly wait?: boolean;
  /** Of a watcher: a run that ends before the object rests is answered plainly, without a WebSocket. */
  readonly plainResponse?: true;
}

/** The service as seen from the application: one of these for each (namespace, workflow id). */
export interface WorkflowExecutionRpc {
  start(request: StartRequest): Promise<Reply<StartReply>>;
  signal(request: SignalRequest): Promise<Reply<{ readonly runId: string }>>;
  signalWithStart(request: SignalWithStartRequest): Promise<Reply<StartReply>>;
  requestCancel(request: CancelRequest): Promise<Reply<{ readonly runId: string }>>;
  terminate(request: TerminateRequest): Promise<Reply<{ readonly runId: string }>>;
  pause(request: PauseWorkflowRequest): Promise<Reply<{ readonly runId: string }>>;
  unpause(request: UnpauseWorkflowRequest): Promise<Reply<{ readonly runId: string }>>;
  pauseActivity(request: PauseActivityRequest): Promise<Reply<ActivityControlReply>>;
  unpauseActivity(request: UnpauseActivityRequest): Promise<Reply<ActivityControlReply>>;
  resetActivity(request: ResetActivityRequest): Promise<Reply<ActivityControlReply>>;
  updateActivityOptions(request: UpdateActivityOptionsRequest): Promise<Reply<UpdateActivityOptionsReply>>;
  deleteExecution(request: DeleteRequest): Promise<Reply<DeleteReply>>;
  /** Begins a run with the history of another up to a point, in place of the current one. */
  reset(request: ResetRequest): Promise<Reply<ResetReply>>;
  query(request: QueryRequest): Promise<Reply<QueryReply>>;
  /** Answers when the stage is reached, or earlier with the stage reached so far when that takes long. */
  update(request: UpdateRequest): Promise<Reply<UpdateReply>>;
  pollUpdate(request: PollUpdateRequest): Promise<Reply<UpdateReply>>;
  updateWithStart(request: UpdateWithStartRequest): Promise<Reply<UpdateWithStartReply>>;
  describe(request: DescribeRequest): Promise<Reply<WorkflowExecutionDescription>>;
  history(request: HistoryRequest): Promise<Reply<HistoryReply>>;
  outcome(request: OutcomeRequest): Promise<Reply<WorkflowOutcome>>;

  /** For other workflow executions of the same service. */
  childClosed(request: ChildClosedRequest): Promise<Reply<{ readonly accepted: true }>>;

  claimActivity(request: ClaimActivityRequest): Promise<Reply<ClaimActivityReply>>;
  heartbeatActivity(request: HeartbeatActivityRequest): Promise<Reply<HeartbeatActivityReply>>;
  respondActivity(request: RespondActivityRequest): Promise<Reply<{ readonly accepted: true }>>;
  reportDeadLetter(request: DeadLetterRequest): Promise<Reply<{ readonly accepted: boolean }>>;
  /** For those who know an activity by its id, and have no task token. */
  respondActivityById(request: RespondActivityByIdRequest): Promise<Reply<{ readonly accepted: true }>>;
  heartbeatActivityById(request: HeartbeatActivityByIdRequest): Promise<Reply<HeartbeatActivityReply>>;
}

/** A worker that hears of what concerns its attempt, for as long as the connection lives. */
export interface ActivityWatching {
  /** Resolves when the connection has ended, from whichever side. Rejects when it could not be made. */
  readonly ended: Promise<void>;
  close(): void;
}

/** How the application reaches the service; made from a Durable Object namespace by the worker layer. */
export interface WorkflowService {
  execution(namespace: string, workflowId: string): WorkflowExecutionRpc;
  /** The object of a batch operation. Throws, with what to set, where the service has none. */
  batchOperation?(namespace: string, jobId: string): BatchOperationRpc;
  /**
   * Resolves when the run has ended. When the connection was lost before: with `pending` and the run's id if the
   * service had named it, otherwise it rejects.
   */
  watchOutcome(
    namespace: string,
    workflowId: string,
    request: OutcomeRequest,
    signal?: { readonly aborted: boolean },
  ): Promise<Reply<WorkflowOutcome>>;
  /** Resolves when the update has reached the stage. Rejects when the connection was lost before. */
  watchUpdate(namespace: string, workflowId: string, request: PollUpdateRequest): Promise<Reply<UpdateReply>>;
  /** Subscribes to a run's events. Rejects when the connection could not be made. */
  watchEvents(namespace: string, workflowId: string, request: EventsRequest): Promise<EventSubscription>;
  /**
   * Tells what changes for an attempt that runs, at once and without keeping the service awake meanwhile. A rejection
   * is the last word: nobody waits for this attempt any more.
   */
  watchActivity(
    namespace: string,
    workflowId: string,
    request: WatchActivityRequest,
    tell: (news: Reply<HeartbeatActivityReply>) => void,
  ): ActivityWatching;
}
