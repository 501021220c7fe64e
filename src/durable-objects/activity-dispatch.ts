/**
 * Sending activity tasks, and handing one out when it is claimed.
 *
 * Owns: the queue messages (pointers, never payloads) and the full task a claimant gets. A send that fails is only
 * logged: the task is sent again until somebody claims it.
 */
import { type ActivityTask, type ActivityTaskMessage, encodeTaskToken } from "../core/activity-task.ts";
import type { EventOf } from "../core/history-event.ts";
import type { ActivityState } from "../core/state.ts";
import type { LoadedRun } from "./run-store.ts";

/** The platform takes 100 messages in one batch. */
const MESSAGES_PER_BATCH = 100;

/** Sends the tasks of these activities, those that are still open. Never rejects. */
export async function sendActivityTasks(
  queue: Queue<ActivityTaskMessage>,
  run: LoadedRun,
  scheduledEventIds: readonly number[],
): Promise<void> {
  const messages: ActivityTaskMessage[] = [];
  for (const scheduledEventId of scheduledEventIds) {
    const activity = run.state.activities[scheduledEventId];
    if (activity) messages.push(message(run, activity));
  }
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
