/**
 * A workflow task, from its start to its end.
 *
 *   state \ input       | completed                          | failed            | timeout           | backoff over
 *   --------------------+------------------------------------+-------------------+-------------------+-------------
 *   none                | stale                              | stale             | -                 | -
 *   started             | none, or started anew (*)          | backing off       | backing off       | -
 *   backing off (retry) | stale                              | stale             | -                 | started
 *
 * (*) when events waited meanwhile. A command that ends the run while events wait is refused (UNHANDLED_COMMAND) and
 * the task runs again with them: this is what makes "no signal is ever lost" true.
 *
 * Owns: these transitions and the retry backoff. The first failure of a task is history; later ones are progress.
 */
import { modifyProperties, recordMarker, upsertSearchAttributes } from "./attribute-command.ts";
import { startChildWorkflow } from "./child-workflow.ts";
import { continueAsNew } from "./continuation.ts";
import { requestCancelActivityTask, scheduleActivityTask } from "./activity-command.ts";
import type { NextRunFacts } from "./next-run.ts";
import { completeRun, failRun } from "./run-end.ts";
import { type Command, isCloseCommand } from "./command.ts";
import { type CommandContext, type CommandProblem, commandContext, problem } from "./command-context.ts";
import { type Decision, Draft, unchanged } from "./draft.ts";
import { requestCancelExternalWorkflow, signalExternalWorkflow } from "./external-workflow.ts";
import { type Failure, SERVICE_FAILURE_SOURCE } from "./failure.ts";
import type { SdkMetadata, WorkflowTaskFailedCause } from "./history-event.ts";
import { MAX_PAYLOADS_BYTES } from "./limits.ts";
import { payloadsBytes } from "./payload.ts";
import { failureBytes } from "./request-check.ts";
import type { WorkflowState, WorkflowTaskState } from "./state.ts";
import { cancelTimer, startTimer } from "./timer.ts";
import { commandsProblem, fittingFailure, metadataProblem } from "./workflow-task-size.ts";
import { acceptUpdate, completeUpdate, isTraceless, rejectUnanswered, rejectUpdate } from "./update-command.ts";

/** Retries before this attempt follow at once: a lost session or a race heals by itself. */
const FIRST_ATTEMPT_WITH_BACKOFF = 3;
const BACKOFF_INITIAL_MS = 1_000;
const BACKOFF_MAXIMUM_MS = 600_000;

/** Milliseconds to wait before attempt `attempt` of a workflow task. */
export function workflowTaskBackoffMs(attempt: number): number {
  if (attempt < FIRST_ATTEMPT_WITH_BACKOFF) return 0;
  return Math.min(BACKOFF_MAXIMUM_MS, BACKOFF_INITIAL_MS * 2 ** (attempt - FIRST_ATTEMPT_WITH_BACKOFF));
}

/** Which task a worker answers. A task that was given up meanwhile no longer matches. */
export interface WorkflowTaskRef {
  readonly runId: string;
  readonly startedEventId: number;
  readonly attempt: number;
}

export interface CompleteWorkflowTaskRequest extends WorkflowTaskRef, NextRunFacts {
  readonly commands: readonly Command[];
  readonly sdkMetadata?: SdkMetadata | undefined;
  readonly forceNewWorkflowTask?: true | undefined;
  readonly identity: string;
}

export interface FailWorkflowTaskRequest extends WorkflowTaskRef {
  readonly cause: WorkflowTaskFailedCause;
  readonly failure: Failure;
  readonly identity: string;
}

/** `kept` false: the session's state is ahead of history and must be thrown away. */
export interface WorkflowTaskReply {
  readonly kept: boolean;
}

type StartedTask = WorkflowTaskState & { readonly startedEventId: number };

function startedTask(state: Readonly<WorkflowState>, ref: WorkflowTaskRef): StartedTask | undefined {
  const task = state.workflowTask;
  if (!task || state.identity.runId !== ref.runId) return undefined;
  if (task.startedEventId !== ref.startedEventId || task.attempt !== ref.attempt) return undefined;
  return { ...task, startedEventId: task.startedEventId };
}

