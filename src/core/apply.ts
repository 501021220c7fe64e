/**
 * Applying committed changes, and building a state from what is stored.
 *
 * Owns: the one order in which events, buffered events and progress reach `evolve`, the same after a commit and after
 * a reload, so that a rebuilt state equals the one that was lost.
 */
import type { Changes, NewRun } from "./draft.ts";
import { evolve, evolveBuffered, evolveProgress, evolveRedelivery, initialState, isProgressCurrent } from "./evolve.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { BufferedEvent, ProgressChange, RunIdentity, WorkflowState } from "./state.ts";
import { admitUpdates, dropAnsweredUpdates, evolveUpdates } from "./update-state.ts";
import type { UpdateMessage } from "./workflow-task.ts";

/** Brings the state up to date with committed changes of its own run. */
export function applyChanges(state: WorkflowState, changes: Omit<Changes, "newRun">): void {
  if (changes.flushed) state.buffered = [];
  if (changes.updates) evolveUpdates(state, changes.updates);
  for (const event of changes.events) evolve(state, event);
  for (const event of changes.buffered) evolveBuffered(state, event);
  for (const change of changes.progress) evolveProgress(state, change);
  if (changes.dispatchedUpToMs !== undefined) state.dispatchedUpToMs = changes.dispatchedUpToMs;
  if (changes.redeliverMs !== undefined) evolveRedelivery(state, changes.redeliverMs);
}

/** State of a run from its events, beginning with the first. `admitted` are updates that were there before them. */
export function stateFromEvents(
  identity: RunIdentity,
  events: readonly HistoryEvent[],
  admitted: readonly UpdateMessage[] = [],
): WorkflowState {
  const [started, ...rest] = events;
  if (started?.eventType !== "WorkflowExecutionStarted")
    throw new Error(`run ${identity.runId}: the history does not begin with WorkflowExecutionStarted`);
  const state = initialState(identity, started);
  admitUpdates(state, admitted);
  for (const event of rest) evolve(state, event);
  return state;
}

/** State of a run that begins with a commit. */
export function stateOfNewRun({ identity, events, admitted, copied }: NewRun): WorkflowState {
  if (!copied) return stateFromEvents(identity, events, admitted);
  const state: WorkflowState = { ...copied.state, identity };
  for (const event of events) evolve(state, event);
  // Its rows are counted as they are written, and the tasks of its activities leave with the commit.
  state.historyBytes = 0;
  state.dispatchedUpToMs = state.lastEventTimeMs;
  return state;
}

/** A stored record of progress with the moment it was written. */
export interface StoredProgress {
  readonly change: ProgressChange;
  readonly atMs: number;
}

/** A stored buffered event with the id the next event had when it was buffered. */
export interface StoredBuffered {
  readonly event: BufferedEvent;
  readonly nextEventId: number;
}

/**
 * Completes a state rebuilt from events: progress and waiting events that are still current, and what an object that
 * died must take up again at `nowMs`.
 */
export function restore(
  state: WorkflowState,
  stored: { readonly progress: readonly StoredProgress[]; readonly buffered: readonly StoredBuffered[] },
  nowMs: number,
): void {
  dropAnsweredUpdates(state);
  let lastKnownMs = state.lastEventTimeMs;
  for (const { change, atMs } of stored.progress) {
    if (!isProgressCurrent(state, change)) continue;
    evolveProgress(state, change);
    lastKnownMs = Math.max(lastKnownMs, atMs);
  }
  // A record written for an earlier id was numbered since: its place in the table just was not used again yet.
  const numberedUpTo = state.nextEventId;
  for (const { event, nextEventId } of stored.buffered) if (nextEventId === numberedUpTo) evolveBuffered(state, event);
  // Messages due since the last commit may have been lost with the object.
  state.dispatchedUpToMs = lastKnownMs;
  // So may deliveries have been, and their answers.
  evolveRedelivery(state, nowMs);
  // The call to the worker died with the object; the task is sent again and gets its full time.
  if (state.workflowTask?.startedEventId !== undefined) state.workflowTask.timeoutFromMs = nowMs;
}
