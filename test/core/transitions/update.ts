/** The update's table: admission and its limits, the task it gets, what becomes of it when the run ends. */
import { describe, expect, it } from "vitest";

import { decide } from "../../../src/core/decide.ts";
import { transientTaskEvents } from "../../../src/core/workflow-task-event.ts";
import { MAX_HISTORY_BYTES } from "../../../src/core/limits.ts";
import type { UpdateReply } from "../../../src/core/protocol.ts";
import { carriedUpdates } from "../../../src/core/state.ts";
import { completedEventIdOf, updateReply } from "../../../src/core/update.ts";
import {
  type Scenario,
  given,
  passed,
  signaled,
  started,
  taskCompleted,
  terminated,
  ticked,
  updateSent,
} from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const speculativeTask = newTask;
/** What is to be said of an update. */
function replyOf(scenario: Scenario, updateId: string): UpdateReply | undefined {
  const completedEventId = completedEventIdOf(scenario.run, updateId);
  return updateReply(scenario.run, updateId, scenario.events[(completedEventId ?? 0) - 1]);
}

describe("an update for a run at rest", () => {
  it("gets a workflow task of its own, of which nothing is stored", () => {
    const { scenario } = given(started(), taskCompleted())
      .when("update", make.updateRequest("u1", { args: make.payloads("7"), identity: "client-1" }))
      .thenReplies({ runId: "run-1" })
      .thenEvents()
      .thenBuffered()
      .thenAdmitted("u1");
    expect(carriedUpdates(scenario.run)).toEqual([
      { updateId: "u1", updateName: "adjust", args: make.payloads("7"), identity: "client-1" },
    ]);
    expect(scenario.run.workflowTask).toMatchObject({ speculative: true, inHistory: false, attempt: 1 });
    expect(transientTaskEvents(scenario.run)).toMatchObject([
      { eventId: 5, eventType: "WorkflowTaskScheduled" },
      { eventId: 6, eventType: "WorkflowTaskStarted", attributes: { scheduledEventId: 5 } },
    ]);
    // Sent again, it is the same one, wherever it is on its way.
    scenario.when("update", make.updateRequest("u1", { args: make.payloads("8") })).thenNothing();
    expect(replyOf(scenario, "u1")).toEqual({
      runId: "run-1",
      originalExecutionRunId: "run-1",
      updateId: "u1",
      stage: "ADMITTED",
    });
  });

  it("is written down with its task when the workflow accepts it", () => {
    const update = { args: make.payloads("7"), header: { fields: { trace: {} } }, identity: "client-1" };
    const { scenario } = given(started(), taskCompleted(), updateSent("u1", update))
      .whenCompleted(make.acceptUpdate("u1"), make.startTimer("t"))
      .thenReplies({ kept: true })
      .thenAdmitted()
      .thenEvents(
        ...speculativeTask,
        "WorkflowTaskCompleted",
        [
          "WorkflowExecutionUpdateAccepted",
          {
            protocolInstanceId: "u1",
            acceptedRequestMessageId: "u1/request",
            acceptedRequestSequencingEventId: 5,
            acceptedRequest: {
              meta: { updateId: "u1", identity: "client-1" },
              input: { name: "adjust", args: update.args, header: update.header },
            },
          },
        ],
        "TimerStarted",
      );
    expect(replyOf(scenario, "u1")).toMatchObject({ stage: "ACCEPTED" });
  });

  it("may be accepted and completed in one task, and its outcome is in history from then on", () => {
    const { scenario } = given(started(), taskCompleted(), updateSent("u1"))
      .whenCompleted(make.acceptUpdate("u1"), make.completeUpdate("u1"))
      .thenEvents(...speculativeTask, "WorkflowTaskCompleted", "WorkflowExecutionUpdateAccepted", [
        "WorkflowExecutionUpdateCompleted",
        { meta: { updateId: "u1" }, acceptedEventId: 8, outcome: { success: make.payloads("adjusted") } },
      ]);
    expect(replyOf(scenario, "u1")).toMatchObject({
      stage: "COMPLETED",
      outcome: { success: make.payloads("adjusted") },
    });
    scenario.when("update", make.updateRequest("u1")).thenReplies({ runId: "run-1" }).thenNothing();
  });

  it("may be completed by a later task", () => {
    const scenario = given(
      started(),
      taskCompleted(),
      updateSent("u1"),
      taskCompleted(make.acceptUpdate("u1"), make.startTimer("t")),
      passed(5_000),
      ticked(),
    );
    scenario.when("update", make.updateRequest("u1")).thenNothing();
    scenario
      .whenCompleted(make.completeUpdate("u1"))
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionUpdateCompleted", { acceptedEventId: 8 }]);
  });

  it("leaves nothing behind when the workflow rejects it", () => {
    const { scenario } = given(started(), taskCompleted(make.startTimer("t")), updateSent("u1"))
      .whenCompleted(make.rejectUpdate("u1"))
      .thenReplies({ kept: false })
      .thenEvents()
      .thenBuffered()
      .thenRejects("u1")
      .thenAdmitted();
    expect(scenario.run.workflowTask).toBeUndefined();
    expect(scenario.run.nextEventId).toBe(6);
    expect(replyOf(scenario, "u1")).toBeUndefined();
    // Nobody remembers it, so it can be sent again.
    scenario.when("update", make.updateRequest("u1")).thenAdmitted("u1");
  });

  it("is rejected when the worker says nothing of it", () => {
    const taken = given(started(), taskCompleted(), updateSent("u1")).whenCompleted().thenEvents().thenRejects("u1");
    expect(taken.changes.updates?.rejected[0]?.failure.applicationFailureInfo?.type).toBe("UnprocessedUpdate");
    given(started(), taskCompleted(), updateSent("u1"))
      .whenCompleted(make.startTimer("t"))
      .thenEvents(...speculativeTask, "WorkflowTaskCompleted", "TimerStarted")
      .thenRejects("u1");
  });

  it("is one of several with different fates", () => {
    const { scenario } = given(
      started(),
      taskCompleted(),
      signaled("s1"),
      updateSent("u1"),
      updateSent("u2"),
      updateSent("u3"),
    )
      .whenCompleted()
      .thenEvents("WorkflowTaskCompleted")
      .thenAdmitted("u1", "u2", "u3");
    expect(scenario.carried).toEqual(["u1", "u2", "u3"]);
    scenario
      .whenCompleted(
        make.acceptUpdate("u3"),
        make.rejectUpdate("u1"),
        make.acceptUpdate("u2"),
        make.completeUpdate("u3"),
      )
      .thenEvents(
        ...speculativeTask,
        "WorkflowTaskCompleted",
        ["WorkflowExecutionUpdateAccepted", { protocolInstanceId: "u3" }],
        ["WorkflowExecutionUpdateAccepted", { protocolInstanceId: "u2" }],
        ["WorkflowExecutionUpdateCompleted", { acceptedEventId: 12 }],
      )
      .thenRejects("u1");
  });

  it("may bear an id that objects have by nature", () => {
    for (const updateId of ["constructor", "__proto__", "toString"]) {
      const scenario = given(started(), taskCompleted());
      scenario.when("update", make.updateRequest(updateId)).thenAdmitted(updateId);
      scenario.whenCompleted(make.acceptUpdate(updateId), make.completeUpdate(updateId));
      expect(replyOf(scenario, updateId)).toMatchObject({ stage: "COMPLETED" });
    }
  });
});

