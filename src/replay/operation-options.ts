/**
 * Options of the operations that workflow code starts.
 *
 * Owns: the shapes users fill in. Checks and defaults belong to the files that carry the operations out.
 */
import type { Duration, RetryPolicy, SearchAttributePair, TypedSearchAttributes } from "../codec/index.ts";
import type { ChildWorkflowIdReusePolicy, ParentClosePolicy } from "../core/history-event.ts";
import type { ActivityCancellationType } from "./activities.ts";

export type { ParentClosePolicy } from "../core/history-event.ts";

/** How an activity runs. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is required. */
export interface ActivityOptions {
  /** Default: a number that counts the run's activities. */
  readonly activityId?: string | undefined;
  /** Default: the workflow's task queue. */
  readonly taskQueue?: string | undefined;
  /** Longest time between two heartbeats. */
  readonly heartbeatTimeout?: Duration | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Longest time of one attempt. */
  readonly startToCloseTimeout?: Duration | undefined;
  /** Longest time an attempt may wait for a worker. */
  readonly scheduleToStartTimeout?: Duration | undefined;
  /** Longest time of all attempts together. */
  readonly scheduleToCloseTimeout?: Duration | undefined;
  /** What happens when the scope is cancelled. Default TRY_CANCEL. */
  readonly cancellationType?: ActivityCancellationType | undefined;
  /**
   * Whether the first attempt may go straight to a worker instead of through the queue. Default true; it does so only
   * with a `startToCloseTimeout` of at most 30 seconds, the time a Worker has after it has answered.
   */
  readonly allowEagerDispatch?: boolean | undefined;
  /** Shown by tools; one line, encoded like all that users write. */
  readonly summary?: string | undefined;
}

/** What goes with a timer. */
export interface TimerOptions {
  /** Shown by tools; one line, encoded like all that users write. */
  readonly summary?: string | undefined;
}

/** How a local activity runs. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is required. */
export interface LocalActivityOptions {
  readonly retry?: RetryPolicy | undefined;
  readonly startToCloseTimeout?: Duration | undefined;
  readonly scheduleToStartTimeout?: Duration | undefined;
  readonly scheduleToCloseTimeout?: Duration | undefined;
  /** A retry further away than this is waited for by a durable timer. Default 1 minute. */
  readonly localRetryThreshold?: Duration | undefined;
  /** What happens when the scope is cancelled. Default TRY_CANCEL. */
  readonly cancellationType?: ActivityCancellationType | undefined;
  readonly summary?: string | undefined;
}

/** What a parent does about a child when the scope that holds it is cancelled. */
export type ChildWorkflowCancellationType =
  | "ABANDON"
  | "TRY_CANCEL"
  | "WAIT_CANCELLATION_COMPLETED"
  | "WAIT_CANCELLATION_REQUESTED";

/** How a child workflow runs. */
export interface ChildWorkflowOptions {
  readonly args?: readonly unknown[] | undefined;
  /** Default: a uuid4 from the run's own randomness. */
  readonly workflowId?: string | undefined;
  /** Default: the parent's task queue. */
  readonly taskQueue?: string | undefined;
  /** Default: the parent's namespace. */
  readonly namespace?: string | undefined;
  readonly workflowIdReusePolicy?: ChildWorkflowIdReusePolicy | undefined;
  /** Default: no retries. */
  readonly retry?: RetryPolicy | undefined;
  readonly cronSchedule?: string | undefined;
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
  readonly typedSearchAttributes?: readonly SearchAttributePair[] | TypedSearchAttributes | undefined;
  /** Untyped form, by name; each value a list. */
  readonly searchAttributes?: Readonly<Record<string, readonly unknown[]>> | undefined;
  readonly workflowExecutionTimeout?: Duration | undefined;
  readonly workflowRunTimeout?: Duration | undefined;
  readonly workflowTaskTimeout?: Duration | undefined;
  /** Default WAIT_CANCELLATION_COMPLETED. */
  readonly cancellationType?: ChildWorkflowCancellationType | undefined;
  /** What happens to the child when the parent closes. Default TERMINATE. */
  readonly parentClosePolicy?: ParentClosePolicy | undefined;
  readonly staticSummary?: string | undefined;
  readonly staticDetails?: string | undefined;
}

/** The options as interceptors see them, with the defaults filled in. */
export interface ChildWorkflowOptionsWithDefaults extends ChildWorkflowOptions {
  readonly args: readonly unknown[];
  readonly workflowId: string;
  readonly cancellationType: ChildWorkflowCancellationType;
}

/** What the next run has of its own; the rest is inherited. */
export interface ContinueAsNewOptions {
  /** Default: this workflow's type. */
  readonly workflowType?: string | undefined;
  /** Default: this workflow's task queue. */
  readonly taskQueue?: string | undefined;
  readonly workflowRunTimeout?: Duration | undefined;
  readonly workflowTaskTimeout?: Duration | undefined;
  /** Time before the next run's first workflow task. */
  readonly backoffStartInterval?: Duration | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Default: the memo that this run was started with. */
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
  readonly searchAttributes?: Readonly<Record<string, readonly unknown[]>> | undefined;
  /** Default: the search attributes as they are now. */
  readonly typedSearchAttributes?: readonly SearchAttributePair[] | TypedSearchAttributes | undefined;
}
