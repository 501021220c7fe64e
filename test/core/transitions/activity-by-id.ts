/** An activity reported on by its id: every state of it, every report. */
import { describe, expect, it } from "vitest";

import type { ActivityOutcome } from "../../../src/core/activity-task.ts";
import type { Requests } from "../../../src/core/decide.ts";
import { type Step, claimed, given, passed, responded, signaled, started, taskCompleted } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

/** Activity `a`, scheduled by event 5. */
const scheduled = (): Step[] => [started(), taskCompleted(make.scheduleActivity("a"))];
const running = (): Step[] => [...scheduled(), claimed(5)];
const backingOff = (): Step[] => [...running(), responded(make.failed(5))];
const asked = (): Step[] => [...running(), signaled("s1"), taskCompleted(make.cancelActivity(5))];
const closed = (): Step[] => [...running(), responded(make.completed(5)), taskCompleted()];

const COMPLETED: ActivityOutcome = { kind: "completed", result: make.payloads("done") };
const FAILED: ActivityOutcome = { kind: "failed", failure: make.failureOf("Broken") };
const CANCELED: ActivityOutcome = { kind: "canceled" };

function respond(
  outcome: ActivityOutcome,
  given: Partial<Requests["respondActivityById"]> = {},
): Requests["respondActivityById"] {
  return { version: 1, activityId: "a", outcome, identity: "outside", ...given };
}

function beat(given: Partial<Requests["heartbeatActivityById"]> = {}): Requests["heartbeatActivityById"] {
  return { version: 1, activityId: "a", details: make.payloads("row 7"), ...given };
}

describe("an activity that runs, by its id", () => {
  it("ends with a result", () => {
    given(...running())
      .when("respondActivityById", respond(COMPLETED))
      .thenEvents(
        ["ActivityTaskStarted", { scheduledEventId: 5, identity: "worker-1" }],
        ["ActivityTaskCompleted", { scheduledEventId: 5, identity: "outside", result: make.payloads("done") }],
        ...newTask,
      );
  });

  it("is retried after a failure", () => {
    const { scenario } = given(...running())
      .when("respondActivityById", respond(FAILED))
      .thenEvents();
    expect(scenario.activity(5).progress).toMatchObject({ attempt: 2, lastFailure: make.failureOf("Broken") });
  });

  it("is cancelled if its workflow has asked for it, and not otherwise", () => {
    given(...asked())
      .when("respondActivityById", respond(CANCELED))
      .thenEvents("ActivityTaskStarted", ["ActivityTaskCanceled", { scheduledEventId: 5 }], ...newTask);
    given(...running())
      .when("respondActivityById", respond(CANCELED))
      .thenRejected("InvalidArgument", /not requested/);
  });

  it("lives on with a heartbeat, and is told whether to stop", () => {
    const { scenario } = given(...running(), passed(300))
      .when("heartbeatActivityById", beat())
      .thenReplies({ cancelRequested: false });
    expect(scenario.activity(5).progress).toMatchObject({
      heartbeatDetails: make.payloads("row 7"),
      lastHeartbeatTimeMs: make.START_MS + 300,
    });
    given(...asked())
      .when("heartbeatActivityById", beat())
      .thenReplies({ cancelRequested: true });
  });

  it("is that of the run meant", () => {
    given(...running())
      .when("respondActivityById", respond(COMPLETED, { runId: make.RUN_ID }))
      .thenReplies({ accepted: true });
    given(...running())
      .when("respondActivityById", respond(COMPLETED, { runId: "run-0" }))
      .thenRejected("WorkflowNotFound");
    given(...running())
      .when("heartbeatActivityById", beat({ runId: "run-0" }))
      .thenRejected("WorkflowNotFound");
  });
});

describe("an activity that nobody runs, by its id", () => {
  it.each([
    ["scheduled", scheduled, 1],
    ["backing off", backingOff, 2],
  ])("ends with a result though it is %s; history shows a start that is made up", (_state, steps, attempt) => {
    given(...steps())
      .when("respondActivityById", respond(COMPLETED))
      .thenEvents(
        ["ActivityTaskStarted", { scheduledEventId: 5, attempt, identity: "outside" }],
        ["ActivityTaskCompleted", { scheduledEventId: 5, startedEventId: 6 }],
        ...newTask,
      )
      .thenDispatches();
  });

  it("has no attempt that could fail, be cancelled or live", () => {
    for (const steps of [scheduled, backingOff]) {
      for (const outcome of [FAILED, CANCELED])
        given(...steps())
          .when("respondActivityById", respond(outcome))
          .thenRejected("ActivityNotFound", /is running/);
      given(...steps())
        .when("heartbeatActivityById", beat())
        .thenRejected("ActivityNotFound", /is running/);
    }
  });
});

describe("an activity that is not open, by its id", () => {
  it("is not found", () => {
    for (const outcome of [COMPLETED, FAILED, CANCELED])
      given(...closed())
        .when("respondActivityById", respond(outcome))
        .thenRejected("ActivityNotFound", /is open/);
    given(...closed())
      .when("heartbeatActivityById", beat())
      .thenRejected("ActivityNotFound");
  });
});

describe("a report by id that is malformed", () => {
  it("is refused", () => {
    for (const activityId of ["", "line\nbreak", "x".repeat(1_001)]) {
      given(...running())
        .when("respondActivityById", respond(COMPLETED, { activityId }))
        .thenRejected("InvalidArgument", /activityId/);
      given(...running())
        .when("heartbeatActivityById", beat({ activityId }))
        .thenRejected("InvalidArgument", /activityId/);
    }
    given(...running())
      .when("respondActivityById", respond({ kind: "forgotten" } as unknown as ActivityOutcome))
      .thenRejected("InvalidArgument", /outcome kind/);
    const large = make.payloads("x".repeat(2 * 1024 * 1024));
    given(...running())
      .when("respondActivityById", respond({ kind: "completed", result: large }))
      .thenRejected("PayloadTooLarge");
    given(...running())
      .when("heartbeatActivityById", beat({ details: large }))
      .thenRejected("PayloadTooLarge");
  });
});
