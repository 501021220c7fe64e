/**
 * The jobs of an activation: what history has to tell a workflow, in the order in which it is told.
 *
 * Owns: the shape of the jobs and their order. A new kind of event that workflow code hears of gets a job here, a rank,
 * a case in `history-jobs.ts` and a case in `activator.ts`.
 */
import type { EventOf } from "../core/history-event.ts";
import type { LocalActivityResolution } from "./local-activities.ts";
import type { Resolution } from "./resolutions.ts";
import type { Signal, Update } from "./messages.ts";

export type Job =
  | { readonly kind: "initializeWorkflow"; readonly event: EventOf<"WorkflowExecutionStarted"> }
  | { readonly kind: "signalWorkflow"; readonly signal: Signal }
  | { readonly kind: "doUpdate"; readonly update: Update }
  | { readonly kind: "fireTimer"; readonly startedEventId: number }
  | Resolution
  | { readonly kind: "cancelWorkflow" }
  | {
      readonly kind: "resolveLocalActivity";
      readonly sequence: number;
      readonly resolution: LocalActivityResolution;
    }
  /** A reset gave the run other randomness. */
  | { readonly kind: "updateRandomSeed"; readonly runId: string };

/** Jobs of a lower rank come first; those of one rank keep the order of history. */
const RANKS: Readonly<Record<Job["kind"], number>> = {
  initializeWorkflow: 0,
  updateRandomSeed: 2,
  signalWorkflow: 3,
  doUpdate: 3,
  fireTimer: 4,
  resolveActivity: 4,
  resolveChildWorkflowExecutionStart: 4,
  resolveChildWorkflowExecution: 4,
  resolveSignalExternalWorkflow: 4,
  resolveRequestCancelExternalWorkflow: 4,
  cancelWorkflow: 4,
  resolveLocalActivity: 5,
};

/** The jobs in the order in which an activation runs them. */
export function orderJobs(jobs: readonly Job[]): readonly Job[] {
  return jobs.toSorted((a, b) => RANKS[a.kind] - RANKS[b.kind]);
}

/**
 * The batches between which microtasks run. All jobs are one batch; histories from before the flag recorded signals
 * as a batch of their own.
 */
export function batchJobs(jobs: readonly Job[], singleBatch: boolean): readonly (readonly Job[])[] {
  if (singleBatch) return [jobs];
  const signals = jobs.filter((job) => job.kind === "signalWorkflow");
  const others = jobs.filter((job) => job.kind !== "signalWorkflow");
  return [signals, others].filter((batch) => batch.length > 0);
}
