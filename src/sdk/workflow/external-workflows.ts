/**
 * Handles of workflows that this one did not start, with the types of the signals they take.
 *
 * Owns: the types. `src/replay/external-workflow.ts` does the work.
 */
import { externalHandle } from "../../replay/external-workflow.ts";
import type { SignalDefinition } from "../../replay/set-handler.ts";

/** Another workflow, as it can be reached from workflow code. Ask it for anything else from an activity. */
export interface ExternalWorkflowHandle {
  readonly workflowId: string;
  readonly runId?: string;
  /** Sends a signal; resolves once the other workflow has it. */
  signal<Args extends readonly unknown[] = [], Name extends string = string>(
    definition: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
  /** Asks the workflow to stop; resolves once it was told. */
  cancel(): Promise<void>;
}

/**
 * A handle of another workflow; without `runId`, of its current run.
 *
 * Throws `IllegalStateError` outside of workflow code. Its methods reject with `ApplicationFailure` when there is no such
 * workflow; this very workflow counts as none.
 *
 * @example
 * await getExternalWorkflowHandle("account-17").signal(credit, 100);
 */
export function getExternalWorkflowHandle(workflowId: string, runId?: string): ExternalWorkflowHandle {
  return externalHandle(workflowId, runId);
}
