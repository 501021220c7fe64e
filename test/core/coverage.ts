/**
 * Which cells of the transition tables a test has tried.
 *
 * Owns: the states of each entity as data, and the recording. `given.ts` records each decision under test here; the
 * suite ends by asking for every cell, so a state or a request added later fails until somebody tests it.
 */
import { activityDeadline } from "../../src/core/activity.ts";
import { decodeTaskToken } from "../../src/core/activity-task.ts";
import { type Command, isCloseCommand } from "../../src/core/command.ts";
import { runTimeoutMs } from "../../src/core/deadlines.ts";
import type { RequestKind, Requests } from "../../src/core/decide.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { WorkflowState } from "../../src/core/state.ts";
import { RUN_DETAILS, runDetailsOf } from "./run-details.ts";

export const RUN_STATES = [
  "no run",
  "idle",
  "task started",
  "task speculative",
  "task backing off",
  "task retried",
  "paused",
  "closed",
] as const;
export type RunState = (typeof RUN_STATES)[number];

const REQUEST_KINDS: Readonly<Record<RequestKind, true>> = {
  start: true,
  signalWithStart: true,
  signal: true,
  requestCancel: true,
  terminate: true,
  reset: true,
  deleteExecution: true,
  pause: true,
  unpause: true,
  pauseActivity: true,
  unpauseActivity: true,
  resetActivity: true,
  updateActivityOptions: true,
  update: true,
  updateWithStart: true,
  completeWorkflowTask: true,
  failWorkflowTask: true,
  claimActivity: true,
  heartbeatActivity: true,
  respondActivity: true,
  respondActivityById: true,
  heartbeatActivityById: true,
  reportDeadLetter: true,
  releaseEagerClaim: true,
  childClosed: true,
  recordChildStart: true,
  recordExternalResult: true,
  settleOutbox: true,
  tick: true,
};

/** What may come while a run waits for its first workflow task. */
const WAITED = [
  "signal",
  "signalWithStart",
  "update",
  "updateWithStart",
  "requestCancel",
  "terminate",
  "tick",
] as const;
/** How a run may end. */
const RUN_ENDS = ["completed", "failed", "timed out", "cancelled", "terminated", "continued as new"] as const;

const ACTIVITY_INPUTS = ["claim", "heartbeat", "respond", "timeout", "cancel", "dead letter", "release"] as const;
/** What operators do with an activity. */
const ACTIVITY_CONTROLS = ["pause", "unpause", "reset", "options"] as const;
const CONTROL_KINDS: Readonly<Partial<Record<RequestKind, (typeof ACTIVITY_CONTROLS)[number]>>> = {
  pauseActivity: "pause",
  unpauseActivity: "unpause",
  resetActivity: "reset",
  updateActivityOptions: "options",
};

