/**
 * Sending activity tasks, and handing one out when it is claimed.
 *
 * Owns: the messages (pointers, never payloads) and the full task a claimant gets. A send that fails
 * is only logged: the task is sent again until somebody claims it. Short activities skip the queue: the worker is
 * handed the task itself, already claimed in its name.
 */
import { type ActivityTask, type ActivityTaskMessage, encodeTaskToken } from "../core/activity-task.ts";
import type { EventOf } from "../core/history-event.ts";
import { type ActivityState, runOptions } from "../core/state.ts";
import type { LoadedRun } from "./run-store.ts";
import type { WorkflowWorkerStub } from "./service-env.ts";

/** What the platform says of a Worker whose entrypoint has no such method: an application of an older version. */
const NO_SUCH_METHOD = /RPC receiver does not implement/;

/** The platform takes 100 messages in one batch. */
const MESSAGES_PER_BATCH = 100;

/**
 * Hands a claimed task straight to the worker. Resolves to true if the worker has said for certain that it does not
 * run it. Without an answer it may be running: then its start-to-close timeout decides, as if the worker had died.
 */
export async function refusesTask(
  worker: Pick<WorkflowWorkerStub, "runActivityTask">,
  task: ActivityTask,
): Promise<boolean> {
  try {
    const answer = await worker.runActivityTask({ version: 1, task });
    if (answer.accepted) return false;
    console.warn(`holdfast: activity ${task.activityId} goes through the queue: ${answer.reason}`);
    return true;
  } catch (error) {
    console.warn(`holdfast: no answer from the worker that was handed activity ${task.activityId}: ${String(error)}`);
    return error instanceof TypeError && NO_SUCH_METHOD.test(error.message);
  }
}

/** Sends tasks through the queue. Never rejects. */
export async function sendActivityTasks(
  queue: Queue<ActivityTaskMessage>,
  messages: readonly ActivityTaskMessage[],
): Promise<void> {
  for (let from = 0; from < messages.length; from += MESSAGES_PER_BATCH) {
    const batch = messages.slice(from, from + MESSAGES_PER_BATCH);
    try {
      await queue.sendBatch(batch.map((body) => ({ body, contentType: "json" as const })));
    } catch (error) {
      console.warn(`holdfast: ${batch.length} activity tasks were not sent, they will be sent again: ${String(error)}`);
    }
  }
}

/** The message for an open activity. */
export function activityMessage(run: LoadedRun, activity: Readonly<ActivityState>): ActivityTaskMessage {
  const { namespace, workflowId, runId } = run.state.identity;
  return {
    version: 1,
    namespace,
    workflowId,
    runId,
    scheduledEventId: activity.scheduledEventId,
    attempt: activity.progress.attempt,
  };
}

/** The task of a claimed activity. `scheduled` is the event that holds its input. */
export function activityTask(
  run: LoadedRun,
  activity: Readonly<ActivityState>,
  scheduled: EventOf<"ActivityTaskScheduled">,
): ActivityTask {
  const { identity, start } = run.state;
  const { progress } = activity;
  const options = runOptions(activity);
  const { input, header } = scheduled.attributes;
  return {
    taskToken: encodeTaskToken({
      namespace: identity.namespace,
      workflowId: identity.workflowId,
      runId: identity.runId,
      scheduledEventId: activity.scheduledEventId,
      activityId: activity.activityId,
      attempt: progress.attempt,
      ...(start.originalExecutionRunId === identity.runId
        ? {}
        : { originalExecutionRunId: start.originalExecutionRunId }),
    }),
    namespace: identity.namespace,
    workflowId: identity.workflowId,
    runId: identity.runId,
    originalExecutionRunId: start.originalExecutionRunId,
    workflowType: start.workflowType,
    activityId: activity.activityId,
    activityType: activity.activityType,
    taskQueue: options.taskQueue,
    attempt: progress.attempt,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(progress.heartbeatDetails ? { heartbeatDetails: progress.heartbeatDetails } : {}),
    scheduledTimeMs: activity.scheduledTimeMs,
    currentAttemptScheduledTimeMs: progress.attemptScheduledTimeMs,
    startedTimeMs: progress.startedTimeMs ?? progress.attemptScheduledTimeMs,
    scheduleToCloseTimeoutMs: options.scheduleToCloseTimeoutMs,
    startToCloseTimeoutMs: options.startToCloseTimeoutMs,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs,
    retryPolicy: options.retryPolicy,
  };
}
