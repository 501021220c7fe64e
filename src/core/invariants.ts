/**
 * What must always hold of a run. Shared by property tests, simulation and debug builds.
 *
 * Owns: the numbered list. Each broken invariant is named in a sentence; an empty list means all hold.
 *
 *   I1 event ids are consecutive from 1, event times never go back
 *   I2 a workflow task is scheduled, started and ended in that order, one at a time
 *   I3 an activity closes at most once, after it was scheduled; Started comes only with its closing event
 *   I4 a timer ends at most once, after it was started
 *   I5 nothing follows the event that closes the run
 *   I6 only what history shows as open is open in the state
 *   I7 a signal's request id occurs once
 *   I8 events wait in the buffer only while the run is open
 */
import type { HistoryEvent } from "./history-event.ts";
import type { WorkflowState } from "./state.ts";

interface Walk {
  readonly problems: string[];
  task: "none" | "scheduled" | "started";
  closed: boolean;
  readonly openActivities: Set<number>;
  /** Open timers: the event that started each, with its id. */
  readonly openTimers: Map<number, string>;
  readonly signals: Set<string>;
}

/** Problems of a history by itself. */
export function historyProblems(events: readonly HistoryEvent[]): string[] {
  return walk(events).problems;
}

/** Problems of a state against the history it came from. */
export function stateProblems(state: Readonly<WorkflowState>, events: readonly HistoryEvent[]): string[] {
  const seen = walk(events);
  const { problems } = seen;
  if (state.nextEventId !== events.length + 1) problems.push(`I1 nextEventId ${state.nextEventId}`);
  const waitingIds = new Set<number>();
  for (const event of state.buffered) {
    if ("scheduledEventId" in event.attributes) waitingIds.add(event.attributes.scheduledEventId);
    if (event.eventType === "TimerFired") waitingIds.add(event.attributes.startedEventId);
  }
  if (state.status === "RUNNING") {
    for (const id of seen.openActivities)
      if (!state.activities[id] && !waitingIds.has(id)) problems.push(`I6 activity ${id} is missing`);
    for (const [id, timerId] of seen.openTimers)
      if (state.timers[timerId]?.startedEventId !== id && !waitingIds.has(id))
        problems.push(`I6 timer ${timerId} is missing`);
  } else if (state.buffered.length > 0) problems.push("I8 events wait in a closed run");
  for (const id of Object.keys(state.activities))
    if (!seen.openActivities.has(Number(id))) problems.push(`I6 activity ${id} is open only in the state`);
  for (const { timerId, startedEventId } of Object.values(state.timers))
    if (seen.openTimers.get(startedEventId) !== timerId) problems.push(`I6 timer ${timerId} is open only in the state`);
  return problems;
}

function walk(events: readonly HistoryEvent[]): Walk {
  const state: Walk = {
    problems: [],
    task: "none",
    closed: false,
    openActivities: new Set(),
    openTimers: new Map(),
    signals: new Set(),
  };
  let lastTimeMs = 0;
  for (const [index, event] of events.entries()) {
    if (event.eventId !== index + 1) state.problems.push(`I1 event ${event.eventId} stands at place ${index + 1}`);
    if (event.eventTimeMs < lastTimeMs && !isReordered(event))
      state.problems.push(`I1 time goes back at event ${event.eventId}`);
    lastTimeMs = Math.max(lastTimeMs, event.eventTimeMs);
    if (state.closed) state.problems.push(`I5 event ${event.eventId} follows the end`);
    step(state, event);
  }
  return state;
}

/** Buffered events keep the time they happened at, so they may stand after later ones. */
function isReordered(event: HistoryEvent): boolean {
  return !event.eventType.startsWith("WorkflowTask");
}

function step(state: Walk, event: HistoryEvent): void {
  if (event.eventType.startsWith("WorkflowTask")) return stepTask(state, event);
  switch (event.eventType) {
    case "ActivityTaskScheduled":
      state.openActivities.add(event.eventId);
      return;
    case "ActivityTaskStarted":
      if (!state.openActivities.has(event.attributes.scheduledEventId))
        state.problems.push(`I3 event ${event.eventId} starts an activity that is not open`);
      return;
    case "ActivityTaskCompleted":
    case "ActivityTaskFailed":
    case "ActivityTaskTimedOut":
    case "ActivityTaskCanceled":
      if (!state.openActivities.delete(event.attributes.scheduledEventId))
        state.problems.push(`I3 event ${event.eventId} closes an activity that is not open`);
      return;
    case "TimerStarted":
      state.openTimers.set(event.eventId, event.attributes.timerId);
      return;
    case "TimerFired":
    case "TimerCanceled":
      // By the event that started it: an id may be taken again before the firing that waited got its number.
      if (state.openTimers.get(event.attributes.startedEventId) !== event.attributes.timerId)
        state.problems.push(`I4 event ${event.eventId} ends a timer that is not open`);
      state.openTimers.delete(event.attributes.startedEventId);
      return;
    case "WorkflowExecutionSignaled":
      if (state.signals.has(event.attributes.requestId))
        state.problems.push(`I7 event ${event.eventId} repeats a signal`);
      state.signals.add(event.attributes.requestId);
      return;
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionTimedOut":
    case "WorkflowExecutionCanceled":
    case "WorkflowExecutionTerminated":
      state.closed = true;
      return;
    default:
      return;
  }
}

function stepTask(state: Walk, event: HistoryEvent): void {
  const expected = { WorkflowTaskScheduled: "none", WorkflowTaskStarted: "scheduled" } as const;
  const before = event.eventType in expected ? expected[event.eventType as keyof typeof expected] : "started";
  if (state.task !== before) state.problems.push(`I2 event ${event.eventId} ${event.eventType} after ${state.task}`);
  if (event.eventType === "WorkflowTaskScheduled") state.task = "scheduled";
  else if (event.eventType === "WorkflowTaskStarted") state.task = "started";
  else state.task = "none";
}
