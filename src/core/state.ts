/**
 * The state of one run: what is open, and what the next decision needs to know. Derived from events and progress.
 *
 * Owns: the shape, and the pristine values. Plain data throughout, so that a checkpoint is its JSON. Only `evolve.ts`
 * changes it, in place; everything else takes it `Readonly`. Closed entities leave it, so it does not grow with
 * history.
 */
import type { ActivityRunOptions, PauseInfo } from "./control-requests.ts";
import type { Failure } from "./failure.ts";
import type {
  EventAttributes,
  EventType,
  ExecutionRef,
  ExecutionTarget,
  HistoryEvent,
  ParentClosePolicy,
  UserMetadata,
} from "./history-event.ts";
import type { PayloadMap, Payloads, SearchAttributeMap } from "./payload.ts";
import type { ParentRef, WorkflowExecutionStatus } from "./protocol.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { UpdateMessage } from "./workflow-task.ts";

/** Which run this is. Stored beside its first event. */
export interface RunIdentity {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Request id of the start, for deduplication. */
  readonly startRequestId: string;
  /** Earlier runs (by their numbers in the store) that still had something to deliver when this one began. */
  readonly unsettledRuns?: readonly number[];
  /** The reset that began this run, or one before it in the chain: its request id, and the run it began. */
  readonly reset?: { readonly requestId: string; readonly runId: string };
}

/** An event that waits for the workflow task in flight to end before it gets its number. */
export type BufferedEvent = {
  [T in EventType]: {
    readonly eventType: T;
    readonly eventTimeMs: number;
    readonly attributes: EventAttributes[T];
  };
}[EventType];

export interface WorkflowTaskState {
  scheduledEventId: number;
  scheduledTimeMs: number;
  attempt: number;
  /** False for a retried task: its Scheduled and Started are written only when it completes. */
  inHistory: boolean;
  /** Before this the task is not started (backoff after a failure). */
  notBeforeMs: number;
  startedEventId?: number;
  startedTimeMs?: number;
  /** From here the task's timeout counts; moves when the object is reloaded, since the call died with it. */
  timeoutFromMs?: number;
  /** Event id of the failure that this retry follows. */
  failedEventId?: number;
  lastFailure?: Failure;
  lastFailureCause?: string;
  /** Started for updates alone: in memory only, and written down when it comes to something. */
  speculative?: true;
}

/** An update that the workflow has neither accepted nor rejected yet. In memory only, unless a reset took it over. */
export interface AdmittedUpdate {
  readonly message: UpdateMessage;
  /** Whether the workflow task with the worker carries it. */
  carried: boolean;
  /** The event that admitted it, of an update that history knows. */
  readonly admittedEventId?: number;
  /** The task that carried it has completed: unless it is accepted in the same commit, it was rejected. */
  answered?: true;
}

/** A part of the history that another run has written: everything up to this event, after what those before it wrote. */
export interface CopiedHistory {
  readonly runId: string;
  readonly upToEventId: number;
}

/** An update that history shows. Its outcome stands in the event that completed it. */
export interface AcceptedUpdate {
  readonly acceptedEventId: number;
  completedEventId?: number;
}

/** What history does not record of an activity until it closes. */
export interface ActivityProgress {
  attempt: number;
  /** When the current attempt was, or will be, dispatched. */
  attemptScheduledTimeMs: number;
  startedTimeMs?: number;
  claimId?: string;
  identity?: string;
  lastHeartbeatTimeMs?: number;
  heartbeatDetails?: Payloads;
  /** Failure of the attempt before. */
  lastFailure?: Failure;
  /** No attempt begins until it is unpaused; one that runs goes on. */
  paused?: PauseInfo;
  /** The next attempt is the first again. Set while an attempt runs. */
  restart?: ActivityRestart;
  /** What it is run with instead of what it was scheduled with. */
  options?: ActivityRunOptions;
  /** The task of this attempt was sent by the commit that wrote this, as that of a first attempt is. */
  sentAtOnce?: true;
}

/** What was asked for while an attempt runs. */
export interface ActivityRestart {
  /** The attempt is told, and the next begins without a wait. */
  readonly isReset?: true;
  /** What the attempt says in heartbeats is nothing for the next. */
  readonly forgetsHeartbeat?: true;
}

/** The options are those that it was scheduled with; `runOptions` says what it is run with. */
export interface ActivityState extends ActivityRunOptions {
  readonly scheduledEventId: number;
  readonly activityId: string;
  readonly activityType: string;
  readonly scheduledTimeMs: number;
  /** Its first attempt was claimed when it was scheduled, for the worker that is handed the task. */
  readonly eagerlyClaimed?: true;
  cancelRequestedEventId?: number;
  progress: ActivityProgress;
}

