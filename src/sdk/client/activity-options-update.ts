/**
 * Options of an activity that is open: what may be changed, to the wire and back.
 *
 * Owns: the types, with Temporal's names, and their conversion. What a change does to an activity is the service's.
 */
import {
  compileRetryPolicy,
  type Duration,
  decompileRetryPolicy,
  msOptionalToNumber,
  type RetryPolicy,
  ValueError,
} from "../../codec/index.ts";
import type { ActivityOptionsChange, ActivityRunOptions } from "../../core/control-requests.ts";
import { completeRetryPolicy } from "../../core/retry-policy.ts";
import { checkId } from "./workflow-options.ts";

/**
 * A change of an activity's options. What is left out stays as it is; null takes a timeout away, and puts the default
 * in the place of a retry policy.
 */
export interface ActivityOptionsUpdate {
  /** Where the next attempt is sent. */
  readonly taskQueue?: string | undefined;
  /** For all attempts together, from when the activity was scheduled. */
  readonly scheduleToCloseTimeout?: Duration | null | undefined;
  /** For an attempt to be taken by a worker. */
  readonly scheduleToStartTimeout?: Duration | null | undefined;
  /** For one attempt. */
  readonly startToCloseTimeout?: Duration | null | undefined;
  /** Between two heartbeats. */
  readonly heartbeatTimeout?: Duration | null | undefined;
  /** The whole policy: fields that are left out have their defaults. `nonRetryableErrorTypes` stay if left out. */
  readonly retry?: RetryPolicy | null | undefined;
}

/** What an activity is run with; durations in milliseconds. A timeout that is undefined does not apply. */
export type ActivityOptionsUpdateResult = {
  readonly [K in keyof ActivityOptionsUpdate]: Exclude<ActivityOptionsUpdate[K], null>;
};

/** The change as the service takes it. Throws `ValueError` or `TypeError` for what is malformed. */
export function compileActivityOptionsUpdate(update: ActivityOptionsUpdate): ActivityOptionsChange {
  const { taskQueue, retry } = update;
  if (taskQueue !== undefined) checkId("taskQueue", taskQueue);
  return {
    ...(taskQueue === undefined ? {} : { taskQueue }),
    ...timeout("scheduleToCloseTimeout", update.scheduleToCloseTimeout),
    ...timeout("scheduleToStartTimeout", update.scheduleToStartTimeout),
    ...timeout("startToCloseTimeout", update.startToCloseTimeout),
    ...timeout("heartbeatTimeout", update.heartbeatTimeout),
    ...(retry === undefined ? {} : { retryPolicy: compileRetry(retry ?? {}) }),
  };
}

function compileRetry(retry: RetryPolicy): NonNullable<ActivityOptionsChange["retryPolicy"]> {
  const policy = compileRetryPolicy(retry);
  const { nonRetryableErrorTypes, ...rest } = completeRetryPolicy(policy);
  return policy.nonRetryableErrorTypes ? { ...rest, nonRetryableErrorTypes } : rest;
}

function timeout(name: string, duration: Duration | null | undefined): Readonly<Record<string, number>> {
  if (duration === undefined) return {};
  const milliseconds = msOptionalToNumber(duration) ?? 0;
  if (milliseconds < 0) throw new ValueError(`${name} must not be negative`);
  return { [`${name}Ms`]: milliseconds };
}

/** What the service says that an activity is run with. */
export function decodeActivityOptions(options: ActivityRunOptions): ActivityOptionsUpdateResult {
  return {
    taskQueue: options.taskQueue,
    scheduleToCloseTimeout: options.scheduleToCloseTimeoutMs || undefined,
    scheduleToStartTimeout: options.scheduleToStartTimeoutMs || undefined,
    startToCloseTimeout: options.startToCloseTimeoutMs || undefined,
    heartbeatTimeout: options.heartbeatTimeoutMs || undefined,
    retry: decompileRetryPolicy(options.retryPolicy),
  };
}
