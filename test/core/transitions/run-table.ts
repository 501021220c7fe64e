/**
 * Every request against every state a run can be in, as one table.
 *
 * Owns: the coarse answer of each cell. What a cell means in detail is tested beside the entity it is about.
 */
import { describe, expect, it } from "vitest";

import type { RequestKind, Requests } from "../../../src/core/decide.ts";
import type { EventType } from "../../../src/core/history-event.ts";
import type { RejectionCode } from "../../../src/core/rejection.ts";
import { RUN_STATES, type RunState, runStateOf } from "../coverage.ts";
import {
  type Scenario,
  claimed,
  given,
  paused,
  signaled,
  started,
  taskCompleted,
  taskFailed,
  terminated,
  updateSent,
} from "../given.ts";
import * as make from "../requests.ts";

export interface Cell {
  readonly events?: readonly EventType[];
  readonly buffered?: readonly EventType[];
  readonly newRun?: readonly EventType[];
  /** Accepted, though neither history nor buffer changes. */
  readonly quiet?: true;
  readonly rejected?: RejectionCode;
}

const quiet: Cell = { quiet: true };
const rejected = (code: RejectionCode): Cell => ({ rejected: code });
const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const transientTask = newTask;
const newRun = ["WorkflowExecutionStarted", ...newTask] as const;
const newRunWithSignal = ["WorkflowExecutionStarted", "WorkflowExecutionSignaled", ...newTask] as const;
const closing = ["ActivityTaskStarted", "ActivityTaskCompleted"] as const;
/** What a reset adds to the history that it takes over: the request that was taken after the point is there again. */
const resetRun = ["WorkflowTaskFailed", ...newTask] as const;
const resetRunWithSignal = ["WorkflowTaskFailed", "WorkflowExecutionSignaled", ...newTask] as const;
const resetRunWithUpdate = ["WorkflowTaskFailed", "WorkflowExecutionUpdateAdmitted", ...newTask] as const;
const deadLettered = ["ActivityTaskStarted", "ActivityTaskFailed"] as const;

const childNews = ["ChildWorkflowExecutionStarted", "ChildWorkflowExecutionCompleted"] as const;

/**
 * Activity `a` (event 5) is unclaimed and has one attempt, `b` (event 6) is claimed; a child (7) and a signal to another
 * workflow (8) have no answer yet.
 */
export const open = [
  started(),
  taskCompleted(
    make.scheduleActivity("a", { retryPolicy: { maximumAttempts: 1 } }),
    make.scheduleActivity("b", { retryPolicy: { maximumAttempts: 1 } }),
    make.startChild("child"),
    make.signalExternal("other"),
  ),
  claimed(6),
];

const SCENARIOS: Readonly<Record<RunState, () => Scenario>> = {
  "no run": () => given(),
  idle: () => given(...open),
  "task started": () => given(...open, signaled("s1")),
  "task speculative": () => given(...open, updateSent("u0")),
  "task retried": () => given(...open, signaled("s1"), taskFailed()),
  "task backing off": () => given(...open, signaled("s1"), taskFailed(), taskFailed()),
  paused: () => given(...open, paused("pause-0")),
  closed: () => given(...open, terminated()),
};

