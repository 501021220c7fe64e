/**
 * Activities and their options, as types.
 *
 * Owns: the choices and the function types. The options are the ones that scheduling understands.
 */
import type { ActivityCancellationType as CancellationType } from "../../replay/activities.ts";
import { choiceReader, choices } from "./spellings.ts";

export type { ActivityOptions } from "../../replay/schedule-activity.ts";

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
export type ActivityCancellationType = CancellationType;

/**
 * Either spelling of a cancellation type as the short one. Throws `ValueError` for an unknown one.
 *
 * @example
 * decodeActivityCancellationType("ACTIVITY_CANCELLATION_TYPE_ABANDON"); // "ABANDON"
 */
export const decodeActivityCancellationType = choiceReader<ActivityCancellationType>(
  "cancellationType",
  ActivityCancellationType,
);
