/**
 * An update in the caller's hand.
 *
 * Owns: the interface and the making of it. A handle holds ids, and the outcome if it is known; no connection.
 */
import type { UpdateOutcome } from "../../core/history-event.ts";
import type { UpdateRef } from "./update-calls.ts";
import type { WorkflowCalls } from "./workflow-calls.ts";
import type { WorkflowUpdateOptions } from "./workflow-options.ts";

/** An update that was sent to a workflow. */
export interface WorkflowUpdateHandle<Ret> {
  readonly updateId: string;
  readonly workflowId: string;
  /** The run that has the update; undefined if that was not said. */
  readonly workflowRunId?: string | undefined;
  /**
   * Waits for the handler's result, however long it takes. Rejects with `WorkflowUpdateFailedError` if the update was
   * rejected or failed, `WorkflowNotFoundError` if there is no such update, and
   * `WorkflowUpdateRPCTimeoutOrCancelledError` if the service stays out of reach.
   */
  result(): Promise<Ret>;
}

export interface GetWorkflowUpdateHandleOptions {
  /** The run that has the update. Default: the handle's, or the current one. */
  readonly workflowRunId?: string | undefined;
}

/** The arguments of a message as an option: required exactly when there are any. */
export type WithUpdateArgs<Args extends readonly unknown[], T> = T &
  (Args extends readonly [unknown, ...unknown[]]
    ? { readonly args: readonly [...Args] }
    : { readonly args?: readonly [...Args] | undefined });

/** An update's options and arguments when its types are not known. */
export interface UntypedUpdateOptions extends WorkflowUpdateOptions {
  readonly args?: readonly unknown[] | undefined;
}

/** What is known of an update when its handle is made. */
export interface KnownUpdate {
  /** What the payloads of the outcome are bound to. Absent: the run id. */
  readonly originalExecutionRunId?: string | undefined;
  readonly outcome?: UpdateOutcome | undefined;
}

/** Makes a handle of an update. `known` is absent for one that nothing was heard of yet. */
export function workflowUpdateHandle<Ret>(
  calls: WorkflowCalls,
  ref: UpdateRef,
  known?: KnownUpdate,
): WorkflowUpdateHandle<Ret> {
  const { workflowId, updateId, runId } = ref;
  const originalExecutionRunId = known?.originalExecutionRunId ?? runId ?? "";
  const bound = known?.outcome ? { outcome: known.outcome, originalExecutionRunId } : undefined;
  return {
    updateId,
    workflowId,
    workflowRunId: runId,
    // What the handler returned is known by its type only; the codec gives back what was put in.
    result: async () => (await calls.updateResult(ref, bound ?? (known ? "accepted" : undefined))) as Ret,
  };
}