export const REQUESTS: { readonly [K in RequestKind]: (scenario: Scenario) => Requests[K] } = {
  start: () => make.startRequest({ requestId: "start-2", newRunId: "run-2" }),
  signalWithStart: () => make.signalWithStartRequest("s2"),
  signal: () => make.signalRequest("s2"),
  requestCancel: () => ({ version: 1, requestId: "cancel-1" }),
  terminate: () => ({ version: 1, reason: "enough" }),
  reset: (scenario) => make.resetRequest(scenario.histories, { kind: "firstWorkflowTask" }),
  deleteExecution: () => ({ version: 1 }),
  pause: () => ({ version: 1, requestId: "pause-1" }),
  unpause: () => ({ version: 1, requestId: "unpause-1" }),
  pauseActivity: () => ({ version: 1, activity: { kind: "all" } }),
  unpauseActivity: () => ({ version: 1, activity: { kind: "all" } }),
  resetActivity: () => ({ version: 1, activity: { kind: "all" } }),
  updateActivityOptions: () => ({ version: 1, activity: { kind: "all" }, options: { heartbeatTimeoutMs: 5_000 } }),
  update: () => make.updateRequest("u1"),
  updateWithStart: () => make.updateWithStartRequest("u1", { workflowIdConflictPolicy: "FAIL" }),
  completeWorkflowTask: (scenario) => ({
    ...scenario.task,
    commands: [],
    identity: "workflow-worker",
    newRunId: make.NEXT_RUN_ID,
  }),
  failWorkflowTask: (scenario) => ({
    ...scenario.task,
    cause: "NON_DETERMINISTIC_ERROR",
    failure: { message: "not the same" },
    identity: "workflow-worker",
  }),
  claimActivity: () => make.claimRequest(5),
  heartbeatActivity: () => ({ version: 1, taskToken: make.taskToken(6, { activityId: "b" }) }),
  respondActivity: () => make.completed(6, { activityId: "b" }),
  respondActivityById: () => ({ version: 1, activityId: "b", outcome: { kind: "completed" }, identity: "outside" }),
  heartbeatActivityById: () => ({ version: 1, activityId: "b" }),
  reportDeadLetter: () => ({ version: 1, runId: make.RUN_ID, scheduledEventId: 5, attempt: 1 }),
  releaseEagerClaim: () => ({ runId: make.RUN_ID, scheduledEventId: 6 }),
  childClosed: () => make.childClosed(7),
  recordChildStart: () => make.childStarted(7),
  recordExternalResult: () => make.externalDelivered(8),
  settleOutbox: () => ({}),
  tick: (scenario) => scenario.nextRunFacts,
};

