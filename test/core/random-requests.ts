/**
 * Random requests to a run: what clients, activity workers, a workflow worker and the clock might do, right or wrong.
 *
 * Owns: the arbitrary actions, and turning each into a request by looking at the run as it is then. Actions are plain
 * data with small numbers, so that a failing sequence shrinks well.
 */
import fc from "fast-check";

import { type ActivityOutcome, encodeTaskToken } from "../../src/core/activity-task.ts";
import type { Command } from "../../src/core/command.ts";
import type { ActivityOptionsChange, ActivitySelector, ResetRequest } from "../../src/core/control-requests.ts";
import { nextDeadlineMs } from "../../src/core/deadlines.ts";
import type { RequestKind, Requests } from "../../src/core/decide.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { StartRequest } from "../../src/core/protocol.ts";
import type { WorkflowState } from "../../src/core/state.ts";
import * as make from "./requests.ts";

const small = fc.nat({ max: 3 });
const name = fc.constantFrom("a", "b", "c", "constructor", "__proto__");

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("schedule" as const), id: name, variant: fc.nat({ max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancelActivity" as const), pick: small }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("startTimer" as const), id: name, seconds: fc.nat({ max: 20 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cancelTimer" as const), id: name }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("startChild" as const), id: name, policy: fc.nat({ max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("external" as const), id: name, how: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), how: fc.nat({ max: 2 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("answerUpdate" as const), pick: small, how: fc.nat({ max: 5 }) }),
  },
);
type CommandPlan = typeof command extends fc.Arbitrary<infer T> ? T : never;

