/**
 * The run that follows another in its chain: when it begins, and what it is given.
 *
 *   carried over \ follows as | continue-as-new                 | retry            | cron
 *   --------------------------+---------------------------------+------------------+-----------------------
 *   run id                    | new                             | new              | new
 *   first execution run id    | kept                            | kept             | kept
 *   attempt                   | 1                               | one more         | 1
 *   end of the chain          | kept                            | kept             | kept
 *   run timeout               | as the command says, or kept    | kept             | kept
 *   input                     | the command's                   | as started       | as started
 *   memo                      | the command's, or as started    | as started       | as started
 *   search attributes         | the command's, or as they are   | as started       | as started
 *   retry policy              | the command's, or kept          | kept             | kept
 *   cron schedule             | kept                            | kept             | kept
 *   last completion           | kept                            | kept             | this run's, or kept
 *   failure                   | none                            | this run's       | this run's, if it failed
 *   parent                    | hears nothing                   | hears nothing    | hears nothing
 *
 * Owns: retry and cron of this table, the pause between runs, and the commit of the next run's first events. What
 * continue-as-new gives is `continuation.ts`; whether there is a next run at all is `run-end.ts`.
 */
import type { CommandContext } from "./command-context.ts";
import { Draft } from "./draft.ts";
import { initialState } from "./evolve.ts";
import { inheritedRequestIds } from "./external-workflow.ts";
import type { Failure } from "./failure.ts";
import type { EventAttributes, EventOf } from "./history-event.ts";
import { MINIMUM_RUN_INTERVAL_MS } from "./limits.ts";
import type { Payloads } from "./payload.ts";
import { parentAttributes } from "./start.ts";
import type { LastCompletion, RunIdentity, WorkflowState } from "./state.ts";

export type StartedAttributes = EventAttributes["WorkflowExecutionStarted"];

/** What a request brings along in case that another run begins. */
export interface NextRunFacts {
  /** Never used before; the run id of the next run, if there is one. */
  readonly newRunId: string;
  /** Least time between the beginnings of two runs; absent is the service's default. */
  readonly minimumRunIntervalMs?: number | undefined;
}

/** Why a run follows that its own workflow did not ask for, and how long it waits. */
export interface Follow {
  readonly initiator: "RETRY" | "CRON_SCHEDULE";
  readonly backoffMs: number;
  /** What the run before ended with, unless it completed. */
  readonly failure?: Failure;
  /** What the run before came to, if it completed. */
  readonly result?: Payloads | undefined;
}

/**
 * How long the next run waits for its first workflow task: as long as asked for, but never so short that two runs begin
 * within the least interval.
 */
export function startBackoffMs(
  { start }: Readonly<WorkflowState>,
  askedMs: number,
  nowMs: number,
  { minimumRunIntervalMs = MINIMUM_RUN_INTERVAL_MS }: NextRunFacts,
): number {
  // A run that a message woke before its start delay was over has not lived a negative time.
  const livedMs = Math.max(0, nowMs - start.firstWorkflowTaskAtMs);
  return livedMs + askedMs < minimumRunIntervalMs ? minimumRunIntervalMs - livedMs : askedMs;
}

/** The first event of a run that does the same once more. */
export function repeatedAttributes(
  state: Readonly<WorkflowState>,
  follow: Follow,
  nowMs: number,
  facts: NextRunFacts,
): StartedAttributes {
  const { start } = state;
  const backoffMs = startBackoffMs(state, follow.backoffMs, nowMs, facts);
  return {
    workflowType: { name: start.workflowType },
    taskQueue: { name: start.taskQueue },
    ...start.repeated,
    ...(start.memo ? { memo: start.memo } : {}),
    ...(start.retryPolicy ? { retryPolicy: start.retryPolicy } : {}),
    ...(start.workflowRunTimeoutMs > 0
      ? { workflowRunTimeoutMs: withinExecution(start.workflowRunTimeoutMs, state, nowMs + backoffMs) }
      : {}),
    workflowTaskTimeoutMs: start.workflowTaskTimeoutMs,
    ...chainAttributes(state, facts.newRunId, completionAfter(state, follow)),
    ...(follow.failure ? { continuedFailure: follow.failure } : {}),
    initiator: follow.initiator,
    attempt: follow.initiator === "RETRY" ? start.attempt + 1 : 1,
    ...(backoffMs > 0 ? { firstWorkflowTaskBackoffMs: backoffMs } : {}),
  };
}

/** A run that completes with nothing leaves nothing, whatever the runs before it came to. */
function completionAfter({ start }: Readonly<WorkflowState>, { failure, result }: Follow): LastCompletion | undefined {
  if (failure) return start.lastCompletion;
  return result ? { result, runId: start.originalExecutionRunId } : undefined;
}

/** What every run of a chain has from the one before, whatever the reason that it follows. */
export function chainAttributes(
  state: Readonly<WorkflowState>,
  newRunId: string,
  completion: LastCompletion | undefined,
): Omit<StartedAttributes, "workflowType" | "taskQueue" | "workflowTaskTimeoutMs" | "attempt"> {
  const { start, identity } = state;
  const originalRunId = start.originalExecutionRunId;
  const requestIds = inheritedRequestIds(state);
  return {
    workflowId: identity.workflowId,
    originalExecutionRunId: newRunId,
    firstExecutionRunId: start.firstExecutionRunId,
    continuedExecutionRunId: identity.runId,
    // What a run leaves behind is bound to its original run id, which after a reset is not its own.
    ...(originalRunId === identity.runId ? {} : { continuedOriginalExecutionRunId: originalRunId }),
    ...(start.cronSchedule === undefined ? {} : { cronSchedule: start.cronSchedule }),
    ...(completion ? { lastCompletionResult: completion.result } : {}),
    ...(completion && completion.runId !== originalRunId ? { lastCompletionRunId: completion.runId } : {}),
    ...executionTimeout(state),
    ...parentAttributes(start),
    ...(requestIds.length > 0 ? { inheritedRequestIds: requestIds } : {}),
  };
}

/** The end of the whole chain stands since its first run. */
function executionTimeout({ start }: Readonly<WorkflowState>): Partial<StartedAttributes> {
  if (start.executionExpirationTimeMs === undefined) return {};
  return {
    workflowExecutionTimeoutMs: start.workflowExecutionTimeoutMs,
    workflowExecutionExpirationTimeMs: start.executionExpirationTimeMs,
  };
}

/** A run timeout, cut by the end of the whole chain. */
export function withinExecution(runTimeoutMs: number, { start }: Readonly<WorkflowState>, nowMs: number): number {
  if (start.executionExpirationTimeMs === undefined) return runTimeoutMs;
  return Math.min(runTimeoutMs, Math.max(1, start.executionExpirationTimeMs - nowMs));
}

/** Puts the first commit of the next run into the one that ends this run. */
export function beginNextRun(
  { draft, state }: Pick<CommandContext, "draft" | "state">,
  attributes: StartedAttributes,
): void {
  // The request that began the chain keeps answering for it.
  const identity: RunIdentity = { ...state.identity, runId: attributes.originalExecutionRunId };
  const { userMetadata } = state.start;
  const started: EventOf<"WorkflowExecutionStarted"> = {
    eventId: 1,
    eventTimeMs: draft.nowMs,
    eventType: "WorkflowExecutionStarted",
    attributes,
    ...(userMetadata ? { userMetadata } : {}),
  };
  const first = new Draft(initialState(identity, started), draft.nowMs);
  first.ensureWorkflowTask();
  draft.beginRun(identity, [started, ...first.changes().events]);
}
