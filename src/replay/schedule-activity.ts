/**
 * Scheduling an activity: a command behind a promise.
 *
 * Owns: the options' checks, and the operation. `activities.ts` owns the activities.
 */
import { compileRetryPolicy, msOptionalToNumber, type PayloadChannel } from "../codec/index.ts";
import type { ScheduleActivityTaskCommand } from "../core/command.ts";
import type { ActivityResolution } from "./activities.ts";
import { headersToWire } from "./headers.ts";
import type { ActivityInput } from "./interceptors.ts";
import type { ActivityOptions } from "./operation-options.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import type { WorkflowRun } from "./workflow-run.ts";

export type { ActivityOptions } from "./operation-options.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";

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
  const run = requireActivatingFrame(`The activity ${activityType}`).workflowRun;
  const seq = run.activities.takeSequence();
  const execute = composeWorkflowInterceptors(
    run.interceptors.outbound,
    "scheduleActivity",
    scheduleInterceptedActivity,
  );
  return execute({ activityType, args: [...args], options, headers: {}, seq }) as Promise<R>;
}

function scheduleInterceptedActivity(input: ActivityInput): Promise<unknown> {
  const { activityType, options, seq } = input;
  const frame = requireActivatingFrame(`The activity ${activityType}`);
  const run = frame.workflowRun;
  assertActivityOptions(options);
  const activityId = options.activityId ?? String(seq);
  const command = buildCommand(run, activityId, input);
  const place = { runId: run.originalExecutionRunId, activityId };
  return new Promise((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      if (refused) reject(error);
      else run.activities.requestCancel(seq);
    });
    if (refused) return;
    // Converted inside the job, so that the code waiting for it goes on in the order of the jobs.
    const settle = (resolution: ActivityResolution) => {
      if (resolution.kind === "failed")
        reject(run.fromFailure({ kind: "activity-failure", ...place }, resolution.failure));
      else resolve(run.fromPayloads({ kind: "activity-result", ...place }, resolution.result)[0]);
    };
    run.activities.schedule(seq, command, options.cancellationType ?? "TRY_CANCEL", settle);
  });
}

function buildCommand(
  run: WorkflowRun,
  activityId: string,
  { activityType, args, options, headers }: ActivityInput,
): ScheduleActivityTaskCommand {
  const channel: PayloadChannel = { kind: "activity-input", runId: run.originalExecutionRunId, activityId };
  const input = run.toPayloads(channel, args);
  const header = headersToWire(headers);
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
    taskQueue: options.taskQueue ?? run.taskQueue,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined)),
    ...(options.retry ? { retryPolicy: compileRetryPolicy(options.retry) } : {}),
    ...(options.allowEagerDispatch === undefined ? {} : { allowEagerDispatch: options.allowEagerDispatch }),
    ...run.toUserMetadata(`activity/${activityId}`, options.summary),
  };
}