describe("an update that comes while a task is with the worker", () => {
  it("goes with the next one, which starts when the first ends", () => {
    const { scenario } = given(started()).when("update", make.updateRequest("u1")).thenEvents().thenAdmitted("u1");
    expect(scenario.carried).toEqual([]);
    scenario
      .whenCompleted(make.startTimer("t"))
      .thenEvents("WorkflowTaskCompleted", "TimerStarted")
      .thenReplies({ kept: true });
    expect(scenario.run.workflowTask).toMatchObject({ speculative: true, scheduledEventId: 6, startedEventId: 7 });
    expect(scenario.carried).toEqual(["u1"]);
  });

  it("goes with the task that waiting events start", () => {
    const { scenario } = given(started(), signaled("s1"), updateSent("u1"))
      .whenCompleted()
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionSignaled", ...newTask);
    expect(scenario.carried).toEqual(["u1"]);
    scenario.whenCompleted(make.rejectUpdate("u1")).thenEvents("WorkflowTaskCompleted").thenReplies({ kept: true });
  });

  it("does not keep the run open, unlike an event", () => {
    const taken = given(started(), updateSent("u1"))
      .whenCompleted(make.COMPLETE)
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionCompleted")
      .thenAdmitted();
    expect(replyOf(taken.scenario, "u1")).toBeUndefined();
  });

  it("goes with the next speculative task when the first is dropped", () => {
    const { scenario } = given(started(), taskCompleted(), updateSent("u1"), updateSent("u2"))
      .whenCompleted(make.rejectUpdate("u1"))
      .thenReplies({ kept: false })
      .thenEvents()
      .thenAdmitted("u2");
    expect(scenario.run.workflowTask).toMatchObject({ speculative: true, scheduledEventId: 5, startedEventId: 6 });
    expect(scenario.carried).toEqual(["u2"]);
  });

  it("cannot be answered by a task that does not carry it", () => {
    for (const command of [make.acceptUpdate("u1"), make.rejectUpdate("u1"), make.completeUpdate("u1")])
      given(started(), updateSent("u1"))
        .whenCompleted(make.startTimer("t"), command)
        .thenReplies({ kept: false })
        .thenEvents(["WorkflowTaskFailed", { cause: "BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE" }])
        .thenAdmitted("u1");
  });
});

