/**
 * What a reset means for the state of the run that it begins, once the history before it has been applied.
 *
 * Owns: the facts that are not those of the base run any more. The event alone says them, so a reload finds the same:
 * activities that were open begin anew with their first attempt and their whole time, timers keep the moment at which
 * they fire, both timeouts of the run count from the reset, and what other executions were told is known to come from
 * the run that told them. Called by `evolve` only.
 */
import type { EventOf } from "./history-event.ts";
import { type ActivityState, type StartFacts, type WorkflowState, initialProgress } from "./state.ts";

/** Applies the event that ends the history which was taken over. */
export function beginReset(state: WorkflowState, event: EventOf<"WorkflowTaskFailed">): void {
  const { eventId, eventTimeMs, attributes } = event;
  const before = state.copiedFrom ?? [];
  state.copiedFrom = [...before, { runId: attributes.baseRunId ?? "", upToEventId: eventId - 1 }];
  state.start = startedAgain(state.start, eventTimeMs);
  for (const activity of Object.values(state.activities))
    state.activities[activity.scheduledEventId] = scheduledAgain(activity, eventTimeMs);
  // What waits to be told to other executions may have been told by the base run or not.
  state.redeliverMs = eventTimeMs;
}

/** A run that has timed out can be reset, so its timeouts are given again in full. */
function startedAgain(start: StartFacts, resetTimeMs: number): StartFacts {
  const { executionExpirationTimeMs, workflowExecutionTimeoutMs } = start;
  if (executionExpirationTimeMs === undefined) return { ...start, resetTimeMs };
  return { ...start, resetTimeMs, executionExpirationTimeMs: resetTimeMs + workflowExecutionTimeoutMs };
}

function scheduledAgain(activity: ActivityState, scheduledTimeMs: number): ActivityState {
  const { eagerlyClaimed: _claimed, ...unclaimed } = activity;
  return { ...unclaimed, scheduledTimeMs, progress: initialProgress({ scheduledTimeMs }) };
}
