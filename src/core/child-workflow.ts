/**
 * A child workflow, as its parent sees it.
 *
 *   state \ input     | start command | start answered               | child closed             | parent closes
 *   ------------------+---------------+------------------------------+--------------------------+------------------------
 *   none              | initiated     | ignored                      | ignored                  | -
 *   initiated         | -             | started, or none (Failed)    | none (Started and close) | by parent close policy,
 *                     |               |                              |                          | ABANDON: still started
 *   started, buffered | -             | ignored                      | none (close)             | -
 *   started           | -             | ignored                      | none (close)             | by parent close policy
 *
 * Owns: these transitions, and what a start command may say. The child itself is another execution: what it is told
 * and what it answers goes through the outbox (`outbox.ts`). A closed parent ignores every answer.
 */
import type { StartChildWorkflowExecutionCommand } from "./command.ts";
import { cronScheduleProblem } from "./cron-schedule.ts";
import { type CommandContext, type CommandProblem, problem } from "./command-context.ts";
import { type Decision, Draft, unchanged } from "./draft.ts";
import type { EventAttributes } from "./history-event.ts";
import { idProblem, namespaceProblem } from "./identifiers.ts";
import {
  MAX_MEMO_BYTES,
  MAX_PAYLOADS_BYTES,
  MAX_PENDING_CHILD_WORKFLOWS,
  MAX_SEARCH_ATTRIBUTES_BYTES,
} from "./limits.ts";
import { payloadMapBytes, payloadsBytes, searchAttributeBytes } from "./payload.ts";
import type { ChildClosedRequest } from "./protocol.ts";
import { completeRetryPolicy, retryPolicyProblem } from "./retry-policy.ts";
import { type ChildState, type WorkflowState, writerOf } from "./state.ts";

const CLOSE_POLICIES = ["TERMINATE", "ABANDON", "REQUEST_CANCEL"];
const REUSE_POLICIES = ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE", "TERMINATE_IF_RUNNING"];

export function startChildWorkflow(
  context: CommandContext,
  command: StartChildWorkflowExecutionCommand,
): CommandProblem | undefined {
  const refused = startProblem(command);
  if (refused) return refused;
  if (context.pendingChildren >= MAX_PENDING_CHILD_WORKFLOWS) {
    const message = `the run has ${MAX_PENDING_CHILD_WORKFLOWS} open child workflows, the most allowed`;
    return problem("PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED", message);
  }
  context.pendingChildren += 1;
  const { draft, workflowTaskCompletedEventId } = context;
  const attributes = initiatedAttributes(command, workflowTaskCompletedEventId);
  draft.append("StartChildWorkflowExecutionInitiated", attributes, draft.nowMs, command.userMetadata);
  return undefined;
}