describe("a run that ends", () => {
  const steps = [started(), taskCompleted(), updateSent("u1")];

  it("may complete updates in its last task", () => {
    const { scenario } = given(...steps)
      .whenCompleted(make.acceptUpdate("u1"), make.completeUpdate("u1"), make.COMPLETE)
      .thenEvents(
        ...speculativeTask,
        "WorkflowTaskCompleted",
        "WorkflowExecutionUpdateAccepted",
        "WorkflowExecutionUpdateCompleted",
        "WorkflowExecutionCompleted",
      );
    expect(replyOf(scenario, "u1")).toMatchObject({ stage: "COMPLETED", outcome: { success: {} } });
    scenario.when("update", make.updateRequest("u1")).thenReplies({ runId: "run-1" }).thenNothing();
    scenario.when("update", make.updateRequest("u2")).thenRejected("WorkflowAlreadyCompleted", /already completed/);
  });

  it("takes rejections wherever they stand, and nothing else after its end", () => {
    given(...steps)
      .whenCompleted(make.COMPLETE, make.rejectUpdate("u1"))
      .thenEvents(...speculativeTask, "WorkflowTaskCompleted", "WorkflowExecutionCompleted")
      .thenRejects("u1");
    given(...steps)
      .whenCompleted(make.COMPLETE, make.acceptUpdate("u1"))
      .thenEvents(...speculativeTask, ["WorkflowTaskFailed", { cause: "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES" }]);
  });

  it("fails the updates that it has accepted and not completed", () => {
    for (const scenario of [
      given(...steps).whenCompleted(make.acceptUpdate("u1"), make.COMPLETE).scenario,
      given(...steps, taskCompleted(make.acceptUpdate("u1")), terminated()),
    ]) {
      expect(replyOf(scenario, "u1")).toMatchObject({
        stage: "COMPLETED",
        outcome: {
          failure: {
            message: expect.stringContaining("Workflow completed before the Update completed") as string,
            applicationFailureInfo: { type: "AcceptedUpdateCompletedWorkflow", nonRetryable: true },
          },
        },
      });
    }
  });

  it("forgets those that it has not accepted, and its task for them has never been", () => {
    const { scenario } = given(...steps)
      .when("terminate", { version: 1, reason: "enough" })
      .thenEvents("WorkflowExecutionTerminated")
      .thenAdmitted();
    expect(replyOf(scenario, "u1")).toBeUndefined();
    given(started({ workflowRunTimeoutMs: 5_000 }), taskCompleted(), updateSent("u1"), passed(5_000))
      .whenTicked()
      .thenEvents("WorkflowExecutionTimedOut")
      .thenAdmitted();
  });

  it("hands the updates it has not answered to the run that it continues as", () => {
    const scenario = given(...steps, updateSent("u2"), updateSent("u3"));
    scenario.whenCompleted(make.rejectUpdate("u1"));
    scenario
      .whenCompleted(make.acceptUpdate("u2"), make.completeUpdate("u2"), {
        commandType: "ContinueAsNewWorkflowExecution",
        workflowType: "transfer",
        taskQueue: "transfers",
      })
      .thenNewRun("WorkflowExecutionStarted", ...newTask)
      .thenAdmitted("u3");
    expect(scenario.run.identity.runId).toBe(make.NEXT_RUN_ID);
    expect(scenario.carried).toEqual(["u3"]);
    expect(replyOf(scenario, "u2")).toBeUndefined();
    scenario
      .whenCompleted(make.acceptUpdate("u3"))
      .thenEvents("WorkflowTaskCompleted", "WorkflowExecutionUpdateAccepted");
  });
});