/** Entity states and what can happen to them; a dash is a cell that cannot be. */
const ENTITY_CELLS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  activity: {
    // Its timeouts wait until it is unpaused.
    paused: [...ACTIVITY_INPUTS.filter((input) => input !== "timeout"), ...ACTIVITY_CONTROLS],
    "pause requested": [...ACTIVITY_INPUTS, ...ACTIVITY_CONTROLS],
    scheduled: [...ACTIVITY_INPUTS, ...ACTIVITY_CONTROLS],
    "backing off": [...ACTIVITY_INPUTS, ...ACTIVITY_CONTROLS],
    started: [...ACTIVITY_INPUTS, ...ACTIVITY_CONTROLS],
    closed: ["claim", "heartbeat", "respond", "cancel", "dead letter", "release", ...ACTIVITY_CONTROLS],
    "close buffered": ["claim", "heartbeat", "respond", "cancel", "dead letter", "release", ...ACTIVITY_CONTROLS],
  },
  "activity by id": {
    scheduled: ["completed", "failed", "canceled", "heartbeat"],
    "backing off": ["completed", "failed", "canceled", "heartbeat"],
    started: ["completed", "failed", "canceled", "heartbeat"],
    "not open": ["completed", "failed", "canceled", "heartbeat"],
  },
  timer: {
    none: ["start", "cancel"],
    open: ["start", "cancel", "due"],
    "fired, buffered": ["start", "cancel"],
  },
  child: {
    none: ["start answered", "closed"],
    initiated: ["start answered", "closed", "parent closes"],
    "started, buffered": ["start answered", "closed"],
    started: ["start answered", "closed", "parent closes"],
  },
  "external signal": { none: ["command", "answered"], initiated: ["answered"] },
  "external cancel": { none: ["command"], initiated: ["answered"] },
  "workflow task": {
    none: ["completed", "failed"],
    started: ["completed", "failed", "timeout"],
    "backing off": ["completed", "failed", "backoff over"],
    retried: ["completed", "failed", "timeout"],
    speculative: ["completed", "failed", "timeout"],
  },
  update: {
    none: ["request", "accept", "reject", "complete"],
    admitted: ["request", "accept", "reject", "complete", "task starts"],
    carried: ["request", "accept", "reject", "complete"],
    accepted: ["request", "accept", "reject", "complete"],
    completed: ["request", "accept", "reject", "complete"],
  },
  "first task": {
    "waits for the start delay": [...WAITED],
    "waits between runs": [...WAITED],
  },
  "run end": {
    plain: [...RUN_ENDS],
    "with retry policy": [...RUN_ENDS],
    "with cron schedule": [...RUN_ENDS],
    "with both": [...RUN_ENDS],
  },
  outcome: {
    scheduled: ["completed", "failed", "canceled"],
    started: ["completed", "failed", "canceled"],
    "started, cancel requested": ["completed", "failed", "canceled"],
  },
};

const tried = new Set<string>();

/** Every cell that some test has to try. */
export function requiredCells(): string[] {
  const runs = [...RUN_STATES, ...RUN_DETAILS].flatMap((state) =>
    Object.keys(REQUEST_KINDS).map((kind) => `run ${state}: ${kind}`),
  );
  const entities = Object.entries(ENTITY_CELLS).flatMap(([entity, states]) =>
    Object.entries(states).flatMap(([state, inputs]) => inputs.map((input) => `${entity} ${state}: ${input}`)),
  );
  return [...runs, ...entities];
}

export function untriedCells(): string[] {
  return requiredCells().filter((cell) => !tried.has(cell));
}

interface Situation {
  readonly state: WorkflowState | undefined;
  readonly events: readonly HistoryEvent[];
  readonly nowMs: number;
}

export function runStateOf(state: WorkflowState | undefined): RunState {
  if (!state) return "no run";
  if (state.status !== "RUNNING") return "closed";
  return state.paused ? "paused" : taskStateOf(state);
}

function taskStateOf(state: WorkflowState): Exclude<RunState, "no run" | "paused" | "closed"> {
  const task = state.workflowTask;
  if (!task) return "idle";
  if (task.startedEventId === undefined) return "task backing off";
  if (task.speculative) return "task speculative";
  return task.inHistory ? "task started" : "task retried";
}

