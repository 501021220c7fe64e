/** Pausing a run: what does not begin meanwhile, what goes on, and what unpausing makes up for. */
import { describe, expect, it } from "vitest";

import { describeRun } from "../../../src/core/description.ts";
import { nextDeadlineMs } from "../../../src/core/deadlines.ts";
import {
  claimed,
  given,
  passed,
  paused,
  responded,
  signaled,
  started,
  type Step,
  taskCompleted,
  taskFailed,
  ticked,
  updateSent,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const unpause = { version: 1, requestId: "unpause-1" } as const;
const pause = { version: 1, requestId: "pause-2" } as const;

const unpaused = (): Step => (scenario) => void scenario.take("unpause", unpause);
/** Activity `a` (event 5) waits to be claimed, nothing else is under way. */
const idle = (): Step[] => [started(), taskCompleted(make.scheduleActivity("a"))];

describe("a pause in the wait for the first task", () => {
  const cancel = { version: 1, requestId: "cancel-1" } as const;
  const delayed = started({ startDelayMs: 60_000 });

  it("holds back what a signal or a cancellation ends meanwhile, until the run is unpaused", () => {
    given(delayed, paused(), signaled("s1"))
      .when("unpause", unpause)
      .thenEvents("WorkflowExecutionUnpaused", ...newTask);
    for (const start of [delayed, started({ cronSchedule: "@hourly" })]) {
      const scenario = given(start, paused());
      scenario.when("requestCancel", cancel).thenEvents("WorkflowExecutionCancelRequested");
      expect(nextDeadlineMs(scenario.run)).toBeUndefined();
      scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
    }
  });

  it("leaves the rest of the wait as it is when nothing has come", () => {
    const signalWithStart = make.signalWithStartRequest("s1", { startDelayMs: 60_000 });
    const signaledFirst: Step = (scenario) => void scenario.take("signalWithStart", signalWithStart);
    const cronSignaled = [started({ cronSchedule: "@hourly" }), paused(), signaled("s1")];
    for (const steps of [[delayed, paused()], [signaledFirst, paused()], cronSignaled]) {
      const scenario = given(...steps);
      scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused");
      expect(nextDeadlineMs(scenario.run)).toBe(scenario.run.start.firstWorkflowTaskAtMs);
    }
  });
});

describe("pausing a run", () => {
  it("says who, when and why, in history and in the description", () => {
    const asked = { version: 1, requestId: "pause-1", identity: "carol", reason: "the bank is down" } as const;
    const { scenario } = given(...idle(), passed(70))
      .when("pause", asked)
      .thenEvents(["WorkflowExecutionPaused", { identity: "carol", reason: "the bank is down", requestId: "pause-1" }])
      .thenReplies({ runId: make.RUN_ID });
    expect(describeRun(scenario.run, scenario.nowMs)).toMatchObject({
      status: "PAUSED",
      pauseInfo: { pausedTimeMs: make.START_MS + 70, identity: "carol", reason: "the bank is down" },
    });
    scenario.take("unpause", unpause);
    const description = describeRun(scenario.run, scenario.nowMs);
    expect(description).toMatchObject({ status: "RUNNING" });
    expect(description).not.toHaveProperty("pauseInfo");
  });

  it("is the same when the request comes again, before and after it was unpaused", () => {
    given(...idle(), paused())
      .when("pause", { version: 1, requestId: "pause-1" })
      .thenReplies({ runId: make.RUN_ID })
      .thenNothing();
    given(...idle(), paused(), unpaused())
      .when("pause", { version: 1, requestId: "pause-1" })
      .thenNothing();
    given(...idle(), paused(), unpaused())
      .when("unpause", unpause)
      .thenNothing();
    given(...idle(), paused(), unpaused())
      .when("pause", pause)
      .thenBuffered("WorkflowExecutionPaused");
  });

  it("refuses another pause, and to unpause what is not paused", () => {
    given(...idle(), paused())
      .when("pause", pause)
      .thenRejected("FailedPrecondition", /is paused already/);
    given(...idle())
      .when("unpause", unpause)
      .thenRejected("FailedPrecondition", /is not paused/);
  });

  it("refuses what is malformed", () => {
    for (const wrong of [{ requestId: "" }, { runId: "" }, { reason: "x".repeat(1_001) }, { identity: "a\n" }]) {
      given(...idle())
        .when("pause", { version: 1, requestId: "p", ...wrong })
        .thenRejected("InvalidArgument");
      given(...idle(), paused())
        .when("unpause", { version: 1, requestId: "p", ...wrong })
        .thenRejected("InvalidArgument");
    }
  });
});

describe("a run that is paused", () => {
  it("takes signals and cancellation, and runs no code for them until it is unpaused", () => {
    const { scenario } = given(...idle(), paused())
      .when("signal", make.signalRequest("s1"))
      .thenEvents("WorkflowExecutionSignaled");
    scenario.take("requestCancel", { version: 1, requestId: "cancel-1" });
    expect(scenario.run.workflowTask).toBeUndefined();
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });

  it("refuses updates; one that it knows is answered as before", () => {
    given(...idle(), paused())
      .when("update", make.updateRequest("u1"))
      .thenRejected("FailedPrecondition", /takes no updates/);
    given(...idle(), updateSent("u1"), taskCompleted(make.acceptUpdate("u1")), paused())
      .when("update", make.updateRequest("u1"))
      .thenReplies({ runId: make.RUN_ID })
      .thenNothing();
    given(...idle(), paused())
      .when("updateWithStart", make.updateWithStartRequest("u1"))
      .thenRejected("FailedPrecondition");
  });

  it("lets timers fire, and the workflow sees them when it is unpaused", () => {
    const { scenario } = given(started(), taskCompleted(make.startTimer("t")), paused(), passed(5_000))
      .whenTicked()
      .thenEvents("TimerFired");
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });

  it("hands out no activity task, and sends those that are due when it is unpaused", () => {
    const { scenario } = given(...idle(), paused())
      .when("claimActivity", make.claimRequest(5))
      .thenReplies({ claimed: false, reason: "the workflow is paused" })
      .thenNothing();
    // Nothing is sent again either, however long it takes.
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    scenario.after(600_000).whenTicked().thenDispatches();
    scenario.when("unpause", unpause).thenDispatches(5);
    expect(nextDeadlineMs(scenario.run)).toBeGreaterThan(scenario.nowMs);
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: true });
  });

  it("holds back a retry that becomes due, and lets one wait that is not due yet", () => {
    const backingOff = [...idle(), claimed(5), responded(make.failed(5)), paused()];
    given(...backingOff, passed(1_000))
      .whenTicked()
      .thenDispatches();
    given(...backingOff, passed(1_000), ticked())
      .when("unpause", unpause)
      .thenDispatches(5);
    const early = given(...backingOff, passed(400)).when("unpause", unpause);
    early.thenDispatches();
    early.scenario.after(600).whenTicked().thenDispatches(5);
  });

  it("lets attempts that run end, and is told of it when it is unpaused", () => {
    const { scenario } = given(...idle(), claimed(5), paused())
      .when("respondActivity", make.completed(5))
      .thenEvents("ActivityTaskStarted", "ActivityTaskCompleted");
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });

  it("does not take the loss of a message for a failure: it is sent again", () => {
    given(...idle(), paused())
      .when("reportDeadLetter", { version: 1, runId: make.RUN_ID, scheduledEventId: 5, attempt: 1 })
      .thenReplies({ accepted: false })
      .thenNothing();
  });

  it("still times out: an activity that nobody takes, and the run itself", () => {
    const waiting = make.scheduleActivity("a", { scheduleToStartTimeoutMs: 3_000 });
    given(started(), taskCompleted(waiting), paused(), passed(3_000)).whenTicked().thenEvents("ActivityTaskTimedOut");
    const { scenario } = given(started({ workflowRunTimeoutMs: 3_000 }), taskCompleted(), paused(), passed(3_000))
      .whenTicked()
      .thenEvents("WorkflowExecutionTimedOut");
    expect(describeRun(scenario.run, scenario.nowMs)).toMatchObject({ status: "TIMED_OUT" });
    expect(scenario.run.paused).toBeUndefined();
  });

  it("does not send an activity that has used up its time when it is unpaused", () => {
    const waiting = make.scheduleActivity("a", { scheduleToStartTimeoutMs: 3_000 });
    const { scenario } = given(started(), taskCompleted(waiting), paused(), passed(3_000))
      .when("unpause", unpause)
      .thenDispatches();
    expect(nextDeadlineMs(scenario.run)).toBeLessThanOrEqual(scenario.nowMs);
  });

  it("begins no first task when its start delay ends, and does once it is unpaused", () => {
    const { scenario } = given(started({ startDelayMs: 5_000 }), paused(), passed(5_000))
      .whenTicked()
      .thenEvents();
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });

  it("goes on waiting for its start delay when it is unpaused before, unless a signal has come", () => {
    const { scenario } = given(started({ startDelayMs: 5_000 }), paused(), passed(1_000))
      .when("unpause", unpause)
      .thenEvents("WorkflowExecutionUnpaused");
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + 5_000);
    given(started({ startDelayMs: 5_000 }), paused(), signaled("s1"))
      .when("unpause", unpause)
      .thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });
});

