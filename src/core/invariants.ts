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
 *   I9 an update is admitted at most once, before it is accepted, accepted once and completed at most once, after that;
 *      the state knows exactly these
 *   I10 a child starts at most once and ends at most once, after it was initiated; the state knows those that are open
 *   I11 a signal or cancellation to another workflow is answered at most once; the state knows those without answer
 *   I12 pauses and their ends alternate, and no workflow task begins between; the state knows whether the run is paused
 */
import type { EventOf, HistoryEvent } from "./history-event.ts";
import type { WorkflowState } from "./state.ts";

interface Walk {
  readonly problems: string[];
  task: "none" | "scheduled" | "started";
  closed: boolean;
  readonly openActivities: Set<number>;
  /** Open timers: the event that started each, with its id. */
  readonly openTimers: Map<number, string>;
  readonly signals: Set<string>;
  /** Updates that were history before they were accepted. */
  readonly admitted: Set<string>;
  /** Accepted updates, with the event that completed each or undefined. */
  readonly updates: Map<string, number | undefined>;
  /** Open children by the event that initiated each, with the one that started it or undefined. */
  readonly children: Map<number, number | undefined>;
  readonly externals: Set<number>;
  paused: boolean;
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
  problems.push(
    ...pauseProblems(state, seen),
    ...updateProblems(state, seen),
    ...childProblems(state, seen),
    ...externalProblems(state, seen),
  );
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
    admitted: new Set(),
    updates: new Map(),
    children: new Map(),
    externals: new Set(),
    paused: false,
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
    case "WorkflowExecutionPaused":
    case "WorkflowExecutionUnpaused": {
      const isPause = event.eventType === "WorkflowExecutionPaused";
      if (state.paused === isPause) state.problems.push(`I12 event ${event.eventId} changes nothing`);
      state.paused = isPause;
      return;
    }
    case "WorkflowExecutionUpdateAdmitted":
      return stepAdmission(state, event);
    case "WorkflowExecutionUpdateAccepted":
    case "WorkflowExecutionUpdateCompleted":
      return stepUpdate(state, event);
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionTimedOut":
    case "WorkflowExecutionCanceled":
    case "WorkflowExecutionTerminated":
      // What a reset hands over is the next run's.
      if ("childrenHandedOver" in event.attributes) state.children.clear();
      if ("handedOverChildren" in event.attributes)
        for (const initiatedEventId of event.attributes.handedOverChildren ?? [])
          state.children.delete(initiatedEventId);
      state.closed = true;
      return;
    default:
      return stepOther(state, event);
  }
}

/** What is between the run and other executions. */
function stepOther(state: Walk, event: HistoryEvent): void {
  switch (event.eventType) {
    case "StartChildWorkflowExecutionInitiated":
      state.children.set(event.eventId, undefined);
      return;
    case "ChildWorkflowExecutionStarted":
      return stepChildStart(state, event);
    case "StartChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionCompleted":
    case "ChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionCanceled":
    case "ChildWorkflowExecutionTimedOut":
    case "ChildWorkflowExecutionTerminated":
      return stepChildEnd(state, event);
    case "SignalExternalWorkflowExecutionInitiated":
    case "RequestCancelExternalWorkflowExecutionInitiated":
      state.externals.add(event.eventId);
      return;
    case "ExternalWorkflowExecutionSignaled":
    case "SignalExternalWorkflowExecutionFailed":
    case "ExternalWorkflowExecutionCancelRequested":
    case "RequestCancelExternalWorkflowExecutionFailed":
      if (!state.externals.delete(event.attributes.initiatedEventId))
        state.problems.push(`I11 event ${event.eventId} answers what is not under way`);
      return;
    default:
      return;
  }
}

function stepChildStart(state: Walk, event: EventOf<"ChildWorkflowExecutionStarted">): void {
  const { initiatedEventId } = event.attributes;
  if (!state.children.has(initiatedEventId) || state.children.get(initiatedEventId) !== undefined)
    state.problems.push(`I10 event ${event.eventId} starts a child that does not wait for it`);
  state.children.set(initiatedEventId, event.eventId);
}

type ChildEnd =
  | EventOf<"StartChildWorkflowExecutionFailed">
  | EventOf<"ChildWorkflowExecutionCompleted">
  | EventOf<"ChildWorkflowExecutionFailed">
  | EventOf<"ChildWorkflowExecutionCanceled">
  | EventOf<"ChildWorkflowExecutionTimedOut">
  | EventOf<"ChildWorkflowExecutionTerminated">;

