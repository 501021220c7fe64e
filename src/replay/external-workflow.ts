/**
 * Handles of workflows that this one did not start.
 *
 * Owns: the handle and its cancellation. `external-operations.ts` owns what is on its way.
 */
import { patched } from "./patched.ts";
import { requireActivatingFrame, requireFrame, type RunFrame } from "./run-context.ts";
import { ignoreRejection } from "./settlement.ts";
import { signalExternal } from "./signal-external.ts";

/** Histories from before it did not cancel the wait with its scope. The name is Temporal's. */
const CANCEL_WITH_SCOPE_PATCH = "__temporal_internal_connect_external_handle_cancel_to_scope";

/** Another workflow, as it can be reached from workflow code. */
export interface ExternalHandle {
  readonly workflowId: string;
  readonly runId?: string;
  signal(definition: string | { readonly name: string }, ...args: readonly unknown[]): Promise<void>;
  cancel(): Promise<void>;
}

/**
 * A handle of another workflow; without `runId`, of its current run.
 *
 * Throws `IllegalStateError` outside of workflow code. Its methods reject with `ApplicationFailure` when there is no such
 * workflow; this very workflow counts as none.
 *
 * @example
 * await externalHandle("account-17").signal("credit", 100);
 */
export function externalHandle(workflowId: string, runId?: string): ExternalHandle {
  const { namespace } = requireFrame("getExternalWorkflowHandle").workflowRun.open;
  return {
    workflowId,
    ...(runId === undefined ? {} : { runId }),
    signal: (definition, ...args) => {
      const workflowExecution = { namespace, workflowId, runId };
      return signalExternal(definition, args, { namespace, target: { type: "external", workflowExecution } });
    },
    cancel: () => cancelExternal(requireActivatingFrame("A cancellation of another workflow"), workflowId, runId),
  };
}

function cancelExternal(frame: RunFrame, workflowId: string, runId: string | undefined): Promise<void> {
  const run = frame.workflowRun;
  return new Promise((resolve, reject) => {
    // The patch is asked for as late as can be: most histories never hold it.
    const rejectWithScope = (error: unknown) => {
      if (patched(CANCEL_WITH_SCOPE_PATCH)) reject(error);
    };
    if (frame.cancellable) ignoreRejection(frame.cancelRequested.catch(rejectWithScope));
    if (frame.consideredCancelled && patched(CANCEL_WITH_SCOPE_PATCH)) return;
    const { namespace } = run.open;
    run.externalCancellations.send(
      {
        commandType: "RequestCancelExternalWorkflowExecution",
        namespace,
        workflowExecution: { workflowId, ...(runId === undefined ? {} : { runId }) },
        // What Temporal writes; a reason of the user's own would follow.
        reason: `Cancel requested by workflow with run id ${run.open.runId} with reason: `,
      },
      (failure) => {
        if (failure === undefined) return resolve();
        const channel = { kind: "workflow-failure", runId: run.originalExecutionRunId } as const;
        reject(run.fromFailure(channel, failure, { namespace, workflowId }));
      },
    );
  });
}
