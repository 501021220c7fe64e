/**
 * Decide: every request that can change a run, in one table.
 *
 * Owns: which handler answers which request, and what holds for all of them: the protocol version, well-formed input
 * (`request-check.ts`), and that the run meant is the current one. Pure: time and new ids are arguments, a caller's
 * mistake is a rejection, the state is only read. What it returns is committed by the turn and then given to `evolve`.
 */
import { pauseActivity, resetActivity, unpauseActivity, updateActivityOptions } from "./activity-control.ts";
import { claimActivity, heartbeatActivity, releaseEagerClaim, reportDeadLetter, respondActivity } from "./activity.ts";
import type { ClaimDecision } from "./activity.ts";
import { heartbeatActivityById, respondActivityById } from "./activity-by-id.ts";
import {
  type ClaimActivityRequest,
  type DeadLetterRequest,
  type HeartbeatActivityReply,
  type HeartbeatActivityRequest,
  type RespondActivityRequest,
  type TaskToken,
  decodeTaskToken,
} from "./activity-task.ts";
import { type ChildStartReport, childClosed, recordChildStart, settleOutbox } from "./child-workflow.ts";
import * as checkControl from "./control-check.ts";
import type {
  ActivityControlReply,
  DeleteReply,
  DeleteRequest,
  HeartbeatActivityByIdRequest,
  PauseActivityRequest,
  PauseWorkflowRequest,
  ResetActivityRequest,
  ResetReply,
  ResetRequest,
  RespondActivityByIdRequest,
  UnpauseActivityRequest,
  UnpauseWorkflowRequest,
  UpdateActivityOptionsReply,
  UpdateActivityOptionsRequest,
} from "./control-requests.ts";
import { deleteRun } from "./deletion.ts";
import type { Decision } from "./draft.ts";
import { type ExternalReport, notItsChild, recordExternalResult, repeatedRequest } from "./external-workflow.ts";
import type {
  CancelRequest,
  ChildClosedRequest,
  RunSelector,
  SignalRequest,
  SignalWithStartRequest,
} from "./protocol.ts";
import type { UpdateRequest, UpdateWithStartRequest } from "./protocol.ts";
import type { StartReply, StartRequest, TerminateRequest } from "./protocol.ts";
import { rejected } from "./rejection.ts";
import * as check from "./request-check.ts";
import { signalWorkflow } from "./signal.ts";
import { signalWithStart, startWorkflow } from "./start.ts";
import { type ResetFound, isFound, resetWorkflow } from "./reset.ts";
import type { WorkflowState } from "./state.ts";
import { requestCancel, terminateWorkflow } from "./termination.ts";
import type { NextRunFacts } from "./next-run.ts";
import { tick } from "./tick.ts";
import { type UpdateTaken, updateWorkflow } from "./update.ts";
import { type UpdateWithStartTaken, updateWithStart } from "./update-with-start.ts";
import { pauseWorkflow, unpauseWorkflow } from "./workflow-pause.ts";
import {
  type CompleteWorkflowTaskRequest,
  type FailWorkflowTaskRequest,
  type WorkflowTaskReply,
  completeWorkflowTask,
  failWorkflowTask,
} from "./workflow-task-decision.ts";

/** What each kind of request carries. `newRunId` is used only if a run begins. */
export interface Requests {
  start: StartRequest & { readonly newRunId: string };
  signalWithStart: SignalWithStartRequest & { readonly newRunId: string };
  signal: SignalRequest;
  requestCancel: CancelRequest;
  terminate: TerminateRequest;
  reset: ResetRequest & { readonly newRunId: string; readonly found: ResetFound };
  deleteExecution: DeleteRequest;
  pause: PauseWorkflowRequest;
  unpause: UnpauseWorkflowRequest;
  pauseActivity: PauseActivityRequest;
  unpauseActivity: UnpauseActivityRequest;
  resetActivity: ResetActivityRequest;
  updateActivityOptions: UpdateActivityOptionsRequest;
  update: UpdateRequest;
  updateWithStart: UpdateWithStartRequest & { readonly newRunId: string };
  completeWorkflowTask: CompleteWorkflowTaskRequest;
  failWorkflowTask: FailWorkflowTaskRequest;
  claimActivity: ClaimActivityRequest;
  heartbeatActivity: HeartbeatActivityRequest;
  respondActivity: RespondActivityRequest;
  respondActivityById: RespondActivityByIdRequest;
  heartbeatActivityById: HeartbeatActivityByIdRequest;
  reportDeadLetter: DeadLetterRequest;
  releaseEagerClaim: { readonly runId: string; readonly scheduledEventId: number };
  childClosed: ChildClosedRequest;
  recordChildStart: ChildStartReport;
  recordExternalResult: ExternalReport;
  settleOutbox: Readonly<Record<string, never>>;
  tick: NextRunFacts;
}