describe("a pause while a workflow task is with the worker", () => {
  const inFlight = (): Step[] => [...idle(), signaled("s1"), paused()];

  it("waits for its number and holds at once", () => {
    const { scenario } = given(...idle(), signaled("s1"))
      .when("pause", pause)
      .thenEvents()
      .thenBuffered("WorkflowExecutionPaused");
    expect(scenario.run.paused).toMatchObject({ pausedTimeMs: make.START_MS });
    scenario.when("claimActivity", make.claimRequest(5)).thenReplies({ claimed: false });
  });

  it("takes what the task brings, sends none of its activities, and starts no other", () => {
    const eager = make.scheduleActivity("b", { startToCloseTimeoutMs: 1_000, allowEagerDispatch: true });
    const { scenario } = given(...inFlight())
      .whenCompleted(eager, make.startTimer("t"))
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskScheduled", "TimerStarted", "WorkflowExecutionPaused")
      .thenDispatches()
      .thenOffers();
    expect(scenario.run.workflowTask).toBeUndefined();
    scenario.when("unpause", unpause).thenDispatches(5, 10);
  });

  it("refuses the end of the run, which has not seen the pause", () => {
    const { scenario } = given(...inFlight())
      .whenCompleted(make.COMPLETE)
      .thenEvents(["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND" }], "WorkflowExecutionPaused")
      .thenReplies({ kept: false });
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
  });

  it("starts no other when the task fails or runs out of time, and a fresh one when it is unpaused", () => {
    for (const end of [taskFailed(), ticked()]) {
      const scenario = given(...inFlight(), passed(10_000));
      end(scenario);
      expect(scenario.events.slice(-2).map((event) => event.eventType)).toEqual([
        expect.stringMatching(/WorkflowTask(Failed|TimedOut)/),
        "WorkflowExecutionPaused",
      ]);
      expect(scenario.run.workflowTask?.startedEventId).toBeUndefined();
      expect(nextDeadlineMs(scenario.run)).toBeUndefined();
      scenario.after(1).whenTicked().thenEvents();
      scenario
        .when("unpause", unpause)
        .thenEvents("WorkflowExecutionUnpaused", ["WorkflowTaskScheduled", { attempt: 1 }], "WorkflowTaskStarted");
    }
  });

  it("waits no longer for the backoff of a task that fails when it is unpaused", () => {
    const failing = [...idle(), signaled("s1"), taskFailed(), taskFailed()];
    const { scenario } = given(...failing)
      .when("pause", pause)
      .thenEvents("WorkflowExecutionPaused");
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
    expect(scenario.task.attempt).toBe(1);
  });

  it("starts no task for updates that came before it", () => {
    const { scenario } = given(...idle(), signaled("s1"), updateSent("u1"), paused())
      .whenCompleted()
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionPaused")
      .thenAdmitted("u1");
    expect(scenario.run.workflowTask).toBeUndefined();
    scenario.when("unpause", unpause).thenEvents("WorkflowExecutionUnpaused", ...newTask);
    expect(scenario.carried).toEqual(["u1"]);
  });

  it("drops a task that the workflow has refused all updates of, and starts no other", () => {
    const { scenario } = given(...idle(), updateSent("u1"), paused())
      .whenCompleted(make.rejectUpdate("u1"))
      .thenEvents("WorkflowExecutionPaused");
    expect(scenario.run.workflowTask).toBeUndefined();
  });

  it("is over when it is unpaused before the task ends: the next one follows at once", () => {
    const { scenario } = given(...inFlight())
      .when("unpause", unpause)
      .thenBuffered("WorkflowExecutionUnpaused");
    expect(scenario.run.paused).toBeUndefined();
    scenario
      .whenCompleted()
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionPaused", "WorkflowExecutionUnpaused", ...newTask);
  });

  it("does not start what the worker asks for when it gains time", () => {
    given(...inFlight())
      .when("completeWorkflowTask", (scenario) => ({
        ...scenario.task,
        commands: [],
        forceNewWorkflowTask: true,
        identity: "workflow-worker",
        ...scenario.nextRunFacts,
      }))
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionPaused");
  });
});
