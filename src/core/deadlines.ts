/**
 * Deadlines: when a run must be looked at again, though nobody calls.
 *
 * Owns: the earliest of them, for the one alarm. What is done when one has passed is `tick.ts`; both read the same
 * predicates, so an alarm never wakes an object to do nothing forever.
 */
import { activityDeadline, dispatchDeadlineMs } from "./activity.ts";
import { outboxDeadlineMs } from "./outbox.ts";
import type { WorkflowState } from "./state.ts";

/** When the run as a whole times out, or undefined for never. */
export function runTimeoutMs(state: Readonly<WorkflowState>): number | undefined {
  const { workflowRunTimeoutMs, executionExpirationTimeMs, firstWorkflowTaskAtMs, resetTimeMs } = state.start;
  // A start backoff is no time of the run, and a reset gives it its whole time again.
  const fromMs = resetTimeMs ?? firstWorkflowTaskAtMs;
  const runEndMs = workflowRunTimeoutMs > 0 ? fromMs + workflowRunTimeoutMs : undefined;
  return earliest([runEndMs, executionExpirationTimeMs]);
}

/** When the workflow task in flight is given up, or the retried one begins. */
export function workflowTaskDeadlineMs(state: Readonly<WorkflowState>): number | undefined {
  const task = state.workflowTask;
  // Events that waited for a speculative task which died with its object wait no longer.
  if (!task) return state.buffered.length > 0 ? state.lastEventTimeMs : firstTaskDeadlineMs(state);
  if (task.startedEventId === undefined) return state.paused ? undefined : task.notBeforeMs;
  return (task.timeoutFromMs ?? task.startedTimeMs ?? task.scheduledTimeMs) + state.start.workflowTaskTimeoutMs;
}

/** When a run that waits for its first workflow task gets it. */
function firstTaskDeadlineMs(state: Readonly<WorkflowState>): number | undefined {
  if (state.paused || state.lastWorkflowTaskClosedEventId > 0) return undefined;
  return state.start.firstWorkflowTaskAtMs;
}

/** The earliest moment at which something is due, or undefined when only a caller can move the run. */
export function nextDeadlineMs(state: Readonly<WorkflowState>): number | undefined {
  if (state.status !== "RUNNING") return outboxDeadlineMs(state);
  let next = earliest([runTimeoutMs(state), workflowTaskDeadlineMs(state), outboxDeadlineMs(state)]);
  for (const id in state.timers) next = earliest([next, state.timers[id]?.fireTimeMs]);
  for (const id in state.activities) {
    const activity = state.activities[id as unknown as number];
    if (!activity) continue;
    next = earliest([next, activityDeadline(activity)?.atMs, dispatchDeadlineMs(state, activity)]);
  }
  return next;
}

/** The first of some moments, or undefined if there is none. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}