/** What each kind of request is answered with. */
export interface Values {
  start: StartReply;
  signalWithStart: StartReply;
  signal: { readonly runId: string };
  requestCancel: { readonly runId: string };
  terminate: { readonly runId: string };
  reset: ResetReply;
  deleteExecution: DeleteReply;
  pause: { readonly runId: string };
  unpause: { readonly runId: string };
  pauseActivity: ActivityControlReply;
  unpauseActivity: ActivityControlReply;
  resetActivity: ActivityControlReply;
  updateActivityOptions: UpdateActivityOptionsReply;
  update: UpdateTaken;
  updateWithStart: UpdateWithStartTaken;
  completeWorkflowTask: WorkflowTaskReply;
  failWorkflowTask: WorkflowTaskReply;
  claimActivity: ClaimDecision;
  heartbeatActivity: HeartbeatActivityReply;
  respondActivity: { readonly accepted: true };
  respondActivityById: { readonly accepted: true };
  heartbeatActivityById: HeartbeatActivityReply;
  reportDeadLetter: { readonly accepted: boolean };
  releaseEagerClaim: { readonly released: boolean };
  childClosed: { readonly accepted: true };
  recordChildStart: { readonly recorded: boolean };
  recordExternalResult: { readonly recorded: boolean };
  settleOutbox: { readonly settled: boolean };
  tick: { readonly taskGivenUp: boolean };
}

export type RequestKind = keyof Requests;
type Current = Readonly<WorkflowState> | undefined;
type Handler<K extends RequestKind> = (state: Current, request: Requests[K], nowMs: number) => Decision<Values[K]>;

/** Decides one request. `state` is the current run's, or undefined if the workflow id was never used. */
export function decide<K extends RequestKind>(
  state: Current,
  kind: K,
  request: Requests[K],
  nowMs: number,
): Decision<Values[K]> {
  const handler: Handler<K> = HANDLERS[kind];
  return check.identity(request) ?? handler(state, request, nowMs);
}

