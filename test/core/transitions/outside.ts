/** What comes from outside: signals, cancellation, termination, the run's own timeouts, and which run is meant. */
import { describe, expect, it } from "vitest";

import { given, passed, signaled, started, taskCompleted, taskFailed, terminated } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const reason = { version: 1, reason: "enough", identity: "operator" } as const;

describe("a signal", () => {
  it("carries its name, input, header and sender", () => {
    const overrides = { input: make.payloads("yes"), header: { fields: { trace: {} } }, identity: "client-1" };
    given(started(), taskCompleted())
      .when("signal", make.signalRequest("s1", overrides))
      .thenReplies({ runId: "run-1" })
      .thenEvents(["WorkflowExecutionSignaled", { signalName: "approve", requestId: "s1", ...overrides }], ...newTask);
  });

  it("is taken once for each request id, whether it waits, is history, or the run has closed", () => {
    for (const steps of [
      [started(), taskCompleted(), signaled("s1")],
      [started(), signaled("s1")],
      [started(), signaled("s1"), terminated()],
    ])
      given(...steps)
        .when("signal", make.signalRequest("s1"))
        .thenReplies({ runId: "run-1" })
        .thenNothing();
  });

  it("may bear any request id, even one that objects have by nature", () => {
    for (const requestId of ["constructor", "__proto__", "toString"]) {
      const scenario = given(started(), taskCompleted());
      scenario.when("signal", make.signalRequest(requestId)).thenEvents("WorkflowExecutionSignaled", ...newTask);
      scenario.when("signal", make.signalRequest(requestId)).thenNothing();
    }
  });
});

describe("a cancellation", () => {
  it("is asked for once, and the workflow decides", () => {
    const scenario = given(started(), taskCompleted());
    scenario
      .when("requestCancel", { version: 1, requestId: "c1", reason: "too late", identity: "client-1" })
      .thenEvents(["WorkflowExecutionCancelRequested", { cause: "too late", identity: "client-1" }], ...newTask);
    scenario.when("requestCancel", { version: 1, requestId: "c2" }).thenReplies({ runId: "run-1" }).thenNothing();
    expect(scenario.run).toMatchObject({ status: "RUNNING", cancelRequested: true });
  });

  it("is asked for once even while it waits", () => {
    const scenario = given(started());
    scenario.when("requestCancel", { version: 1, requestId: "c1" }).thenBuffered("WorkflowExecutionCancelRequested");
    scenario.when("requestCancel", { version: 1, requestId: "c2" }).thenNothing();
  });
});

describe("a termination", () => {
  it("ends the run at once, with what waited in history before it", () => {
    given(started(), signaled("s1"))
      .when("terminate", reason)
      .thenEvents(
        ["WorkflowTaskFailed", { cause: "FORCE_CLOSE_COMMAND" }],
        ["WorkflowExecutionSignaled", { requestId: "s1" }],
        ["WorkflowExecutionTerminated", { reason: "enough", identity: "operator" }],
      );
  });

  it("numbers what a retried task left waiting", () => {
    given(started(), taskFailed(), signaled("s1"))
      .when("terminate", reason)
      .thenEvents("WorkflowExecutionSignaled", "WorkflowExecutionTerminated");
    given(started(), taskFailed(), signaled("s1"), taskFailed())
      .when("terminate", reason)
      .thenEvents("WorkflowExecutionSignaled", "WorkflowExecutionTerminated");
  });
});

describe("the timeout of a run", () => {
  it("ends it, before anything else that is due", () => {
    given(started({ workflowRunTimeoutMs: 5_000 }), taskCompleted(make.startTimer("t", 5_000)), passed(5_000))
      .whenTicked()
      .thenEvents(["WorkflowExecutionTimedOut", { retryState: "RETRY_POLICY_NOT_SET" }]);
  });

  it("ends it while a task is with the worker, and loses nothing that waits", () => {
    given(started({ workflowExecutionTimeoutMs: 5_000 }), signaled("s1"), passed(5_000))
      .whenTicked()
      .thenReplies({ taskGivenUp: true })
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionSignaled", "WorkflowExecutionTimedOut");
  });

  it("is the shorter of the run's and the execution's", () => {
    const overrides = { workflowRunTimeoutMs: 9_000, workflowExecutionTimeoutMs: 4_000 };
    const scenario = given(started(overrides), taskCompleted(), passed(3_999));
    scenario.whenTicked().thenEvents();
    scenario.after(1).whenTicked().thenEvents("WorkflowExecutionTimedOut");
  });
});

describe("a request for a certain run", () => {
  const requests = [
    ["signal", (selector: object) => ({ ...make.signalRequest("s1"), ...selector })],
    ["requestCancel", (selector: object) => ({ version: 1 as const, requestId: "c1", ...selector })],
    ["terminate", (selector: object) => ({ version: 1 as const, ...selector })],
  ] as const;

  it.each(requests)("%s does not reach another run or another chain of runs", (kind, make) => {
    given(started())
      .when(kind, make({ runId: "run-0" }))
      .thenRejected("WorkflowNotFound", /run-0/);
    given(started())
      .when(kind, make({ firstExecutionRunId: "run-0" }))
      .thenRejected("WorkflowNotFound", /chain/);
    const right = given(started()).when(kind, make({ runId: "run-1", firstExecutionRunId: "run-1" }));
    right.thenReplies({ runId: "run-1" });
  });
});
