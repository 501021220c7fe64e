/** Chains of runs: what follows every end of a run, what it is given, how long it waits, and who hears of it. */
import { describe, expect, it } from "vitest";

import type { Command, ContinueAsNewWorkflowExecutionCommand } from "../../../src/core/command.ts";
import type { EventAttributes, EventType } from "../../../src/core/history-event.ts";
import { outboxOf } from "../../../src/core/outbox.ts";
import type { StartRequest } from "../../../src/core/protocol.ts";
import {
  type Scenario,
  type Step,
  cancelRequested,
  given,
  passed,
  signaled,
  started,
  taskCompleted,
  ticked,
} from "../given.ts";
import * as make from "../requests.ts";

/** Every scenario begins at 05:00:00, so the ticks of this schedule are on the whole minute. */
const CRON = "* * * * *";
const COMPLETE: Command = { commandType: "CompleteWorkflowExecution", result: make.payloads("receipt") };
const FAIL: Command = { commandType: "FailWorkflowExecution", failure: make.failureOf("Declined") };
const CANCEL: Command = { commandType: "CancelWorkflowExecution" };

function next(overrides: Partial<ContinueAsNewWorkflowExecutionCommand> = {}): Command {
  const command = { commandType: "ContinueAsNewWorkflowExecution", workflowType: "transfer", taskQueue: "transfers" };
  return { ...command, ...overrides } as Command;
}

function firstAttributes(scenario: Scenario): EventAttributes["WorkflowExecutionStarted"] {
  const [first] = scenario.events;
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("the run does not begin with its start");
  return first.attributes;
}

/** A run with its first task, however long it had to wait for it. */
function begun(options: Partial<StartRequest>): readonly Step[] {
  return [
    started(options),
    (scenario) => void (scenario.run.workflowTask ? scenario : scenario.atDeadline()),
    ticked(),
  ];
}

/** The next run of the chain, with its first task. */
function nextBegun(...commands: readonly Command[]): readonly Step[] {
  const wait: Step = (scenario) => void (scenario.run.workflowTask ? scenario : scenario.atDeadline());
  return [taskCompleted(...commands), wait, ticked()];
}

const ENDS = ["completed", "failed", "timed out", "cancelled", "terminated", "continued as new"] as const;
type End = (typeof ENDS)[number];

const CLOSING: Readonly<Record<End, EventType>> = {
  completed: "WorkflowExecutionCompleted",
  failed: "WorkflowExecutionFailed",
  "timed out": "WorkflowExecutionTimedOut",
  cancelled: "WorkflowExecutionCanceled",
  terminated: "WorkflowExecutionTerminated",
  "continued as new": "WorkflowExecutionContinuedAsNew",
};

const COMMANDS = { completed: COMPLETE, failed: FAIL, cancelled: CANCEL, "continued as new": next() } as const;

/** Ends the run 5 s after its first task began. */
function end(scenario: Scenario, how: End): Scenario {
  if (how === "terminated") return scenario.after(5_000).when("terminate", { version: 1 }).scenario;
  if (how === "timed out") return scenario.atDeadline().whenTicked().scenario;
  return scenario.after(5_000).whenCompleted(COMMANDS[how]).scenario;
}

const RETRY: Partial<StartRequest> = { retryPolicy: { initialIntervalMs: 2_000, maximumAttempts: 5 } };
const POLICIES = {
  plain: {},
  "with retry policy": RETRY,
  "with cron schedule": { cronSchedule: CRON },
  "with both": { ...RETRY, cronSchedule: CRON },
} as const satisfies Readonly<Record<string, Partial<StartRequest>>>;

type Follows = "RETRY" | "CRON_SCHEDULE" | "WORKFLOW" | undefined;

const FOLLOWS: { readonly [P in keyof typeof POLICIES]: { readonly [E in End]: Follows } } = {
  plain: {
    completed: undefined,
    failed: undefined,
    "timed out": undefined,
    cancelled: undefined,
    terminated: undefined,
    "continued as new": "WORKFLOW",
  },
  "with retry policy": {
    completed: undefined,
    failed: "RETRY",
    "timed out": "RETRY",
    cancelled: undefined,
    terminated: undefined,
    "continued as new": "WORKFLOW",
  },
  "with cron schedule": {
    completed: "CRON_SCHEDULE",
    failed: "CRON_SCHEDULE",
    "timed out": "CRON_SCHEDULE",
    cancelled: undefined,
    terminated: undefined,
    "continued as new": "WORKFLOW",
  },
  "with both": {
    completed: "CRON_SCHEDULE",
    failed: "RETRY",
    "timed out": "RETRY",
    cancelled: undefined,
    terminated: undefined,
    "continued as new": "WORKFLOW",
  },
};