export interface TimerState {
  readonly timerId: string;
  readonly startedEventId: number;
  readonly fireTimeMs: number;
}

/** A child from its initiation to its end. In a closed run: one that was open when the run ended. */
export interface ChildState {
  readonly initiatedEventId: number;
  readonly namespace: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly parentClosePolicy: ParentClosePolicy;
  readonly workflowTaskCompletedEventId: number;
  /** The first run of the child's chain; absent until the child is known to have started. */
  runId?: string;
  /** Zero while the event waits for its number. */
  startedEventId?: number;
}

/** A signal or cancellation on its way to another workflow, not answered yet. */
export interface ExternalState {
  readonly kind: "signal" | "cancel";
  readonly initiatedEventId: number;
  readonly namespace: string;
  readonly target: ExecutionTarget;
  readonly workflowTaskCompletedEventId: number;
}

/** The result of a run of the chain, and the original execution run id of that run, which it is bound to. */
export interface LastCompletion {
  readonly result: Payloads;
  readonly runId: string;
}

/** Facts of the start event that later decisions use. */
export interface StartFacts {
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly startTimeMs: number;
  readonly workflowTaskTimeoutMs: number;
  readonly workflowRunTimeoutMs: number;
  readonly executionExpirationTimeMs?: number;
  readonly originalExecutionRunId: string;
  readonly firstExecutionRunId: string;
  /** The memo that the run was started with; what the workflow changed of it since is in the state. */
  readonly memo?: PayloadMap;
  readonly attempt: number;
  readonly retryPolicy?: RetryPolicy;
  readonly cronSchedule?: string;
  readonly workflowExecutionTimeoutMs: number;
  /** What a retry or the next run of a cron schedule is started with besides; kept only where there may be one. */
  readonly repeated?: Pick<EventAttributes["WorkflowExecutionStarted"], "input" | "header" | "searchAttributes">;
  /** Before this the run has no workflow task. */
  readonly firstWorkflowTaskAtMs: number;
  /** From here the run timeout counts, of a run that a reset has begun. */
  readonly resetTimeMs?: number;
  /** Whoever started the run asked for that wait, which ends when a message comes; a wait between runs does not. */
  readonly isStartDelayed?: true;
  /** What the last run of the chain that completed came to. */
  readonly lastCompletion?: LastCompletion;
  readonly parent?: ParentRef;
  readonly root?: ExecutionRef;
  readonly userMetadata?: UserMetadata;
}

export interface WorkflowState {
  readonly identity: RunIdentity;
  start: StartFacts;
  status: WorkflowExecutionStatus;
  nextEventId: number;
  lastEventTimeMs: number;
  /** Stored bytes of the run's history rows. */
  historyBytes: number;
  workflowTask?: WorkflowTaskState;
  /** The last event that ended a workflow task; tells a stale progress record from a valid one. */
  lastWorkflowTaskClosedEventId: number;
  activities: Record<number, ActivityState>;
  timers: Record<string, TimerState>;
  children: Record<number, ChildState>;
  externals: Record<number, ExternalState>;
  buffered: BufferedEvent[];
  signalRequestIds: Record<string, true>;
  signalCount: number;
  /** In order of arrival. Not stored, but for those that history shows. */
  admittedUpdates: AdmittedUpdate[];
  /** By update id. */
  updates: Record<string, AcceptedUpdate>;
  /** Request ids of what was sent to the run last, the newest last; those of the runs before included. */
  recentRequestIds: string[];
  cancelRequested: boolean;
  /** While it is there, no workflow task and no attempt of an activity begins. */
  paused?: PauseInfo & { readonly requestId: string };
  /** What ends the wait for the first workflow task has come while the run was paused: unpaused, it waits no longer. */
  startsWhenUnpaused?: true;
  /** As the workflow has changed them. */
  memo?: PayloadMap;
  searchAttributes?: SearchAttributeMap;
  closeEventId?: number;
  closeTimeMs?: number;
  /** Dispatch times up to here have been acted on; not stored, set when the state is loaded. */
  dispatchedUpToMs: number;
  /** The run that follows this one in its chain, once this one has closed. */
  newExecutionRunId?: string;
  /** Of a run that a reset has begun: who wrote the history that it took over, oldest first. */
  copiedFrom?: readonly CopiedHistory[];
  /** The run has closed and everybody who had to hear of it has. */
  outboxSettled?: true;
  /** What waits to be delivered to other executions is delivered again no later than this; not stored. */
  redeliverMs: number;
}