export const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("complete" as const),
      commands: fc.array(command, { maxLength: 4 }),
      stale: small,
      force: fc.nat({ max: 7 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fail" as const), stale: small }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("signal" as const), id: fc.nat({ max: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("update" as const), id: fc.nat({ max: 15 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("updateWithStart" as const), id: small, conflict: fc.nat({ max: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("claim" as const), pick: small, stale: small, claimId: small }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("heartbeat" as const), pick: small, stale: small }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("respond" as const), pick: small, stale: small, how: fc.nat({ max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("heartbeatById" as const), pick: small, stale: small }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("respondById" as const),
      pick: small,
      stale: small,
      how: fc.nat({ max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deadLetter" as const), pick: small, stale: small }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), pick: small, stale: small }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("childNews" as const), pick: small, how: fc.nat({ max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("externalNews" as const), pick: small, how: fc.nat({ max: 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("tickAtDeadline" as const),
      lateMs: fc.constantFrom(0, 0, 1, 700, 60_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("tick" as const), afterMs: fc.constantFrom(0, 1, 999, 5_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("start" as const),
      id: small,
      conflict: fc.nat({ max: 2 }),
      reuse: fc.nat({ max: 2 }),
      chain: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("signalWithStart" as const), id: small, conflict: fc.nat({ max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("terminate" as const), really: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), really: fc.nat({ max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("reset" as const),
      id: fc.nat({ max: 12 }),
      base: small,
      point: fc.nat({ max: 5 }),
      exclude: fc.nat({ max: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pause" as const), id: small }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("unpause" as const), id: fc.nat({ max: 12 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("control" as const),
      what: fc.nat({ max: 3 }),
      which: small,
      how: fc.nat({ max: 7 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reload" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refusedCommit" as const) }) },
);
export type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A request with its kind. */
export type Made = { readonly [K in RequestKind]: { readonly kind: K; readonly request: Requests[K] } }[RequestKind];

export interface Situation {
  readonly state: WorkflowState | undefined;
  readonly history: readonly HistoryEvent[];
  readonly nowMs: number;
  readonly newRunId: string;
  /** A reset with what the store holds for it. `base` counts the runs that are there, from the current one backwards. */
  readonly resetOf: (base: number, request: ResetRequest) => Requests["reset"] | undefined;
}

/** When an action happens. */
export function actionTimeMs(plan: Action, { state, nowMs }: Situation): number {
  if (plan.kind === "tick") return nowMs + plan.afterMs;
  if (plan.kind !== "tickAtDeadline" || !state) return nowMs;
  return Math.max(nowMs, nextDeadlineMs(state) ?? nowMs) + plan.lateMs;
}

const CONFLICTS = ["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"] as const;
const REUSES = ["ALLOW_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY", "REJECT_DUPLICATE"] as const;
const TIMEOUTS = { workflowRunTimeoutMs: 300_000, workflowTaskTimeoutMs: 7_000 };
const RETRIED = { retryPolicy: { initialIntervalMs: 300, maximumAttempts: 3 } };
/** What makes one run follow another, or wait. */
const CHAINS: readonly Partial<StartRequest>[] = [
  {},
  TIMEOUTS,
  { ...TIMEOUTS, ...RETRIED },
  { ...TIMEOUTS, ...RETRIED, cronSchedule: "*/2 * * * *", workflowExecutionTimeoutMs: 1_000_000 },
  { cronSchedule: "@every 20s", workflowRunTimeoutMs: 30_000 },
  { startDelayMs: 45_000, workflowExecutionTimeoutMs: 400_000 },
];
const worker = { identity: "workflow-worker", newRunId: "run-next" };

/** The request an action makes, or undefined for those that are none. */
export function requestOf(plan: Action, situation: Situation): Made | undefined {
  const { state, newRunId } = situation;
  switch (plan.kind) {
    case "start": {
      const workflowIdReusePolicy = REUSES[plan.reuse] ?? "ALLOW_DUPLICATE";
      const workflowIdConflictPolicy = CONFLICTS[plan.conflict] ?? "FAIL";
      const overrides = { requestId: `start-${plan.id}`, newRunId, workflowIdReusePolicy, workflowIdConflictPolicy };
      return { kind: "start", request: make.startRequest({ ...overrides, ...CHAINS[plan.chain] }) };
    }
    case "signalWithStart": {
      const policy = CONFLICTS[plan.conflict];
      const overrides = { newRunId, ...(policy ? { workflowIdConflictPolicy: policy } : {}) };
      return { kind: "signalWithStart", request: make.signalWithStartRequest(`with-${plan.id}`, overrides) };
    }
    case "signal":
      return { kind: "signal", request: make.signalRequest(["constructor", "__proto__"][plan.id] ?? `s${plan.id}`) };
    case "update":
      return { kind: "update", request: make.updateRequest(UPDATE_IDS[plan.id] ?? `u${plan.id}`) };
    case "updateWithStart": {
      const policy = { workflowIdConflictPolicy: CONFLICTS[plan.conflict] ?? "FAIL" };
      const overrides = { newRunId, requestId: `start-${plan.id}`, ...policy };
      return { kind: "updateWithStart", request: make.updateWithStartRequest(`u${plan.id}`, overrides) };
    }
    case "cancel":
      return { kind: "requestCancel", request: { version: 1, requestId: "cancel" } };
    case "terminate":
      return plan.really > 0 ? undefined : { kind: "terminate", request: { version: 1 } };
    case "delete":
      return plan.really > 0 ? undefined : { kind: "deleteExecution", request: { version: 1 } };
    case "reset": {
      const request = situation.resetOf(plan.base, resetRequest(plan, situation));
      return request && { kind: "reset", request };
    }
    case "tick":
    case "tickAtDeadline":
      return { kind: "tick", request: { newRunId } };
    case "complete": {
      const commands = plan.commands.map((entry) => commandOf(entry, situation));
      const force = plan.force === 7 ? { forceNewWorkflowTask: true as const } : {};
      return {
        kind: "completeWorkflowTask",
        request: { ...taskRef(state, plan.stale), commands, ...worker, newRunId, ...force },
      };
    }
    case "fail": {
      const failure = { message: "TypeError" };
      const cause = "WORKFLOW_WORKER_UNHANDLED_FAILURE";
      return { kind: "failWorkflowTask", request: { ...taskRef(state, plan.stale), cause, failure, ...worker } };
    }
    case "claim":
    case "heartbeat":
    case "respond":
    case "heartbeatById":
    case "respondById":
    case "deadLetter":
    case "release":
      return activityRequest(plan, situation);
    case "pause":
      return { kind: "pause", request: { version: 1, requestId: `pause-${newRunId}-${plan.id}`, reason: "why" } };
    case "unpause":
      return { kind: "unpause", request: { version: 1, requestId: `unpause-${plan.id}` } };
    case "control":
      return controlRequest(plan, situation);
    case "childNews":
      return childRequest(plan, situation);
    case "externalNews": {
      const initiatedEventId = pickInitiated(situation, plan.pick, "ExternalWorkflowExecutionInitiated");
      const made = plan.how === 0 ? make.externalDelivered(initiatedEventId) : make.externalNotFound(initiatedEventId);
      return { kind: "recordExternalResult", request: { ...made, runId: runIdOf(state) } };
    }
    case "settle":
      return { kind: "settleOutbox", request: {} };
    case "reload":
    case "checkpoint":
    case "refusedCommit":
      return undefined;
  }
}

const EXCLUDED: readonly (readonly ("SIGNAL" | "UPDATE")[])[] = [["SIGNAL"], ["UPDATE"], ["SIGNAL", "UPDATE"]];

/** Mostly to an event at which some run has a workflow task, which may be no point of the run that is meant. */
function resetRequest(plan: Extract<Action, { kind: "reset" }>, { history }: Situation): ResetRequest {
  const points = history.filter(({ eventType }) => /^WorkflowTask(Started|Completed|Failed|TimedOut)$/.test(eventType));
  const { eventId = 4 } = points.at(-plan.point) ?? {};
  const kinds: readonly ResetRequest["resetPoint"][] = [{ kind: "firstWorkflowTask" }, { kind: "lastWorkflowTask" }];
  const resetPoint = kinds[plan.point] ?? { kind: "event", eventId };
  const reapplyExclude = EXCLUDED[plan.exclude];
  const request = { version: 1, resetPoint, reason: "mended", requestId: `reset-${plan.id}` } as const;
  return { ...request, ...(reapplyExclude ? { reapplyExclude } : {}) };
}

function taskRef(state: WorkflowState | undefined, stale: number): Requests["completeWorkflowTask"] {
  const task = state?.workflowTask;
  return {
    runId: state?.identity.runId ?? "run-0",
    startedEventId: task?.startedEventId ?? 3,
    attempt: (task?.attempt ?? 1) + (stale === 3 ? 1 : 0),
    commands: [],
    ...worker,
  };
}

/** The event that scheduled some activity of the run: mostly an open one, sometimes one that has closed. */
function pickActivity({ state, history }: Situation, pick: number): number {
  const open = Object.keys(state?.activities ?? {}).map(Number);
  const all = history.filter((event) => event.eventType === "ActivityTaskScheduled").map((event) => event.eventId);
  const candidates = pick === 3 || open.length === 0 ? all : open;
  return candidates[pick % Math.max(1, candidates.length)] ?? 5;
}

function runIdOf(state: WorkflowState | undefined): string {
  return state?.identity.runId ?? "run-0";
}

/** An event that initiated something: the first of those that are open, mostly. */
function pickInitiated({ state, history }: Situation, pick: number, suffix: string): number {
  const open = [...Object.keys(state?.children ?? {}), ...Object.keys(state?.externals ?? {})].map(Number);
  const all = history.filter((event) => event.eventType.endsWith(suffix)).map((event) => event.eventId);
  const candidates = pick === 3 ? all : all.filter((id) => open.includes(id));
  return candidates[pick % Math.max(1, candidates.length)] ?? all[0] ?? 5;
}

function childRequest(plan: Extract<Action, { kind: "childNews" }>, situation: Situation): Made {
  const initiatedEventId = pickInitiated(situation, plan.pick, "StartChildWorkflowExecutionInitiated");
  const runId = runIdOf(situation.state);
  if (plan.how === 0)
    return { kind: "recordChildStart", request: { ...make.childNotStarted(initiatedEventId), runId } };
  if (plan.how < 3) return { kind: "recordChildStart", request: { ...make.childStarted(initiatedEventId), runId } };
  const workflowId = situation.state?.children[initiatedEventId]?.workflowId ?? "a";
  const child = { workflowId, runId: "child-run-2" };
  return { kind: "childClosed", request: make.childClosed(initiatedEventId, { parentRunId: runId, child }) };
}

const CLOSE_POLICIES = ["TERMINATE", "REQUEST_CANCEL", "ABANDON"] as const;

/** A signal or cancellation to another workflow, or to the sender itself. */
function externalCommand({ id, how }: Extract<CommandPlan, { kind: "external" }>): Command {
  if (how === 0) return make.signalExternal(id);
  return how === 1 ? make.cancelExternal(id) : make.signalExternal(make.startRequest().workflowId);
}

type ActivityPlanKind = "claim" | "heartbeat" | "respond" | "heartbeatById" | "respondById" | "deadLetter" | "release";
type ActivityPlan = Extract<Action, { kind: ActivityPlanKind }>;

function activityRequest(plan: ActivityPlan, situation: Situation): Made {
  const scheduledEventId = pickActivity(situation, plan.pick);
  const activity = situation.state?.activities[scheduledEventId];
  const attempt = (activity?.progress.attempt ?? 1) - (plan.stale === 3 ? 1 : 0);
  const runId = situation.state?.identity.runId ?? "run-0";
  const { namespace, workflowId } = make.startRequest();
  const activityId = activity?.activityId ?? "a";
  const taskToken = encodeTaskToken({ namespace, workflowId, runId, scheduledEventId, activityId, attempt });
  switch (plan.kind) {
    case "claim": {
      const request = make.claimRequest(scheduledEventId, { runId, attempt, claimId: `claim-${plan.claimId}` });
      return { kind: "claimActivity", request };
    }
    case "heartbeat": {
      const details = make.payloads(`beat of attempt ${attempt}`);
      return { kind: "heartbeatActivity", request: { version: 1, taskToken, details } };
    }
    case "respond": {
      const outcome = outcomeOf(plan.how);
      return { kind: "respondActivity", request: { version: 1, taskToken, outcome, identity: "worker-1" } };
    }
    case "heartbeatById":
      return { kind: "heartbeatActivityById", request: { version: 1, runId, activityId } };
    case "respondById": {
      const outcome = outcomeOf(plan.how);
      return { kind: "respondActivityById", request: { version: 1, activityId, outcome, identity: "outside" } };
    }
    case "release":
      return { kind: "releaseEagerClaim", request: { runId, scheduledEventId } };
    case "deadLetter":
      return { kind: "reportDeadLetter", request: { version: 1, runId, scheduledEventId, attempt } };
  }
}

const OPTIONS: readonly ActivityOptionsChange[] = [
  { startToCloseTimeoutMs: 1_000 },
  { scheduleToCloseTimeoutMs: 6_000, retryPolicy: { initialIntervalMs: 70 } },
  { heartbeatTimeoutMs: 400, retryPolicy: { maximumAttempts: 2, initialIntervalMs: 3_000 } },
  { scheduleToCloseTimeoutMs: 0, scheduleToStartTimeoutMs: 900, taskQueue: "others" },
];

/** What an operator does with an activity, with those of a type, or with all; `how` is three bits of options. */
function controlRequest({ what, which, how }: Extract<Action, { kind: "control" }>, situation: Situation): Made {
  const open = Object.values(situation.state?.activities ?? {});
  const activityId = open[which % Math.max(1, open.length)]?.activityId ?? "a";
  const selectors: readonly ActivitySelector[] = [
    { kind: "id", activityId },
    { kind: "id", activityId },
    { kind: "type", activityType: "withdraw" },
    { kind: "all" },
  ];
  const request = { version: 1, activity: selectors[which] ?? { kind: "all" } } as const;
  const [one, two, three] = [how % 2 === 1, how % 4 > 1, how > 3];
  if (what === 0) return { kind: "pauseActivity", request: { ...request, reason: "why" } };
  if (what === 1) return { kind: "unpauseActivity", request: { ...request, resetAttempts: one, resetHeartbeat: two } };
  if (what === 2) {
    const flags = { resetHeartbeat: one, keepPaused: two, restoreOriginalOptions: three };
    return { kind: "resetActivity", request: { ...request, ...flags } };
  }
  const change = how === 7 ? {} : { options: OPTIONS[how % OPTIONS.length] ?? {} };
  return { kind: "updateActivityOptions", request: { ...request, ...change, restoreOriginal: three } };
}

function outcomeOf(how: number): ActivityOutcome {
  const outcomes: readonly ActivityOutcome[] = [
    { kind: "completed", result: make.payloads("done") },
    { kind: "failed", failure: make.failureOf("Broken") },
    { kind: "failed", failure: make.failureOf("Broken", { nonRetryable: true }) },
    {
      kind: "failed",
      failure: make.failureOf("Busy", { nextRetryDelayMs: 0 }),
      lastHeartbeatDetails: make.payloads("x"),
    },
    { kind: "canceled" },
  ];
  return outcomes[how] ?? { kind: "completed" };
}

const VARIANTS = [
  {},
  {
    startToCloseTimeoutMs: 3_000,
    allowEagerDispatch: true,
    retryPolicy: { maximumAttempts: 2, initialIntervalMs: 50 },
  },
  { startToCloseTimeoutMs: 0, scheduleToCloseTimeoutMs: 8_000 },
  { heartbeatTimeoutMs: 1_500, scheduleToStartTimeoutMs: 4_000 },
  { scheduleToCloseTimeoutMs: 2_000, retryPolicy: { initialIntervalMs: 33, backoffCoefficient: 1.5 } },
  { startToCloseTimeoutMs: 0 },
];
const CLOSES: readonly Command[] = [
  make.COMPLETE,
  { commandType: "FailWorkflowExecution", failure: { message: "no" } },
  { commandType: "CancelWorkflowExecution" },
];

const UPDATE_IDS = ["constructor", "__proto__"];

/** What a workflow may do with an update: mostly one that it can do it with. */
function updateCommand(
  plan: Extract<CommandPlan, { kind: "answerUpdate" }>,
  state: WorkflowState | undefined,
): Command {
  const carried = (state?.admittedUpdates ?? []).filter((update) => update.carried);
  const open = Object.entries(state?.updates ?? {}).filter(([, update]) => update.completedEventId === undefined);
  const waiting = carried.map(({ message }) => message.updateId);
  const accepted = open.map(([updateId]) => updateId);
  const candidates = plan.how < 4 ? waiting : accepted;
  const updateId = candidates[plan.pick % Math.max(1, candidates.length)];
  if (updateId === undefined) return make.startTimer("instead", 500);
  if (plan.how < 3) return make.acceptUpdate(updateId);
  return plan.how === 3 ? make.rejectUpdate(updateId) : make.completeUpdate(updateId);
}

function commandOf(plan: CommandPlan, situation: Situation): Command {
  switch (plan.kind) {
    case "schedule":
      return make.scheduleActivity(plan.id, VARIANTS[plan.variant]);
    case "cancelActivity":
      return make.cancelActivity(pickActivity(situation, plan.pick));
    case "startTimer":
      return make.startTimer(plan.id, plan.seconds * 500);
    case "cancelTimer":
      return make.cancelTimer(plan.id);
    case "answerUpdate":
      return updateCommand(plan, situation.state);
    case "startChild":
      return make.startChild(plan.id, { parentClosePolicy: CLOSE_POLICIES[plan.policy] ?? "TERMINATE" });
    case "external":
      return externalCommand(plan);
    case "close":
      return CLOSES[plan.how] ?? make.COMPLETE;
  }
}