const cells = Object.entries(POLICIES).flatMap(([policy, options]) =>
  ENDS.map((how) => ({ policy, how, options, follows: FOLLOWS[policy as keyof typeof POLICIES][how] })),
);

describe("after the end of a run", () => {
  it.each(cells)("$policy that is $how, what follows is $follows", ({ options, how, follows }) => {
    const scenario = end(given(...begun({ workflowRunTimeoutMs: 5_000, ...options })), how);
    const before = follows === undefined ? scenario.events : scenario.eventsBefore;
    const closing = before.at(-1);
    expect(closing?.eventType).toBe(CLOSING[how]);
    expect(closing?.attributes).toMatchObject(follows === undefined ? {} : { newExecutionRunId: make.NEXT_RUN_ID });
    if (follows === undefined) {
      expect(closing?.attributes).not.toHaveProperty("newExecutionRunId");
      expect(scenario.run.status).not.toBe("RUNNING");
      return;
    }
    expect(firstAttributes(scenario)).toMatchObject({ initiator: follows });
    expect(scenario.run.identity.runId).toBe(make.NEXT_RUN_ID);
  });

  it.each([
    ["plain", {}, "RETRY_POLICY_NOT_SET"],
    ["with a policy", RETRY, "IN_PROGRESS"],
    [
      "with a policy that lists it",
      { retryPolicy: { nonRetryableErrorTypes: ["TemporalTimeout:StartToClose"] } },
      "NON_RETRYABLE_FAILURE",
    ],
    ["with a policy of one attempt", { retryPolicy: { maximumAttempts: 1 } }, "MAXIMUM_ATTEMPTS_REACHED"],
    ["with a schedule", { cronSchedule: CRON }, "RETRY_POLICY_NOT_SET"],
  ] as const)("that timed out, %s, history says why", (_what, options, retryState) => {
    const scenario = given(...begun({ workflowRunTimeoutMs: 5_000, ...options }));
    scenario.atDeadline().whenTicked().thenEvents("WorkflowTaskFailed", ["WorkflowExecutionTimedOut", { retryState }]);
  });

  it("the schedule takes over where the policy gives up", () => {
    const options = { retryPolicy: { maximumAttempts: 1 }, cronSchedule: CRON };
    given(...begun(options))
      .whenCompleted(FAIL)
      .thenEvents("WorkflowTaskCompleted", [
        "WorkflowExecutionFailed",
        { retryState: "MAXIMUM_ATTEMPTS_REACHED", newExecutionRunId: make.NEXT_RUN_ID },
      ])
      .thenNewRun(["WorkflowExecutionStarted", { initiator: "CRON_SCHEDULE", attempt: 1 }]);
  });

  it("nothing follows the end of the chain's time, whatever policy and schedule say", () => {
    const options = { ...POLICIES["with both"], workflowExecutionTimeoutMs: 70_000, workflowRunTimeoutMs: 20_000 };
    const scenario = given(...begun(options));
    // The first run began at the first tick, 60 s after the start.
    scenario
      .atDeadline()
      .whenTicked()
      .thenEvents("WorkflowTaskFailed", ["WorkflowExecutionTimedOut", { retryState: "TIMEOUT" }])
      .thenNewRun();
    expect(scenario.nowMs).toBe(make.START_MS + 70_000);
  });

  it("the end of the chain's time ends a run that still waits for its tick", () => {
    const scenario = given(
      ...begun({ cronSchedule: CRON, workflowExecutionTimeoutMs: 90_000 }),
      taskCompleted(COMPLETE),
    );
    expect(firstAttributes(scenario)).toMatchObject({ firstWorkflowTaskBackoffMs: 60_000 });
    scenario
      .atDeadline()
      .whenTicked()
      .thenEvents(["WorkflowExecutionTimedOut", { retryState: "TIMEOUT" }])
      .thenNewRun();
    expect(scenario.nowMs).toBe(make.START_MS + 90_000);
  });
});

const PARENT = { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 7 };
const note = (data: string) => ({ fields: { note: { data } } });
const customer = (data: string) => ({ indexedFields: { Customer: { data } } });

