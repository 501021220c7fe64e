/**
 * What an activity may know about itself.
 *
 * Owns: the `Info` type and its making from a task. Everything here but the heartbeat details is readable by the
 * service, which sent it.
 */
import { encodeBase64 } from "../../codec/bytes.ts";
import { encodeText } from "../../codec/index.ts";
import type { ActivityTask } from "../../core/activity-task.ts";
import { decompileRetryPolicy, type RetryPolicy } from "../common/index.ts";

export interface Info {
  /** Names this attempt to the service, and to `client.activity`. */
  readonly taskToken: Uint8Array;
  readonly base64TaskToken: string;
  /** The same over all attempts; with the workflow id it makes a key for idempotent calls. */
  readonly activityId: string;
  readonly activityType: string;
  readonly activityNamespace: string;
  /** From 1. */
  readonly attempt: number;
  readonly isLocal: boolean;
  readonly inWorkflow: boolean;
  readonly workflowExecution?: { readonly workflowId: string; readonly runId: string };
  readonly workflowNamespace?: string;
  readonly workflowType?: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** When the activity was scheduled, in epoch milliseconds. */
  readonly scheduledTimestampMs: number;
  /** When this attempt was scheduled, in epoch milliseconds. */
  readonly currentAttemptScheduledTimestampMs: number;
  /** Zero for no limit, as the timeout below. */
  readonly scheduleToCloseTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  /** Absent when no heartbeats are expected. */
  readonly heartbeatTimeoutMs?: number;
  /** What an earlier attempt reported last: where to go on. */
  readonly heartbeatDetails: unknown;
  readonly retryPolicy?: RetryPolicy;
}

/** The info of one attempt. */
export function infoOfTask(task: ActivityTask, heartbeatDetails: unknown): Info {
  const retryPolicy = decompileRetryPolicy(task.retryPolicy);
  const taskToken = encodeText(task.taskToken);
  return {
    taskToken,
    base64TaskToken: encodeBase64(taskToken),
    activityId: task.activityId,
    activityType: task.activityType,
    activityNamespace: task.namespace,
    attempt: task.attempt,
    isLocal: task.isLocal ?? false,
    inWorkflow: true,
    workflowExecution: { workflowId: task.workflowId, runId: task.runId },
    workflowNamespace: task.namespace,
    workflowType: task.workflowType,
    namespace: task.namespace,
    taskQueue: task.taskQueue,
    scheduledTimestampMs: task.scheduledTimeMs,
    currentAttemptScheduledTimestampMs: task.currentAttemptScheduledTimeMs,
    scheduleToCloseTimeoutMs: task.scheduleToCloseTimeoutMs,
    startToCloseTimeoutMs: task.startToCloseTimeoutMs,
    ...(task.heartbeatTimeoutMs > 0 ? { heartbeatTimeoutMs: task.heartbeatTimeoutMs } : {}),
    heartbeatDetails,
    ...(retryPolicy ? { retryPolicy } : {}),
  };
}

/** What every line logged by the activity carries: which attempt of what it comes from. */
export function activityLogAttributes(info: Info): Record<string, unknown> {
  return {
    namespace: info.namespace,
    taskQueue: info.taskQueue,
    activityId: info.activityId,
    activityType: info.activityType,
    attempt: info.attempt,
    ...(info.workflowExecution ? { ...info.workflowExecution, workflowType: info.workflowType } : {}),
  };
}
