/** The timer's table. */
import { describe, expect, it } from "vitest";

import { type Step, given, passed, signaled, started, taskCompleted, ticked } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
/** Timer `t`, started by event 5, due in five seconds. */
const open: Step[] = [started(), taskCompleted(make.startTimer("t"))];
/** It has fired while a workflow task is with the worker. */
const firedBuffered: Step[] = [...open, signaled("s1"), passed(5_000), ticked()];

describe("a timer", () => {
  it("starts, and fires at its time and not before", () => {
    given(started())
      .whenCompleted(make.startTimer("t", 5_000))
      .thenEvents("WorkflowTaskCompleted", ["TimerStarted", { timerId: "t", startToFireTimeoutMs: 5_000 }]);
    given(...open, passed(4_999))
      .whenTicked()
      .thenEvents();
    given(...open)
      .atDeadline()
      .whenTicked()
      .thenEvents(["TimerFired", { timerId: "t", startedEventId: 5 }], ...newTask);
  });

  it("that is open keeps its id", () => {
    given(...open, signaled("s1"))
      .whenCompleted(make.startTimer("t"))
      .thenEvents(["WorkflowTaskFailed", { cause: "START_TIMER_DUPLICATE_ID" }]);
  });

  it("is cancelled once", () => {
    given(...open, signaled("s1"))
      .whenCompleted(make.cancelTimer("t"))
      .thenEvents("WorkflowTaskCompleted", ["TimerCanceled", { timerId: "t", startedEventId: 5 }]);
    given(...open, signaled("s1"))
      .whenCompleted(make.cancelTimer("t"), make.cancelTimer("t"))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_CANCEL_TIMER_ATTRIBUTES" }]);
  });

  it("that never was cannot be cancelled", () => {
    given(started())
      .whenCompleted(make.cancelTimer("t"))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_CANCEL_TIMER_ATTRIBUTES" }]);
  });

  it("may be started, cancelled and started again in one task", () => {
    const { scenario } = given(started())
      .whenCompleted(make.startTimer("t"), make.cancelTimer("t"), make.startTimer("t"))
      .thenEvents("WorkflowTaskCompleted", "TimerStarted", "TimerCanceled", "TimerStarted");
    expect(scenario.run.timers["t"]?.startedEventId).toBe(7);
  });

  it("needs a positive, finite duration and a proper id", () => {
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      given(started())
        .whenCompleted(make.startTimer("t", ms))
        .thenEvents(["WorkflowTaskFailed", { cause: "BAD_START_TIMER_ATTRIBUTES" }]);
    given(started())
      .whenCompleted(make.startTimer(""))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_START_TIMER_ATTRIBUTES" }]);
  });

  it("may bear any name, even one that objects have by nature", () => {
    for (const timerId of ["constructor", "__proto__", "toString"]) {
      const scenario = given(started(), taskCompleted(make.startTimer(timerId)));
      scenario
        .after(5_000)
        .whenTicked()
        .thenEvents("TimerFired", ...newTask);
    }
  });
});

describe("a timer that fired while a task was with the worker", () => {
  it("waits for the task", () => {
    given(...open, signaled("s1"), passed(5_000))
      .whenTicked()
      .thenEvents()
      .thenBuffered("TimerFired");
    given(...firedBuffered)
      .whenCompleted()
      .thenEvents("WorkflowTaskCompleted", "TimerFired", ...newTask);
  });

  it("loses against its cancellation, and then nothing waits", () => {
    given(...firedBuffered)
      .whenCompleted(make.cancelTimer("t"))
      .thenEvents("WorkflowTaskCompleted", ["TimerCanceled", { timerId: "t", startedEventId: 5 }]);
  });

  it("does not hold up the end of a run that cancels it in the same task", () => {
    given(...firedBuffered)
      .whenCompleted(make.cancelTimer("t"), make.COMPLETE)
      .thenEvents("WorkflowTaskCompleted", "TimerCanceled", "WorkflowExecutionCompleted");
  });

  it("leaves another that takes its id alone", () => {
    const { scenario } = given(...firedBuffered)
      .whenCompleted(make.startTimer("t", 7_000))
      .thenEvents("WorkflowTaskCompleted", "TimerStarted", ["TimerFired", { startedEventId: 5 }], ...newTask);
    expect(scenario.run.timers["t"]?.startedEventId).toBe(10);
  });
});

describe("several timers due at once", () => {
  it("fire in the order of their times, before one workflow task", () => {
    given(
      started(),
      taskCompleted(make.startTimer("late", 3_000), make.startTimer("soon", 1_000), make.startTimer("also", 3_000)),
      passed(3_000),
    )
      .whenTicked()
      .thenEvents(
        ["TimerFired", { timerId: "soon" }],
        ["TimerFired", { timerId: "late" }],
        ["TimerFired", { timerId: "also" }],
        ...newTask,
      )
      .thenBuffered();
  });

  it("share their workflow task with an activity that times out", () => {
    given(
      started(),
      taskCompleted(
        make.startTimer("t", 2_000),
        make.scheduleActivity("a", { startToCloseTimeoutMs: 0, scheduleToCloseTimeoutMs: 2_000 }),
      ),
      passed(2_000),
    )
      .whenTicked()
      .thenEvents("TimerFired", "ActivityTaskTimedOut", ...newTask)
      .thenBuffered();
  });
});
