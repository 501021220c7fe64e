/**
 * The end of a child as its parent catches it: a child workflow failure around what went wrong.
 *
 * Owns: the wrapping, in the words of Temporal's core. The child's own failure is the cause; the service records it
 * bare.
 */
import type { Failure, RetryState } from "../core/failure.ts";
import { SERVICE_FAILURE_SOURCE } from "../core/failure.ts";

/** Which child ended. */
export interface EndedChild {
  readonly namespace: string;
  readonly workflowId: string;
  readonly workflowType: string;
  /** Absent before it has started. */
  readonly runId?: string | undefined;
  readonly initiatedEventId?: number | undefined;
  readonly startedEventId?: number | undefined;
}

/** The failure of a child that ended with `cause`. */
export function childFailure(child: EndedChild, message: string, retryState: RetryState, cause: Failure): Failure {
  const { namespace, workflowId, workflowType, runId, initiatedEventId, startedEventId } = child;
  return {
    message,
    source: SERVICE_FAILURE_SOURCE,
    cause,
    childWorkflowExecutionFailureInfo: {
      namespace,
      workflowExecution: { workflowId, runId: runId ?? "" },
      workflowType: { name: workflowType },
      retryState,
      ...(initiatedEventId === undefined ? {} : { initiatedEventId }),
      ...(startedEventId === undefined ? {} : { startedEventId }),
    },
  };
}

export function childCancelledFailure(child: EndedChild): Failure {
  const cause: Failure = { message: "", source: SERVICE_FAILURE_SOURCE, canceledFailureInfo: {} };
  return childFailure(child, "Child Workflow execution cancelled", "NON_RETRYABLE_FAILURE", cause);
}

/** For a child that was cancelled before anybody heard of it. */
export function childNeverStartedFailure(child: EndedChild): Failure {
  return { ...childCancelledFailure(child), message: "Child Workflow Execution cancelled before scheduled" };
}

export function childTimedOutFailure(child: EndedChild, retryState: RetryState): Failure {
  return childFailure(child, "Child Workflow execution timed out", retryState, {
    message: "Timed out",
    source: SERVICE_FAILURE_SOURCE,
    timeoutFailureInfo: { timeoutType: "START_TO_CLOSE" },
  });
}

export function childTerminatedFailure(child: EndedChild): Failure {
  return childFailure(child, "Child Workflow execution terminated", "NON_RETRYABLE_FAILURE", {
    message: "Terminated",
    source: SERVICE_FAILURE_SOURCE,
    terminatedFailureInfo: {},
  });
}