export const TABLE: Readonly<Record<RunState, Readonly<Record<RequestKind, Cell>>>> = {
  "no run": {
    start: { newRun },
    signalWithStart: { newRun: newRunWithSignal },
    signal: rejected("WorkflowNotFound"),
    requestCancel: rejected("WorkflowNotFound"),
    terminate: rejected("WorkflowNotFound"),
    reset: rejected("WorkflowNotFound"),
    deleteExecution: rejected("WorkflowNotFound"),
    pause: rejected("WorkflowNotFound"),
    unpause: rejected("WorkflowNotFound"),
    pauseActivity: rejected("WorkflowNotFound"),
    unpauseActivity: rejected("WorkflowNotFound"),
    resetActivity: rejected("WorkflowNotFound"),
    updateActivityOptions: rejected("WorkflowNotFound"),
    update: rejected("WorkflowNotFound"),
    updateWithStart: { newRun },
    completeWorkflowTask: rejected("WorkflowNotFound"),
    failWorkflowTask: rejected("WorkflowNotFound"),
    claimActivity: rejected("WorkflowNotFound"),
    heartbeatActivity: rejected("ActivityNotFound"),
    respondActivity: rejected("ActivityNotFound"),
    respondActivityById: rejected("WorkflowNotFound"),
    heartbeatActivityById: rejected("WorkflowNotFound"),
    reportDeadLetter: rejected("WorkflowNotFound"),
    releaseEagerClaim: rejected("WorkflowNotFound"),
    childClosed: rejected("WorkflowNotFound"),
    recordChildStart: rejected("WorkflowNotFound"),
    recordExternalResult: rejected("WorkflowNotFound"),
    settleOutbox: rejected("WorkflowNotFound"),
    tick: rejected("WorkflowNotFound"),
  },
  idle: {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { events: ["WorkflowExecutionSignaled", ...newTask] },
    signal: { events: ["WorkflowExecutionSignaled", ...newTask] },
    requestCancel: { events: ["WorkflowExecutionCancelRequested", ...newTask] },
    terminate: { events: ["WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowExecutionTerminated"], newRun: resetRun },
    deleteExecution: { events: ["WorkflowExecutionTerminated"] },
    pause: { events: ["WorkflowExecutionPaused"] },
    unpause: rejected("FailedPrecondition"),
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: quiet,
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: quiet,
    failWorkflowTask: quiet,
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { events: [...closing, ...newTask] },
    respondActivityById: { events: [...closing, ...newTask] },
    heartbeatActivityById: quiet,
    reportDeadLetter: { events: [...deadLettered, ...newTask] },
    releaseEagerClaim: quiet,
    childClosed: { events: [...childNews, ...newTask] },
    recordChildStart: { events: ["ChildWorkflowExecutionStarted", ...newTask] },
    recordExternalResult: { events: ["ExternalWorkflowExecutionSignaled", ...newTask] },
    settleOutbox: quiet,
    tick: quiet,
  },
  "task started": {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { buffered: ["WorkflowExecutionSignaled"] },
    signal: { buffered: ["WorkflowExecutionSignaled"] },
    requestCancel: { buffered: ["WorkflowExecutionCancelRequested"] },
    terminate: { events: ["WorkflowTaskFailed", "WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowTaskFailed", "WorkflowExecutionTerminated"], newRun: resetRunWithSignal },
    deleteExecution: { events: ["WorkflowTaskFailed", "WorkflowExecutionTerminated"] },
    pause: { buffered: ["WorkflowExecutionPaused"] },
    unpause: rejected("FailedPrecondition"),
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: quiet,
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: { events: ["WorkflowTaskCompleted"] },
    failWorkflowTask: { events: ["WorkflowTaskFailed"] },
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { buffered: closing },
    respondActivityById: { buffered: closing },
    heartbeatActivityById: quiet,
    reportDeadLetter: { buffered: deadLettered },
    releaseEagerClaim: quiet,
    childClosed: { buffered: childNews },
    recordChildStart: { buffered: ["ChildWorkflowExecutionStarted"] },
    recordExternalResult: { buffered: ["ExternalWorkflowExecutionSignaled"] },
    settleOutbox: quiet,
    tick: quiet,
  },
  "task speculative": {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { buffered: ["WorkflowExecutionSignaled"] },
    signal: { buffered: ["WorkflowExecutionSignaled"] },
    requestCancel: { buffered: ["WorkflowExecutionCancelRequested"] },
    terminate: { events: ["WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowExecutionTerminated"], newRun: resetRunWithUpdate },
    deleteExecution: { events: ["WorkflowExecutionTerminated"] },
    pause: { buffered: ["WorkflowExecutionPaused"] },
    unpause: rejected("FailedPrecondition"),
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: quiet,
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: quiet,
    failWorkflowTask: { events: [...transientTask, "WorkflowTaskFailed"] },
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { buffered: closing },
    respondActivityById: { buffered: closing },
    heartbeatActivityById: quiet,
    reportDeadLetter: { buffered: deadLettered },
    releaseEagerClaim: quiet,
    childClosed: { buffered: childNews },
    recordChildStart: { buffered: ["ChildWorkflowExecutionStarted"] },
    recordExternalResult: { buffered: ["ExternalWorkflowExecutionSignaled"] },
    settleOutbox: quiet,
    tick: quiet,
  },
  "task retried": {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { buffered: ["WorkflowExecutionSignaled"] },
    signal: { buffered: ["WorkflowExecutionSignaled"] },
    requestCancel: { buffered: ["WorkflowExecutionCancelRequested"] },
    terminate: { events: ["WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowExecutionTerminated"], newRun: resetRunWithSignal },
    deleteExecution: { events: ["WorkflowExecutionTerminated"] },
    pause: { buffered: ["WorkflowExecutionPaused"] },
    unpause: rejected("FailedPrecondition"),
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: quiet,
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: { events: [...transientTask, "WorkflowTaskCompleted"] },
    failWorkflowTask: quiet,
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { buffered: closing },
    respondActivityById: { buffered: closing },
    heartbeatActivityById: quiet,
    reportDeadLetter: { buffered: deadLettered },
    releaseEagerClaim: quiet,
    childClosed: { buffered: childNews },
    recordChildStart: { buffered: ["ChildWorkflowExecutionStarted"] },
    recordExternalResult: { buffered: ["ExternalWorkflowExecutionSignaled"] },
    settleOutbox: quiet,
    tick: quiet,
  },
  "task backing off": {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { events: ["WorkflowExecutionSignaled"] },
    signal: { events: ["WorkflowExecutionSignaled"] },
    requestCancel: { events: ["WorkflowExecutionCancelRequested"] },
    terminate: { events: ["WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowExecutionTerminated"], newRun: resetRunWithSignal },
    deleteExecution: { events: ["WorkflowExecutionTerminated"] },
    pause: { events: ["WorkflowExecutionPaused"] },
    unpause: rejected("FailedPrecondition"),
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: quiet,
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: quiet,
    failWorkflowTask: quiet,
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { events: closing },
    respondActivityById: { events: closing },
    heartbeatActivityById: quiet,
    reportDeadLetter: { events: deadLettered },
    releaseEagerClaim: quiet,
    childClosed: { events: childNews },
    recordChildStart: { events: ["ChildWorkflowExecutionStarted"] },
    recordExternalResult: { events: ["ExternalWorkflowExecutionSignaled"] },
    settleOutbox: quiet,
    tick: quiet,
  },
  paused: {
    start: rejected("WorkflowAlreadyStarted"),
    signalWithStart: { events: ["WorkflowExecutionSignaled"] },
    signal: { events: ["WorkflowExecutionSignaled"] },
    requestCancel: { events: ["WorkflowExecutionCancelRequested"] },
    terminate: { events: ["WorkflowExecutionTerminated"] },
    reset: { events: ["WorkflowExecutionTerminated"], newRun: resetRun },
    deleteExecution: { events: ["WorkflowExecutionTerminated"] },
    pause: rejected("FailedPrecondition"),
    unpause: { events: ["WorkflowExecutionUnpaused", ...newTask] },
    pauseActivity: quiet,
    unpauseActivity: quiet,
    resetActivity: quiet,
    updateActivityOptions: quiet,
    update: rejected("FailedPrecondition"),
    updateWithStart: rejected("WorkflowAlreadyStarted"),
    completeWorkflowTask: quiet,
    failWorkflowTask: quiet,
    claimActivity: quiet,
    heartbeatActivity: quiet,
    respondActivity: { events: closing },
    respondActivityById: { events: closing },
    heartbeatActivityById: quiet,
    reportDeadLetter: quiet,
    releaseEagerClaim: quiet,
    childClosed: { events: childNews },
    recordChildStart: { events: ["ChildWorkflowExecutionStarted"] },
    recordExternalResult: { events: ["ExternalWorkflowExecutionSignaled"] },
    settleOutbox: quiet,
    tick: quiet,
  },
  closed: {
    start: { newRun },
    signalWithStart: { newRun: newRunWithSignal },
    signal: rejected("WorkflowAlreadyCompleted"),
    requestCancel: rejected("WorkflowAlreadyCompleted"),
    terminate: rejected("WorkflowAlreadyCompleted"),
    reset: { newRun: resetRun },
    deleteExecution: quiet,
    pause: rejected("WorkflowAlreadyCompleted"),
    unpause: rejected("WorkflowAlreadyCompleted"),
    pauseActivity: rejected("WorkflowAlreadyCompleted"),
    unpauseActivity: rejected("WorkflowAlreadyCompleted"),
    resetActivity: rejected("WorkflowAlreadyCompleted"),
    updateActivityOptions: rejected("WorkflowAlreadyCompleted"),
    update: rejected("WorkflowAlreadyCompleted"),
    updateWithStart: { newRun },
    completeWorkflowTask: quiet,
    failWorkflowTask: quiet,
    claimActivity: quiet,
    heartbeatActivity: rejected("ActivityNotFound"),
    respondActivity: rejected("ActivityNotFound"),
    respondActivityById: rejected("ActivityNotFound"),
    heartbeatActivityById: rejected("ActivityNotFound"),
    reportDeadLetter: quiet,
    releaseEagerClaim: quiet,
    childClosed: quiet,
    recordChildStart: quiet,
    recordExternalResult: quiet,
    settleOutbox: quiet,
    tick: quiet,
  },
};

describe.each(RUN_STATES)("a run that is in the state '%s'", (state) => {
  const kinds = Object.keys(REQUESTS) as RequestKind[];
  it.each(kinds)("answers %s", (kind) => {
    const scenario = SCENARIOS[state]();
    expect(runStateOf(scenario.state)).toBe(state);
    const cell = TABLE[state][kind];
    const before = structuredClone({ events: scenario.events, state: scenario.state });
    const taken = scenario.when(kind, REQUESTS[kind]);
    if (cell.rejected) {
      taken.thenRejected(cell.rejected);
      expect({ events: scenario.events, state: scenario.state }).toEqual(before);
      return;
    }
    taken
      .thenEvents(...(cell.events ?? []))
      .thenBuffered(...(cell.buffered ?? []))
      .thenNewRun(...(cell.newRun ?? []));
  });
});