const HANDLERS: { readonly [K in RequestKind]: Handler<K> } = {
  start: (state, request, nowMs) =>
    check.startRequest(request) ?? startWorkflow(state, request, nowMs, request.newRunId),
  signalWithStart: (state, request, nowMs) =>
    check.startRequest(request.start) ??
    check.signalWithStartPolicy(request.start) ??
    check.signalRequest(request.signal) ??
    signalWithStart(state, request, nowMs, request.newRunId),
  signal: (state, request, nowMs) =>
    check.signalRequest(request) ??
    repeatedRequest(state, request) ??
    onRun(state, request, (run) => notItsChild(run, request.sender) ?? signalWorkflow(run, request, nowMs)),
  requestCancel: (state, request, nowMs) =>
    check.cancelRequest(request) ??
    repeatedRequest(state, request) ??
    onRun(state, request, (run) => notItsChild(run, request.sender) ?? requestCancel(run, request, nowMs)),
  terminate: (state, request, nowMs) =>
    check.terminateRequest(request) ??
    onRun(state, request, (run) => notItsChild(run, request.sender) ?? terminateWorkflow(run, request, nowMs)),
  reset: (state, request, nowMs) =>
    check.resetRequest(request) ??
    (state || isFound(request.found) ? resetWorkflow(state, request, nowMs) : workflowNotFound()),
  deleteExecution: (state, request, nowMs) =>
    check.deleteRequest(request) ?? onRun(state, request, (run) => deleteRun(run, request, nowMs)),
  pause: (state, request, nowMs) =>
    checkControl.pauseWorkflow(request) ?? onRun(state, request, (run) => pauseWorkflow(run, request, nowMs)),
  unpause: (state, request, nowMs) =>
    checkControl.pauseWorkflow(request) ?? onRun(state, request, (run) => unpauseWorkflow(run, request, nowMs)),
  pauseActivity: (state, request, nowMs) =>
    checkControl.pauseActivity(request) ?? onRun(state, request, (run) => pauseActivity(run, request, nowMs)),
  unpauseActivity: (state, request, nowMs) =>
    checkControl.activityControl(request) ?? onRun(state, request, (run) => unpauseActivity(run, request, nowMs)),
  resetActivity: (state, request, nowMs) =>
    checkControl.activityControl(request) ?? onRun(state, request, (run) => resetActivity(run, request, nowMs)),
  updateActivityOptions: (state, request, nowMs) =>
    checkControl.updateActivityOptions(request) ??
    onRun(state, request, (run) => updateActivityOptions(run, request, nowMs)),
  update: (state, request, nowMs) =>
    check.updateRequest(request) ?? onRun(state, request, (run) => updateWorkflow(run, request, nowMs)),
  updateWithStart: (state, request, nowMs) =>
    check.updateWithStartRequest(request) ?? updateWithStart(state, request, nowMs, request.newRunId),
  completeWorkflowTask: (state, request, nowMs) => onRun(state, {}, (run) => completeWorkflowTask(run, request, nowMs)),
  failWorkflowTask: (state, request, nowMs) => onRun(state, {}, (run) => failWorkflowTask(run, request, nowMs)),
  claimActivity: (state, request, nowMs) =>
    check.claimRequest(request) ?? onRun(state, {}, (run) => claimActivity(run, request, nowMs)),
  heartbeatActivity: (state, request, nowMs) =>
    check.payloads("heartbeat details", request.version, request.details) ??
    onToken(state, request.taskToken, (run, token) =>
      heartbeatActivity(run, { token, details: request.details }, nowMs),
    ),
  respondActivity: (state, request, nowMs) =>
    check.outcome(request) ??
    onToken(state, request.taskToken, (run, token) =>
      respondActivity(run, { token, outcome: request.outcome, identity: request.identity }, nowMs),
    ),
  respondActivityById: (state, request, nowMs) =>
    check.outcome(request) ??
    check.activityById(request) ??
    onRun(state, request, (run) => respondActivityById(run, request, nowMs)),
  heartbeatActivityById: (state, request, nowMs) =>
    check.payloads("heartbeat details", request.version, request.details) ??
    check.activityById(request) ??
    onRun(state, request, (run) => heartbeatActivityById(run, request, nowMs)),
  reportDeadLetter: (state, request, nowMs) =>
    check.version(request.version) ?? onRun(state, {}, (run) => reportDeadLetter(run, request, nowMs)),
  releaseEagerClaim: (state, request, nowMs) => onRun(state, {}, (run) => releaseEagerClaim(run, request, nowMs)),
  childClosed: (state, request, nowMs) =>
    check.childClosedRequest(request) ?? onRun(state, {}, (run) => childClosed(run, request, nowMs)),
  recordChildStart: (state, request, nowMs) => onRun(state, {}, (run) => recordChildStart(run, request, nowMs)),
  recordExternalResult: (state, request, nowMs) => onRun(state, {}, (run) => recordExternalResult(run, request, nowMs)),
  settleOutbox: (state, _request, nowMs) => onRun(state, {}, (run) => settleOutbox(run, nowMs)),
  tick: (state, request, nowMs) => onRun(state, {}, (run) => tick(run, request, nowMs)),
};

function onRun<T>(
  state: Current,
  selector: RunSelector,
  handle: (run: Readonly<WorkflowState>) => Decision<T>,
): Decision<T> {
  return selectRun(state, selector) ?? (state ? handle(state) : workflowNotFound());
}

/** The rejection for a run that is not the one meant, or undefined if it is. */
export function selectRun(state: Current, selector: RunSelector): Extract<Decision<never>, { ok: false }> | undefined {
  if (!state) return workflowNotFound();
  if (selector.runId !== undefined && selector.runId !== state.identity.runId)
    return rejected(
      "WorkflowNotFound",
      `no open run ${selector.runId} under workflow id '${state.identity.workflowId}'`,
    );
  if (selector.firstExecutionRunId !== undefined && selector.firstExecutionRunId !== state.start.firstExecutionRunId) {
    const message = `workflow id '${state.identity.workflowId}' now belongs to another chain of runs than the one meant`;
    return rejected("WorkflowNotFound", message);
  }
  return undefined;
}

export function workflowNotFound(): Extract<Decision<never>, { ok: false }> {
  return rejected("WorkflowNotFound", "no workflow execution was ever started under this workflow id");
}

function onToken<T>(
  state: Current,
  text: string,
  handle: (run: Readonly<WorkflowState>, token: TaskToken) => Decision<T>,
): Decision<T> {
  const token = decodeTaskToken(text);
  if (!token) return rejected("InvalidArgument", "this is not a task token");
  if (!state) return rejected("ActivityNotFound", "the task token belongs to a workflow that does not exist");
  return handle(state, token);
}
