/** The wait before a run's first workflow task: what ends it, and what has to wait with it. */
import { describe, expect, it } from "vitest";

import type { Command } from "../../../src/core/command.ts";
import type { RequestKind, Requests } from "../../../src/core/decide.ts";
import { describeRun } from "../../../src/core/description.ts";
import type { EventType } from "../../../src/core/history-event.ts";
import type { StartRequest } from "../../../src/core/protocol.ts";
import { type Expected, type Scenario, given, passed, signaled, started, taskCompleted, ticked } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const delayed: Partial<StartRequest> = { startDelayMs: 60_000 };
const useExisting = { workflowIdConflictPolicy: "USE_EXISTING" } as const;
const fail: Command = { commandType: "FailWorkflowExecution", failure: make.failureOf("Declined") };

const REQUESTS = {
  signal: () => make.signalRequest("s1"),
  signalWithStart: () => make.signalWithStartRequest("s1", useExisting),
  update: () => make.updateRequest("u1"),
  updateWithStart: () => make.updateWithStartRequest("u1", useExisting),
  requestCancel: () => ({ version: 1, requestId: "cancel-1" }),
  terminate: () => ({ version: 1 }),
  tick: (scenario: Scenario) => scenario.atDeadline().nextRunFacts,
} as const satisfies { readonly [K in RequestKind]?: (scenario: Scenario) => Requests[K] };

type Waited = keyof typeof REQUESTS;
const KINDS = Object.keys(REQUESTS) as Waited[];

const WAITS = {
  "a start delay": () => given(started(delayed), passed(1_000)),
  "the first tick of a cron schedule": () => given(started({ cronSchedule: "@every 60s" }), passed(1_000)),
  "a retry": () => given(started({ retryPolicy: { initialIntervalMs: 60_000 } }), taskCompleted(fail), passed(1_000)),
} as const satisfies Readonly<Record<string, () => Scenario>>;

/** What each request adds to history; the messages wait with the run, but for those to a start delay. */
const EVENTS: Readonly<Record<Waited, readonly EventType[]>> = {
  signal: ["WorkflowExecutionSignaled"],
  signalWithStart: ["WorkflowExecutionSignaled"],
  update: [],
  updateWithStart: [],
  requestCancel: ["WorkflowExecutionCancelRequested", ...newTask],
  terminate: ["WorkflowExecutionTerminated"],
  tick: newTask,
};
const MESSAGES: ReadonlySet<Waited> = new Set<Waited>(["signal", "signalWithStart", "update", "updateWithStart"]);

const cells = Object.entries(WAITS).flatMap(([wait, scenario]) => KINDS.map((kind) => ({ wait, scenario, kind })));

describe("a run that waits", () => {
  it.each(cells)("for $wait, answers $kind", ({ wait, scenario, kind }) => {
    const run = scenario();
    const isWoken = wait === "a start delay" && MESSAGES.has(kind);
    const expected: readonly Expected[] = isWoken ? [...EVENTS[kind], ...newTask] : EVENTS[kind];
    run.when(kind, REQUESTS[kind]).thenEvents(...expected);
    if (!MESSAGES.has(kind) || isWoken) return;
    // What waits is seen by the first task.
    run
      .atDeadline()
      .whenTicked()
      .thenEvents(...newTask);
    if (kind.startsWith("update")) expect(run.carried).toEqual(["u1"]);
  });
});

describe("a start delay", () => {
  it("is the time before the first task, and shows as such", () => {
    const scenario = given(started(delayed));
    expect(scenario.events.map((event) => event.eventType)).toEqual(["WorkflowExecutionStarted"]);
    expect(scenario.events[0]?.attributes).toMatchObject({ firstWorkflowTaskBackoffMs: 60_000 });
    expect(describeRun(scenario.run, scenario.nowMs)).toMatchObject({
      startTimeMs: make.START_MS,
      executionTimeMs: make.START_MS + 60_000,
    });
    scenario
      .atDeadline()
      .whenTicked()
      .thenEvents(...newTask);
    expect(scenario.nowMs).toBe(make.START_MS + 60_000);
  });

  it("is none if it is zero", () => {
    given()
      .when("start", make.startRequest({ startDelayMs: 0 }))
      .thenNewRun("WorkflowExecutionStarted", ...newTask);
  });

  it.each([-1, Number.NaN])("is refused if it is %s", (startDelayMs) => {
    given()
      .when("start", make.startRequest({ startDelayMs }))
      .thenRejected("InvalidArgument", /startDelay/);
  });

  it("is not over for what has come with the start", () => {
    const request = make.signalWithStartRequest("s1", delayed);
    const scenario = given();
    scenario.when("signalWithStart", request).thenNewRun("WorkflowExecutionStarted", "WorkflowExecutionSignaled");
    // Sent again, it is the same.
    scenario.when("signalWithStart", request).thenNothing();
    scenario
      .when("signalWithStart", make.signalWithStartRequest("s2", delayed))
      .thenEvents("WorkflowExecutionSignaled", ...newTask);
  });

  it("is over at once for an update that comes with the start", () => {
    given()
      .when("updateWithStart", make.updateWithStartRequest("u1", delayed))
      .thenNewRun("WorkflowExecutionStarted", ...newTask)
      .thenAdmitted("u1");
  });

  it("is over once the first task has been, whatever its time", () => {
    const scenario = given(started(delayed), signaled("s1"), taskCompleted(make.startTimer("t", 1_000)));
    scenario
      .atDeadline()
      .whenTicked()
      .thenEvents("TimerFired", ...newTask);
    expect(scenario.nowMs).toBe(make.START_MS + 1_000);
  });

  it("counts for the execution timeout, and not for the run timeout", () => {
    const both = { ...delayed, workflowRunTimeoutMs: 10_000 };
    const run = given(started(both), passed(60_000), ticked());
    run.atDeadline().whenTicked().thenEvents("WorkflowTaskFailed", "WorkflowExecutionTimedOut");
    expect(run.nowMs).toBe(make.START_MS + 70_000);
    const chain = given(started({ ...delayed, workflowExecutionTimeoutMs: 30_000 }));
    chain
      .atDeadline()
      .whenTicked()
      .thenEvents(["WorkflowExecutionTimedOut", { retryState: "TIMEOUT" }]);
    expect(chain.nowMs).toBe(make.START_MS + 30_000);
  });

  it("that a message has cut short is no time that the next run must make up for", () => {
    const scenario = given(started(delayed), passed(200), signaled("s1"));
    scenario.minimumRunIntervalMs = 1_000;
    scenario
      .whenCompleted({
        commandType: "ContinueAsNewWorkflowExecution",
        workflowType: "transfer",
        taskQueue: "transfers",
      })
      .thenNewRun(["WorkflowExecutionStarted", { firstWorkflowTaskBackoffMs: 1_000 }]);
  });
});
