/** Signals and cancellations between workflows: the sender's table, and what the receiver asks. */
import { describe, expect, it } from "vitest";

import { inheritedRequestIds } from "../../../src/core/external-workflow.ts";
import type { EventType } from "../../../src/core/history-event.ts";
import { MAX_PENDING_CANCELS, MAX_PENDING_SIGNALS } from "../../../src/core/limits.ts";
import type { ExternalSender } from "../../../src/core/protocol.ts";
import { type Step, given, signaled, started, taskCompleted, terminated } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

const sender: ExternalSender = { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 7 };
const childOnly = { ...sender, childWorkflowOnly: true };
const parent = { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 5 };

const KINDS = [
  ["signal", make.signalExternal, "SignalExternalWorkflowExecution", "ExternalWorkflowExecutionSignaled"],
  ["cancel", make.cancelExternal, "RequestCancelExternalWorkflowExecution", "ExternalWorkflowExecutionCancelRequested"],
] as const;

describe.each(KINDS)("a %s to another workflow", (kind, command, prefix, answered) => {
  const initiated = `${prefix}Initiated` as EventType;
  const failed = `${prefix}Failed` as EventType;
  const underWay: Step[] = [
    started(),
    taskCompleted(command("other", { workflowExecution: { workflowId: "other", runId: "r" } })),
  ];

  it("is initiated with its target", () => {
    const taken = given(started()).whenCompleted(command("other", { namespace: "elsewhere", childWorkflowOnly: true }));
    taken.thenEvents("WorkflowTaskCompleted", initiated);
    expect(taken.changes.events[1]?.attributes).toMatchObject({
      namespace: "elsewhere",
      workflowExecution: { workflowId: "other" },
      childWorkflowOnly: true,
      workflowTaskCompletedEventId: 4,
    });
  });

  it("is answered once", () => {
    const scenario = given(...underWay);
    const taken = scenario.when("recordExternalResult", make.externalDelivered(5)).thenReplies({ recorded: true });
    taken.thenEvents(answered, ...newTask);
    expect(taken.changes.events[0]?.attributes).toEqual({
      namespace: "default",
      workflowExecution: { workflowId: "other", runId: "r" },
      initiatedEventId: 5,
    });
    scenario.when("recordExternalResult", make.externalDelivered(5)).thenReplies({ recorded: false }).thenNothing();
    scenario.when("recordExternalResult", make.externalNotFound(5)).thenNothing();
  });

  it("fails when there is nobody to take it", () => {
    const taken = given(...underWay).when("recordExternalResult", make.externalNotFound(5));
    taken.thenEvents(failed, ...newTask);
    expect(taken.changes.events[0]?.attributes).toEqual({
      cause: "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND",
      namespace: "default",
      workflowExecution: { workflowId: "other", runId: "r" },
      initiatedEventId: 5,
      workflowTaskCompletedEventId: 4,
    });
  });

  it("is answered behind the task that is with the worker", () => {
    given(...underWay, signaled("s1"))
      .when("recordExternalResult", make.externalDelivered(5))
      .thenEvents()
      .thenBuffered(answered);
  });

  it("gets no answer in a run that has closed, nor in another run", () => {
    given(...underWay, terminated())
      .when("recordExternalResult", make.externalDelivered(5))
      .thenNothing();
    given(...underWay)
      .when("recordExternalResult", { ...make.externalDelivered(5), runId: "run-0" })
      .thenNothing();
  });

  it("cannot reach its own sender, whatever the run", () => {
    const itself = { workflowExecution: { workflowId: "transfer-1", runId: "some run" } };
    const { scenario } = given(started())
      .whenCompleted(command("transfer-1", itself))
      .thenEvents("WorkflowTaskCompleted", initiated, failed, ...newTask);
    expect(scenario.run.externals).toEqual({});
    given(started())
      .whenCompleted(command("transfer-1", { namespace: "elsewhere" }))
      .thenEvents("WorkflowTaskCompleted", initiated);
    given(started())
      .whenCompleted(command("transfer-1", itself), make.COMPLETE)
      .thenEvents("WorkflowTaskCompleted", initiated, "WorkflowExecutionCompleted");
  });

  it("has to be well-formed, and there may be no more than the limit", () => {
    const limit = kind === "signal" ? MAX_PENDING_SIGNALS : MAX_PENDING_CANCELS;
    for (const wrong of [
      { namespace: "" },
      { workflowExecution: { workflowId: "" } },
      { workflowExecution: { workflowId: "x", runId: "" } },
    ])
      given(started())
        .whenCompleted(command("other", wrong))
        .thenEvents([
          "WorkflowTaskFailed",
          {
            cause:
              kind === "signal"
                ? "BAD_SIGNAL_WORKFLOW_EXECUTION_ATTRIBUTES"
                : "BAD_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_ATTRIBUTES",
          },
        ]);
    const many = Array.from({ length: limit }, () => command("other"));
    given(started(), taskCompleted(...many), signaled("s1"))
      .whenCompleted(command("other"))
      .thenEvents([
        "WorkflowTaskFailed",
        { cause: kind === "signal" ? "PENDING_SIGNALS_LIMIT_EXCEEDED" : "PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED" },
      ]);
  });
});