/** Notes which cells a decision under test is about. */
export function recordPairs<K extends RequestKind>(situation: Situation, kind: K, request: Requests[K]): void {
  const { state } = situation;
  tried.add(`run ${runStateOf(state)}: ${kind}`);
  for (const detail of runDetailsOf(state, situation.nowMs)) tried.add(`run ${detail}: ${kind}`);
  if (!state) return;
  // Which request it is shows in its fields: a type parameter does not narrow.
  const requests: Requests[RequestKind] = request;
  if ("scheduledEventId" in requests) {
    const inputs = { claimActivity: "claim", reportDeadLetter: "dead letter" } as Readonly<Record<string, string>>;
    record("activity", activityStateOf(situation, requests.scheduledEventId), inputs[kind] ?? "release");
  }
  if ("taskToken" in requests) {
    const scheduledEventId = decodeTaskToken(requests.taskToken)?.scheduledEventId ?? 0;
    const activityState = activityStateOf(situation, scheduledEventId);
    record("activity", activityState, kind === "heartbeatActivity" ? "heartbeat" : "respond");
    if ("outcome" in requests) {
      const isAsked = state.activities[scheduledEventId]?.cancelRequestedEventId !== undefined;
      record("outcome", `${activityState}${isAsked ? ", cancel requested" : ""}`, requests.outcome.kind);
    }
  }
  if ("activityId" in requests && (kind === "respondActivityById" || kind === "heartbeatActivityById")) {
    const open = Object.values(state.activities).find(({ activityId }) => activityId === requests.activityId);
    const activityState = open ? activityStateOf(situation, open.scheduledEventId) : "not open";
    record("activity by id", activityState, "outcome" in requests ? requests.outcome.kind : "heartbeat");
  }
  recordControl(situation, state, kind, requests);
  if (kind === "recordChildStart" && "initiatedEventId" in requests)
    record("child", childStateOf(state, requests.initiatedEventId), "start answered");
  if ("parentRunId" in requests) record("child", childStateOf(state, requests.initiatedEventId), "closed");
  if (kind === "recordExternalResult" && "initiatedEventId" in requests) {
    const external = state.externals[requests.initiatedEventId];
    record(`external ${external?.kind ?? "signal"}`, external ? "initiated" : "none", "answered");
  }
  const isEndOfRun = "commands" in requests && requests.commands.some(isCloseCommand);
  if (state.status === "RUNNING" && (kind === "terminate" || isEndOfRun))
    for (const child of Object.values(state.children))
      record("child", childStateOf(state, child.initiatedEventId), "parent closes");
  const task = {
    idle: "none",
    "task started": "started",
    "task backing off": "backing off",
    "task retried": "retried",
    "task speculative": "speculative",
  }[taskStateOf(state)];
  if ("updateId" in requests) record("update", updateStateOf(state, requests.updateId), "request");
  const isEnd = kind === "completeWorkflowTask" || kind === "failWorkflowTask";
  if (isEnd && state.admittedUpdates.some((update) => !update.carried)) record("update", "admitted", "task starts");
  if (kind === "failWorkflowTask") record("workflow task", task, "failed");
  if (kind === "completeWorkflowTask") {
    record("workflow task", task, "completed");
    if ("commands" in requests) for (const command of requests.commands) recordCommand(situation, command);
  }
  if (kind === "tick") recordTick(situation, state, task);
  recordFirstTask(situation, state, kind);
  recordRunEnd(situation, state, kind, requests);
}

function recordFirstTask({ nowMs }: Situation, state: WorkflowState, kind: RequestKind): void {
  const isBefore = !state.workflowTask && state.lastWorkflowTaskClosedEventId === 0 && state.status === "RUNNING";
  if (!isBefore || (kind !== "tick" && nowMs >= state.start.firstWorkflowTaskAtMs)) return;
  record("first task", state.start.isStartDelayed ? "waits for the start delay" : "waits between runs", kind);
}

const CLOSE_ENDS: Readonly<Record<string, string>> = {
  CompleteWorkflowExecution: "completed",
  FailWorkflowExecution: "failed",
  CancelWorkflowExecution: "cancelled",
  ContinueAsNewWorkflowExecution: "continued as new",
};

function recordRunEnd(
  { nowMs }: Situation,
  state: WorkflowState,
  kind: RequestKind,
  requests: Requests[RequestKind],
): void {
  if (state.status !== "RUNNING") return;
  const { retryPolicy, cronSchedule } = state.start;
  const has = retryPolicy
    ? cronSchedule === undefined
      ? "with retry policy"
      : "with both"
    : cronSchedule === undefined
      ? "plain"
      : "with cron schedule";
  if (kind === "terminate") record("run end", has, "terminated");
  if (kind === "tick" && (runTimeoutMs(state) ?? Number.POSITIVE_INFINITY) <= nowMs)
    record("run end", has, "timed out");
  if (!("commands" in requests)) return;
  for (const { commandType } of requests.commands) record("run end", has, CLOSE_ENDS[commandType] ?? "open");
}

function record(entity: string, state: string, input: string): void {
  tried.add(`${entity} ${state}: ${input}`);
}

function activityStateOf({ state, events, nowMs }: Situation, scheduledEventId: number): string {
  const activity = state?.activities[scheduledEventId];
  if (activity) {
    const { startedTimeMs, paused, attemptScheduledTimeMs } = activity.progress;
    if (startedTimeMs !== undefined) return paused ? "pause requested" : "started";
    if (paused) return "paused";
    return attemptScheduledTimeMs > nowMs ? "backing off" : "scheduled";
  }
  const isBuffered = state?.buffered.some(
    (event) => "scheduledEventId" in event.attributes && event.attributes.scheduledEventId === scheduledEventId,
  );
  if (isBuffered) return "close buffered";
  return events.some((event) => event.eventId === scheduledEventId) ? "closed" : "never scheduled";
}

