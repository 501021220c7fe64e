/**
 * The state of one run: what is open, and what the next decision needs to know. Derived from events and progress.
 *
 * Owns: the shape, and the pristine values. Plain data throughout, so that a checkpoint is its JSON. Only `evolve.ts`
 * changes it, in place; everything else takes it `Readonly`. Closed entities leave it, so it does not grow with
 * history.
 */
import type { Failure } from "./failure.ts";
import type { EventAttributes, EventType } from "./history-event.ts";
import type { PayloadMap, Payloads } from "./payload.ts";
import type { WorkflowExecutionStatus } from "./protocol.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Which run this is. Stored beside its first event. */
export interface RunIdentity {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Request id of the start, for deduplication. */
  readonly startRequestId: string;
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
}

export interface ActivityState {
  readonly scheduledEventId: number;
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly scheduledTimeMs: number;
  readonly scheduleToCloseTimeoutMs: number;
  readonly scheduleToStartTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly retryPolicy: RetryPolicy;
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
  readonly memo?: PayloadMap;
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
  buffered: BufferedEvent[];
  signalRequestIds: Record<string, true>;
  signalCount: number;
  cancelRequested: boolean;
  closeEventId?: number;
  closeTimeMs?: number;
  /** Dispatch times up to here have been acted on; not stored, set when the state is loaded. */
  dispatchedUpToMs: number;
}

/** Persisted or volatile news about what history does not record. */
export type ProgressChange =
  | { readonly kind: "activity"; readonly scheduledEventId: number; readonly progress: ActivityProgress }
  | {
      readonly kind: "workflowTask";
      readonly workflowTask: WorkflowTaskState;
      /** Volatile changes are not stored: after a reload they are decided anew. */
      readonly volatile: boolean;
    };

/**
 * A record whose keys are chosen by callers. Without a prototype, so that a name which objects have by nature
 * ("constructor", "__proto__") is a name like any other.
 */
export function namedRecord<T>(entries: Readonly<Record<string, T>> = {}): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [name, value] of Object.entries(entries)) record[name] = value;
  return record;
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

/** Open activities in the order they were scheduled. */
export function openActivities(state: Readonly<WorkflowState>): ActivityState[] {
  return Object.values(state.activities);
}
