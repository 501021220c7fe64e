/**
 * Signals: accepted into history, exactly once for each request id, in the order they arrive.
 *
 * Owns: deduplication and the count limit. Whether a handler exists is the workflow's affair.
 */
import { type Decision, Draft, unchanged } from "./draft.ts";
import type { ExecutionRef } from "./history-event.ts";
import { MAX_SIGNALS } from "./limits.ts";
import type { SignalRequest } from "./protocol.ts";
import { rejected } from "./rejection.ts";
import type { WorkflowState } from "./state.ts";

type Refused = Extract<Decision<never>, { ok: false }>;

/** A signal for an open run. */
export function signalWorkflow(
  state: Readonly<WorkflowState>,
  request: SignalRequest,
  nowMs: number,
): Decision<{ readonly runId: string }> {
  const { runId } = state.identity;
  // A repeated request is answered as before, even if the run has closed since.
  if (state.signalRequestIds[request.requestId]) return unchanged({ runId });
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  const draft = new Draft(state, nowMs);
  if (state.start.isStartDelayed) draft.startEarly();
  return appendSignal(draft, state, request) ?? draft.decide({ runId });
}

/** Adds a signal to a draft; a rejection if it cannot be taken. */
export function appendSignal(
  draft: Draft,
  state: Readonly<WorkflowState>,
  request: Omit<SignalRequest, "runId" | "firstExecutionRunId">,
): Refused | undefined {
  if (state.signalRequestIds[request.requestId]) return undefined;
  if (state.signalCount >= MAX_SIGNALS)
    return rejected("ResourceExhausted", `the run has received ${MAX_SIGNALS} signals, the most allowed`);
  draft.appendOrBuffer("WorkflowExecutionSignaled", {
    signalName: request.signalName,
    ...(request.input ? { input: request.input } : {}),
    ...(request.header ? { header: request.header } : {}),
    ...(request.identity === undefined ? {} : { identity: request.identity }),
    requestId: request.requestId,
    ...(request.sender ? { externalWorkflowExecution: executionRef(request.sender) } : {}),
  });
  draft.ensureWorkflowTask();
  return undefined;
}

/** A sender without the rest of what it says of itself. */
export function executionRef({ workflowId, runId }: ExecutionRef): ExecutionRef {
  return { workflowId, runId };
}

/** The rejection for requests that need an open run. */
export function alreadyCompleted(state: Readonly<WorkflowState>): Refused {
  return rejected(
    "WorkflowAlreadyCompleted",
    `workflow execution already completed: workflow id '${state.identity.workflowId}', run ${state.identity.runId} ` +
      `ended as ${state.status}`,
    { runId: state.identity.runId, status: state.status },
  );
}
