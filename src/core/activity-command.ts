/**
 * The two activity commands: schedule one, ask one to stop.
 *
 * Owns: validation and the server's normalisation of timeouts (reference: timeouts). Everything returned as a problem
 * fails the workflow task, not the workflow: the code can be mended and the task retried.
 */
import type { RequestCancelActivityTaskCommand, ScheduleActivityTaskCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import type { EventAttributes } from "./history-event.ts";
import { idProblem } from "./identifiers.ts";
import { MAX_PAYLOADS_BYTES, MAX_PENDING_ACTIVITIES } from "./limits.ts";
import { payloadMapBytes, payloadsBytes } from "./payload.ts";
import { completeRetryPolicy, retryPolicyProblem } from "./retry-policy.ts";

interface Timeouts {
  readonly scheduleToCloseTimeoutMs: number;
  readonly scheduleToStartTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
}

/** Smaller of two timeouts where zero means none. */
function capped(timeoutMs: number, capMs: number): number {
  if (capMs === 0) return timeoutMs;
  return timeoutMs === 0 ? capMs : Math.min(timeoutMs, capMs);
}

/** Fills in and caps the four timeouts; undefined when neither of the two required ones is given. */
export function normaliseTimeouts(
  command: { readonly [K in keyof Timeouts]?: number },
  runTimeoutMs: number,
): Timeouts | undefined {
  const scheduleToClose = command.scheduleToCloseTimeoutMs ?? 0;
  const startToClose = command.startToCloseTimeoutMs ?? 0;
  const scheduleToStart = command.scheduleToStartTimeoutMs ?? 0;
  if (scheduleToClose === 0 && startToClose === 0) return undefined;
  const scheduleToCloseTimeoutMs = capped(scheduleToClose, runTimeoutMs);
  const startToCloseTimeoutMs = capped(startToClose, scheduleToCloseTimeoutMs);
  return {
    scheduleToCloseTimeoutMs,
    scheduleToStartTimeoutMs: capped(scheduleToStart, scheduleToCloseTimeoutMs),
    startToCloseTimeoutMs,
    heartbeatTimeoutMs: Math.min(command.heartbeatTimeoutMs ?? 0, startToCloseTimeoutMs),
  };
}

function isDuration(value: number | undefined): boolean {
  return value === undefined || (Number.isFinite(value) && value >= 0);
}

function bad(message: string): CommandProblem {
  return problem("BAD_SCHEDULE_ACTIVITY_ATTRIBUTES", message);
}

function scheduleProblem(command: ScheduleActivityTaskCommand): CommandProblem | undefined {
  const names =
    idProblem("activityId", command.activityId) ??
    idProblem("activityType", command.activityType) ??
    idProblem("taskQueue", command.taskQueue);
  if (names !== undefined) return bad(names);
  const durations = [
    command.scheduleToCloseTimeoutMs,
    command.scheduleToStartTimeoutMs,
    command.startToCloseTimeoutMs,
    command.heartbeatTimeoutMs,
  ];
  if (!durations.every(isDuration)) return bad(`activity ${command.activityId}: a timeout is negative or not a number`);
  const policy = retryPolicyProblem(command.retryPolicy ?? {});
  if (policy !== undefined) return bad(`activity ${command.activityId}: ${policy}`);
  const bytes = payloadsBytes(command.input) + payloadMapBytes(command.header);
  if (bytes > MAX_PAYLOADS_BYTES) {
    const message = `activity ${command.activityId}: input is ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`;
    return problem("PAYLOADS_TOO_LARGE", message);
  }
  return undefined;
}

/** How long a Worker may go on after it has answered a call: what an eagerly dispatched activity has at most. */
export const EAGER_MAXIMUM_MS = 30_000;

/**
 * Whether a task is handed straight to a worker, claimed by the commit that schedules it: no queue, no claim of the
 * worker's own. If the object dies before the worker has the task, start-to-close ends the attempt, so that has to be
 * short; and only what surely ends within a Worker's afterlife may run in it.
 */
function mayDispatchEagerly(command: ScheduleActivityTaskCommand, timeouts: Timeouts): boolean {
  const { startToCloseTimeoutMs } = timeouts;
  return command.allowEagerDispatch !== false && startToCloseTimeoutMs > 0 && startToCloseTimeoutMs <= EAGER_MAXIMUM_MS;
}

export function scheduleActivityTask(
  context: CommandContext,
  command: ScheduleActivityTaskCommand,
): CommandProblem | undefined {
  const { state, draft } = context;
  const invalid = scheduleProblem(command);
  if (invalid) return invalid;
  if (context.activityIds.has(command.activityId))
    return problem("SCHEDULE_ACTIVITY_DUPLICATE_ID", `activity id ${command.activityId} is in use`);
  if (context.activityIds.size >= MAX_PENDING_ACTIVITIES) {
    const message = `the run has ${MAX_PENDING_ACTIVITIES} open activities, the most allowed`;
    return problem("PENDING_ACTIVITIES_LIMIT_EXCEEDED", message);
  }
  const timeouts = normaliseTimeouts(command, state.start.workflowRunTimeoutMs);
  if (!timeouts) {
    const message = `activity ${command.activityId} needs a startToCloseTimeout or a scheduleToCloseTimeout`;
    return problem("BAD_SCHEDULE_ACTIVITY_ATTRIBUTES", message);
  }
  const isEager = !draft.paused && mayDispatchEagerly(command, timeouts);
  const attributes: EventAttributes["ActivityTaskScheduled"] = {
    activityId: command.activityId,
    activityType: { name: command.activityType },
    taskQueue: { name: command.taskQueue },
    ...(command.header ? { header: command.header } : {}),
    ...(command.input ? { input: command.input } : {}),
    ...timeouts,
    retryPolicy: completeRetryPolicy(command.retryPolicy),
    workflowTaskCompletedEventId: context.workflowTaskCompletedEventId,
    ...(isEager ? { eagerlyClaimed: true as const } : {}),
  };
  const scheduledEventId = draft.append("ActivityTaskScheduled", attributes, draft.nowMs, command.userMetadata);
  context.activityIds.add(command.activityId);
  if (isEager) draft.eagerDispatch(scheduledEventId);
  else draft.dispatch(scheduledEventId);
  return undefined;
}

export function requestCancelActivityTask(
  context: CommandContext,
  command: RequestCancelActivityTaskCommand,
): CommandProblem | undefined {
  const { state, draft, workflowTaskCompletedEventId } = context;
  const { scheduledEventId } = command;
  const activity = state.activities[scheduledEventId];
  if (!activity && !draft.hasBufferedActivityClose(scheduledEventId)) {
    const message = `no open activity was scheduled by event ${scheduledEventId}`;
    return problem("BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES", message);
  }
  if (activity?.cancelRequestedEventId !== undefined || context.cancelRequested.has(scheduledEventId)) {
    const message = `cancellation of the activity scheduled by event ${scheduledEventId} was already requested`;
    return problem("BAD_REQUEST_CANCEL_ACTIVITY_ATTRIBUTES", message);
  }
  context.cancelRequested.add(scheduledEventId);
  const requestedEventId = draft.append("ActivityTaskCancelRequested", {
    scheduledEventId,
    workflowTaskCompletedEventId,
  });
  // No worker has it, so nobody needs to be asked: it is over now.
  if (activity && activity.progress.startedTimeMs === undefined) {
    context.activityIds.delete(activity.activityId);
    draft.buffer("ActivityTaskCanceled", {
      latestCancelRequestedEventId: requestedEventId,
      scheduledEventId,
      startedEventId: 0,
    });
  }
  return undefined;
}
