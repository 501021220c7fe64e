/**
 * Checkpoints: a run's state as text, so that a reload reads the newest few events and not the whole history.
 *
 * Owns: the stored form, versioned. A checkpoint of another version is ignored and the state rebuilt from history,
 * which alone is the truth. Progress and buffered events are stored elsewhere and left out, admitted updates
 * that history does not show are not stored at all.
 */
import { type WorkflowState, initialProgress, namedRecord } from "./state.ts";

const CHECKPOINT_VERSION = 2;

/** Events between two checkpoints. Costs one row written each time, saves reading this many on a reload. */
export const EVENTS_PER_CHECKPOINT = 500;

export function toCheckpoint(state: Readonly<WorkflowState>): string {
  const activities = Object.fromEntries(
    Object.entries(state.activities).map(([id, activity]) => [
      id,
      { ...activity, progress: initialProgress(activity) },
    ]),
  );
  // A retried task is progress, stored as such.
  const { workflowTask, ...rest } = state;
  const kept = workflowTask?.inHistory ? { workflowTask } : {};
  const admittedUpdates = state.admittedUpdates.filter((update) => update.admittedEventId !== undefined);
  const emptied = { activities, buffered: [], admittedUpdates };
  return JSON.stringify({ version: CHECKPOINT_VERSION, state: { ...rest, ...kept, ...emptied } });
}

/** The state a checkpoint holds, or undefined if it is of another version. */
export function fromCheckpoint(text: string): WorkflowState | undefined {
  const stored = JSON.parse(text) as { readonly version: number; readonly state: WorkflowState };
  if (stored.version !== CHECKPOINT_VERSION) return undefined;
  const { state } = stored;
  return {
    ...state,
    timers: namedRecord(state.timers),
    signalRequestIds: namedRecord(state.signalRequestIds),
    updates: namedRecord(state.updates),
  };
}