/** Everything that a run can be started with, and that it changes before it ends. */
const EVERYTHING: Partial<StartRequest> = {
  input: make.payloads("order"),
  header: note("HHHH"),
  memo: note("AAAA"),
  searchAttributes: customer("AAAA"),
  retryPolicy: { initialIntervalMs: 2_000, maximumAttempts: 9 },
  cronSchedule: CRON,
  workflowRunTimeoutMs: 50_000,
  workflowExecutionTimeoutMs: 900_000,
  workflowTaskTimeoutMs: 20_000,
  parent: PARENT,
  root: { workflowId: "root", runId: "root-run" },
  userMetadata: { summary: { data: "SSSS" } },
};
const UPSERTS: readonly Command[] = [
  { commandType: "ModifyWorkflowProperties", upsertedMemo: note("BBBB") },
  { commandType: "UpsertWorkflowSearchAttributes", searchAttributes: customer("BBBB") },
  make.startChild("child", { parentClosePolicy: "TERMINATE" }),
];

/** The table of what is kept and what is lost: one row for each reason that a run follows. */
const KEPT = [
  {
    why: "continue-as-new",
    end: next({ input: make.payloads("rest"), header: note("IIII") }),
    given: {
      initiator: "WORKFLOW",
      attempt: 1,
      input: make.payloads("rest"),
      header: note("IIII"),
      searchAttributes: customer("BBBB"),
    },
    failure: undefined,
    completion: make.payloads("receipt"),
  },
  {
    why: "retry",
    end: FAIL,
    given: {
      initiator: "RETRY",
      attempt: 3,
      input: make.payloads("order"),
      header: note("HHHH"),
      searchAttributes: customer("AAAA"),
    },
    failure: make.failureOf("Declined"),
    completion: make.payloads("receipt"),
  },
  {
    why: "cron",
    end: { commandType: "CompleteWorkflowExecution", result: make.payloads("newer") } as Command,
    given: {
      initiator: "CRON_SCHEDULE",
      attempt: 1,
      input: make.payloads("order"),
      header: note("HHHH"),
      searchAttributes: customer("AAAA"),
    },
    failure: undefined,
    completion: make.payloads("newer"),
  },
] as const;

describe("what the next run is given", () => {
  it.each(KEPT)("by $why", ({ end: command, given: expected, failure, completion }) => {
    // A run that completed, one that failed and this one: the second attempt on the second tick.
    const scenario = given(
      ...begun(EVERYTHING),
      ...nextBegun(COMPLETE),
      ...nextBegun(FAIL),
      taskCompleted(...UPSERTS),
      signaled("wake"),
    );
    const last = scenario.run.identity.runId;
    const { scenario: after } = scenario.after(3_000).whenCompleted(command);
    const attributes = firstAttributes(after);
    expect(attributes).toMatchObject({
      ...expected,
      workflowType: { name: "transfer" },
      taskQueue: { name: "transfers" },
      memo: note("AAAA"),
      retryPolicy: { initialIntervalMs: 2_000, maximumAttempts: 9 },
      cronSchedule: CRON,
      workflowRunTimeoutMs: 50_000,
      workflowTaskTimeoutMs: 20_000,
      workflowExecutionTimeoutMs: 900_000,
      workflowExecutionExpirationTimeMs: make.START_MS + 900_000,
      firstExecutionRunId: make.RUN_ID,
      continuedExecutionRunId: last,
      originalExecutionRunId: after.run.identity.runId,
      parentWorkflowExecution: { workflowId: "parent", runId: "parent-run" },
      parentInitiatedEventId: 7,
      rootWorkflowExecution: { workflowId: "root", runId: "root-run" },
      lastCompletionResult: completion,
    });
    expect(after.run.identity.runId).not.toBe(last);
    expect(attributes.continuedFailure).toEqual(failure);
    expect(after.events[0]?.userMetadata).toEqual({ summary: { data: "SSSS" } });
    expect(after.run.identity.startRequestId).toBe("start-1");
  });

  it.each(KEPT)(
    "by $why: the parent hears nothing, and the children of the run before are dealt with",
    ({ end: command }) => {
      const scenario = given(...begun(EVERYTHING), taskCompleted(...UPSERTS), signaled("wake"));
      const closing = scenario.run;
      const decision = scenario.when("completeWorkflowTask", {
        ...scenario.task,
        commands: [command],
        identity: "w",
        ...scenario.nextRunFacts,
      });
      expect(decision.changes.newRun).toBeDefined();
      expect(outboxOf(closing).map((item) => item.kind)).toEqual(["terminateChild"]);
      expect(closing.status).not.toBe("RUNNING");
    },
  );

  it("with run timeout, retry policy, memo and search attributes that continue-as-new asks for instead", () => {
    const command = next({
      workflowRunTimeoutMs: 7_000,
      retryPolicy: { maximumAttempts: 2 },
      memo: note("NNNN"),
      searchAttributes: customer("NNNN"),
    });
    expect(firstAttributes(given(...begun(EVERYTHING)).whenCompleted(command).scenario)).toMatchObject({
      workflowRunTimeoutMs: 7_000,
      retryPolicy: { maximumAttempts: 2 },
      memo: note("NNNN"),
      searchAttributes: customer("NNNN"),
    });
  });
});