/** The worker has run a task: its commands become events, or the task is refused as a whole. */
export function completeWorkflowTask(
  state: Readonly<WorkflowState>,
  request: CompleteWorkflowTaskRequest,
  nowMs: number,
): Decision<WorkflowTaskReply> {
  const task = startedTask(state, request);
  if (!task) return unchanged({ kept: false });
  const tooLarge = commandsProblem(request.commands);
  if (tooLarge) return failWorkflowTask(state, badCommand(request, tooLarge), nowMs);
  if (isTraceless(task, request)) return dropSpeculativeTask(state, request, nowMs);
  const draft = new Draft(state, nowMs);
  draft.writeTransientTask();
  const completedEventId = draft.endWorkflowTask("WorkflowTaskCompleted", {
    scheduledEventId: task.scheduledEventId,
    startedEventId: task.startedEventId,
    identity: request.identity,
    ...(request.sdkMetadata ? { sdkMetadata: request.sdkMetadata } : {}),
  });
  const context = commandContext(state, draft, completedEventId);
  for (const command of request.commands) {
    // Asked here and not before: a cancelled timer takes its firing out of what waits.
    if (isCloseCommand(command) && draft.hasWaiting) return refuseClose(new Draft(state, nowMs), task);
    const isLate = draft.closed && command.commandType !== "RejectUpdate";
    const refused = isLate
      ? nothingFollows(command)
      : (metadataProblem(command) ?? carryOut(context, command, request));
    if (refused) return failWorkflowTask(state, badCommand(request, refused), nowMs);
  }
  if (!draft.closed) rejectUnanswered(context);
  startNextTask(draft, request.forceNewWorkflowTask);
  return draft.decide({ kept: true });
}

/** After a task's end: the next one, if events or updates wait for it or the worker asked for it. */
function startNextTask(draft: Draft, isAskedFor: true | undefined): void {
  if (draft.flushBuffered() || isAskedFor) draft.ensureWorkflowTask();
  else if (draft.admittedUpdates.length > 0) draft.ensureSpeculativeTask();
}

/** The worker has refused all the updates that a task was started for, and has done nothing else. */
function dropSpeculativeTask(
  state: Readonly<WorkflowState>,
  request: CompleteWorkflowTaskRequest,
  nowMs: number,
): Decision<WorkflowTaskReply> {
  const draft = new Draft(state, nowMs);
  const context = commandContext(state, draft, 0);
  for (const command of request.commands) {
    const refused = carryOut(context, command, request);
    if (refused) return failWorkflowTask(state, badCommand(request, refused), nowMs);
  }
  rejectUnanswered(context);
  draft.dropSpeculativeTask();
  startNextTask(draft, undefined);
  // The session has seen events that never were.
  return draft.decide({ kept: false });
}

function refuseClose(draft: Draft, task: StartedTask): Decision<WorkflowTaskReply> {
  draft.writeTransientTask();
  draft.endWorkflowTask("WorkflowTaskFailed", {
    scheduledEventId: task.scheduledEventId,
    startedEventId: task.startedEventId,
    cause: "UNHANDLED_COMMAND",
  });
  draft.flushBuffered();
  draft.ensureWorkflowTask();
  return draft.decide({ kept: false });
}

function nothingFollows(command: Command): CommandProblem {
  return problem(
    "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES",
    `${command.commandType} follows a command that ended the run`,
  );
}

function badCommand(request: CompleteWorkflowTaskRequest, refused: CommandProblem): FailWorkflowTaskRequest {
  return {
    runId: request.runId,
    startedEventId: request.startedEventId,
    attempt: request.attempt,
    identity: request.identity,
    cause: refused.cause,
    failure: {
      message: refused.message,
      source: SERVICE_FAILURE_SOURCE,
      applicationFailureInfo: { type: refused.cause, nonRetryable: true },
    },
  };
}

function carryOut(context: CommandContext, command: Command, facts: NextRunFacts): CommandProblem | undefined {
  switch (command.commandType) {
    case "ScheduleActivityTask":
      return scheduleActivityTask(context, command);
    case "RequestCancelActivityTask":
      return requestCancelActivityTask(context, command);
    case "StartTimer":
      return startTimer(context, command);
    case "CancelTimer":
      return cancelTimer(context, command);
    case "RecordMarker":
      return recordMarker(context, command);
    case "UpsertWorkflowSearchAttributes":
      return upsertSearchAttributes(context, command);
    case "ModifyWorkflowProperties":
      return modifyProperties(context, command);
    case "AcceptUpdate":
      return acceptUpdate(context, command);
    case "RejectUpdate":
      return rejectUpdate(context, command);
    case "CompleteUpdate":
      return completeUpdate(context, command);
    case "StartChildWorkflowExecution":
      return startChildWorkflow(context, command);
    case "SignalExternalWorkflowExecution":
      return signalExternalWorkflow(context, command);
    case "RequestCancelExternalWorkflowExecution":
      return requestCancelExternalWorkflow(context, command);
    case "ContinueAsNewWorkflowExecution":
      return continueAsNew(context, command, facts);
    case "CompleteWorkflowExecution":
    case "FailWorkflowExecution":
    case "CancelWorkflowExecution":
      return closeRun(context, command, facts);
  }
}

