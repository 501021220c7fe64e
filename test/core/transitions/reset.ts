/**
 * Reset: every state the base run can be in, what is kept, what is applied again, and what the new run owes to others.
 *
 * Owns: the decision. Which events are points is `reset-point.test.ts`.
 */
import { describe, expect, it } from "vitest";

import { nextDeadlineMs, runTimeoutMs } from "../../../src/core/deadlines.ts";
import type { ResetRequest } from "../../../src/core/control-requests.ts";
import { deliveryOf, hasOutbox, outboxOf } from "../../../src/core/outbox.ts";
import type { Scenario } from "../given.ts";
import {
  claimed,
  given,
  passed,
  responded,
  signaled,
  started,
  type Step,
  taskCompleted,
  taskFailed,
  terminated,
  ticked,
  updateSent,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

type Overrides = Parameters<typeof make.resetRequest>[2];

/** A reset to the first workflow task unless an event is given. */
function resetTo(eventId?: number, overrides: Overrides = {}) {
  const point: ResetRequest["resetPoint"] =
    eventId === undefined ? { kind: "firstWorkflowTask" } : { kind: "event", eventId };
  return (scenario: Scenario) => make.resetRequest(scenario.histories, point, overrides);
}

const wasReset =
  (eventId?: number, overrides: Overrides = {}): Step =>
  (scenario) => {
    const decision = scenario.take("reset", resetTo(eventId, overrides)(scenario));
    if (!decision.ok) throw new Error(`a step of the scenario was rejected: ${decision.rejection.message}`);
  };

const childStarted =
  (initiatedEventId: number): Step =>
  (scenario) =>
    void scenario.take("recordChildStart", make.childStarted(initiatedEventId));

const childClosed =
  (initiatedEventId: number): Step =>
  (scenario) =>
    void scenario.take("childClosed", make.childClosed(initiatedEventId));

/** Events 1 to 4; the first workflow task has completed. */
const begun = [started({ workflowRunTimeoutMs: 60_000, workflowExecutionTimeoutMs: 90_000 }), taskCompleted()] as const;

const continued = taskCompleted({
  commandType: "ContinueAsNewWorkflowExecution",
  workflowType: "transfer",
  taskQueue: "transfers",
});

describe("a run that is reset", () => {
  const ENDINGS: readonly (readonly [string, readonly Step[]])[] = [
    ["open and idle", []],
    ["open, with a task", [signaled("s1")]],
    ["open, with a task that keeps failing", [signaled("s1"), taskFailed(), taskFailed()]],
    ["completed", [signaled("s1"), taskCompleted(make.COMPLETE)]],
    [
      "failed",
      [signaled("s1"), taskCompleted({ commandType: "FailWorkflowExecution", failure: make.failureOf("Broken") })],
    ],
    ["cancelled", [signaled("s1"), taskCompleted({ commandType: "CancelWorkflowExecution" })]],
    ["terminated", [terminated()]],
    ["timed out", [passed(60_000), ticked()]],
    ["continued as new", [signaled("s1"), continued]],
  ];

  it.each(ENDINGS)("may be %s", (_name, ending) => {
    const scenario = given(...begun, ...ending, passed(1_000));
    const wasOpen = scenario.run.status === "RUNNING";
    const taken = scenario.when("reset", resetTo(4));
    taken.thenReplies({ runId: make.RESET_RUN_ID });
    const { run, events } = scenario;
    expect(run.status).toBe("RUNNING");
    expect(events.slice(0, 3)).toEqual(scenario.histories.get(make.RUN_ID)?.slice(0, 3));
    expect(events[3]).toMatchObject({
      eventType: "WorkflowTaskFailed",
      attributes: {
        scheduledEventId: 2,
        startedEventId: 3,
        cause: "RESET_WORKFLOW",
        failure: { message: "mended" },
        baseRunId: make.RUN_ID,
        newRunId: make.RESET_RUN_ID,
      },
    });
    expect(events.at(-1)?.eventType).toBe("WorkflowTaskStarted");
    expect(taken.changes.events.at(-1)?.eventType).toBe(wasOpen ? "WorkflowExecutionTerminated" : undefined);
    expect(run.start).toMatchObject({ firstExecutionRunId: make.RUN_ID, originalExecutionRunId: make.RUN_ID });
    expect(run.identity).toMatchObject({ runId: make.RESET_RUN_ID, startRequestId: "start-1" });
  });

  it("says in the run that it ends why, and which run goes on", () => {
    const taken = given(...begun).when("reset", resetTo(4));
    taken.thenEvents([
      "WorkflowExecutionTerminated",
      { reason: "reset: mended", identity: "history-resetter", resetRunId: make.RESET_RUN_ID },
    ]);
  });

  it("is found again by the request that asked for the reset, and nothing happens twice", () => {
    const request = (scenario: Scenario) => ({
      ...resetTo(4)(scenario),
      found: { kind: "begun", runId: make.RESET_RUN_ID } as const,
    });
    given(...begun, wasReset(4))
      .when("reset", request)
      .thenReplies({ runId: make.RESET_RUN_ID })
      .thenNothing();
  });

  it("begins a task that the kept history has only scheduled", () => {
    const scenario = given(...begun);
    scenario.when("reset", resetTo(3)).thenNewRun("WorkflowTaskStarted", "WorkflowTaskFailed", ...newTask);
    expect(scenario.events.map((event) => event.eventId)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("may have been reset before, and is of the same chain still", () => {
    const scenario = given(...begun, wasReset(4), taskCompleted(make.startTimer("t")), passed(10));
    const again = { base: make.RESET_RUN_ID, newRunId: "run-again", requestId: "reset-2" };
    scenario.when("reset", resetTo(7, again)).thenReplies({ runId: "run-again" });
    expect(scenario.run.copiedFrom).toEqual([
      { runId: make.RUN_ID, upToEventId: 3 },
      { runId: make.RESET_RUN_ID, upToEventId: 6 },
    ]);
    expect(scenario.run.start.firstExecutionRunId).toBe(make.RUN_ID);
  });

  it("has both timeouts again in full", () => {
    const scenario = given(...begun, passed(60_000), ticked(), passed(40_000));
    scenario.when("reset", resetTo(4));
    expect(runTimeoutMs(scenario.run)).toBe(scenario.nowMs + 60_000);
    expect(scenario.run.start.executionExpirationTimeMs).toBe(scenario.nowMs + 90_000);
    expect(nextDeadlineMs(scenario.run)).toBeGreaterThan(scenario.nowMs);
  });

  it.each([
    ["version", { version: 2 as unknown as 1 }, "ProtocolVersionUnsupported"],
    ["event id", { resetPoint: { kind: "event", eventId: 0 } }, "InvalidArgument"],
    ["event id that is no whole number", { resetPoint: { kind: "event", eventId: 4.5 } }, "InvalidArgument"],
    ["point", { resetPoint: { kind: "middle" } as never }, "InvalidArgument"],
    ["request id", { requestId: "" }, "InvalidArgument"],
    ["reason", { reason: "x".repeat(1_001) }, "InvalidArgument"],
    ["type to leave out", { reapplyExclude: ["NEXUS" as "SIGNAL"] }, "InvalidArgument"],
  ] as const)("is left alone by a request with a bad %s", (_name, bad, code) => {
    const scenario = given(...begun);
    scenario.when("reset", { ...resetTo(4)(scenario), ...bad }).thenRejected(code);
    expect(scenario.run.status).toBe("RUNNING");
  });

  it("is left alone by a point that is none", () => {
    given(...begun)
      .when("reset", resetTo(2))
      .thenRejected("InvalidArgument", /event 2 is no point to reset to.*are 3, 4/);
  });
});

describe("what came after the reset point", () => {
  const withRequests = [
    ...begun,
    signaled("s1"),
    taskCompleted(),
    updateSent("u1"),
    taskCompleted(make.acceptUpdate("u1")),
  ];

  it("is applied again: signals under their request ids, updates as admitted", () => {
    const scenario = given(...withRequests);
    scenario
      .when("reset", resetTo(4))
      .thenNewRun(
        "WorkflowTaskFailed",
        ["WorkflowExecutionSignaled", { requestId: "s1" }],
        [
          "WorkflowExecutionUpdateAdmitted",
          { origin: "REAPPLY", request: { meta: { updateId: "u1" }, input: { name: "adjust" } } },
        ],
        ...newTask,
      );
    expect(scenario.carried).toEqual(["u1"]);
    expect(scenario.run.signalRequestIds["s1"]).toBe(true);
  });

  it.each([
    [["SIGNAL"], ["WorkflowExecutionUpdateAdmitted"]],
    [["UPDATE"], ["WorkflowExecutionSignaled"]],
    [["SIGNAL", "UPDATE"], []],
  ] as const)("is left out where the reset says %s", (reapplyExclude, applied) => {
    const scenario = given(...withRequests);
    scenario.when("reset", resetTo(4, { reapplyExclude })).thenNewRun("WorkflowTaskFailed", ...applied, ...newTask);
    // The same signal, sent again by a sender that has missed the answer, is not taken for another.
    scenario.when("signal", make.signalRequest("s1")).thenNothing();
  });

  it("is applied again though it waited for a number when the run was ended", () => {
    const scenario = given(...begun, signaled("s1"), signaled("s2"));
    expect(scenario.run.buffered).toHaveLength(1);
    scenario
      .when("reset", resetTo(4))
      .thenEvents(
        "WorkflowTaskFailed",
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        "WorkflowExecutionTerminated",
      )
      .thenNewRun(
        "WorkflowTaskFailed",
        ["WorkflowExecutionSignaled", { requestId: "s1" }],
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        ...newTask,
      );
  });

  it("is applied again though an update was in memory alone", () => {
    const scenario = given(...begun, updateSent("u1"), updateSent("u2"));
    const taken = scenario.when("reset", resetTo(4));
    taken.thenNewRun(
      "WorkflowTaskFailed",
      ["WorkflowExecutionUpdateAdmitted", { request: { meta: { updateId: "u1" }, input: { name: "adjust" } } }],
      ["WorkflowExecutionUpdateAdmitted", { request: { meta: { updateId: "u2" }, input: { name: "adjust" } } }],
      ...newTask,
    );
    expect(taken.changes.newRun?.admitted?.map((update) => update.updateId)).toEqual(["u1", "u2"]);
  });

  it("is taken from the runs that followed by continue-as-new as well", () => {
    const scenario = given(...begun, signaled("s1"), continued, signaled("s2"));
    expect(scenario.run.identity.runId).toBe(make.NEXT_RUN_ID);
    scenario
      .when("reset", resetTo(4))
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionSignaled", [
        "WorkflowExecutionTerminated",
        { resetRunId: make.RESET_RUN_ID },
      ])
      .thenNewRun(
        "WorkflowTaskFailed",
        ["WorkflowExecutionSignaled", { requestId: "s1" }],
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        ...newTask,
      );
  });

  it("is not taken from a run that was started anew", () => {
    const anew = started({ requestId: "start-2", newRunId: "run-2" });
    given(...begun, terminated(), anew, signaled("other"))
      .when("reset", resetTo(4))
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionTerminated")
      .thenNewRun("WorkflowTaskFailed", ...newTask);
  });

  it("is applied once, though it was applied by a reset before", () => {
    const scenario = given(...withRequests, wasReset(4), taskCompleted(make.acceptUpdate("u1")));
    const again = { base: make.RESET_RUN_ID, newRunId: "run-again", requestId: "reset-2" };
    scenario
      .when("reset", resetTo(4, again))
      .thenNewRun("WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionUpdateAdmitted", ...newTask);
  });
});

describe("a child that was started before the point of several resets", () => {
  const [b, c] = [
    { newRunId: "run-b", requestId: "reset-b" } as const,
    { newRunId: "run-c", requestId: "reset-c" } as const,
  ];

  it("is asked for in the name of the run that has started it", () => {
    const initiated = [...begun.slice(0, 1), taskCompleted(make.startChild("child")), signaled("s"), taskCompleted()];
    const d = { newRunId: "run-d", requestId: "reset-d", base: "run-c" };
    const scenario = given(...initiated, wasReset(8, b), wasReset(8, { ...c, base: "run-b" }), wasReset(8, d));
    const [waiting] = outboxOf(scenario.run);
    const read = (eventId: number) => scenario.events.find((event) => event.eventId === eventId);
    expect(waiting && deliveryOf(scenario.run, waiting, read)).toMatchObject({
      method: "start",
      request: { requestId: `child/${make.RUN_ID}/5`, parent: { runId: make.RUN_ID, initiatedEventId: 5 } },
    });
  });

  it("has answered, though it was the run that an earlier reset began which heard of it", () => {
    const parent = [...begun.slice(0, 1), taskCompleted(make.startChild("child")), childStarted(5), taskCompleted()];
    const numbered = given(...parent, wasReset(9, b), taskCompleted(), childClosed(5));
    const buffered = given(...parent, wasReset(9, b), childClosed(5));
    const closed = given(...parent, wasReset(9, b), taskCompleted(), childClosed(5), taskCompleted(make.COMPLETE));
    for (const scenario of [numbered, buffered, closed]) {
      scenario
        .when("reset", resetTo(9, c))
        .thenNewRun(
          "WorkflowTaskFailed",
          ["ChildWorkflowExecutionCompleted", { initiatedEventId: 5, startedEventId: 6 }],
          ...newTask,
        );
      expect(scenario.run.children).toEqual({});
    }
  });

  it("has not answered when it was another child, of an event with the same number", () => {
    const begunAnew: readonly Step[] = [
      started({ requestId: "start-2", newRunId: "run-2" }),
      taskCompleted(make.startChild("child")),
      (scenario) => void scenario.take("recordChildStart", { ...make.childStarted(5), runId: "run-2" }),
      taskCompleted(),
      (scenario) => void scenario.take("childClosed", make.childClosed(5, { parentRunId: "run-2" })),
    ];
    const parent = [...begun.slice(0, 1), taskCompleted(make.startChild("child")), childStarted(5), taskCompleted()];
    const scenario = given(...parent, terminated(), ...begunAnew);
    expect(scenario.run.children).toEqual({});
    scenario.when("reset", resetTo(9, c)).thenNewRun("WorkflowTaskFailed", ...newTask);
    expect(Object.keys(scenario.run.children)).toEqual(["5"]);
  });

  it("is left alone when its run is reset again in place of the one that goes on with it", () => {
    const parent = [...begun.slice(0, 1), taskCompleted(make.startChild("child")), childStarted(5), taskCompleted()];
    const scenario = given(...parent, wasReset(9, b), taskCompleted(make.startChild("own")));
    const { run } = scenario;
    const own = Object.keys(run.children)
      .map(Number)
      .find((id) => id !== 5);
    const taken = scenario.when("reset", resetTo(9, c));
    expect(taken.changes.events.at(-1)).toMatchObject({ attributes: { handedOverChildren: [5], resetRunId: "run-c" } });
    expect(outboxOf(run)).toMatchObject([{ kind: "terminateChild", initiatedEventId: own }]);
    scenario.when("childClosed", make.childClosed(5)).thenBuffered("ChildWorkflowExecutionCompleted");
  });
});

describe("an update that a reset has taken over", () => {
  const updated = [...begun, updateSent("u1"), taskCompleted(make.acceptUpdate("u1")), wasReset(4)] as const;

  it("is accepted like any other", () => {
    const scenario = given(...updated);
    scenario.whenCompleted(make.acceptUpdate("u1"), make.completeUpdate("u1"));
    scenario.when("update", make.updateRequest("u1")).thenNothing();
    expect(scenario.run.admittedUpdates).toEqual([]);
    expect(scenario.run.updates["u1"]?.completedEventId).toBeDefined();
  });

  it("is the same for those who send it again before it is accepted", () => {
    given(...updated)
      .when("update", make.updateRequest("u1"))
      .thenReplies({ runId: make.RESET_RUN_ID })
      .thenNothing();
  });

  it("is rejected for good, though no event says so", () => {
    const scenario = given(...updated);
    scenario.whenCompleted(make.rejectUpdate("u1")).thenEvents("WorkflowTaskCompleted").thenRejects("u1");
    expect(scenario.run.admittedUpdates).toEqual([]);
    // What a reload builds from history alone.
    expect(scenario.reloaded.admittedUpdates).toEqual([]);
    scenario.when("signal", make.signalRequest("s9"));
    expect(scenario.carried).toEqual([]);
  });

  it("is with the next task again when its task has failed, also after a reload", () => {
    const scenario = given(...updated, taskFailed());
    expect(scenario.carried).toEqual(["u1"]);
    expect(scenario.reloaded.admittedUpdates.map(({ message }) => message.updateId)).toEqual(["u1"]);
  });
});

describe("what was open at the reset point", () => {
  it("an activity begins anew, with its first attempt and its whole time", () => {
    const options = { scheduleToCloseTimeoutMs: 10_000, retryPolicy: { initialIntervalMs: 1 } };
    const scenario = given(
      started(),
      taskCompleted(make.scheduleActivity("a", options)),
      signaled("s1"),
      taskCompleted(),
      claimed(5),
      responded(make.failed(5)),
      passed(9_000),
    );
    scenario.when("reset", resetTo(9)).thenDispatches(5);
    const activity = scenario.activity(5);
    expect(activity).toMatchObject({ scheduledTimeMs: scenario.nowMs, progress: { attempt: 1 } });
    expect(activity.progress.startedTimeMs).toBeUndefined();
    expect(scenario.reloaded.activities[5]).toEqual(activity);
    // The claim of the base run is no claim of this one.
    scenario.when("respondActivity", make.completed(5)).thenRejected("ActivityNotFound");
  });

  it("an activity that was handed to a worker with its command goes through the queue", () => {
    const scenario = given(
      started(),
      taskCompleted(make.scheduleActivity("a", { allowEagerDispatch: true, startToCloseTimeoutMs: 1_000 })),
      signaled("s1"),
      taskCompleted(),
    );
    expect(scenario.activity(5).eagerlyClaimed).toBe(true);
    scenario.when("reset", resetTo(9)).thenDispatches(5).thenOffers();
    expect(scenario.activity(5).eagerlyClaimed).toBeUndefined();
  });

  it("a timer fires when it was to fire, and at once if that has passed", () => {
    const scenario = given(
      started(),
      taskCompleted(make.startTimer("t", 5_000)),
      signaled("s1"),
      taskCompleted(),
      passed(2_000),
    );
    const fireTimeMs = scenario.run.timers["t"]?.fireTimeMs;
    scenario.when("reset", resetTo(9));
    expect(scenario.run.timers["t"]).toMatchObject({ startedEventId: 5, fireTimeMs });
    scenario.after(3_000).whenTicked().thenBuffered("TimerFired");
  });

  it("a child stays, and what it has answered since is known to the new run", () => {
    const scenario = given(
      started(),
      taskCompleted(make.startChild("child")),
      signaled("s1"),
      taskCompleted(),
      childStarted(5),
      taskCompleted(),
      childClosed(5),
    );
    scenario
      .when("reset", resetTo(9))
      .thenNewRun(
        "WorkflowTaskFailed",
        "ChildWorkflowExecutionStarted",
        ["ChildWorkflowExecutionCompleted", { initiatedEventId: 5, startedEventId: 10 }],
        ...newTask,
      );
    expect(scenario.run.children).toEqual({});
  });

  it("a child that is open is the new run's: the old one tells it nothing, and it answers the new one", () => {
    const scenario = given(
      started(),
      taskCompleted(make.startChild("child")),
      signaled("s1"),
      taskCompleted(),
      childStarted(5),
      taskCompleted(),
    );
    const before = scenario.run;
    scenario.when("reset", resetTo(9)).thenNewRun("WorkflowTaskFailed", "ChildWorkflowExecutionStarted", ...newTask);
    expect(before.status).toBe("TERMINATED");
    expect(hasOutbox(before)).toBe(false);
    taskCompleted()(scenario);
    scenario
      .when("childClosed", make.childClosed(5))
      .thenEvents(["ChildWorkflowExecutionCompleted", { startedEventId: 10 }], ...newTask);
  });

  it("a child answers a run that was reset twice, the second time to before the first point", () => {
    const scenario = given(
      started(),
      taskCompleted(make.startChild("child")),
      childStarted(5),
      taskCompleted(),
      signaled("s1"),
      taskCompleted(),
      wasReset(13),
      taskCompleted(),
      wasReset(9, { base: make.RESET_RUN_ID, newRunId: "run-again", requestId: "reset-2" }),
      taskCompleted(),
    );
    expect(scenario.run.copiedFrom).toEqual([{ runId: make.RUN_ID, upToEventId: 8 }]);
    scenario
      .when("childClosed", make.childClosed(5))
      .thenEvents(["ChildWorkflowExecutionCompleted", { initiatedEventId: 5 }], ...newTask);
  });

  it("a child that nobody has started yet is started under the request that began it", () => {
    const scenario = given(started(), taskCompleted(make.startChild("child")), signaled("s1"), taskCompleted());
    const [before] = outboxOf(scenario.run);
    const first = before && deliveryOf(scenario.run, before, (eventId) => scenario.events[eventId - 1]);
    scenario.when("reset", resetTo(9));
    const [after] = outboxOf(scenario.run);
    const again = after && deliveryOf(scenario.run, after, (eventId) => scenario.events[eventId - 1]);
    expect(first?.method).toBe("start");
    expect(again).toEqual({ ...first, request: { ...first?.request, root: expect.anything() as object } });
    scenario
      .when("childClosed", make.childClosed(5))
      .thenBuffered("ChildWorkflowExecutionStarted", "ChildWorkflowExecutionCompleted");
  });

  it("a child that was begun after the point is let be", () => {
    const scenario = given(...begun, signaled("s1"), taskCompleted(make.startChild("child")), childStarted(9));
    const before = scenario.run;
    scenario.when("reset", resetTo(4)).thenNewRun("WorkflowTaskFailed", "WorkflowExecutionSignaled", ...newTask);
    expect(hasOutbox(before)).toBe(false);
    scenario.when("childClosed", make.childClosed(9)).thenNothing();
  });

  it("the children of a later run are dealt with by their parent close policy", () => {
    const scenario = given(...begun, signaled("s1"), continued, taskCompleted(make.startChild("child")));
    scenario.take("recordChildStart", { ...make.childStarted(5), runId: make.NEXT_RUN_ID });
    const before = scenario.run;
    scenario.when("reset", resetTo(4));
    expect(outboxOf(before).map((item) => item.kind)).toEqual(["terminateChild"]);
  });

  it("a cancellation of a child that a reset has taken over is known to the child as its parent's", () => {
    const childOnly = { childWorkflowOnly: true } as const;
    const scenario = given(started(), taskCompleted(make.startChild("child")), childStarted(5), wasReset(8));
    taskCompleted(make.cancelExternal("child", childOnly))(scenario);
    const [item] = outboxOf(scenario.run);
    const delivery = item && deliveryOf(scenario.run, item, (eventId) => scenario.events[eventId - 1]);
    expect(delivery).toMatchObject({
      method: "requestCancel",
      request: { sender: { runId: make.RESET_RUN_ID, parentRunId: make.RUN_ID, childWorkflowOnly: true } },
    });
  });

  it("a signal to another workflow that has been answered since is not sent again", () => {
    const scenario = given(started(), taskCompleted(make.signalExternal("other")), signaled("s1"), taskCompleted());
    scenario.take("recordExternalResult", make.externalDelivered(5));
    scenario
      .when("reset", resetTo(9))
      .thenNewRun("WorkflowTaskFailed", ["ExternalWorkflowExecutionSignaled", { initiatedEventId: 5 }], ...newTask);
    expect(outboxOf(scenario.run)).toEqual([]);
  });
});

describe("a child that is reset", () => {
  const parent = { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 5 };

  it("tells its parent nothing of the run that was ended, and tells it of the end of the new one", () => {
    const scenario = given(started({ parent }), taskCompleted());
    const before = scenario.run;
    scenario.when("reset", resetTo(4));
    expect(hasOutbox(before)).toBe(false);
    taskCompleted(make.COMPLETE)(scenario);
    expect(outboxOf(scenario.run).map((item) => item.kind)).toEqual(["tellParent"]);
  });
});

describe("the run after one that was reset", () => {
  it("knows what the payloads of the run before it are bound to", () => {
    const scenario = given(...begun, wasReset(4), continued);
    expect(scenario.events[0]?.attributes).toMatchObject({
      continuedExecutionRunId: make.RESET_RUN_ID,
      continuedOriginalExecutionRunId: make.RUN_ID,
      firstExecutionRunId: make.RUN_ID,
    });
  });
});
