/** The workflow task that carries updates: what comes meanwhile, its failure, its refusal, and one that gains time. */
import { describe, expect, it } from "vitest";

import { restore } from "../../../src/core/apply.ts";
import { fromCheckpoint, toCheckpoint } from "../../../src/core/checkpoint.ts";
import { nextDeadlineMs } from "../../../src/core/deadlines.ts";
import type { Failure } from "../../../src/core/failure.ts";
import {
  claimed,
  given,
  passed,
  responded,
  signaled,
  started,
  taskCompleted,
  taskFailed,
  updateSent,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const speculativeTask = newTask;
const failing = {
  cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
  failure: { message: "TypeError" } as Failure,
  identity: "workflow-worker",
} as const;

describe("events that arrive during a speculative task", () => {
  const steps = [started(), taskCompleted(make.scheduleActivity("a")), claimed(5), updateSent("u1"), signaled("s1")];

  it("wait, follow its commands, and start the next", () => {
    given(...steps, responded(make.completed(5)))
      .whenCompleted(make.acceptUpdate("u1"))
      .thenEvents(
        ...speculativeTask,
        "WorkflowTaskCompleted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionSignaled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
        ...newTask,
      );
  });

  it("take its place when it is dropped", () => {
    const { scenario } = given(...steps)
      .whenCompleted(make.rejectUpdate("u1"))
      .thenReplies({ kept: false })
      .thenRejects("u1")
      .thenEvents("WorkflowExecutionSignaled", ...newTask);
    expect(scenario.run.workflowTask).toMatchObject({ inHistory: true, startedEventId: 8 });
  });

  it("refuse the end of the run", () => {
    const { scenario } = given(...steps)
      .whenCompleted(make.acceptUpdate("u1"), make.COMPLETE)
      .thenEvents(
        ...speculativeTask,
        ["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND" }],
        "WorkflowExecutionSignaled",
        ...newTask,
      )
      .thenAdmitted("u1");
    expect(scenario.carried).toEqual(["u1"]);
  });

  it("are numbered at once when the object that ran it died", () => {
    const scenario = given(...steps);
    const { run } = scenario;
    const died = fromCheckpoint(toCheckpoint(run));
    if (!died) throw new Error("the checkpoint is of another version");
    restore(
      died,
      { progress: [], buffered: run.buffered.map((event) => ({ event, nextEventId: run.nextEventId })) },
      scenario.nowMs,
    );
    scenario.state = died;
    expect(died).toMatchObject({ admittedUpdates: [], buffered: [{ eventType: "WorkflowExecutionSignaled" }] });
    expect(died.workflowTask).toBeUndefined();
    expect(nextDeadlineMs(died)).toBeLessThanOrEqual(scenario.nowMs);
    scenario.whenTicked().thenEvents("WorkflowExecutionSignaled", ...newTask);
  });
});

