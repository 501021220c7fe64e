/**
 * Retries of a whole workflow: a run that failed is followed by one that tries again.
 *
 *   state \ command | fail, its policy allows another attempt        | fail
 *   ----------------+------------------------------------------------+-----------------
 *   open            | closed (Failed, IN_PROGRESS), new run (*)      | closed (Failed)
 *
 * (*) with the next attempt's number, after the policy's interval.
 *
 * Owns: the decision, and what the next run is given: everything as this run was started with it (reference: workflow
 * retry). What the workflow has changed of its memo and search attributes is lost.
 */
import type { CommandContext } from "./command-context.ts";
import { type StartedAttributes, beginNextRun, chainAttributes, withinExecution } from "./continuation.ts";
import type { Failure } from "./failure.ts";
import { type RetryDecision, completeRetryPolicy, decideRetry } from "./retry-policy.ts";
import type { WorkflowState } from "./state.ts";

/** Ends the run with a failure, and begins the next attempt if there is to be one. */
export function failRun(context: CommandContext, failure: Failure, newRunId: string): void {
  const { draft, state, workflowTaskCompletedEventId } = context;
  const decision = decideRunRetry(state, failure, draft.nowMs);
  const isRetried = decision.kind === "retry";
  draft.append("WorkflowExecutionFailed", {
    failure,
    retryState: isRetried ? "IN_PROGRESS" : decision.retryState,
    ...(isRetried ? { newExecutionRunId: newRunId } : {}),
    workflowTaskCompletedEventId,
  });
  if (isRetried) beginNextRun(context, retriedAttributes(state, failure, decision.delayMs, draft.nowMs, newRunId));
}

function decideRunRetry(state: Readonly<WorkflowState>, failure: Failure, nowMs: number): RetryDecision {
  const { retryPolicy, attempt, executionExpirationTimeMs } = state.start;
  const decision = decideRetry({
    policy: retryPolicy,
    attempt,
    failure,
    cancelRequested: state.cancelRequested,
    nowMs,
    expirationTimeMs: executionExpirationTimeMs,
  });
  if (decision.kind === "stop") return decision;
  // A delay that the failure asks for stays within the policy's longest interval here, as it does not for activities.
  return { ...decision, delayMs: Math.min(decision.delayMs, completeRetryPolicy(retryPolicy).maximumIntervalMs) };
}

function retriedAttributes(
  state: Readonly<WorkflowState>,
  failure: Failure,
  delayMs: number,
  nowMs: number,
  newRunId: string,
): StartedAttributes {
  const { start } = state;
  return {
    workflowType: { name: start.workflowType },
    taskQueue: { name: start.taskQueue },
    ...start.repeated,
    ...(start.memo ? { memo: start.memo } : {}),
    ...(start.retryPolicy ? { retryPolicy: start.retryPolicy } : {}),
    ...(start.workflowRunTimeoutMs > 0
      ? { workflowRunTimeoutMs: withinExecution(start.workflowRunTimeoutMs, state, nowMs + delayMs) }
      : {}),
    workflowTaskTimeoutMs: start.workflowTaskTimeoutMs,
    ...chainAttributes(state, newRunId),
    initiator: "RETRY",
    attempt: start.attempt + 1,
    continuedFailure: failure,
    firstWorkflowTaskBackoffMs: delayMs,
  };
}
