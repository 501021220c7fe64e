/**
 * Requests and commands as tests write them: everything a test does not care about is filled in here.
 *
 * Owns: the defaults, one workflow id, one task queue. A test names only what it is about.
 */
import { type TaskToken, encodeTaskToken } from "../../src/core/activity-task.ts";
import type {
  CancelTimerCommand,
  Command,
  RequestCancelActivityTaskCommand,
  RequestCancelExternalWorkflowExecutionCommand,
  ScheduleActivityTaskCommand,
  SignalExternalWorkflowExecutionCommand,
  StartChildWorkflowExecutionCommand,
  StartTimerCommand,
} from "../../src/core/command.ts";
import type { ResetPoint, ResetRequest } from "../../src/core/control-requests.ts";
import type { Requests } from "../../src/core/decide.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { Payloads } from "../../src/core/payload.ts";
import type { SignalRequest, StartRequest, UpdateRequest } from "../../src/core/protocol.ts";
import { readResetSource } from "../../src/core/reset-source.ts";

/** When every scenario begins. */
export const START_MS = Date.UTC(2026, 10, 21, 5, 0, 0);
export const RUN_ID = "run-1";
/** The run that a reset begins. */
export const RESET_RUN_ID = "run-reset";
/** The run that a continue-as-new begins. */
export const NEXT_RUN_ID = "run-next";

/** Payloads that hold this text. The core must carry them and never look inside. */
export function payloads(text: string): Payloads {
  return { payloads: [{ metadata: { encoding: "anNvbi9wbGFpbg==" }, data: btoa(JSON.stringify(text)) }] };
}

export function startRequest(
  overrides: Partial<StartRequest> & { readonly newRunId?: string } = {},
): Requests["start"] {
  return {
    version: 1,
    namespace: "default",
    workflowId: "transfer-1",
    workflowType: "transfer",
    taskQueue: "transfers",
    requestId: "start-1",
    newRunId: RUN_ID,
    ...overrides,
  };
}

export function signalRequest(requestId: string, overrides: Partial<SignalRequest> = {}): SignalRequest {
  return { version: 1, signalName: "approve", requestId, ...overrides };
}

export function signalWithStartRequest(
  requestId: string,
  start: Parameters<typeof startRequest>[0] = {},
): Requests["signalWithStart"] {
  const { newRunId, ...rest } = startRequest({ requestId: `start-with-${requestId}`, newRunId: "run-2", ...start });
  return { version: 1, start: rest, signal: signalRequest(requestId), newRunId };
}

/** A reset of a run whose histories are known, as the object prepares it. `base` is by default the only run. */
export function resetRequest(
  histories: ReadonlyMap<string, readonly HistoryEvent[]>,
  resetPoint: ResetPoint,
  overrides: Partial<ResetRequest> & { readonly newRunId?: string; readonly base?: string } = {},
): Requests["reset"] {
  const { newRunId = RESET_RUN_ID, base = RUN_ID, ...rest } = overrides;
  const request: ResetRequest = { version: 1, resetPoint, reason: "mended", requestId: "reset-1", ...rest };
  const reset = { requestId: request.requestId, runId: newRunId };
  const identity = {
    namespace: "default",
    workflowId: "transfer-1",
    runId: newRunId,
    startRequestId: "start-1",
    reset,
  };
  const readRun = (runId: string) => {
    const events = histories.get(runId);
    return events && [{ events, bytes: JSON.stringify(events).length }];
  };
  const reading = histories.has(base)
    ? readResetSource({ runId: base, resetPoint }, identity, readRun, [...histories.keys()].at(-1))
    : ({ ok: false, message: "there is no such run" } as const);
  return { ...request, newRunId, found: { kind: "read", reading } };
}

export function updateRequest(updateId: string, overrides: Partial<UpdateRequest> = {}): UpdateRequest {
  return { version: 1, updateId, updateName: "adjust", waitForStage: "COMPLETED", ...overrides };
}

export function updateWithStartRequest(
  updateId: string,
  start: Parameters<typeof startRequest>[0] = {},
): Requests["updateWithStart"] {
  const { newRunId, ...rest } = startRequest({
    requestId: `start-with-${updateId}`,
    newRunId: "run-2",
    workflowIdConflictPolicy: "USE_EXISTING",
    ...start,
  });
  return { version: 1, start: rest, update: updateRequest(updateId), newRunId };
}

export function acceptUpdate(updateId: string): Command {
  return { commandType: "AcceptUpdate", updateId };
}

export function rejectUpdate(updateId: string): Command {
  return { commandType: "RejectUpdate", updateId, failure: failureOf("Invalid") };
}

export function completeUpdate(updateId: string, result = "adjusted"): Command {
  return { commandType: "CompleteUpdate", updateId, outcome: { success: payloads(result) } };
}

export function scheduleActivity(
  activityId: string,
  overrides: Partial<ScheduleActivityTaskCommand> = {},
): ScheduleActivityTaskCommand {
  return {
    commandType: "ScheduleActivityTask",
    activityId,
    activityType: "withdraw",
    taskQueue: "transfers",
    startToCloseTimeoutMs: 60_000,
    // Through the queue, where a test says nothing else: most are about claims.
    allowEagerDispatch: false,
    ...overrides,
  };
}

