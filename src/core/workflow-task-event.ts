/**
 * The events that begin a workflow task.
 *
 * Owns: what they say, the advice to continue as new above all, and the form that a task which is not history yet has
 * for the worker.
 */
import type { EventAttributes, HistoryEvent, SuggestContinueAsNewReason } from "./history-event.ts";
import { MAX_UPDATES, SUGGEST_CONTINUE_AS_NEW_BYTES, SUGGEST_CONTINUE_AS_NEW_EVENTS } from "./limits.ts";
import type { WorkflowState } from "./state.ts";

export function taskScheduled(
  state: Readonly<WorkflowState>,
  attempt: number,
): EventAttributes["WorkflowTaskScheduled"] {
  return {
    taskQueue: { name: state.start.taskQueue },
    startToCloseTimeoutMs: state.start.workflowTaskTimeoutMs,
    attempt,
  };
}

/** When to tell a workflow that updates are about to run out: nine tenths of those it may have. */
const SUGGEST_CONTINUE_AS_NEW_UPDATES = 0.9 * MAX_UPDATES;

function continueAsNewReasons(
  { historyBytes, updates }: Readonly<WorkflowState>,
  scheduledEventId: number,
): readonly SuggestContinueAsNewReason[] {
  const reasons: SuggestContinueAsNewReason[] = [];
  if (historyBytes >= SUGGEST_CONTINUE_AS_NEW_BYTES) reasons.push("HISTORY_SIZE_TOO_LARGE");
  if (scheduledEventId >= SUGGEST_CONTINUE_AS_NEW_EVENTS) reasons.push("TOO_MANY_HISTORY_EVENTS");
  if (Object.keys(updates).length >= SUGGEST_CONTINUE_AS_NEW_UPDATES) reasons.push("TOO_MANY_UPDATES");
  return reasons;
}

export function taskStarted(
  state: Readonly<WorkflowState>,
  scheduledEventId: number,
): EventAttributes["WorkflowTaskStarted"] {
  const suggestContinueAsNewReasons = continueAsNewReasons(state, scheduledEventId);
  return {
    scheduledEventId,
    historySizeBytes: state.historyBytes,
    ...(suggestContinueAsNewReasons.length > 0 ? { suggestContinueAsNew: true, suggestContinueAsNewReasons } : {}),
  };
}

/** Scheduled and Started of a retried task as the worker sees them, before they are written. */
export function transientTaskEvents(state: Readonly<WorkflowState>): readonly HistoryEvent[] {
  const task = state.workflowTask;
  if (!task || task.inHistory || task.startedEventId === undefined || task.startedTimeMs === undefined) return [];
  return [
    {
      eventId: task.scheduledEventId,
      eventTimeMs: task.startedTimeMs,
      eventType: "WorkflowTaskScheduled",
      attributes: taskScheduled(state, task.attempt),
    },
    {
      eventId: task.startedEventId,
      eventTimeMs: task.startedTimeMs,
      eventType: "WorkflowTaskStarted",
      attributes: taskStarted(state, task.scheduledEventId),
    },
  ];
}
