/**
 * What an activity is run with, and how it is changed while the activity is open.
 *
 * Owns: laying a change over options, and what options an activity cannot be run with. Timeouts are filled in and
 * capped as when an activity is scheduled.
 */
import { normaliseTimeouts } from "./activity-command.ts";
import type { ActivityOptionsChange, ActivityRunOptions } from "./control-requests.ts";
import { completeRetryPolicy, retryPolicyProblem } from "./retry-policy.ts";

/** Options alone, of whatever holds them. */
export function scheduledOptions(activity: ActivityRunOptions): ActivityRunOptions {
  return {
    taskQueue: activity.taskQueue,
    scheduleToCloseTimeoutMs: activity.scheduleToCloseTimeoutMs,
    scheduleToStartTimeoutMs: activity.scheduleToStartTimeoutMs,
    startToCloseTimeoutMs: activity.startToCloseTimeoutMs,
    heartbeatTimeoutMs: activity.heartbeatTimeoutMs,
    retryPolicy: activity.retryPolicy,
  };
}

/** The options with a change laid over them, or what is wrong with the result. */
export function changedOptions(base: ActivityRunOptions, change: ActivityOptionsChange): ActivityRunOptions | string {
  const retryPolicy = { ...base.retryPolicy, ...given(change.retryPolicy) };
  const problem = retryPolicyProblem(retryPolicy);
  if (problem !== undefined) return problem;
  // The run's timeout ends the activity with the run: it need not cap what an operator sets.
  const timeouts = normaliseTimeouts({ ...base, ...given(change) }, 0);
  if (!timeouts) return "a startToCloseTimeout or a scheduleToCloseTimeout has to remain";
  return { taskQueue: change.taskQueue ?? base.taskQueue, ...timeouts, retryPolicy: completeRetryPolicy(retryPolicy) };
}

/** The fields that have a value: one that is undefined is as good as absent. */
function given<T extends object>(fields: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}