describe("a signal from another workflow", () => {
  it("names its sender", () => {
    given(started(), taskCompleted())
      .when("signal", make.signalRequest("x1", { sender }))
      .thenEvents(
        [
          "WorkflowExecutionSignaled",
          { requestId: "x1", externalWorkflowExecution: { workflowId: "parent", runId: "parent-run" } },
        ],
        ...newTask,
      );
  });

  it("is taken once, though the run has closed, or was followed by the next of its chain", () => {
    const received: Step = (scenario) => void scenario.take("signal", make.signalRequest("x1", { sender }));
    const again = make.signalRequest("x1", { sender, runId: "run-1" });
    given(started(), received).when("signal", again).thenReplies({ runId: "run-1" }).thenNothing();
    given(started(), received, terminated()).when("signal", again).thenReplies({ runId: "run-1" }).thenNothing();
    const next = taskCompleted({
      commandType: "ContinueAsNewWorkflowExecution",
      workflowType: "transfer",
      taskQueue: "transfers",
    });
    const scenario = given(started(), received, taskCompleted(), next);
    expect(scenario.run.identity.runId).toBe(make.NEXT_RUN_ID);
    expect(inheritedRequestIds(scenario.run)).toEqual(["x1"]);
    scenario.when("signal", again).thenReplies({ runId: make.NEXT_RUN_ID }).thenNothing();
    const anew = make.startRequest({ requestId: "start-2", newRunId: "run-2" });
    const reused = given(started(), received, terminated(), (it) => void it.take("start", anew));
    expect(reused.run.identity.runId).toBe("run-2");
    reused.when("signal", make.signalRequest("x1", { sender })).thenReplies({ runId: "run-2" }).thenNothing();
    // A client's signal with that id is nobody's repetition.
    scenario.when("signal", make.signalRequest("x1", { runId: "run-1" })).thenRejected("WorkflowNotFound");
  });

  it("for a child reaches the sender's child alone", () => {
    const request = make.signalRequest("x1", { sender: childOnly });
    given(started({ parent })).when("signal", request).thenReplies({ runId: "run-1" });
    given(started())
      .when("signal", request)
      .thenRejected("WorkflowNotFound", /not a child/);
    for (const other of [{ runId: "r" }, { workflowId: "w" }, { namespace: "n" }])
      given(started({ parent: { ...parent, ...other } }))
        .when("signal", request)
        .thenRejected("WorkflowNotFound");
  });
});

describe("a cancellation from another workflow", () => {
  const cancel = { version: 1, requestId: "cancel/parent-run/7", reason: "too late" } as const;

  it("names its sender and the event that initiated it", () => {
    given(started(), taskCompleted())
      .when("requestCancel", { ...cancel, sender })
      .thenEvents(
        [
          "WorkflowExecutionCancelRequested",
          {
            cause: "too late",
            externalWorkflowExecution: { workflowId: "parent", runId: "parent-run" },
            externalInitiatedEventId: 7,
          },
        ],
        ...newTask,
      );
  });

  it("is answered as before when it is asked for again of a run that has closed since", () => {
    const received: Step = (scenario) => void scenario.take("requestCancel", { ...cancel, sender });
    given(started(), received, terminated())
      .when("requestCancel", { ...cancel, sender })
      .thenReplies({ runId: "run-1" })
      .thenNothing();
    given(started(), received, terminated())
      .when("requestCancel", { ...cancel, requestId: "cancel/other-run/7", sender })
      .thenRejected("WorkflowAlreadyCompleted");
  });

  it("for a child reaches the sender's child alone", () => {
    given(started())
      .when("requestCancel", { ...cancel, sender: childOnly })
      .thenRejected("WorkflowNotFound");
    given(started({ parent }))
      .when("requestCancel", { ...cancel, sender: childOnly })
      .thenReplies({ runId: "run-1" });
  });

  it("by parent close policy means the child of one event", () => {
    const closed = { ...childOnly, isParentClosed: true, initiatedEventId: 5 } as const;
    const taken = given(started({ parent }), taskCompleted()).when("requestCancel", { ...cancel, sender: closed });
    taken.thenEvents("WorkflowExecutionCancelRequested", ...newTask);
    expect(taken.changes.events[0]?.attributes).not.toHaveProperty("externalInitiatedEventId");
    given(started({ parent }))
      .when("terminate", { version: 1, sender: { ...closed, initiatedEventId: 6 } })
      .thenRejected("WorkflowNotFound");
    given(started({ parent }))
      .when("terminate", { version: 1, reason: "by parent close policy", sender: closed })
      .thenEvents("WorkflowTaskFailed", ["WorkflowExecutionTerminated", { reason: "by parent close policy" }]);
  });
});

describe("the ids of requests that other workflows have sent", () => {
  it("are kept for the next run, the newest of them", () => {
    const scenario = given(started(), taskCompleted());
    for (let index = 0; index < 1_000; index += 1) scenario.take("signal", make.signalRequest(`x${index}`, { sender }));
    const ids = inheritedRequestIds(scenario.run);
    expect(ids).toHaveLength(100);
    expect(ids.at(-1)).toBe("x999");
    expect(scenario.run.recentRequestIds.length).toBeLessThanOrEqual(400);
  });
});
