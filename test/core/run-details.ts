/**
 * The finer states of a run: those in which some decision differs although its workflow task stands the same.
 *
 * Owns: their names, and which of them a state is in. A state is in as many as hold. To add one: a name with its
 * condition here, and a row in `transitions/run-details.ts`; the coverage test fails until every request was tried.
 */
import { isBeforeFirstTask, type WorkflowState } from "../../src/core/state.ts";

/** A run that has continued as new, or was followed by another otherwise, is never the one that decisions are about. */
const CONDITIONS = {
  "waiting for its first task": (state, nowMs) => state.status === "RUNNING" && isBeforeFirstTask(state, nowMs),
  "paused, waiting for its first task": (state, nowMs) =>
    state.status === "RUNNING" && state.paused !== undefined && isBeforeFirstTask(state, nowMs),
  "paused, task started": (state) => state.paused !== undefined && state.workflowTask?.startedEventId !== undefined,
  "begun by a reset": (state) => state.status === "RUNNING" && state.copiedFrom !== undefined,
  "idle, cancel requested": (state) => state.status === "RUNNING" && !state.workflowTask && state.cancelRequested,
  "task started, cancel requested": (state) =>
    state.status === "RUNNING" && state.workflowTask?.startedEventId !== undefined && state.cancelRequested,
  "closed, completed": (state) => state.status === "COMPLETED",
  "closed, failed": (state) => state.status === "FAILED",
  "closed, cancelled": (state) => state.status === "CANCELLED",
  "closed, terminated": (state) => state.status === "TERMINATED",
  "closed, timed out": (state) => state.status === "TIMED_OUT",
} as const satisfies Readonly<Record<string, (state: WorkflowState, nowMs: number) => boolean>>;

export type RunDetail = keyof typeof CONDITIONS;

export const RUN_DETAILS = Object.keys(CONDITIONS) as readonly RunDetail[];

/** The finer states that a run is in. */
export function runDetailsOf(state: WorkflowState | undefined, nowMs: number): readonly RunDetail[] {
  return state ? RUN_DETAILS.filter((detail) => CONDITIONS[detail](state, nowMs)) : [];
}