export function cancelActivity(scheduledEventId: number): RequestCancelActivityTaskCommand {
  return { commandType: "RequestCancelActivityTask", scheduledEventId };
}

export function startTimer(timerId: string, startToFireTimeoutMs = 5_000): StartTimerCommand {
  return { commandType: "StartTimer", timerId, startToFireTimeoutMs };
}

export function cancelTimer(timerId: string): CancelTimerCommand {
  return { commandType: "CancelTimer", timerId };
}

export function startChild(
  workflowId: string,
  overrides: Partial<StartChildWorkflowExecutionCommand> = {},
): StartChildWorkflowExecutionCommand {
  return {
    commandType: "StartChildWorkflowExecution",
    namespace: "default",
    workflowId,
    workflowType: "book",
    taskQueue: "transfers",
    ...overrides,
  };
}

export function signalExternal(
  workflowId: string,
  overrides: Partial<SignalExternalWorkflowExecutionCommand> = {},
): SignalExternalWorkflowExecutionCommand {
  return {
    commandType: "SignalExternalWorkflowExecution",
    namespace: "default",
    workflowExecution: { workflowId },
    signalName: "approve",
    signalRequestId: `${RUN_ID}/signal/1`,
    ...overrides,
  };
}

export function cancelExternal(
  workflowId: string,
  overrides: Partial<RequestCancelExternalWorkflowExecutionCommand> = {},
): RequestCancelExternalWorkflowExecutionCommand {
  return {
    commandType: "RequestCancelExternalWorkflowExecution",
    namespace: "default",
    workflowExecution: { workflowId },
    ...overrides,
  };
}

export function childStarted(initiatedEventId: number, childRunId = "child-run-1"): Requests["recordChildStart"] {
  return { runId: RUN_ID, initiatedEventId, outcome: { kind: "started", childRunId } };
}

export function childNotStarted(initiatedEventId: number): Requests["recordChildStart"] {
  return { runId: RUN_ID, initiatedEventId, outcome: { kind: "failed", cause: "WORKFLOW_ALREADY_EXISTS" } };
}

export function childClosed(
  initiatedEventId: number,
  overrides: Partial<Requests["childClosed"]> = {},
): Requests["childClosed"] {
  return {
    version: 1,
    parentRunId: RUN_ID,
    initiatedEventId,
    childNamespace: "default",
    childWorkflowType: "book",
    child: { workflowId: "child", runId: "child-run-1" },
    childFirstExecutionRunId: "child-run-1",
    childOriginalExecutionRunId: "child-run-1",
    close: { kind: "completed", result: payloads("booked") },
    ...overrides,
  };
}

export function externalDelivered(initiatedEventId: number): Requests["recordExternalResult"] {
  return { runId: RUN_ID, initiatedEventId, outcome: { kind: "delivered" } };
}

export function externalNotFound(initiatedEventId: number): Requests["recordExternalResult"] {
  const cause = "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND";
  return { runId: RUN_ID, initiatedEventId, outcome: { kind: "failed", cause } };
}

export const COMPLETE: Command = { commandType: "CompleteWorkflowExecution" };

export function claimRequest(
  scheduledEventId: number,
  overrides: Partial<Requests["claimActivity"]> = {},
): Requests["claimActivity"] {
  return {
    version: 1,
    runId: RUN_ID,
    scheduledEventId,
    attempt: 1,
    claimId: "claim-1",
    identity: "worker-1",
    ...overrides,
  };
}

export function taskToken(scheduledEventId: number, overrides: Partial<TaskToken> = {}): string {
  return encodeTaskToken({
    namespace: "default",
    workflowId: "transfer-1",
    runId: RUN_ID,
    scheduledEventId,
    activityId: "a",
    attempt: 1,
    ...overrides,
  });
}

export function completed(
  scheduledEventId: number,
  token: Partial<TaskToken> = {},
  result?: Payloads,
): Requests["respondActivity"] {
  return {
    version: 1,
    taskToken: taskToken(scheduledEventId, token),
    outcome: { kind: "completed", ...(result ? { result } : {}) },
    identity: "worker-1",
  };
}

export function failed(
  scheduledEventId: number,
  failure: Failure = failureOf("Broken"),
  token: Partial<TaskToken> = {},
): Requests["respondActivity"] {
  return {
    version: 1,
    taskToken: taskToken(scheduledEventId, token),
    outcome: { kind: "failed", failure },
    identity: "worker-1",
  };
}

export function canceled(scheduledEventId: number, token: Partial<TaskToken> = {}): Requests["respondActivity"] {
  return {
    version: 1,
    taskToken: taskToken(scheduledEventId, token),
    outcome: { kind: "canceled" },
    identity: "worker-1",
  };
}

export function failureOf(type: string, info: Failure["applicationFailureInfo"] = {}): Failure {
  return { message: `failed: ${type}`, applicationFailureInfo: { type, ...info } };
}
