/**
 * What the commands of one workflow task share while they are turned into events.
 *
 * Owns: the overlay that makes a command see the ones before it (ids in use), and the shape of a refusal.
 */
import type { Draft } from "./draft.ts";
import type { WorkflowTaskFailedCause } from "./history-event.ts";
import { countExternals } from "./outbox.ts";
import type { PayloadMap, SearchAttributeMap } from "./payload.ts";
import { type WorkflowState, carriedUpdates, openUpdates } from "./state.ts";
import type { UpdateMessage } from "./workflow-task.ts";

/** A command that cannot be carried out. Fails the workflow task; nothing of the task is kept. */
export interface CommandProblem {
  readonly cause: WorkflowTaskFailedCause;
  readonly message: string;
}

export interface CommandContext {
  readonly state: Readonly<WorkflowState>;
  readonly draft: Draft;
  readonly workflowTaskCompletedEventId: number;
  /** Ids of open activities, those scheduled by this task included. */
  readonly activityIds: Set<string>;
  /** Activities (by scheduled event id) whose cancellation this task has asked for. */
  readonly cancelRequested: Set<number>;
  /** Search attributes with those that this task has upserted. */
  currentSearchAttributes: SearchAttributeMap | undefined;
  /** Updates that this task carries and that have not been answered yet. */
  readonly carriedUpdates: Map<string, UpdateMessage>;
  /** Accepted updates that have not ended, with the event that accepted each. */
  readonly openUpdates: Map<string, number>;
  /** The memo with what this task has changed of it. */
  currentMemo: PayloadMap | undefined;
  /** Open timers by id with the event that started them, those of this task included. */
  readonly timers: Map<string, number>;
  /** Open children, and signals and cancellations under way to other workflows, those of this task included. */
  pendingChildren: number;
  pendingSignals: number;
  pendingCancels: number;
}

export function problem(cause: WorkflowTaskFailedCause, message: string): CommandProblem {
  return { cause, message };
}

export function commandContext(
  state: Readonly<WorkflowState>,
  draft: Draft,
  workflowTaskCompletedEventId: number,
): CommandContext {
  return {
    state,
    draft,
    workflowTaskCompletedEventId,
    activityIds: new Set(Object.values(state.activities).map((activity) => activity.activityId)),
    cancelRequested: new Set(),
    currentSearchAttributes: state.searchAttributes,
    currentMemo: state.memo,
    carriedUpdates: new Map(carriedUpdates(state).map((update) => [update.updateId, update])),
    openUpdates: new Map(openUpdates(state)),
    timers: new Map(Object.values(state.timers).map((timer) => [timer.timerId, timer.startedEventId])),
    pendingChildren: Object.keys(state.children).length,
    pendingSignals: countExternals(state, "signal"),
    pendingCancels: countExternals(state, "cancel"),
  };
}