function initiatedAttributes(
  command: StartChildWorkflowExecutionCommand,
  workflowTaskCompletedEventId: number,
): EventAttributes["StartChildWorkflowExecutionInitiated"] {
  const { input, header, memo, searchAttributes, retryPolicy, workflowIdReusePolicy } = command;
  return {
    namespace: command.namespace,
    workflowId: command.workflowId,
    workflowType: { name: command.workflowType },
    taskQueue: { name: command.taskQueue },
    ...(input ? { input } : {}),
    ...(header ? { header } : {}),
    ...(memo ? { memo } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(command.workflowExecutionTimeoutMs ? { workflowExecutionTimeoutMs: command.workflowExecutionTimeoutMs } : {}),
    ...(command.workflowRunTimeoutMs ? { workflowRunTimeoutMs: command.workflowRunTimeoutMs } : {}),
    ...(command.workflowTaskTimeoutMs ? { workflowTaskTimeoutMs: command.workflowTaskTimeoutMs } : {}),
    parentClosePolicy: command.parentClosePolicy ?? "TERMINATE",
    ...(workflowIdReusePolicy === undefined ? {} : { workflowIdReusePolicy }),
    ...(retryPolicy ? { retryPolicy: completeRetryPolicy(retryPolicy) } : {}),
    ...(command.cronSchedule ? { cronSchedule: command.cronSchedule } : {}),
    workflowTaskCompletedEventId,
  };
}

function startProblem(command: StartChildWorkflowExecutionCommand): CommandProblem | undefined {
  const invalid =
    namespaceProblem(command.namespace) ??
    idProblem("workflowId", command.workflowId) ??
    idProblem("workflowType", command.workflowType) ??
    idProblem("taskQueue", command.taskQueue) ??
    optionProblem(command);
  if (invalid !== undefined)
    return problem("BAD_START_CHILD_EXECUTION_ATTRIBUTES", `child workflow '${command.workflowId}': ${invalid}`);
  return (
    tooLarge(command, "input", payloadsBytes(command.input) + payloadMapBytes(command.header), MAX_PAYLOADS_BYTES) ??
    tooLarge(command, "memo", payloadMapBytes(command.memo), MAX_MEMO_BYTES) ??
    tooLarge(command, "search attributes", searchAttributeBytes(command.searchAttributes), MAX_SEARCH_ATTRIBUTES_BYTES)
  );
}

function optionProblem(command: StartChildWorkflowExecutionCommand): string | undefined {
  const { workflowExecutionTimeoutMs, workflowRunTimeoutMs, workflowTaskTimeoutMs } = command;
  const durations = [workflowExecutionTimeoutMs, workflowRunTimeoutMs, workflowTaskTimeoutMs];
  if (!durations.every((value) => value === undefined || (Number.isFinite(value) && value >= 0)))
    return "a timeout is negative or not a number";
  if (!CLOSE_POLICIES.includes(command.parentClosePolicy ?? "TERMINATE"))
    return `parentClosePolicy must be one of ${CLOSE_POLICIES.join(", ")}`;
  if (!REUSE_POLICIES.includes(command.workflowIdReusePolicy ?? "ALLOW_DUPLICATE"))
    return `workflowIdReusePolicy must be one of ${REUSE_POLICIES.join(", ")}`;
  const schedule = command.cronSchedule ? cronScheduleProblem(command.cronSchedule) : undefined;
  return schedule ?? retryPolicyProblem(command.retryPolicy ?? {});
}

function tooLarge(
  { workflowId }: StartChildWorkflowExecutionCommand,
  what: string,
  bytes: number,
  limit: number,
): CommandProblem | undefined {
  if (bytes <= limit) return undefined;
  const message = `child workflow '${workflowId}': ${what} of ${bytes} bytes, the limit is ${limit} bytes`;
  return problem("PAYLOADS_TOO_LARGE", message);
}

/** How the start of a child went. `runId` is the parent's run. */
export interface ChildStartReport {
  readonly runId: string;
  readonly initiatedEventId: number;
  readonly outcome:
    | { readonly kind: "started"; readonly childRunId: string }
    | { readonly kind: "failed"; readonly cause: EventAttributes["StartChildWorkflowExecutionFailed"]["cause"] };
}

/** The child has answered, or its workflow id is taken. Taken once; what is known already changes nothing. */
export function recordChildStart(
  state: Readonly<WorkflowState>,
  report: ChildStartReport,
  nowMs: number,
): Decision<{ readonly recorded: boolean }> {
  const child = openChild(state, report.runId, report.initiatedEventId);
  if (!child || child.startedEventId !== undefined) return unchanged({ recorded: false });
  const draft = new Draft(state, nowMs);
  if (report.outcome.kind === "started") appendStarted(draft, child, report.outcome.childRunId);
  else
    draft.appendOrBuffer("StartChildWorkflowExecutionFailed", {
      namespace: child.namespace,
      workflowId: child.workflowId,
      workflowType: { name: child.workflowType },
      cause: report.outcome.cause,
      initiatedEventId: child.initiatedEventId,
      workflowTaskCompletedEventId: child.workflowTaskCompletedEventId,
    });
  draft.ensureWorkflowTask();
  return draft.decide({ recorded: true });
}

/** The child has ended. A child that ends before its start was answered has started too, and history says so first. */
export function childClosed(
  state: Readonly<WorkflowState>,
  request: ChildClosedRequest,
  nowMs: number,
): Decision<{ readonly accepted: true }> {
  const child = openChild(state, request.parentRunId, request.initiatedEventId);
  const isIt = child?.workflowId === request.child.workflowId && child.namespace === request.childNamespace;
  if (!child || !isIt) return unchanged({ accepted: true });
  const draft = new Draft(state, nowMs);
  const known = child.startedEventId ?? appendStarted(draft, child, request.childFirstExecutionRunId);
  appendClose(draft, request, known || draft.childStartedEventId(child.initiatedEventId));
  draft.ensureWorkflowTask();
  return draft.decide({ accepted: true });
}

function openChild(state: Readonly<WorkflowState>, runId: string, initiatedEventId: number): ChildState | undefined {
  if (state.status !== "RUNNING") return undefined;
  // A child that was started before a reset names the run that started it.
  const isOwn = runId === state.identity.runId || runId === writerOf(state, initiatedEventId);
  return isOwn ? state.children[initiatedEventId] : undefined;
}

function appendStarted(draft: Draft, child: Readonly<ChildState>, childRunId: string): number {
  return draft.appendOrBuffer("ChildWorkflowExecutionStarted", {
    namespace: child.namespace,
    workflowExecution: { workflowId: child.workflowId, runId: childRunId },
    workflowType: { name: child.workflowType },
    initiatedEventId: child.initiatedEventId,
  });
}

function appendClose(draft: Draft, request: ChildClosedRequest, startedEventId: number): void {
  const { close, child, childOriginalExecutionRunId } = request;
  const common = {
    namespace: request.childNamespace,
    workflowExecution: { workflowId: child.workflowId, runId: child.runId },
    workflowType: { name: request.childWorkflowType },
    initiatedEventId: request.initiatedEventId,
    startedEventId,
    ...(childOriginalExecutionRunId === child.runId ? {} : { childOriginalExecutionRunId }),
  };
  switch (close.kind) {
    case "completed":
      draft.appendOrBuffer("ChildWorkflowExecutionCompleted", {
        ...(close.result ? { result: close.result } : {}),
        ...common,
      });
      return;
    case "failed": {
      const { failure, retryState } = close;
      draft.appendOrBuffer("ChildWorkflowExecutionFailed", { failure, ...common, retryState });
      return;
    }
    case "canceled":
      draft.appendOrBuffer("ChildWorkflowExecutionCanceled", {
        ...(close.details ? { details: close.details } : {}),
        ...common,
      });
      return;
    case "timedOut":
      draft.appendOrBuffer("ChildWorkflowExecutionTimedOut", { ...common, retryState: close.retryState });
      return;
    case "terminated":
      draft.appendOrBuffer("ChildWorkflowExecutionTerminated", common);
      return;
  }
}

/** Everybody who had to hear of the end of this run has heard of it. */
export function settleOutbox(state: Readonly<WorkflowState>, nowMs: number): Decision<{ readonly settled: boolean }> {
  if (state.status === "RUNNING" || state.outboxSettled) return unchanged({ settled: false });
  const draft = new Draft(state, nowMs);
  draft.settleOutbox();
  return draft.decide({ settled: true });
}
