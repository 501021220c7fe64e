/** The workflow task's table: completion, buffering and flush order, refusals, failures, timeouts, backoff. */
import { describe, expect, it } from "vitest";

import type { Command } from "../../../src/core/command.ts";
import { workflowTaskBackoffMs } from "../../../src/core/workflow-task-decision.ts";
import { transientTaskEvents } from "../../../src/core/workflow-task-event.ts";
import {
  type Step,
  cancelRequested,
  claimed,
  given,
  passed,
  responded,
  signaled,
  started,
  taskCompleted,
  taskFailed,
  ticked,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const failure = { message: "TypeError: undefined is not a function" };
const worker = { identity: "workflow-worker", newRunId: make.NEXT_RUN_ID };
const failing = { cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE", failure, ...worker } as const;
const failedCommand: Command = { commandType: "FailWorkflowExecution", failure: make.failureOf("Declined") };
const canceledCommand: Command = { commandType: "CancelWorkflowExecution", details: make.payloads("stopped") };

describe("a workflow task that completes", () => {
  it("turns its commands into events, in their order", () => {
    given(started())
      .whenCompleted(make.startTimer("t"), make.scheduleActivity("a"), make.startTimer("u"))
      .thenReplies({ kept: true })
      .thenEvents(
        ["WorkflowTaskCompleted", { scheduledEventId: 2, startedEventId: 3, identity: "workflow-worker" }],
        ["TimerStarted", { timerId: "t", workflowTaskCompletedEventId: 4 }],
        ["ActivityTaskScheduled", { activityId: "a", workflowTaskCompletedEventId: 4 }],
        ["TimerStarted", { timerId: "u", workflowTaskCompletedEventId: 4 }],
      );
  });

  it("keeps the flags of the worker's SDK", () => {
    const scenario = given(started());
    scenario
      .when("completeWorkflowTask", {
        ...scenario.task,
        commands: [],
        sdkMetadata: { langUsedFlags: [1, 2] },
        ...worker,
      })
      .thenEvents(["WorkflowTaskCompleted", { sdkMetadata: { langUsedFlags: [1, 2] } }]);
  });

  it("ends the run as it says", () => {
    given(started())
      .whenCompleted({ ...make.COMPLETE, result: make.payloads("paid") } as Command)
      .thenEvents("WorkflowTaskCompleted", [
        "WorkflowExecutionCompleted",
        { result: make.payloads("paid"), workflowTaskCompletedEventId: 4 },
      ]);
    given(started())
      .whenCompleted(failedCommand)
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionFailed", { retryState: "RETRY_POLICY_NOT_SET" }]);
    given(started())
      .whenCompleted(canceledCommand)
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionCanceled", { details: make.payloads("stopped") }]);
  });

  it("may leave things open when it ends the run; they end with it", () => {
    const { scenario } = given(started())
      .whenCompleted(make.startTimer("t"), make.scheduleActivity("a"), make.COMPLETE)
      .thenEvents("WorkflowTaskCompleted", "TimerStarted", "ActivityTaskScheduled", "WorkflowExecutionCompleted");
    expect(scenario.run).toMatchObject({ status: "COMPLETED", timers: {}, activities: {}, closeEventId: 7 });
  });

  it("may cancel an unclaimed activity and end the run", () => {
    given(started(), taskCompleted(make.scheduleActivity("a")), signaled("s1"))
      .whenCompleted(make.cancelActivity(5), make.COMPLETE)
      .thenEvents("WorkflowTaskCompleted", "ActivityTaskCancelRequested", "WorkflowExecutionCompleted");
  });

  it("cannot do anything after it has ended the run", () => {
    for (const command of [make.startTimer("t"), make.COMPLETE, failedCommand])
      given(started())
        .whenCompleted(make.COMPLETE, command)
        .thenReplies({ kept: false })
        .thenEvents(["WorkflowTaskFailed", { cause: "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES" }]);
  });

  it("keeps nothing of a task one of whose commands is refused", () => {
    const { scenario } = given(started())
      .whenCompleted(make.startTimer("t"), make.scheduleActivity("a"), make.cancelTimer("unknown"))
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_CANCEL_TIMER_ATTRIBUTES" }])
      .thenDispatches();
    expect(scenario.run).toMatchObject({ timers: {}, activities: {}, workflowTask: { attempt: 2 } });
  });

  it("is told when it answers for a task that is over", () => {
    for (const steps of [
      [started(), taskCompleted()],
      [started(), taskFailed()],
      [started(), taskFailed(), taskFailed()],
    ])
      given(...steps)
        .when("completeWorkflowTask", { runId: make.RUN_ID, startedEventId: 3, attempt: 1, commands: [], ...worker })
        .thenReplies({ kept: false })
        .thenNothing();
  });

  it("is told when it answers for an attempt that was given up, though the next has the same event ids", () => {
    const scenario = given(started(), taskFailed());
    const attempt2 = scenario.task;
    scenario.after(10_000).take("tick", scenario.nextRunFacts);
    scenario.atDeadline().take("tick", scenario.nextRunFacts);
    expect(scenario.task).toEqual({ ...attempt2, attempt: 3 });
    const late = { ...attempt2, commands: [make.COMPLETE], ...worker };
    scenario.when("completeWorkflowTask", late).thenReplies({ kept: false }).thenNothing();
    scenario
      .when("failWorkflowTask", { ...attempt2, ...failing })
      .thenReplies({ kept: false })
      .thenNothing();
  });

  it("is told when it answers for the run before", () => {
    const steps = [
      started(),
      started({ requestId: "2", newRunId: "run-2", workflowIdConflictPolicy: "TERMINATE_EXISTING" }),
    ];
    given(...steps)
      .when("completeWorkflowTask", { runId: make.RUN_ID, startedEventId: 3, attempt: 1, commands: [], ...worker })
      .thenReplies({ kept: false })
      .thenNothing();
    given(...steps)
      .when("failWorkflowTask", { runId: make.RUN_ID, startedEventId: 3, attempt: 1, ...failing })
      .thenReplies({ kept: false })
      .thenNothing();
  });
});

describe("what arrives while a task is with the worker", () => {
  const openThings: Step[] = [
    started(),
    taskCompleted(make.scheduleActivity("a"), make.startTimer("t"), make.scheduleActivity("b")),
    claimed(5),
    claimed(7),
    signaled("s1"),
  ];

  it("waits, and follows the events of the commands; ends of activities come last", () => {
    given(
      ...openThings,
      responded(make.completed(5)),
      signaled("s2"),
      passed(5_000),
      ticked(),
      responded(make.failed(7, make.failureOf("No", { nonRetryable: true }), { activityId: "b" })),
      cancelRequested(),
    )
      .whenCompleted(make.startTimer("u"))
      .thenEvents(
        "WorkflowTaskCompleted",
        ["TimerStarted", { timerId: "u" }],
        ["ActivityTaskStarted", { scheduledEventId: 5 }],
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        ["TimerFired", { timerId: "t" }],
        ["ActivityTaskStarted", { scheduledEventId: 7 }],
        "WorkflowExecutionCancelRequested",
        ["ActivityTaskCompleted", { scheduledEventId: 5, startedEventId: 13 }],
        ["ActivityTaskFailed", { scheduledEventId: 7, startedEventId: 16 }],
        ...newTask,
      );
  });

  it.each([make.COMPLETE, failedCommand, canceledCommand])("refuses the end of the run: $commandType", (close) => {
    const { scenario } = given(started(), signaled("s1"))
      .whenCompleted(make.startTimer("t"), close)
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND" }], "WorkflowExecutionSignaled", ...newTask);
    expect(scenario.run).toMatchObject({ status: "RUNNING", timers: {}, workflowTask: { attempt: 1 } });
    scenario.whenCompleted(close).thenReplies({ kept: true });
    expect(scenario.run.status).not.toBe("RUNNING");
  });

  it("is numbered when the task fails, so that the next attempt sees it", () => {
    const scenario = given(started(), signaled("s1"));
    scenario
      .when("failWorkflowTask", { ...scenario.task, ...failing })
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionSignaled");
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 2, scheduledEventId: 6, startedEventId: 7 });
  });

  it("waits through a retried attempt that fails, and is numbered before the next", () => {
    const scenario = given(started(), taskFailed(), signaled("s1"));
    expect(scenario.run.buffered).toHaveLength(1);
    scenario.when("failWorkflowTask", { ...scenario.task, ...failing }).thenEvents();
    expect(scenario.run.buffered).toHaveLength(1);
    scenario.atDeadline().whenTicked().thenEvents("WorkflowExecutionSignaled");
    expect(scenario.run).toMatchObject({ buffered: [], workflowTask: { attempt: 3, scheduledEventId: 6 } });
  });

  it("comes before what arrives between two attempts", () => {
    given(started(), taskFailed(), signaled("s1"), taskFailed())
      .when("signal", make.signalRequest("s2"))
      .thenEvents(
        ["WorkflowExecutionSignaled", { requestId: "s1" }],
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
      );
  });

  it("is refused by a retried task as well", () => {
    given(started(), taskFailed(), signaled("s1"))
      .whenCompleted(make.COMPLETE)
      .thenEvents(
        ["WorkflowTaskScheduled", { attempt: 2 }],
        "WorkflowTaskStarted",
        ["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND", scheduledEventId: 5, startedEventId: 6 }],
        "WorkflowExecutionSignaled",
        ["WorkflowTaskScheduled", { attempt: 1 }],
        "WorkflowTaskStarted",
      );
  });

  it("keeps the time at which it happened, and the run's clock does not go back for it", () => {
    const { scenario } = given(started(), passed(100), signaled("s1"), passed(900)).when(
      "failWorkflowTask",
      (scenario) => ({
        ...scenario.task,
        ...failing,
      }),
    );
    expect(scenario.events.map((event) => event.eventTimeMs - make.START_MS)).toEqual([0, 0, 0, 1_000, 100]);
    expect(scenario.run.lastEventTimeMs).toBe(make.START_MS + 1_000);
  });
});

