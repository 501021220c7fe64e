/**
 * Scheduling an activity: a command behind a promise.
 *
 * Owns: the options, their checks, and the operation. `activities.ts` owns the activities.
 */
import {
  compileRetryPolicy,
  type Duration,
  msOptionalToNumber,
  type PayloadChannel,
  type RetryPolicy,
} from "../codec/index.ts";
import type { ScheduleActivityTaskCommand } from "../core/command.ts";
import type { ActivityCancellationType, ActivityResolution } from "./activities.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import type { WorkflowRun } from "./workflow-run.ts";

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
}

/** Throws `TypeError` for options that give an activity no end. */
export function assertActivityOptions(options: ActivityOptions): void {
  if (options.scheduleToCloseTimeout === undefined && options.startToCloseTimeout === undefined)
    throw new TypeError("Required either scheduleToCloseTimeout or startToCloseTimeout");
}

/**
 * Schedules an activity by name; the promise is its result.
 *
 * Rejects with `ActivityFailure`. Throws `TypeError` or `ValueError` for options that make no sense.
 *
 * @example
 * const receipt = await scheduleActivity<string>("charge", [100], { startToCloseTimeout: "10 seconds" });
 */
export function scheduleActivity<R>(
  activityType: string,
  args: readonly unknown[],
  options: ActivityOptions,
): Promise<R> {
  const frame = requireActivatingFrame(`The activity ${activityType}`);
  const run = frame.workflowRun;
  assertActivityOptions(options);
  const sequence = run.activities.takeSequence();
  const activityId = options.activityId ?? String(sequence);
  const command = buildCommand(run, activityId, activityType, args, options);
  const place = { runId: run.originalExecutionRunId, activityId };
  return new Promise<R>((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      if (refused) reject(error);
      else run.activities.requestCancel(sequence);
    });
    if (refused) return;
    // Converted inside the job, so that the code waiting for it goes on in the order of the jobs.
    const settle = (resolution: ActivityResolution) => {
      if (resolution.kind === "failed")
        reject(run.fromFailure({ kind: "activity-failure", ...place }, resolution.failure));
      else resolve(run.fromPayloads({ kind: "activity-result", ...place }, resolution.result)[0] as R);
    };
    run.activities.schedule(sequence, command, options.cancellationType ?? "TRY_CANCEL", settle);
  });
}

function buildCommand(
  run: WorkflowRun,
  activityId: string,
  activityType: string,
  args: readonly unknown[],
  options: ActivityOptions,
): ScheduleActivityTaskCommand {
  const channel: PayloadChannel = { kind: "activity-input", runId: run.originalExecutionRunId, activityId };
  const input = run.toPayloads(channel, args);
  const timeouts = {
    scheduleToCloseTimeoutMs: msOptionalToNumber(options.scheduleToCloseTimeout),
    scheduleToStartTimeoutMs: msOptionalToNumber(options.scheduleToStartTimeout),
    startToCloseTimeoutMs: msOptionalToNumber(options.startToCloseTimeout),
    heartbeatTimeoutMs: msOptionalToNumber(options.heartbeatTimeout),
  };
  return {
    commandType: "ScheduleActivityTask",
    activityId,
    activityType,
    taskQueue: options.taskQueue ?? run.info().taskQueue,
    ...(input ? { input } : {}),
    ...Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined)),
    ...(options.retry ? { retryPolicy: compileRetryPolicy(options.retry) } : {}),
    ...(options.allowEagerDispatch === undefined ? {} : { allowEagerDispatch: options.allowEagerDispatch }),
  };
}
