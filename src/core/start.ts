/**
 * Starting a run: which starts are allowed under a workflow id, and what the first commit of a run holds.
 *
 *   current run \ request | same request id | conflict FAIL | USE_EXISTING | TERMINATE_EXISTING
 *   ----------------------+-----------------+---------------+--------------+-------------------
 *   none                  | new run         | new run       | new run      | new run
 *   open                  | its run id      | refused       | its run id   | terminated, new run
 *   closed                | its run id      | by reuse policy (ALLOW_DUPLICATE, …FAILED_ONLY, REJECT_DUPLICATE)
 *
 *   first task of a new run \ asked | nothing | start delay                          | cron schedule
 *   --------------------------------+---------+--------------------------------------+---------------
 *   start                           | at once | after it, or with the first message  | at its first tick
 *   signal with start               | at once | after it, or with the next message   | at its first tick
 *   update with start               | at once | at once                              | at its first tick
 *
 * Owns: these tables. A run's first commit also schedules and starts its first workflow task, if that is at once.
 */
import { cronBackoffMs } from "./cron-schedule.ts";
import { type Changes, type Decision, Draft, NO_CHANGES, unchanged } from "./draft.ts";
import { initialState } from "./evolve.ts";
import { inheritedRequestIds } from "./external-workflow.ts";
import type { EventAttributes, EventOf, HistoryEvent } from "./history-event.ts";
import { DEFAULT_WORKFLOW_TASK_TIMEOUT_MS, MAX_WORKFLOW_TASK_TIMEOUT_MS } from "./limits.ts";
import type { SignalRequest, StartReply, StartRequest, WorkflowExecutionStatus } from "./protocol.ts";
import { rejected } from "./rejection.ts";
import { completeRetryPolicy } from "./retry-policy.ts";
import { alreadyCompleted, appendSignal } from "./signal.ts";
import type { RunIdentity, WorkflowState } from "./state.ts";
import { appendTermination } from "./termination.ts";

/** A signal that is to be the first thing a new run sees. */
export type FirstSignal = Omit<SignalRequest, "runId" | "firstExecutionRunId">;

const REUSABLE_AFTER_FAILURE: ReadonlySet<WorkflowExecutionStatus> = new Set<WorkflowExecutionStatus>([
  "FAILED",
  "CANCELLED",
  "TERMINATED",
  "TIMED_OUT",
]);

/** Asks for a run of a workflow id. `newRunId` is used only if one begins. */
export function startWorkflow(
  current: Readonly<WorkflowState> | undefined,
  request: StartRequest,
  nowMs: number,
  newRunId: string,
): Decision<StartReply> {
  if (!current) return beginRun(current, NO_CHANGES, request, nowMs, newRunId);
  if (current.identity.startRequestId === request.requestId) return unchanged(startedByRequest(current));
  if (current.status !== "RUNNING") return startAfterClose(current, request, nowMs, newRunId);
  switch (request.workflowIdConflictPolicy ?? "FAIL") {
    case "FAIL":
      return alreadyStarted(current);
    case "USE_EXISTING":
      return unchanged(existing(current));
    case "TERMINATE_EXISTING": {
      const draft = new Draft(current, nowMs);
      appendTermination(draft, { reason: "TerminateIfRunning WorkflowIdReusePolicy", identity: request.identity });
      return beginRun(current, draft.changes(), request, nowMs, newRunId);
    }
  }
}

function startAfterClose(
  current: Readonly<WorkflowState>,
  request: StartRequest,
  nowMs: number,
  newRunId: string,
): Decision<StartReply> {
  switch (request.workflowIdReusePolicy ?? "ALLOW_DUPLICATE") {
    case "ALLOW_DUPLICATE":
      return beginRun(current, NO_CHANGES, request, nowMs, newRunId);
    case "ALLOW_DUPLICATE_FAILED_ONLY":
      if (REUSABLE_AFTER_FAILURE.has(current.status)) return beginRun(current, NO_CHANGES, request, nowMs, newRunId);
      return alreadyStarted(current);
    case "REJECT_DUPLICATE":
      return alreadyStarted(current);
  }
}

