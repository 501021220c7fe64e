/**
 * Sending activity tasks, and handing one out when it is claimed.
 *
 * Owns: the messages (pointers, never payloads) and the full task a claimant gets. A send that fails
 * is only logged: the task is sent again until somebody claims it. Short activities skip the queue: the worker is
 * handed the task itself, already claimed in its name.
 */
import { type ActivityTask, type ActivityTaskMessage, encodeTaskToken } from "../core/activity-task.ts";
import type { EventOf } from "../core/history-event.ts";
import type { ActivityState } from "../core/state.ts";
import type { LoadedRun } from "./run-store.ts";
import type { WorkflowWorkerStub } from "./service-env.ts";

/** The platform takes 100 messages in one batch. */
const MESSAGES_PER_BATCH = 100;

/** Messages for these activities, those that are still open. */
export function activityMessages(run: LoadedRun, scheduledEventIds: readonly number[]): ActivityTaskMessage[] {
  const messages: ActivityTaskMessage[] = [];
  for (const scheduledEventId of scheduledEventIds) {
    const activity = run.state.activities[scheduledEventId];
    if (activity) messages.push(message(run, activity));
  }
  return messages;
}

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
    return false;
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

function message(run: LoadedRun, activity: Readonly<ActivityState>): ActivityTaskMessage {
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
  const { input, header } = scheduled.attributes;
  return {
    taskToken: encodeTaskToken({
      namespace: identity.namespace,
      workflowId: identity.workflowId,
      runId: identity.runId,
      scheduledEventId: activity.scheduledEventId,
      activityId: activity.activityId,
      attempt: progress.attempt,
    }),
    namespace: identity.namespace,
    workflowId: identity.workflowId,
    runId: identity.runId,
    originalExecutionRunId: start.originalExecutionRunId,
    workflowType: start.workflowType,
    activityId: activity.activityId,
    activityType: activity.activityType,
    taskQueue: activity.taskQueue,
    attempt: progress.attempt,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(progress.heartbeatDetails ? { heartbeatDetails: progress.heartbeatDetails } : {}),
    scheduledTimeMs: activity.scheduledTimeMs,
    currentAttemptScheduledTimeMs: progress.attemptScheduledTimeMs,
    startedTimeMs: progress.startedTimeMs ?? progress.attemptScheduledTimeMs,
    scheduleToCloseTimeoutMs: activity.scheduleToCloseTimeoutMs,
    startToCloseTimeoutMs: activity.startToCloseTimeoutMs,
    heartbeatTimeoutMs: activity.heartbeatTimeoutMs,
    retryPolicy: activity.retryPolicy,
  };
}
