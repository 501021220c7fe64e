/**
 * Signalling another workflow: a command behind a promise.
 *
 * Owns: the operation, for children and others alike. The signal is encoded for its receiver.
 */
import type { SignalExternalWorkflowExecutionCommand } from "../core/command.ts";
import { headersToWire } from "./headers.ts";
import type { SignalWorkflowInput } from "./interceptors.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** Whom to signal, and in which namespace it lives. */
export interface SignalTarget {
  readonly namespace: string;
  readonly target: SignalWorkflowInput["target"];
}

/** Sends a signal; resolves when the other workflow has it. */
export function signalExternal(
  definition: string | { readonly name: string },
  args: readonly unknown[],
  { namespace, target }: SignalTarget,
): Promise<void> {
  const { workflowRun } = requireActivatingFrame("A signal to another workflow");
  const execute = composeWorkflowInterceptors(workflowRun.interceptors.outbound, "signalWorkflow", (input) =>
    sendSignal(input, namespace),
  );
  return execute({
    seq: workflowRun.externalSignals.takeSequence(),
    signalName: typeof definition === "string" ? definition : definition.name,
    args: [...args],
    target,
    headers: {},
  });
}

function sendSignal(input: SignalWorkflowInput, namespace: string): Promise<void> {
  const frame = requireActivatingFrame("A signal to another workflow");
  const run = frame.workflowRun;
  return new Promise((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      if (refused) reject(error);
      else run.externalSignals.requestCancel(input.seq);
    });
    if (refused) return;
    const command = buildCommand(run, input, namespace);
    const { workflowId } = command.workflowExecution;
    const place = { namespace: command.namespace, workflowId };
    run.externalSignals.send(input.seq, command, (failure) => {
      if (failure === undefined) resolve();
      else reject(run.fromFailure({ kind: "workflow-failure", runId: run.originalExecutionRunId }, failure, place));
    });
  });
}

function buildCommand(
  run: WorkflowRun,
  { seq, signalName, args, headers, target }: SignalWorkflowInput,
  namespace: string,
): SignalExternalWorkflowExecutionCommand {
  const { workflowId, runId } =
    target.type === "child" ? { workflowId: target.childWorkflowId, runId: undefined } : target.workflowExecution;
  const place = { namespace: target.type === "child" ? namespace : target.workflowExecution.namespace, workflowId };
  const signalRequestId = `${run.open.runId}/signal/${seq}`;
  const input = run.toPayloads({ kind: "signal", signalName, requestId: signalRequestId }, args, place);
  const header = headersToWire(headers);
  return {
    commandType: "SignalExternalWorkflowExecution",
    namespace: place.namespace,
    workflowExecution: { workflowId, ...(runId === undefined ? {} : { runId }) },
    signalName,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(target.type === "child" ? { childWorkflowOnly: true } : {}),
    signalRequestId,
  };
}
