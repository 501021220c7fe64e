/**
 * Continue-as-new: one run ends and another begins under the same workflow id, in one commit.
 *
 *   state \ command | continue as new
 *   ----------------+------------------------------------------------------------------------
 *   open            | closed (ContinuedAsNew), new run in the same chain, its first task (*)
 *   events waiting  | refused (UNHANDLED_COMMAND), as every command that ends the run
 *
 * (*) when its start backoff is over: what the command asks for, or the rest of the least time between two runs.
 *
 * Owns: what the next run is given and what it inherits (reference: continue-as-new; `next-run.ts` has the table). The
 * memo is inherited as the run was started with it, search attributes as they are now.
 */
import type { ContinueAsNewWorkflowExecutionCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { idProblem } from "./identifiers.ts";
import {
  MAX_MEMO_BYTES,
  MAX_PAYLOADS_BYTES,
  MAX_SEARCH_ATTRIBUTES_BYTES,
  MAX_WORKFLOW_TASK_TIMEOUT_MS,
} from "./limits.ts";
import {
  type NextRunFacts,
  type StartedAttributes,
  beginNextRun,
  chainAttributes,
  startBackoffMs,
  withinExecution,
} from "./next-run.ts";
import { type SearchAttributeMap, payloadMapBytes, payloadsBytes, searchAttributeBytes } from "./payload.ts";
import { retryPolicyProblem } from "./retry-policy.ts";
import type { WorkflowState } from "./state.ts";

/** Ends the run and begins the next. */
export function continueAsNew(
  context: CommandContext,
  command: ContinueAsNewWorkflowExecutionCommand,
  facts: NextRunFacts,
): CommandProblem | undefined {
  const refused = continuationProblem(command);
  if (refused) return refused;
  const { draft, state, workflowTaskCompletedEventId } = context;
  const next = nextAttributes(state, context.currentSearchAttributes, command, draft.nowMs, facts);
  draft.append("WorkflowExecutionContinuedAsNew", {
    newExecutionRunId: facts.newRunId,
    workflowType: next.workflowType,
    taskQueue: next.taskQueue,
    ...(next.input ? { input: next.input } : {}),
    ...(next.header ? { header: next.header } : {}),
    ...(next.memo ? { memo: next.memo } : {}),
    ...(next.searchAttributes ? { searchAttributes: next.searchAttributes } : {}),
    ...(next.workflowRunTimeoutMs === undefined ? {} : { workflowRunTimeoutMs: next.workflowRunTimeoutMs }),
    workflowTaskTimeoutMs: next.workflowTaskTimeoutMs,
    ...(command.backoffStartIntervalMs ? { backoffStartIntervalMs: command.backoffStartIntervalMs } : {}),
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

function nextAttributes(
  state: Readonly<WorkflowState>,
  currentSearchAttributes: SearchAttributeMap | undefined,
  command: ContinueAsNewWorkflowExecutionCommand,
  nowMs: number,
  facts: NextRunFacts,
): StartedAttributes {
  const { start } = state;
  const memo = command.memo ?? start.memo;
  const searchAttributes = command.searchAttributes ?? withoutChangeVersions(currentSearchAttributes);
  const retryPolicy = command.retryPolicy ?? start.retryPolicy;
  const backoffMs = startBackoffMs(state, command.backoffStartIntervalMs ?? 0, nowMs, facts);
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
    ...chainAttributes(state, facts.newRunId, start.lastCompletion),
    initiator: "WORKFLOW",
    attempt: 1,
    ...(backoffMs > 0 ? { firstWorkflowTaskBackoffMs: backoffMs } : {}),
  };
}

/** The patches that this run has seen are no business of the next one, which writes down its own. */
const CHANGE_VERSION = "TemporalChangeVersion";

function withoutChangeVersions(current: SearchAttributeMap | undefined): SearchAttributeMap | undefined {
  if (!current || !Object.hasOwn(current.indexedFields, CHANGE_VERSION)) return current;
  const { [CHANGE_VERSION]: _seen, ...indexedFields } = current.indexedFields;
  return { indexedFields };
}
