/**
 * Activities and their options, as types.
 *
 * Owns: what a user may say about how an activity is scheduled. Every option here is carried out by the service.
 */
import type { Duration, RetryPolicy } from "../../codec/index.ts";
import { choiceReader, choices } from "./spellings.ts";

/** An activity function with its parameter and result types. */
export type ActivityFunction<P extends unknown[] = never[], R = unknown> = (...args: P) => Promise<R>;

/** Activities by name when their types are not known. */
export type UntypedActivities = Record<string, ActivityFunction>;

/** What a cancelled scope does with an activity that is open. */
export const ActivityCancellationType = choices("ACTIVITY_CANCELLATION_TYPE", [
  /** Ask the activity to stop and reject at once. */
  "TRY_CANCEL",
  /** Ask the activity to stop and wait for how it ends. */
  "WAIT_CANCELLATION_COMPLETED",
  /** Do not ask; reject at once. */
  "ABANDON",
]);
export type ActivityCancellationType = "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "ABANDON";

/** Either spelling of a cancellation type as the short one. Throws `ValueError` for an unknown one. */
export const decodeActivityCancellationType = choiceReader<ActivityCancellationType>(
  "cancellationType",
  ActivityCancellationType,
);

/** How an activity is scheduled. One of `startToCloseTimeout` and `scheduleToCloseTimeout` is required. */
export interface ActivityOptions {
  /** Unique among the open activities of the workflow. Default: made by Holdfast. */
  readonly activityId?: string | undefined;
  /** Default: the workflow's. */
  readonly taskQueue?: string | undefined;
  /** The longest gap between two heartbeats. Default: none are expected. */
  readonly heartbeatTimeout?: Duration | undefined;
  /** Default: tried again without limit, see `RetryPolicy`. */
  readonly retry?: RetryPolicy | undefined;
  /** One attempt. */
  readonly startToCloseTimeout?: Duration | undefined;
  /** The wait for a worker, in one attempt. Never tried again. */
  readonly scheduleToStartTimeout?: Duration | undefined;
  /** All attempts together. */
  readonly scheduleToCloseTimeout?: Duration | undefined;
  /** Default: TRY_CANCEL. */
  readonly cancellationType?: ActivityCancellationType | undefined;
}