/** Signals the open run, or starts one that sees the signal before its first line runs. */
export function signalWithStart(
  current: Readonly<WorkflowState> | undefined,
  request: { readonly start: StartRequest; readonly signal: FirstSignal },
  nowMs: number,
  newRunId: string,
): Decision<StartReply> {
  const { start, signal } = request;
  const conflict = start.workflowIdConflictPolicy ?? "USE_EXISTING";
  const isRunning = current?.status === "RUNNING";
  if (current && (isRunning || current.signalRequestIds[signal.requestId])) {
    const sameStart = current.identity.startRequestId === start.requestId;
    if (conflict === "USE_EXISTING" || sameStart || !isRunning) {
      const draft = new Draft(current, nowMs);
      if (current.start.isStartDelayed) draft.startEarly();
      const refused = appendSignal(draft, current, signal);
      return refused ?? draft.decide(existing(current));
    }
  }
  const decision = startWorkflow(current, { ...start, workflowIdConflictPolicy: conflict }, nowMs, newRunId);
  if (!decision.ok) return decision;
  // The start is known and its run has closed: there is nobody to take the signal, and saying yes would lose it.
  if (!decision.changes.newRun) return current ? alreadyCompleted(current) : decision;
  const { identity } = decision.changes.newRun;
  const events = firstEvents(identity, start, nowMs, current, { signal });
  return { ...decision, changes: { ...decision.changes, newRun: { identity, events } } };
}

/** The run that this very request has started, which others may have followed in its chain. */
function startedByRequest({ start }: Readonly<WorkflowState>): StartReply {
  return { runId: start.firstExecutionRunId, firstExecutionRunId: start.firstExecutionRunId, started: false };
}

function existing(state: Readonly<WorkflowState>): StartReply {
  return { runId: state.identity.runId, firstExecutionRunId: state.start.firstExecutionRunId, started: false };
}

function alreadyStarted(state: Readonly<WorkflowState>): Extract<Decision<never>, { ok: false }> {
  const doing = state.status === "RUNNING" ? "is running" : `has ended (${state.status})`;
  return rejected(
    "WorkflowAlreadyStarted",
    `Workflow execution already started: workflow id '${state.identity.workflowId}' ${doing}, run ${state.identity.runId}`,
    { runId: state.identity.runId, status: state.status },
  );
}

function beginRun(
  current: Readonly<WorkflowState> | undefined,
  before: Changes,
  request: StartRequest,
  nowMs: number,
  runId: string,
): Decision<StartReply> {
  const identity: RunIdentity = {
    namespace: request.namespace,
    workflowId: request.workflowId,
    runId,
    startRequestId: request.requestId,
  };
  const events = firstEvents(identity, request, nowMs, current);
  return {
    ok: true,
    changes: { ...before, newRun: { identity, events } },
    value: startedReply(runId, events),
  };
}

/** `events` are the run's first: the turn that commits a started workflow task sends it as well. */
function startedReply(runId: string, events: readonly HistoryEvent[]): StartReply {
  const isEager = events.at(-1)?.eventType === "WorkflowTaskStarted";
  return { runId, firstExecutionRunId: runId, started: true, ...(isEager ? { eagerlyStarted: true } : {}) };
}

/** The first commit of a run. `isEarly`: its first task does not wait for the start delay. */
export function firstEvents(
  identity: RunIdentity,
  request: StartRequest,
  nowMs: number,
  before: Readonly<WorkflowState> | undefined,
  { signal, isEarly = false }: { readonly signal?: FirstSignal; readonly isEarly?: boolean } = {},
): readonly HistoryEvent[] {
  const eventTimeMs = Math.max(nowMs, before?.lastEventTimeMs ?? 0);
  // What was sent to this id must not be taken twice, though the run is another now.
  const requestIds = before ? inheritedRequestIds(before) : [];
  const started = startedEvent(identity, request, eventTimeMs, requestIds);
  const state = initialState(identity, started);
  const draft = new Draft(state, started.eventTimeMs);
  if (isEarly && state.start.isStartDelayed) draft.startEarly();
  if (signal) appendSignal(draft, state, signal);
  else draft.ensureWorkflowTask();
  return [started, ...draft.changes().events];
}