describe("the last completion result", () => {
  const cron = { cronSchedule: CRON };

  it("is that of the last run that completed, whatever came after, with the run that it is bound to", () => {
    const scenario = given(...begun(cron), ...nextBegun(COMPLETE));
    const completed = firstAttributes(scenario);
    expect(completed).toMatchObject({ lastCompletionResult: make.payloads("receipt") });
    expect(completed).not.toHaveProperty("lastCompletionRunId");
    for (const how of [FAIL, FAIL, next()]) {
      for (const step of nextBegun(how)) step(scenario);
      expect(firstAttributes(scenario)).toMatchObject({
        lastCompletionResult: make.payloads("receipt"),
        lastCompletionRunId: make.RUN_ID,
      });
    }
    expect(firstAttributes(scenario)).not.toHaveProperty("continuedFailure");
  });

  it("is nothing after a run that returned nothing", () => {
    const scenario = given(...begun(cron), ...nextBegun(COMPLETE), ...nextBegun(make.COMPLETE));
    expect(firstAttributes(scenario)).not.toHaveProperty("lastCompletionResult");
    expect(firstAttributes(scenario)).not.toHaveProperty("lastCompletionRunId");
  });

  it("survives a timeout, which is the last failure then", () => {
    const options = { ...cron, workflowRunTimeoutMs: 5_000 };
    const scenario = given(...begun(options), ...nextBegun(COMPLETE))
      .atDeadline()
      .whenTicked().scenario;
    expect(firstAttributes(scenario)).toMatchObject({
      lastCompletionResult: make.payloads("receipt"),
      lastCompletionRunId: make.RUN_ID,
      continuedFailure: { message: "workflow timeout", timeoutFailureInfo: { timeoutType: "START_TO_CLOSE" } },
    });
  });
});

describe("the runs of a cron schedule", () => {
  it("begin at their ticks, the first one too, and skip those that a run has missed", () => {
    const scenario = given(passed(300), started({ cronSchedule: CRON }));
    expect(scenario.run.workflowTask).toBeUndefined();
    expect(firstAttributes(scenario)).toMatchObject({
      cronSchedule: CRON,
      initiator: "CRON_SCHEDULE",
      attempt: 1,
      // Rounded up to whole seconds.
      firstWorkflowTaskBackoffMs: 60_000,
    });
    scenario.atDeadline().whenTicked().thenEvents("WorkflowTaskScheduled", "WorkflowTaskStarted");
    expect(scenario.nowMs).toBe(make.START_MS + 60_300);
    scenario.after(150_000).whenCompleted(COMPLETE);
    expect(scenario.nowMs).toBe(make.START_MS + 210_300);
    expect(firstAttributes(scenario)).toMatchObject({ firstWorkflowTaskBackoffMs: 30_000 });
  });

  it("go on after continue-as-new, which does not wait for a tick", () => {
    const scenario = given(...begun({ cronSchedule: CRON }), passed(5_000));
    scenario
      .whenCompleted(next())
      .thenNewRun(["WorkflowExecutionStarted", { cronSchedule: CRON }], "WorkflowTaskScheduled", "WorkflowTaskStarted");
    scenario.whenCompleted(COMPLETE).thenNewRun(["WorkflowExecutionStarted", { firstWorkflowTaskBackoffMs: 55_000 }]);
  });

  it("go on after a cancellation that the workflow has dealt with, and end with one that it follows", () => {
    const asked = [...begun({ cronSchedule: CRON }), taskCompleted(), cancelRequested()];
    given(...asked)
      .whenCompleted(COMPLETE)
      .thenNewRun("WorkflowExecutionStarted");
    given(...asked)
      .whenCompleted(CANCEL)
      .thenNewRun();
  });

  it("are refused with a start delay", () => {
    given()
      .when("start", make.startRequest({ cronSchedule: CRON, startDelayMs: 1_000 }))
      .thenRejected("InvalidArgument", /exclude each other/);
  });

  it.each(["start", "signalWithStart", "updateWithStart"] as const)(
    "are refused by %s if nobody can tell when",
    (kind) => {
      const requests = {
        start: make.startRequest({ cronSchedule: "0 0 * * 7" }),
        signalWithStart: make.signalWithStartRequest("s", { cronSchedule: "0 0 * * 7" }),
        updateWithStart: make.updateWithStartRequest("u", { cronSchedule: "0 0 * * 7" }),
      };
      given()
        .when(kind, requests[kind])
        .thenRejected("InvalidArgument", /day of week: "7"/);
    },
  );

  it("may be those of a child", () => {
    const { scenario } = given(started()).whenCompleted(make.startChild("child", { cronSchedule: "@every 1h" }));
    expect(scenario.events.at(-1)?.attributes).toMatchObject({ cronSchedule: "@every 1h" });
  });
});