describe("the number of updates", () => {
  it("is ten in flight, admitted or accepted", () => {
    const ids = Array.from({ length: 10 }, (_, index) => `u${index}`);
    const sent = ids.slice(0, 5).map((id) => updateSent(id));
    const rest = ids.slice(5).map((id) => updateSent(id));
    const scenario = given(
      started(),
      ...sent,
      taskCompleted(),
      taskCompleted(...ids.slice(0, 5).map(make.acceptUpdate)),
      ...rest,
    );
    scenario.when("update", make.updateRequest("u10")).thenRejected("ResourceExhausted", /in flight/);
    // One that is known is no new one.
    scenario.when("update", make.updateRequest("u3")).thenNothing();
    scenario.when("update", make.updateRequest("u7")).thenNothing();
    scenario.whenCompleted(make.completeUpdate("u0"), make.acceptUpdate("u5")).thenReplies({ kept: true });
    scenario.when("update", make.updateRequest("u10")).thenAdmitted("u6", "u7", "u8", "u9", "u10");
    scenario.when("update", make.updateRequest("u11")).thenRejected("ResourceExhausted", /in flight/);
  });

  it("is two thousand in a run", () => {
    const scenario = given(started(), taskCompleted());
    for (let index = 0; index < 2_000; index += 1) {
      scenario.run.updates[`old-${index}`] = { acceptedEventId: 5, completedEventId: 6 };
    }
    scenario.events = [];
    const { state } = scenario;
    if (!state) throw new Error("the scenario has no run");
    expect(scenarioDecision(scenario)).toMatchObject({ ok: false, rejection: { code: "ResourceExhausted" } });
    delete state.updates["old-0"];
    expect(scenarioDecision(scenario)).toMatchObject({ ok: true });
  });
});

function scenarioDecision(scenario: Scenario): unknown {
  return decide(scenario.run, "update", make.updateRequest("one more"), scenario.nowMs);
}

describe("an update for a run that waits for the time of its first task", () => {
  const continued = {
    commandType: "ContinueAsNewWorkflowExecution",
    workflowType: "transfer",
    taskQueue: "transfers",
    backoffStartIntervalMs: 60_000,
  } as const;

  it("waits with it, whether it was sent to that run or to the one before", () => {
    const scenario = given(started(), updateSent("u1"), taskCompleted(continued));
    scenario.when("update", make.updateRequest("u2")).thenEvents().thenAdmitted("u1", "u2");
    expect(scenario.run.workflowTask).toBeUndefined();
    scenario
      .atDeadline()
      .whenTicked()
      .thenEvents(...newTask);
    expect(scenario.carried).toEqual(["u1", "u2"]);
  });

  it("starts it when the time has come, as a task that stays", () => {
    const scenario = given(started(), taskCompleted(continued), passed(60_000));
    scenario.when("update", make.updateRequest("u1")).thenEvents(...newTask);
    expect(scenario.carried).toEqual(["u1"]);
    scenario.whenCompleted(make.rejectUpdate("u1")).thenReplies({ kept: true }).thenEvents("WorkflowTaskCompleted");
  });
});

describe("an update for a run whose history is full", () => {
  it("ends it, as any other task would", () => {
    const { run, nowMs } = given(started(), taskCompleted());
    const full = { ...run, historyBytes: MAX_HISTORY_BYTES + 1 };
    expect(decide(full, "update", make.updateRequest("u1"), nowMs)).toMatchObject({
      ok: true,
      changes: { events: [{ eventType: "WorkflowExecutionTerminated" }], progress: [] },
    });
  });
});

describe("a request for an update", () => {
  it.each([
    [{ updateId: "" }, "InvalidArgument", /updateId/],
    [{ updateName: "a\u0000b" }, "InvalidArgument", /updateName/],
    [{ waitForStage: "ADMITTED" as "ACCEPTED" }, "InvalidArgument", /waitForStage/],
    [{ waitForStage: undefined as unknown as "ACCEPTED" }, "InvalidArgument", /waitForStage/],
    [{ runId: "" }, "InvalidArgument", /runId/],
    [{ runId: "run-0" }, "WorkflowNotFound", /run-0/],
    [{ firstExecutionRunId: "run-0" }, "WorkflowNotFound", /chain/],
    [{ version: 2 as 1 }, "ProtocolVersionUnsupported", /version/],
    [{ args: make.payloads("x".repeat(3 * 1024 * 1024)) }, "PayloadTooLarge", /update arguments/],
  ] as const)("is refused when it is not well formed: %j", (overrides, code, message) => {
    const scenario = given(started(), taskCompleted());
    scenario.when("update", make.updateRequest("u1", overrides)).thenRejected(code, message);
    expect(scenario.run.admittedUpdates).toEqual([]);
  });
});
