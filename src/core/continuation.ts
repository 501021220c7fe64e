/**
 * Continue-as-new: one run ends and another begins under the same workflow id, in one commit.
 *
 *   state \ command | continue as new
 *   ----------------+------------------------------------------------------------------------
 *   open            | closed (ContinuedAsNew), new run in the same chain, its first task (*)
 *   events waiting  | refused (UNHANDLED_COMMAND), as every command that ends the run
 *
 * (*) at once, or when its start backoff is over.
 *
 * Owns: what the next run is given and what it inherits (reference: continue-as-new). The memo is inherited as the run
 * was started with it, search attributes as they are now.
 */
import type { ContinueAsNewWorkflowExecutionCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { Draft } from "./draft.ts";
import { initialState } from "./evolve.ts";
import { inheritedRequestIds } from "./external-workflow.ts";
import type { EventAttributes, EventOf } from "./history-event.ts";
import { idProblem } from "./identifiers.ts";
import {
  MAX_MEMO_BYTES,
  MAX_PAYLOADS_BYTES,
  MAX_SEARCH_ATTRIBUTES_BYTES,
  MAX_WORKFLOW_TASK_TIMEOUT_MS,
} from "./limits.ts";
import { type SearchAttributeMap, payloadMapBytes, payloadsBytes, searchAttributeBytes } from "./payload.ts";
import { retryPolicyProblem } from "./retry-policy.ts";
import { parentAttributes } from "./start.ts";
import type { RunIdentity, WorkflowState } from "./state.ts";

/** Ends the run and begins the next. `newRunId` was never used before. */
export function continueAsNew(
  context: CommandContext,
  command: ContinueAsNewWorkflowExecutionCommand,
  newRunId: string,
): CommandProblem | undefined {
  const refused = continuationProblem(command);
  if (refused) return refused;
  const { draft, state, workflowTaskCompletedEventId } = context;
  const next = nextAttributes(state, context.currentSearchAttributes, command, draft.nowMs, newRunId);
  draft.append("WorkflowExecutionContinuedAsNew", {
    newExecutionRunId: newRunId,
    workflowType: next.workflowType,
    taskQueue: next.taskQueue,
    ...(next.input ? { input: next.input } : {}),
    ...(next.header ? { header: next.header } : {}),
    ...(next.memo ? { memo: next.memo } : {}),
    ...(next.searchAttributes ? { searchAttributes: next.searchAttributes } : {}),
    ...(next.workflowRunTimeoutMs === undefined ? {} : { workflowRunTimeoutMs: next.workflowRunTimeoutMs }),
    workflowTaskTimeoutMs: next.workflowTaskTimeoutMs,
    ...(next.firstWorkflowTaskBackoffMs === undefined
      ? {}
      : { backoffStartIntervalMs: next.firstWorkflowTaskBackoffMs }),
    initiator: "WORKFLOW",
    workflowTaskCompletedEventId,
  });
  beginNextRun(context, next);
  return undefined;
}

function bad(message: string): CommandProblem {
  return problem("BAD_CONTINUE_AS_NEW_ATTRIBUTES", message);
}

function continuationProblem(command: ContinueAsNewWorkflowExecutionCommand): CommandProblem | undefined {
  const names = idProblem("workflowType", command.workflowType) ?? idProblem("taskQueue", command.taskQueue);
  if (names !== undefined) return bad(names);
  const durations = [command.workflowRunTimeoutMs, command.workflowTaskTimeoutMs, command.backoffStartIntervalMs];
  if (!durations.every((value) => value === undefined || (Number.isFinite(value) && value >= 0)))
    return bad("continue-as-new: a timeout or the backoff is negative or not a number");
  const policy = retryPolicyProblem(command.retryPolicy ?? {});
  if (policy !== undefined) return bad(`continue-as-new: ${policy}`);
  return (
    tooLarge("input", payloadsBytes(command.input) + payloadMapBytes(command.header), MAX_PAYLOADS_BYTES) ??
    tooLarge("memo", payloadMapBytes(command.memo), MAX_MEMO_BYTES) ??
    tooLarge("search attributes", searchAttributeBytes(command.searchAttributes), MAX_SEARCH_ATTRIBUTES_BYTES)
  );
}

function tooLarge(what: string, bytes: number, limit: number): CommandProblem | undefined {
  if (bytes <= limit) return undefined;
  return problem("PAYLOADS_TOO_LARGE", `continue-as-new: ${what} of ${bytes} bytes, the limit is ${limit} bytes`);
}

export type StartedAttributes = EventAttributes["WorkflowExecutionStarted"];

function nextAttributes(
  state: Readonly<WorkflowState>,
  currentSearchAttributes: SearchAttributeMap | undefined,
  command: ContinueAsNewWorkflowExecutionCommand,
  nowMs: number,
  newRunId: string,
): StartedAttributes {
  const { start } = state;
  const memo = command.memo ?? start.memo;
  const searchAttributes = command.searchAttributes ?? withoutChangeVersions(currentSearchAttributes);
  const retryPolicy = command.retryPolicy ?? start.retryPolicy;
  const runTimeoutMs = command.workflowRunTimeoutMs || start.workflowRunTimeoutMs;
  return {
    workflowType: { name: command.workflowType },
    taskQueue: { name: command.taskQueue },
    ...(command.input ? { input: command.input } : {}),
    ...(command.header ? { header: command.header } : {}),
    ...(memo ? { memo } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(retryPolicy ? { retryPolicy } : {}),
    ...(runTimeoutMs > 0 ? { workflowRunTimeoutMs: withinExecution(runTimeoutMs, state, nowMs) } : {}),
    workflowTaskTimeoutMs: Math.min(
      command.workflowTaskTimeoutMs || start.workflowTaskTimeoutMs,
      MAX_WORKFLOW_TASK_TIMEOUT_MS,
    ),
    ...chainAttributes(state, newRunId),
    initiator: "WORKFLOW",
    attempt: 1,
    ...(command.backoffStartIntervalMs ? { firstWorkflowTaskBackoffMs: command.backoffStartIntervalMs } : {}),
  };
}

/** The patches that this run has seen are no business of the next one, which writes down its own. */
const CHANGE_VERSION = "TemporalChangeVersion";

function withoutChangeVersions(current: SearchAttributeMap | undefined): SearchAttributeMap | undefined {
  if (!current || !Object.hasOwn(current.indexedFields, CHANGE_VERSION)) return current;
  const { [CHANGE_VERSION]: _seen, ...indexedFields } = current.indexedFields;
  return { indexedFields };
}

/** What every run of a chain has from the one before, whatever the reason that it follows. */
export function chainAttributes(
  state: Readonly<WorkflowState>,
  newRunId: string,
): Omit<StartedAttributes, "workflowType" | "taskQueue" | "workflowTaskTimeoutMs" | "attempt"> {
  const { start, identity } = state;
  const requestIds = inheritedRequestIds(state);
  return {
    workflowId: identity.workflowId,
    originalExecutionRunId: newRunId,
    firstExecutionRunId: start.firstExecutionRunId,
    continuedExecutionRunId: identity.runId,
    ...(start.cronSchedule === undefined ? {} : { cronSchedule: start.cronSchedule }),
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
export function beginNextRun({ draft, state }: CommandContext, attributes: StartedAttributes): void {
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
