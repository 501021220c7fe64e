/**
 * Ends that come from outside: cancellation is asked for, termination is imposed.
 *
 *   state \ request | cancel                           | terminate
 *   ----------------+----------------------------------+---------------------
 *   open            | open, CancelRequested (once) (*) | closed (Terminated)
 *   closed          | refused                          | refused
 *
 * (*) A run that waits for its first workflow task gets it at once: nobody who stops a workflow waits for its next
 * attempt or tick.
 *
 * Owns: these transitions. Whatever was buffered is numbered first, so that nothing accepted is missing in history.
 */
import { type Decision, Draft, unchanged } from "./draft.ts";
import type { EventAttributes } from "./history-event.ts";
import type { Payloads } from "./payload.ts";
import type { CancelRequest, ExternalSender, TerminateRequest } from "./protocol.ts";
import { alreadyCompleted, executionRef } from "./signal.ts";
import type { WorkflowState } from "./state.ts";

/** Asks the workflow to stop; it decides how. A second request changes nothing. */
export function requestCancel(
  state: Readonly<WorkflowState>,
  request: CancelRequest,
  nowMs: number,
): Decision<{ readonly runId: string }> {
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  const { runId } = state.identity;
  if (state.cancelRequested) return unchanged({ runId });
  const draft = new Draft(state, nowMs);
  draft.appendOrBuffer("WorkflowExecutionCancelRequested", {
    ...(request.reason === undefined ? {} : { cause: request.reason }),
    ...(request.identity === undefined ? {} : { identity: request.identity }),
    ...(request.sender ? senderAttributes(request.sender) : {}),
  });
  draft.startEarly();
  draft.ensureWorkflowTask();
  return draft.decide({ runId });
}

function senderAttributes(sender: ExternalSender): Partial<EventAttributes["WorkflowExecutionCancelRequested"]> {
  const externalWorkflowExecution = executionRef(sender);
  // A parent that has closed asks for no event's sake.
  if (sender.isParentClosed === true) return { externalWorkflowExecution };
  return { externalWorkflowExecution, externalInitiatedEventId: sender.initiatedEventId };
}

/** Ends the run at once; its code does not run again. */
export function terminateWorkflow(
  state: Readonly<WorkflowState>,
  request: TerminateRequest,
  nowMs: number,
): Decision<{ readonly runId: string }> {
  if (state.status !== "RUNNING") return alreadyCompleted(state);
  const draft = new Draft(state, nowMs);
  appendTermination(draft, request);
  return draft.decide({ runId: state.identity.runId });
}

export function appendTermination(
  draft: Draft,
  request: {
    readonly reason?: string | undefined;
    readonly details?: Payloads | undefined;
    readonly identity?: string | undefined;
    /** The run that a reset begins in its place. */
    readonly resetRunId?: string | undefined;
    readonly childrenHandedOver?: boolean | undefined;
    readonly handedOverChildren?: readonly number[] | undefined;
  },
): void {
  draft.abandonWorkflowTask();
  draft.append("WorkflowExecutionTerminated", {
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    ...(request.details ? { details: request.details } : {}),
    ...(request.identity === undefined ? {} : { identity: request.identity }),
    ...(request.resetRunId === undefined ? {} : { resetRunId: request.resetRunId }),
    ...(request.childrenHandedOver === true ? { childrenHandedOver: true } : {}),
    ...(request.handedOverChildren?.length ? { handedOverChildren: request.handedOverChildren } : {}),
  });
}