describe("the least time between two runs", () => {
  /** The wait before the next run, of one that has lived so long. */
  function backoffMs(livedMs: number, options: Partial<StartRequest>, command: Command, intervalMs = 1_000): number {
    const scenario = given(...begun(options));
    scenario.minimumRunIntervalMs = intervalMs;
    const { scenario: after } = scenario.after(livedMs).whenCompleted(command);
    return firstAttributes(after).firstWorkflowTaskBackoffMs ?? 0;
  }
  const quick = { retryPolicy: { initialIntervalMs: 50, backoffCoefficient: 1 } };

  it.each([
    ["continue-as-new", 0, {}, next(), 1_000],
    ["continue-as-new", 300, {}, next(), 700],
    ["continue-as-new", 1_000, {}, next(), 0],
    ["continue-as-new with a wait", 300, {}, next({ backoffStartIntervalMs: 100 }), 700],
    ["continue-as-new with a wait", 300, {}, next({ backoffStartIntervalMs: 900 }), 900],
    ["a retry", 300, quick, FAIL, 700],
    // Once the run has lived long enough, short intervals are kept to the millisecond.
    ["a retry", 950, quick, FAIL, 50],
    ["a retry", 5_000, quick, FAIL, 50],
    ["a tick at the end of a run", 60_000, { cronSchedule: CRON }, COMPLETE, 0],
    ["a tick soon after", 59_000, { cronSchedule: CRON }, COMPLETE, 1_000],
  ] as const)("holds for %s after %i ms", (_what, livedMs, options, command, expected) => {
    expect(backoffMs(livedMs, options, command)).toBe(expected);
  });

  it("may be another, or none", () => {
    expect(backoffMs(100, {}, next(), 0)).toBe(0);
    expect(backoffMs(100, {}, next(), 5_000)).toBe(4_900);
  });

  it("is a second where the service says nothing", () => {
    const scenario = given(...begun({}));
    scenario.when("completeWorkflowTask", {
      ...scenario.task,
      commands: [next()],
      identity: "w",
      newRunId: "run-next",
    });
    expect(firstAttributes(scenario)).toMatchObject({ firstWorkflowTaskBackoffMs: 1_000 });
  });

  it("is not what continue-as-new asked for, so the end of the run does not say it", () => {
    const scenario = given(...begun({}));
    scenario.minimumRunIntervalMs = 1_000;
    scenario.whenCompleted(next());
    expect(scenario.eventsBefore.at(-1)?.attributes).not.toHaveProperty("backoffStartIntervalMs");
  });
});

describe("after a reset", () => {
  it("what a run leaves behind is bound to its original run id", () => {
    const scenario = given(...begun({ cronSchedule: CRON }));
    const { start } = scenario.run;
    scenario.run.start = { ...start, originalExecutionRunId: "before-reset" };
    scenario.whenCompleted(COMPLETE);
    expect(firstAttributes(scenario)).toMatchObject({ continuedOriginalExecutionRunId: "before-reset" });
    expect(scenario.run.start.lastCompletion).toEqual({ result: make.payloads("receipt"), runId: "before-reset" });
  });
});
