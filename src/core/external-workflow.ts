/**
 * Signals and cancellations from one workflow to another, as their sender and their receiver see them.
 *
 *   sender: state \ input | command                                  | answered
 *   ----------------------+------------------------------------------+------------------------------------------
 *   none                  | initiated; to itself: initiated, Failed  | ignored
 *   initiated             | -                                        | none (Signaled, CancelRequested or Failed)
 *
 * Owns: these transitions, and what a receiver asks of a sender: that a request which is delivered again is told by its
 * id, also in the next run of a chain, and that a sender who means only its child gets no other.
 */
import type {
  RequestCancelExternalWorkflowExecutionCommand,
  SignalExternalWorkflowExecutionCommand,
} from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { type Decision, Draft, unchanged } from "./draft.ts";
import type { ExternalWorkflowFailedCause, WorkflowTaskFailedCause } from "./history-event.ts";
import { idProblem, namespaceProblem, utf8Bytes } from "./identifiers.ts";
import { MAX_ID_BYTES, MAX_PAYLOADS_BYTES, MAX_PENDING_CANCELS, MAX_PENDING_SIGNALS } from "./limits.ts";
import { isItself } from "./outbox.ts";
import { payloadMapBytes, payloadsBytes } from "./payload.ts";
import type { ExternalSender } from "./protocol.ts";
import { rejected } from "./rejection.ts";
import type { WorkflowState } from "./state.ts";

const BAD_SIGNAL = "BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES";
const BAD_CANCEL = "BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES";
const NOT_FOUND: ExternalWorkflowFailedCause = "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND";

/** Request ids that a run hands to the next of its chain. Enough for what can be on its way at once. */
const MAX_INHERITED_REQUEST_IDS = 100;

export function signalExternalWorkflow(
  context: CommandContext,
  command: SignalExternalWorkflowExecutionCommand,
): CommandProblem | undefined {
  const { namespace, workflowExecution, signalName, input, header, signalRequestId } = command;
  const refused =
    targetProblem(BAD_SIGNAL, command) ??
    malformed(BAD_SIGNAL, idProblem("signalName", signalName) ?? idProblem("signalRequestId", signalRequestId));
  if (refused) return refused;
  const bytes = payloadsBytes(input) + payloadMapBytes(header);
  if (bytes > MAX_PAYLOADS_BYTES) {
    const message = `signal '${signalName}' carries ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`;
    return problem("PAYLOADS_TOO_LARGE", message);
  }
  if (context.pendingSignals >= MAX_PENDING_SIGNALS) {
    const message = `the run has ${MAX_PENDING_SIGNALS} signals under way to other workflows, the most allowed`;
    return problem("PENDING_SIGNALS_LIMIT_EXCEEDED", message);
  }
  const { draft, workflowTaskCompletedEventId } = context;
  const initiatedEventId = draft.append("SignalExternalWorkflowExecutionInitiated", {
    namespace,
    workflowExecution,
    signalName,
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...childOnly(command),
    signalRequestId,
    workflowTaskCompletedEventId,
  });
  if (!isItself(context.state, namespace, workflowExecution)) context.pendingSignals += 1;
  else {
    const failed = { namespace, workflowExecution, initiatedEventId, cause: NOT_FOUND, workflowTaskCompletedEventId };
    draft.buffer("SignalExternalWorkflowExecutionFailed", failed);
  }
  return undefined;
}

export function requestCancelExternalWorkflow(
  context: CommandContext,
  command: RequestCancelExternalWorkflowExecutionCommand,
): CommandProblem | undefined {
  const { namespace, workflowExecution, reason } = command;
  const refused =
    targetProblem(BAD_CANCEL, command) ??
    malformed(BAD_CANCEL, utf8Bytes(reason ?? "") > MAX_ID_BYTES ? "the reason is too long" : undefined);
  if (refused) return refused;
  if (context.pendingCancels >= MAX_PENDING_CANCELS) {
    const message = `the run has ${MAX_PENDING_CANCELS} cancellations under way to other workflows, the most allowed`;
    return problem("PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED", message);
  }
  const { draft, workflowTaskCompletedEventId } = context;
  const initiatedEventId = draft.append("RequestCancelExternalWorkflowExecutionInitiated", {
    namespace,
    workflowExecution,
    ...childOnly(command),
    ...(reason === undefined ? {} : { reason }),
    workflowTaskCompletedEventId,
  });
  if (!isItself(context.state, namespace, workflowExecution)) context.pendingCancels += 1;
  else {
    const failed = { namespace, workflowExecution, initiatedEventId, cause: NOT_FOUND, workflowTaskCompletedEventId };
    draft.buffer("RequestCancelExternalWorkflowExecutionFailed", failed);
  }
  return undefined;
}