/** Persisted or volatile news about what history does not record. */
export type ProgressChange =
  | { readonly kind: "activity"; readonly scheduledEventId: number; readonly progress: ActivityProgress }
  | { readonly kind: "outboxSettled" }
  | {
      readonly kind: "workflowTask";
      readonly workflowTask: WorkflowTaskState;
      /** Volatile changes are not stored: after a reload they are decided anew. */
      readonly volatile: boolean;
    };

/** What happens to updates that history does not show. In memory only. */
export interface UpdateChanges {
  readonly admitted: readonly UpdateMessage[];
  readonly rejected: readonly { readonly updateId: string; readonly failure: Failure }[];
  /** The speculative workflow task has ended without a trace. */
  readonly taskDropped: boolean;
}

/**
 * A record whose keys are chosen by callers. Without a prototype, so that a name which objects have by nature
 * ("constructor", "__proto__") is a name like any other.
 */
export function namedRecord<T>(entries: Readonly<Record<string, T>> = {}): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [name, value] of Object.entries(entries)) record[name] = value;
  return record;
}

/** The run that wrote an event of this run's history: itself, or one whose history a reset has taken over. */
export function writerOf(state: Readonly<WorkflowState>, eventId: number): string {
  const copied = state.copiedFrom?.find(({ upToEventId }) => eventId <= upToEventId);
  return copied?.runId ?? state.identity.runId;
}

/** Whether the run waits for the time of its first workflow task, whatever happens meanwhile. */
export function isBeforeFirstTask(state: Readonly<WorkflowState>, nowMs: number): boolean {
  return !hasHadTask(state) && nowMs < state.start.firstWorkflowTaskAtMs;
}

/** Whether the run has, or has had, a workflow task. */
export function hasHadTask(state: Readonly<WorkflowState>): boolean {
  return state.workflowTask !== undefined || state.lastWorkflowTaskClosedEventId > 0;
}

/** Whether a workflow task is with the worker (or was, when the object died). */
export function isWorkflowTaskStarted(state: Readonly<WorkflowState>): boolean {
  return state.workflowTask?.startedEventId !== undefined;
}

/** Claims an activity for the worker that is handed its task. One for all is enough: only the service makes it. */
export const EAGER_CLAIM = "eager";

/** Progress of an activity of which nothing but its Scheduled event is known. */
export function initialProgress(activity: Pick<ActivityState, "scheduledTimeMs" | "eagerlyClaimed">): ActivityProgress {
  const scheduled = { attempt: 1, attemptScheduledTimeMs: activity.scheduledTimeMs };
  if (!activity.eagerlyClaimed) return scheduled;
  return { ...scheduled, startedTimeMs: activity.scheduledTimeMs, claimId: EAGER_CLAIM };
}

/** What an activity is run with now. */
export function runOptions(activity: Readonly<ActivityState>): ActivityRunOptions {
  return activity.progress.options ?? activity;
}

/** Open activities in the order they were scheduled. */
export function openActivities(state: Readonly<WorkflowState>): ActivityState[] {
  return Object.values(state.activities);
}

/** The updates that the workflow task with the worker carries, in order of arrival. */
export function carriedUpdates(state: Readonly<WorkflowState>): readonly UpdateMessage[] {
  return state.admittedUpdates.filter((update) => update.carried).map((update) => update.message);
}

/** Accepted updates that have not ended: each one's id with the event that accepted it. */
export function openUpdates(state: Readonly<WorkflowState>): readonly (readonly [string, number])[] {
  return Object.entries(state.updates)
    .filter(([, update]) => update.completedEventId === undefined)
    .map(([updateId, update]) => [updateId, update.acceptedEventId]);
}

/** The updates that wait, or will be with a workflow task, once these changes are applied to the state. */
export function admittedAfter(
  state: Readonly<WorkflowState>,
  { events, updates }: { readonly events: readonly HistoryEvent[]; readonly updates?: UpdateChanges },
): readonly UpdateMessage[] {
  const settled = new Set(updates?.rejected.map((update) => update.updateId));
  for (const event of events)
    if (event.eventType === "WorkflowExecutionUpdateAccepted")
      settled.add(event.attributes.acceptedRequest.meta.updateId);
  const before = state.admittedUpdates.map((update) => update.message);
  return [...before, ...(updates?.admitted ?? [])].filter((message) => !settled.has(message.updateId));
}