function timerStateOf(state: WorkflowState | undefined, timerId: string): string {
  if (state && Object.hasOwn(state.timers, timerId)) return "open";
  const isBuffered = state?.buffered.some(
    (event) => event.eventType === "TimerFired" && event.attributes.timerId === timerId,
  );
  return isBuffered ? "fired, buffered" : "none";
}

function updateStateOf(state: WorkflowState | undefined, updateId: string): string {
  const accepted = state?.updates[updateId];
  if (accepted) return accepted.completedEventId === undefined ? "accepted" : "completed";
  const admitted = state?.admittedUpdates.find(({ message }) => message.updateId === updateId);
  if (!admitted) return "none";
  return admitted.carried ? "carried" : "admitted";
}

function childStateOf(state: WorkflowState, initiatedEventId: number): string {
  const child = state.children[initiatedEventId];
  if (!child) return "none";
  if (child.startedEventId === undefined) return "initiated";
  return child.startedEventId === 0 ? "started, buffered" : "started";
}

function recordCommand(situation: Situation, command: Command): void {
  switch (command.commandType) {
    case "RequestCancelActivityTask":
      return record("activity", activityStateOf(situation, command.scheduledEventId), "cancel");
    case "AcceptUpdate":
      return record("update", updateStateOf(situation.state, command.updateId), "accept");
    case "RejectUpdate":
      return record("update", updateStateOf(situation.state, command.updateId), "reject");
    case "CompleteUpdate":
      return record("update", updateStateOf(situation.state, command.updateId), "complete");
    case "StartTimer":
      return record("timer", timerStateOf(situation.state, command.timerId), "start");
    case "SignalExternalWorkflowExecution":
      return record("external signal", "none", "command");
    case "RequestCancelExternalWorkflowExecution":
      return record("external cancel", "none", "command");
    case "CancelTimer":
      return record("timer", timerStateOf(situation.state, command.timerId), "cancel");
    default:
      return;
  }
}

function recordTick(situation: Situation, state: WorkflowState, task: string): void {
  for (const timer of Object.values(state.timers))
    if (timer.fireTimeMs <= situation.nowMs) record("timer", "open", "due");
  for (const activity of Object.values(state.activities)) {
    const deadline = activityDeadline(activity);
    if (deadline && deadline.atMs <= situation.nowMs) {
      const isWaiting = activity.progress.startedTimeMs === undefined && activity.progress.attempt > 1;
      record("activity", isWaiting ? "backing off" : activityStateOf(situation, activity.scheduledEventId), "timeout");
    }
  }
  const open = state.workflowTask;
  if (!open) return;
  if (open.startedEventId === undefined) {
    if (open.notBeforeMs <= situation.nowMs) record("workflow task", task, "backoff over");
  } else if ((open.timeoutFromMs ?? 0) + state.start.workflowTaskTimeoutMs <= situation.nowMs) {
    record("workflow task", task, "timeout");
  }
}

/** An activity that is controlled is named by its id, which it keeps after its end. */
function recordControl(
  situation: Situation,
  state: WorkflowState,
  kind: RequestKind,
  requests: Requests[RequestKind],
): void {
  const input = CONTROL_KINDS[kind];
  if (input === undefined || !("activity" in requests)) return;
  const { activity: selector } = requests;
  if (!selector) return;
  const scheduled = situation.events.flatMap((event) =>
    event.eventType === "ActivityTaskScheduled" ? [{ eventId: event.eventId, ...event.attributes }] : [],
  );
  for (const { eventId, activityId, activityType } of scheduled) {
    const isMeant =
      (selector.kind === "id" && selector.activityId === activityId) ||
      (selector.kind === "type" && selector.activityType === activityType.name);
    const isOpen = state.activities[eventId] !== undefined;
    if (isMeant || (selector.kind === "all" && isOpen)) record("activity", activityStateOf(situation, eventId), input);
  }
}