function stepChildEnd(state: Walk, event: ChildEnd): void {
  const { initiatedEventId } = event.attributes;
  const startedEventId = "startedEventId" in event.attributes ? event.attributes.startedEventId : undefined;
  if (!state.children.has(initiatedEventId) || state.children.get(initiatedEventId) !== startedEventId)
    state.problems.push(`I10 event ${event.eventId} ends a child that is not open so`);
  state.children.delete(initiatedEventId);
}

/** Events that wait end an entity in the state before they do in history. */
function isWaiting(state: Readonly<WorkflowState>, initiatedEventId: number): boolean {
  return state.buffered.some(
    ({ attributes }) => "initiatedEventId" in attributes && attributes.initiatedEventId === initiatedEventId,
  );
}

function childProblems(state: Readonly<WorkflowState>, seen: Walk): string[] {
  const problems: string[] = [];
  for (const [id, startedEventId] of seen.children) {
    if (isWaiting(state, id) || state.outboxSettled) continue;
    const child = state.children[id];
    if (!child || child.startedEventId !== startedEventId) problems.push(`I10 child ${id} is not what history says`);
  }
  for (const id of Object.keys(state.children))
    if (!seen.children.has(Number(id))) problems.push(`I10 child ${id} is open only in the state`);
  return problems;
}

function externalProblems(state: Readonly<WorkflowState>, seen: Walk): string[] {
  const problems: string[] = [];
  for (const id of seen.externals)
    if (state.status === "RUNNING" && !state.externals[id] && !isWaiting(state, id))
      problems.push(`I11 ${id} is under way but the state does not know`);
  for (const id of Object.keys(state.externals))
    if (!seen.externals.has(Number(id))) problems.push(`I11 ${id} is under way only in the state`);
  return problems;
}

function pauseProblems(state: Readonly<WorkflowState>, seen: Walk): string[] {
  let { paused } = seen;
  for (const { eventType } of state.buffered) {
    if (eventType === "WorkflowExecutionPaused") paused = true;
    if (eventType === "WorkflowExecutionUnpaused") paused = false;
  }
  if (state.status !== "RUNNING") paused = false;
  return (state.paused !== undefined) === paused ? [] : [`I12 the state says ${paused ? "open" : "paused"}`];
}

function stepAdmission(state: Walk, { eventId, attributes }: EventOf<"WorkflowExecutionUpdateAdmitted">): void {
  const { updateId } = attributes.request.meta;
  if (state.admitted.has(updateId) || state.updates.has(updateId))
    state.problems.push(`I9 event ${eventId} admits an update again`);
  state.admitted.add(updateId);
}

type UpdateEvent = EventOf<"WorkflowExecutionUpdateAccepted"> | EventOf<"WorkflowExecutionUpdateCompleted">;

function stepUpdate(state: Walk, event: UpdateEvent): void {
  if (event.eventType === "WorkflowExecutionUpdateAccepted") {
    const { updateId } = event.attributes.acceptedRequest.meta;
    if (state.updates.has(updateId)) state.problems.push(`I9 event ${event.eventId} accepts an update again`);
    state.updates.set(updateId, undefined);
    return;
  }
  const { updateId } = event.attributes.meta;
  if (!state.updates.has(updateId) || state.updates.get(updateId) !== undefined)
    state.problems.push(`I9 event ${event.eventId} completes an update that is not open`);
  state.updates.set(updateId, event.eventId);
}

function updateProblems(state: Readonly<WorkflowState>, seen: Walk): string[] {
  const problems: string[] = [];
  for (const [updateId, completedEventId] of seen.updates)
    if (!state.updates[updateId] || state.updates[updateId].completedEventId !== completedEventId)
      problems.push(`I9 update ${updateId} is not what history says`);
  for (const updateId of Object.keys(state.updates))
    if (!seen.updates.has(updateId)) problems.push(`I9 update ${updateId} is only in the state`);
  const { admittedUpdates } = state;
  if (state.status !== "RUNNING" && admittedUpdates.length > 0) problems.push("I9 updates wait in a closed run");
  for (const { message } of admittedUpdates)
    if (seen.updates.has(message.updateId)) problems.push(`I9 update ${message.updateId} waits and is accepted`);
  return problems;
}

function stepTask(state: Walk, event: HistoryEvent): void {
  const expected = { WorkflowTaskScheduled: "none", WorkflowTaskStarted: "scheduled" } as const;
  const before = event.eventType in expected ? expected[event.eventType as keyof typeof expected] : "started";
  if (state.task !== before) state.problems.push(`I2 event ${event.eventId} ${event.eventType} after ${state.task}`);
  if (state.paused && state.task === "none") state.problems.push(`I12 event ${event.eventId} begins in a paused run`);
  if (event.eventType === "WorkflowTaskScheduled") state.task = "scheduled";
  else if (event.eventType === "WorkflowTaskStarted") state.task = "started";
  else state.task = "none";
}
