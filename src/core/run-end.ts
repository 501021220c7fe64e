/**
 * What follows the end of a run: nothing, another attempt, or the next run of its cron schedule.
 *
 *   ended as \ has                 | neither | a policy that allows another | a cron schedule | both
 *   ------------------------------+---------+------------------------------+-----------------+----------------------
 *   completed                     | -       | -                            | next tick       | next tick
 *   failed                        | -       | retry                        | next tick       | retry, else next tick
 *   timed out, its run timeout    | -       | retry                        | next tick       | retry, else next tick
 *   timed out, the chain's        | -       | -                            | -               | -
 *   cancelled, terminated         | -       | -                            | -               | -
 *   continued as new              | the run that it asked for, which keeps policy and schedule
 *
 * Owns: this table for the ends in which the service decides. The run and the one that follows are one commit. A retry is
 * everything as this run was started with it, after the policy's interval (reference: workflow retry).
 */
import type { CommandContext } from "./command-context.ts";
import { cronBackoffMs } from "./cron-schedule.ts";
import type { Draft } from "./draft.ts";
import { type Failure, type RetryState, timeoutFailure } from "./failure.ts";
import { type Follow, type NextRunFacts, beginNextRun, repeatedAttributes } from "./next-run.ts";
import type { Payloads } from "./payload.ts";
import { type RetryDecision, completeRetryPolicy, decideRetry } from "./retry-policy.ts";
import type { WorkflowState } from "./state.ts";

/** The workflow has returned; on a schedule, the next run begins with what it returned as the last result. */
export function completeRun(context: CommandContext, result: Payloads | undefined, facts: NextRunFacts): void {
  const { draft, state, workflowTaskCompletedEventId } = context;
  const follow = cronFollow(state, draft.nowMs, { result });
  draft.append("WorkflowExecutionCompleted", {
    ...(result ? { result } : {}),
    ...newRun(follow, facts),
    workflowTaskCompletedEventId,
  });
  begin(context, follow, facts);
}

/** The workflow has failed. */
export function failRun(context: CommandContext, failure: Failure, facts: NextRunFacts): void {
  const { draft, state, workflowTaskCompletedEventId } = context;
  const { follow, retryState } = afterFailure(state, failure, draft.nowMs);
  draft.append("WorkflowExecutionFailed", {
    failure,
    retryState,
    ...newRun(follow, facts),
    workflowTaskCompletedEventId,
  });
  begin(context, follow, facts);
}

/** The run has used up its run timeout, or the chain its execution timeout, after which nothing follows. */
export function timeOutRun(draft: Draft, state: Readonly<WorkflowState>, facts: NextRunFacts): void {
  draft.abandonWorkflowTask();
  const { executionExpirationTimeMs } = state.start;
  const isChainOver = executionExpirationTimeMs !== undefined && executionExpirationTimeMs <= draft.nowMs;
  const { follow, retryState }: AfterFailure = isChainOver
    ? { follow: undefined, retryState: "TIMEOUT" }
    : afterFailure(state, timeoutFailure("START_TO_CLOSE", RUN_TIMEOUT_MESSAGE), draft.nowMs);
  draft.append("WorkflowExecutionTimedOut", { retryState, ...newRun(follow, facts) });
  begin({ draft, state }, follow, facts);
}

const RUN_TIMEOUT_MESSAGE = "workflow timeout";

interface AfterFailure {
  readonly follow: Follow | undefined;
  readonly retryState: RetryState;
}

/** The retry policy is asked first, then the schedule. */
function afterFailure(state: Readonly<WorkflowState>, failure: Failure, nowMs: number): AfterFailure {
  const decision = decideRunRetry(state, failure, nowMs);
  if (decision.kind === "retry")
    return { follow: { initiator: "RETRY", backoffMs: decision.delayMs, failure }, retryState: "IN_PROGRESS" };
  return { follow: cronFollow(state, nowMs, { failure }), retryState: decision.retryState };
}

function cronFollow(
  { start }: Readonly<WorkflowState>,
  nowMs: number,
  end: Pick<Follow, "failure" | "result">,
): Follow | undefined {
  if (start.cronSchedule === undefined) return undefined;
  const backoffMs = cronBackoffMs(start.cronSchedule, start.firstWorkflowTaskAtMs, nowMs);
  return backoffMs === undefined ? undefined : { initiator: "CRON_SCHEDULE", backoffMs, ...end };
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

function newRun(follow: Follow | undefined, { newRunId }: NextRunFacts): { readonly newExecutionRunId?: string } {
  return follow ? { newExecutionRunId: newRunId } : {};
}

function begin(
  context: Pick<CommandContext, "draft" | "state">,
  follow: Follow | undefined,
  facts: NextRunFacts,
): void {
  if (follow) beginNextRun(context, repeatedAttributes(context.state, follow, context.draft.nowMs, facts));
}