describe("a task that carries updates", () => {
  it("is written down when it fails, and the next attempt carries them again", () => {
    const scenario = given(started(), taskCompleted(), updateSent("u1"));
    scenario
      .when("failWorkflowTask", { ...scenario.task, ...failing })
      .thenReplies({ kept: false })
      .thenEvents(...speculativeTask, ["WorkflowTaskFailed", { scheduledEventId: 5, startedEventId: 6 }])
      .thenAdmitted("u1");
    expect(scenario.run.workflowTask).toMatchObject({
      attempt: 2,
      inHistory: false,
      failedEventId: 7,
      startedEventId: 9,
    });
    expect(scenario.run.workflowTask?.speculative).toBeUndefined();
    expect(scenario.carried).toEqual(["u1"]);
    scenario.when("update", make.updateRequest("u2"));
    scenario.when("failWorkflowTask", { ...scenario.task, ...failing }).thenEvents();
    scenario.when("update", make.updateRequest("u3")).thenEvents();
    scenario.atDeadline().whenTicked().thenEvents();
    expect(scenario.carried).toEqual(["u1", "u2", "u3"]);
    scenario
      .whenCompleted(make.acceptUpdate("u1"), make.rejectUpdate("u2"), make.acceptUpdate("u3"))
      .thenEvents(
        ["WorkflowTaskScheduled", { attempt: 3 }],
        "WorkflowTaskStarted",
        "WorkflowTaskCompleted",
        ["WorkflowExecutionUpdateAccepted", { acceptedRequestSequencingEventId: 8 }],
        "WorkflowExecutionUpdateAccepted",
      );
  });

  it("is written down when it times out, with what became due meanwhile", () => {
    const scenario = given(started(), taskCompleted(make.startTimer("t", 10_000)), updateSent("u1"), passed(10_000));
    scenario
      .whenTicked()
      .thenReplies({ taskGivenUp: true })
      .thenEvents(...speculativeTask, ["WorkflowTaskTimedOut", { startedEventId: 7 }], "TimerFired")
      .thenAdmitted("u1");
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 2, scheduledEventId: 10 });
    expect(scenario.carried).toEqual(["u1"]);
  });

  it("keeps nothing of what it did when one of its commands is refused", () => {
    const bad = [
      [make.acceptUpdate("u1"), make.acceptUpdate("u1")],
      [make.acceptUpdate("u1"), make.rejectUpdate("u1")],
      [make.rejectUpdate("u1"), make.acceptUpdate("u1")],
      [make.rejectUpdate("u1"), make.rejectUpdate("u1")],
      [make.acceptUpdate("u1"), make.completeUpdate("u1"), make.completeUpdate("u1")],
      [make.completeUpdate("u1")],
      [make.acceptUpdate("unheard of")],
      [make.rejectUpdate("unheard of")],
      [make.completeUpdate("unheard of")],
    ];
    for (const commands of bad)
      given(started(), taskCompleted(), updateSent("u1"))
        .whenCompleted(...commands)
        .thenReplies({ kept: false })
        .thenEvents(...speculativeTask, ["WorkflowTaskFailed", { cause: "BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE" }])
        .thenRejects()
        .thenAdmitted("u1");
  });

  it("cannot answer updates that have been answered", () => {
    const steps = [started(), taskCompleted(), updateSent("u1"), updateSent("u2")];
    const again = [make.acceptUpdate("u1"), make.rejectUpdate("u1"), make.completeUpdate("u1")];
    for (const [index, command] of again.entries()) {
      const open = given(...steps, taskCompleted(make.acceptUpdate("u1")));
      // Completing is the one thing left to do with an accepted update.
      if (index < 2) open.whenCompleted(make.acceptUpdate("u2"), command).thenReplies({ kept: false });
      given(...steps, taskCompleted(make.acceptUpdate("u1"), make.completeUpdate("u1")))
        .whenCompleted(make.acceptUpdate("u2"), command)
        .thenReplies({ kept: false })
        .thenAdmitted("u2");
    }
  });

  it("does not take outcomes over the payload limit", () => {
    const large = "x".repeat(3 * 1024 * 1024);
    for (const command of [
      make.completeUpdate("u1", large),
      { commandType: "CompleteUpdate", updateId: "u1", outcome: { failure: { message: large } } },
      { commandType: "RejectUpdate", updateId: "u1", failure: { message: large } },
    ] as const)
      given(started(), taskCompleted(), updateSent("u1"))
        .whenCompleted(command)
        .thenEvents(...speculativeTask, ["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }]);
  });
});

describe("a workflow task that asks for the next one", () => {
  const force = { identity: "workflow-worker", newRunId: make.NEXT_RUN_ID, forceNewWorkflowTask: true } as const;

  it("gets it at once, with or without commands", () => {
    const scenario = given(started());
    scenario
      .when("completeWorkflowTask", { ...scenario.task, ...force, commands: [] })
      .thenReplies({ kept: true })
      .thenEvents("WorkflowTaskCompleted", ...newTask);
    scenario
      .when("completeWorkflowTask", { ...scenario.task, ...force, commands: [make.startTimer("t")] })
      .thenEvents("WorkflowTaskCompleted", "TimerStarted", ...newTask);
    expect(scenario.run.workflowTask).toMatchObject({ attempt: 1, inHistory: true });
  });

  it("gets one task, also when events waited, and begins to count attempts anew", () => {
    const scenario = given(started(), taskFailed(), signaled("s1"));
    scenario
      .when("completeWorkflowTask", { ...scenario.task, ...force, commands: [] })
      .thenEvents(
        ...newTask,
        "WorkflowTaskCompleted",
        "WorkflowExecutionSignaled",
        ["WorkflowTaskScheduled", { attempt: 1 }],
        "WorkflowTaskStarted",
      );
  });

  it("gets none when it ends the run, and its end is refused as ever while events wait", () => {
    const scenario = given(started());
    scenario
      .when("completeWorkflowTask", { ...scenario.task, ...force, commands: [make.COMPLETE] })
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionCompleted");
    const refused = given(started(), signaled("s1"));
    refused
      .when("completeWorkflowTask", { ...refused.task, ...force, commands: [make.COMPLETE] })
      .thenEvents(["WorkflowTaskFailed", { cause: "UNHANDLED_COMMAND" }], "WorkflowExecutionSignaled", ...newTask);
  });

  it("is written down even if it was started for updates and rejects them", () => {
    const scenario = given(started(), taskCompleted(), updateSent("u1"));
    scenario
      .when("completeWorkflowTask", { ...scenario.task, ...force, commands: [make.rejectUpdate("u1")] })
      .thenReplies({ kept: true })
      .thenRejects("u1")
      .thenEvents(...speculativeTask, "WorkflowTaskCompleted", ...newTask);
  });
});