function startedEvent(
  identity: RunIdentity,
  request: StartRequest,
  eventTimeMs: number,
  requestIds: readonly string[],
): EventOf<"WorkflowExecutionStarted"> {
  const executionTimeoutMs = request.workflowExecutionTimeoutMs ?? 0;
  const runTimeoutMs = cappedByExecution(request.workflowRunTimeoutMs ?? 0, executionTimeoutMs);
  return {
    eventId: 1,
    eventTimeMs,
    eventType: "WorkflowExecutionStarted",
    attributes: {
      workflowType: { name: request.workflowType },
      workflowId: request.workflowId,
      taskQueue: { name: request.taskQueue },
      ...(request.input ? { input: request.input } : {}),
      ...(request.header ? { header: request.header } : {}),
      ...(request.memo ? { memo: request.memo } : {}),
      ...(executionTimeoutMs > 0
        ? {
            workflowExecutionTimeoutMs: executionTimeoutMs,
            workflowExecutionExpirationTimeMs: eventTimeMs + executionTimeoutMs,
          }
        : {}),
      ...(runTimeoutMs > 0 ? { workflowRunTimeoutMs: runTimeoutMs } : {}),
      workflowTaskTimeoutMs: Math.min(
        // Zero stands for "not given", as with the other timeouts.
        request.workflowTaskTimeoutMs || DEFAULT_WORKFLOW_TASK_TIMEOUT_MS,
        MAX_WORKFLOW_TASK_TIMEOUT_MS,
      ),
      originalExecutionRunId: identity.runId,
      firstExecutionRunId: identity.runId,
      ...(request.identity === undefined ? {} : { identity: request.identity }),
      attempt: 1,
      ...firstTaskAttributes(request, eventTimeMs),
      ...(request.searchAttributes ? { searchAttributes: request.searchAttributes } : {}),
      ...(request.retryPolicy ? { retryPolicy: completeRetryPolicy(request.retryPolicy) } : {}),
      ...parentAttributes(request),
      ...(requestIds.length > 0 ? { inheritedRequestIds: requestIds } : {}),
    },
    ...(request.userMetadata ? { userMetadata: request.userMetadata } : {}),
  };
}

/** How long the first workflow task waits. A schedule that is never due is refused before (`request-check.ts`). */
function firstTaskAttributes(
  { cronSchedule, startDelayMs }: StartRequest,
  startTimeMs: number,
): Partial<EventAttributes["WorkflowExecutionStarted"]> {
  if (!cronSchedule) return startDelayMs ? { firstWorkflowTaskBackoffMs: startDelayMs } : {};
  const firstWorkflowTaskBackoffMs = cronBackoffMs(cronSchedule, startTimeMs, startTimeMs) ?? 0;
  return { cronSchedule, initiator: "CRON_SCHEDULE", firstWorkflowTaskBackoffMs };
}

/** Where a run stands in the tree of children, as its first event says it. */
export function parentAttributes({
  parent,
  root,
}: Pick<StartRequest, "parent" | "root">): Partial<EventAttributes["WorkflowExecutionStarted"]> {
  return {
    ...(parent
      ? {
          parentWorkflowNamespace: parent.namespace,
          parentWorkflowExecution: { workflowId: parent.workflowId, runId: parent.runId },
          parentInitiatedEventId: parent.initiatedEventId,
        }
      : {}),
    ...(root ? { rootWorkflowExecution: root } : {}),
  };
}

function cappedByExecution(runTimeoutMs: number, executionTimeoutMs: number): number {
  if (executionTimeoutMs === 0) return runTimeoutMs;
  return runTimeoutMs === 0 ? executionTimeoutMs : Math.min(runTimeoutMs, executionTimeoutMs);
}