type TargetedCommand = SignalExternalWorkflowExecutionCommand | RequestCancelExternalWorkflowExecutionCommand;

function childOnly({ childWorkflowOnly }: TargetedCommand): { readonly childWorkflowOnly?: true } {
  return childWorkflowOnly === true ? { childWorkflowOnly } : {};
}

function targetProblem(cause: WorkflowTaskFailedCause, command: TargetedCommand): CommandProblem | undefined {
  const { namespace, workflowExecution } = command;
  const { workflowId, runId } = workflowExecution;
  return malformed(
    cause,
    namespaceProblem(namespace) ??
      idProblem("workflowId", workflowId) ??
      (runId === undefined ? undefined : idProblem("runId", runId)),
  );
}

function malformed(cause: WorkflowTaskFailedCause, message: string | undefined): CommandProblem | undefined {
  return message === undefined ? undefined : problem(cause, message);
}

/** What became of a signal or cancellation. `runId` is the sender's run. */
export interface ExternalReport {
  readonly runId: string;
  readonly initiatedEventId: number;
  readonly outcome:
    | { readonly kind: "delivered" }
    | { readonly kind: "failed"; readonly cause: ExternalWorkflowFailedCause };
}

/** The other workflow has answered, or there is none. Taken once. */
export function recordExternalResult(
  state: Readonly<WorkflowState>,
  report: ExternalReport,
  nowMs: number,
): Decision<{ readonly recorded: boolean }> {
  const isCurrent = state.status === "RUNNING" && state.identity.runId === report.runId;
  const external = isCurrent ? state.externals[report.initiatedEventId] : undefined;
  if (!external) return unchanged({ recorded: false });
  const { namespace, target, initiatedEventId, workflowTaskCompletedEventId } = external;
  const draft = new Draft(state, nowMs);
  const common = { namespace, workflowExecution: target, initiatedEventId };
  const isSignal = external.kind === "signal";
  if (report.outcome.kind === "delivered") {
    const eventType = isSignal ? "ExternalWorkflowExecutionSignaled" : "ExternalWorkflowExecutionCancelRequested";
    draft.appendOrBuffer(eventType, common);
  } else {
    const eventType = isSignal
      ? "SignalExternalWorkflowExecutionFailed"
      : "RequestCancelExternalWorkflowExecutionFailed";
    draft.appendOrBuffer(eventType, { ...common, cause: report.outcome.cause, workflowTaskCompletedEventId });
  }
  draft.ensureWorkflowTask();
  return draft.decide({ recorded: true });
}

/** The answer to a request of another workflow that was taken before, perhaps by a run before this one. */
export function repeatedRequest(
  state: Readonly<WorkflowState> | undefined,
  request: { readonly sender?: ExternalSender; readonly requestId: string },
): Decision<{ readonly runId: string }> | undefined {
  if (!state || !request.sender) return undefined;
  const { requestId } = request;
  const isKnown = state.signalRequestIds[requestId] === true || state.recentRequestIds.includes(requestId);
  return isKnown ? unchanged({ runId: state.identity.runId }) : undefined;
}

/** The rejection for a sender that means its own child, and this run is not. */
export function notItsChild(
  state: Readonly<WorkflowState>,
  sender: ExternalSender | undefined,
): Extract<Decision<never>, { ok: false }> | undefined {
  if (sender?.childWorkflowOnly !== true) return undefined;
  const { parent } = state.start;
  const isChild =
    parent?.namespace === sender.namespace &&
    parent.workflowId === sender.workflowId &&
    parent.runId === (sender.parentRunId ?? sender.runId) &&
    (sender.isParentClosed !== true || parent.initiatedEventId === sender.initiatedEventId);
  if (isChild) return undefined;
  const { workflowId, runId } = state.identity;
  return rejected("WorkflowNotFound", `run ${runId} of workflow id '${workflowId}' is not a child of the sender`);
}

/** Ids of the newest requests, for the next run under the workflow id to know. */
export function inheritedRequestIds(state: Readonly<WorkflowState>): readonly string[] {
  return state.recentRequestIds.slice(-MAX_INHERITED_REQUEST_IDS);
}
