/**
 * The end of an activity as workflow code catches it: an activity failure around what went wrong.
 *
 * Owns: the wrapping. The service records the bare failure; the workflow gets it as the cause of a failure that names
 * the activity.
 */
import type { Failure, RetryState } from "../core/failure.ts";
import { SERVICE_FAILURE_SOURCE } from "../core/failure.ts";
import type { Payloads } from "../core/payload.ts";

/** Which activity ended. */
export interface EndedActivity {
  readonly activityId: string;
  readonly activityType: string;
  readonly scheduledEventId?: number | undefined;
  readonly startedEventId?: number | undefined;
  readonly identity?: string | undefined;
}

export function activityFailure(
  activity: EndedActivity,
  message: string,
  retryState: RetryState,
  cause: Failure,
): Failure {
  return {
    message,
    source: SERVICE_FAILURE_SOURCE,
    cause,
    activityFailureInfo: {
      activityId: activity.activityId,
      activityType: { name: activity.activityType },
      retryState,
      ...(activity.scheduledEventId === undefined ? {} : { scheduledEventId: activity.scheduledEventId }),
      ...(activity.startedEventId === undefined ? {} : { startedEventId: activity.startedEventId }),
      ...(activity.identity === undefined ? {} : { identity: activity.identity }),
    },
  };
}

export function activityCancelledFailure(activity: EndedActivity, details?: Payloads): Failure {
  return activityFailure(activity, "Activity cancelled", "CANCEL_REQUESTED", {
    // The outer failure says what happened; Temporal leaves the inner one without words.
    message: "",
    source: SERVICE_FAILURE_SOURCE,
    canceledFailureInfo: details ? { details } : {},
  });
}