type CloseCommand = Extract<
  Command,
  { commandType: "CompleteWorkflowExecution" | "FailWorkflowExecution" | "CancelWorkflowExecution" }
>;

function closeRun(context: CommandContext, command: CloseCommand, facts: NextRunFacts): CommandProblem | undefined {
  const { draft, workflowTaskCompletedEventId } = context;
  const bytes = closeBytes(command);
  if (bytes > MAX_PAYLOADS_BYTES) {
    const message = `${command.commandType} carries ${bytes} bytes, the limit is ${MAX_PAYLOADS_BYTES}`;
    return problem("PAYLOADS_TOO_LARGE", message);
  }
  switch (command.commandType) {
    case "CompleteWorkflowExecution":
      completeRun(context, command.result, facts);
      return undefined;
    case "FailWorkflowExecution":
      failRun(context, command.failure, facts);
      return undefined;
    case "CancelWorkflowExecution":
      draft.append("WorkflowExecutionCanceled", {
        ...(command.details ? { details: command.details } : {}),
        workflowTaskCompletedEventId,
      });
      return undefined;
  }
}

function closeBytes(command: CloseCommand): number {
  switch (command.commandType) {
    case "CompleteWorkflowExecution":
      return payloadsBytes(command.result);
    case "FailWorkflowExecution":
      return failureBytes(command.failure);
    case "CancelWorkflowExecution":
      return payloadsBytes(command.details);
  }
}

/** The task could not be run: it is tried again, at once and then with growing backoff, until the code is mended. */
export function failWorkflowTask(
  state: Readonly<WorkflowState>,
  request: FailWorkflowTaskRequest,
  nowMs: number,
): Decision<WorkflowTaskReply> {
  const task = startedTask(state, request);
  if (!task) return unchanged({ kept: false });
  const draft = new Draft(state, nowMs);
  const failure = fittingFailure(request.failure);
  retryWorkflowTask(draft, task, request.cause, failure, () =>
    draft.endWorkflowTask("WorkflowTaskFailed", {
      scheduledEventId: task.scheduledEventId,
      startedEventId: task.startedEventId,
      cause: request.cause,
      failure,
      identity: request.identity,
    }),
  );
  return draft.decide({ kept: false });
}

/** The worker did not answer in time. */
export function timeOutWorkflowTask(draft: Draft, task: Readonly<WorkflowTaskState>): void {
  const { startedEventId } = task;
  if (startedEventId === undefined) return;
  const failure: Failure = { message: "workflow task timed out", source: SERVICE_FAILURE_SOURCE };
  retryWorkflowTask(draft, task, "TIMEOUT", failure, () =>
    draft.endWorkflowTask("WorkflowTaskTimedOut", {
      scheduledEventId: task.scheduledEventId,
      startedEventId,
      timeoutType: "START_TO_CLOSE",
    }),
  );
}

function retryWorkflowTask(
  draft: Draft,
  task: Readonly<WorkflowTaskState>,
  cause: string,
  failure: Failure,
  writeEnd: () => number,
): void {
  const attempt = task.attempt + 1;
  const backoffMs = workflowTaskBackoffMs(attempt);
  // Only the first attempt's end is history; a retry that fails leaves no event.
  if (task.speculative) draft.writeTransientTask();
  const isFirst = task.inHistory || task.speculative === true;
  const failedEventId = isFirst ? writeEnd() : task.failedEventId;
  if (isFirst) draft.flushBuffered();
  const retried: WorkflowTaskState = {
    scheduledEventId: 0,
    scheduledTimeMs: draft.nowMs,
    attempt,
    inHistory: false,
    notBeforeMs: draft.nowMs + backoffMs,
    lastFailure: failure,
    lastFailureCause: cause,
    ...(failedEventId === undefined ? {} : { failedEventId }),
  };
  draft.workflowTaskProgress(retried, { volatile: false });
  if (backoffMs === 0) draft.startRetriedTask(retried);
}