describe("a workflow task that fails", () => {
  it("records the first failure and is tried again at once", () => {
    const scenario = given(started());
    const taken = scenario
      .when("failWorkflowTask", { ...scenario.task, ...failing })
      .thenReplies({ kept: false })
      .thenEvents([
        "WorkflowTaskFailed",
        { scheduledEventId: 2, startedEventId: 3, cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE", failure },
      ]);
    expect(scenario.run.workflowTask).toMatchObject({
      attempt: 2,
      inHistory: false,
      startedEventId: 6,
      lastFailure: failure,
      lastFailureCause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
    });
    expect(transientTaskEvents(scenario.run)).toMatchObject([
      { eventId: 5, eventType: "WorkflowTaskScheduled", attributes: { attempt: 2 } },
      { eventId: 6, eventType: "WorkflowTaskStarted", attributes: { scheduledEventId: 5 } },
    ]);
    expect(taken.changes.progress.map((change) => change.kind === "workflowTask" && change.volatile)).toEqual([
      false,
      true,
    ]);
  });

  it("leaves no event when a retry of it fails, and waits longer each time", () => {
    const scenario = given(started(), taskFailed());
    for (const backoffMs of [1_000, 2_000, 4_000, 8_000]) {
      scenario.when("failWorkflowTask", { ...scenario.task, ...failing }).thenEvents();
      expect(scenario.run.workflowTask?.startedEventId).toBeUndefined();
      expect(scenario.run.workflowTask?.notBeforeMs).toBe(scenario.nowMs + backoffMs);
      scenario
        .after(backoffMs - 1)
        .whenTicked()
        .thenEvents();
      expect(scenario.run.workflowTask?.startedEventId).toBeUndefined();
      scenario.after(1).whenTicked().thenEvents();
      expect(scenario.run.workflowTask?.startedEventId).toBe(6);
    }
    scenario
      .whenCompleted(make.startTimer("t"))
      .thenEvents(
        ["WorkflowTaskScheduled", { attempt: 6 }],
        ["WorkflowTaskStarted", { scheduledEventId: 5 }],
        ["WorkflowTaskCompleted", { scheduledEventId: 5, startedEventId: 6 }],
        "TimerStarted",
      );
    expect(scenario.run.workflowTask).toBeUndefined();
  });

  it("backs off for ten minutes at most", () => {
    expect([1, 2, 3, 4, 5, 12, 13, 1_000].map(workflowTaskBackoffMs)).toEqual([
      0, 0, 1_000, 2_000, 4_000, 512_000, 600_000, 600_000,
    ]);
  });

  it("is not failed twice by a worker that says it late", () => {
    for (const steps of [
      [started(), taskCompleted()],
      [started(), taskFailed()],
      [started(), taskFailed(), taskFailed()],
    ])
      given(...steps)
        .when("failWorkflowTask", { runId: make.RUN_ID, startedEventId: 3, attempt: 1, ...failing })
        .thenReplies({ kept: false })
        .thenNothing();
  });
});

describe("a workflow task that nobody answers", () => {
  it("times out and is tried again at once; a retry that times out backs off without an event", () => {
    const scenario = given(started(), passed(9_999));
    scenario.whenTicked().thenEvents().thenReplies({ taskGivenUp: false });
    scenario
      .after(1)
      .whenTicked()
      .thenReplies({ taskGivenUp: true })
      .thenEvents(["WorkflowTaskTimedOut", { scheduledEventId: 2, startedEventId: 3, timeoutType: "START_TO_CLOSE" }]);
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 2, startedEventId: 6, lastFailureCause: "TIMEOUT" });
    scenario.after(10_000).whenTicked().thenReplies({ taskGivenUp: true }).thenEvents();
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 3, notBeforeMs: scenario.nowMs + 1_000 });
    expect(scenario.run.workflowTask?.startedEventId).toBeUndefined();
  });

  it("times out together with what became due meanwhile, and the retry sees it", () => {
    const scenario = given(started(), taskCompleted(make.startTimer("t")), signaled("s1"), passed(10_000));
    scenario.whenTicked().thenEvents("WorkflowTaskTimedOut", "TimerFired");
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 2, scheduledEventId: 11 });
  });

  it("has the time that the start gave it, two minutes at most, ten seconds if none", () => {
    for (const [asked, given_] of [
      [30_000, 30_000],
      [500_000, 120_000],
      [0, 10_000],
      [undefined, 10_000],
    ] as const) {
      const overrides = asked === undefined ? {} : { workflowTaskTimeoutMs: asked };
      const scenario = given(started(overrides), passed(given_ - 1));
      scenario.whenTicked().thenEvents();
      scenario.after(1).whenTicked().thenEvents("WorkflowTaskTimedOut");
    }
  });
});
