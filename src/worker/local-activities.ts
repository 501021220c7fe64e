/**
 * Local activities of a workflow session: the application's activity functions, run where the workflow runs.
 *
 * Owns: the way from replay's port to the activity runner. Payloads stay in clear on the way, since nothing leaves the
 * Worker before the end is recorded; converters see them with the places of a local activity.
 */
import type { LoadedDataConverter } from "../codec/index.ts";
import type { ActivityTask } from "../core/activity-task.ts";
import type { LocalActivityOutcome, LocalActivityRunner, LocalActivityTask } from "../replay/index.ts";
import { ActivityExecution } from "../sdk/activity/activity-execution.ts";
import type { ActivityTimers } from "../sdk/activity/activity-timers.ts";
import type { ActivityInterceptorsFactory } from "../sdk/activity/interceptors.ts";
import { failedOutcome } from "../sdk/common/activity-payloads.ts";
import type { Logger, MetricMeter } from "../sdk/common/index.ts";
import type { ActivityRegistry } from "./activity-registry.ts";

export interface LocalActivityOptions {
  readonly activities: ActivityRegistry;
  readonly interceptors?: readonly ActivityInterceptorsFactory[] | undefined;
  readonly metricMeter?: MetricMeter | undefined;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: Logger;
  readonly timers: ActivityTimers;
  /** The real clock, epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Runs an application's activities as local ones.
 *
 * @example
 * new WorkflowSession({ open, workflows, dataConverter, logger, localActivities: localActivityRunner(options) });
 */
export function localActivityRunner(options: LocalActivityOptions): LocalActivityRunner {
  const { activities, interceptors, metricMeter, logger, timers, now } = options;
  const dataConverter: LoadedDataConverter = { ...options.dataConverter, payloadCodecs: [] };
  return {
    isRegistered: (activityType) => activities.has(activityType),
    start(local) {
      const task = activityTask(local, now());
      const activity = activities.find(local.activityType);
      const ports = { heartbeat: refuseHeartbeat, timers, logger };
      const execution = new ActivityExecution({ task, activity, dataConverter, ports, interceptors, metricMeter });
      return {
        outcome: outcomeOf(execution, task, dataConverter),
        cancel: (reason) => execution.cancel(reason),
      };
    },
    now,
    schedule: (callback, delayMs) => timers.schedule(callback, delayMs),
  };
}

/** A local activity has no heartbeats, so that nobody asks for one. */
function refuseHeartbeat(): Promise<never> {
  return Promise.reject(new Error("A local activity has no heartbeats."));
}

function activityTask(local: LocalActivityTask, startedTimeMs: number): ActivityTask {
  // The token names the attempt to the application alone: the service knows nothing of it.
  const taskToken = `local/${local.runId}/${local.activityId}/${local.attempt}`;
  return { ...local, taskToken, startedTimeMs, heartbeatTimeoutMs: 0, isLocal: true };
}

async function outcomeOf(
  execution: ActivityExecution,
  task: ActivityTask,
  dataConverter: LoadedDataConverter,
): Promise<LocalActivityOutcome> {
  try {
    const ending = await execution.run();
    // Given up because its time was over, which the session has seen for itself.
    return ending.kind === "respond" ? ending.outcome : { kind: "canceled" };
  } catch (error) {
    return await failedOutcome(task, dataConverter, error);
  }
}
