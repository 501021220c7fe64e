/**
 * Requests by which an operator, not the workflow's callers, acts on a run: reset, pause, activities, deletion.
 *
 * Owns: wire shapes of protocol version 1. Each is decided by the file named after it; a reason given in any of them is
 * stored in clear.
 */
import type { ActivityOutcome } from "./activity-task.ts";
import type { Payloads } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { RunSelector } from "./run-selector.ts";

/** The point to which a run is reset: history up to it is kept. */
export type ResetPoint =
  /** The WorkflowTaskCompleted, -Failed, -TimedOut or -Started event whose task is to be run anew. */
  | { readonly kind: "event"; readonly eventId: number }
  | { readonly kind: "firstWorkflowTask" }
  | { readonly kind: "lastWorkflowTask" };

/** What happened after the reset point and is not to be sent to the new run again. */
export type ResetReapplyExcludeType = "SIGNAL" | "UPDATE";

export interface ResetRequest extends RunSelector {
  readonly version: 1;
  readonly resetPoint: ResetPoint;
  readonly reason: string;
  /** The same id again answers with the run that it began. */
  readonly requestId: string;
  readonly identity?: string;
  /** Absent: everything is applied again. */
  readonly reapplyExclude?: readonly ResetReapplyExcludeType[];
}

export interface ResetReply {
  /** The run that goes on from the reset point. */
  readonly runId: string;
}

export interface PauseWorkflowRequest extends RunSelector {
  readonly version: 1;
  readonly requestId: string;
  readonly reason?: string;
  readonly identity?: string;
}

export interface UnpauseWorkflowRequest extends RunSelector {
  readonly version: 1;
  readonly requestId: string;
  readonly reason?: string;
  readonly identity?: string;
}

/** When, by whom and why something was paused. */
export interface PauseInfo {
  readonly pausedTimeMs: number;
  readonly identity?: string;
  readonly reason?: string;
}

/** Which open activities of a run are meant. */
export type ActivitySelector =
  | { readonly kind: "id"; readonly activityId: string }
  | { readonly kind: "type"; readonly activityType: string }
  | { readonly kind: "all" };

export interface ActivityControlRequest extends RunSelector {
  readonly version: 1;
  readonly activity: ActivitySelector;
  readonly identity?: string;
}

/** The attempt that runs is told and may go on; no other begins until the activity is unpaused. */
export interface PauseActivityRequest extends ActivityControlRequest {
  readonly reason?: string;
}

export interface UnpauseActivityRequest extends ActivityControlRequest {
  /** Attempts are counted from one again. */
  readonly resetAttempts?: boolean;
  /** The next attempt is not given the details of the last heartbeat. */
  readonly resetHeartbeat?: boolean;
}

/** Attempts begin anew: the next is the first again and begins at once; one that runs is told, and its failure begins it. */
export interface ResetActivityRequest extends ActivityControlRequest {
  readonly resetHeartbeat?: boolean;
  /** A paused activity stays paused. */
  readonly keepPaused?: boolean;
  readonly restoreOriginalOptions?: boolean;
}

/** How an activity is run. Given when it is scheduled, and may be changed while it is open. */
export interface ActivityRunOptions {
  readonly taskQueue: string;
  /** Zero means no limit, here and below. */
  readonly scheduleToCloseTimeoutMs: number;
  readonly scheduleToStartTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly retryPolicy: RetryPolicy;
}

/** Options of an activity that may be changed while it is open. Absent ones keep their values. */
export interface ActivityOptionsChange {
  readonly taskQueue?: string;
  readonly scheduleToCloseTimeoutMs?: number;
  readonly scheduleToStartTimeoutMs?: number;
  readonly startToCloseTimeoutMs?: number;
  readonly heartbeatTimeoutMs?: number;
  /** Fields that are absent keep their values. */
  readonly retryPolicy?: Partial<RetryPolicy>;
}

export interface UpdateActivityOptionsRequest extends ActivityControlRequest {
  readonly options?: ActivityOptionsChange;
  /** Back to what the activity was scheduled with, before `options` are laid over it. */
  readonly restoreOriginal?: boolean;
}

/** How many open activities a request was about. */
export interface ActivityControlReply {
  readonly runId: string;
  readonly activityIds: readonly string[];
}

export interface UpdateActivityOptionsReply extends ActivityControlReply {
  /** What the activity is run with now; if there are several, the last of them. */
  readonly options: ActivityRunOptions;
}

/** The end of an activity, reported by whoever knows its id instead of its task token. */
export interface RespondActivityByIdRequest {
  readonly version: 1;
  readonly runId?: string;
  readonly activityId: string;
  readonly outcome: ActivityOutcome;
  readonly identity: string;
}

export interface HeartbeatActivityByIdRequest {
  readonly version: 1;
  readonly runId?: string;
  readonly activityId: string;
  readonly details?: Payloads;
}

/** Deletes a run, or without `runId` the current one; one that is open is terminated first. */
export interface DeleteRequest extends RunSelector {
  readonly version: 1;
  readonly identity?: string;
}

export interface DeleteReply {
  readonly runId: string;
}
