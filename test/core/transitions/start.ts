/** Starting under a workflow id: every policy against every state. */
import { describe, expect, it } from "vitest";

import type { StartRequest, WorkflowExecutionStatus, WorkflowIdConflictPolicy } from "../../../src/core/protocol.ts";
import { type Step, given, passed, signaled, started, taskCompleted, terminated, ticked } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const newRun = ["WorkflowExecutionStarted", ...newTask] as const;
const again = (overrides: Partial<StartRequest> = {}): ReturnType<typeof make.startRequest> =>
  make.startRequest({ requestId: "start-2", newRunId: "run-2", ...overrides });

// A run that was continued is never the current one.
type ClosedStatus = Exclude<WorkflowExecutionStatus, "RUNNING" | "CONTINUED_AS_NEW">;
const CLOSED: Readonly<Record<ClosedStatus, readonly Step[]>> = {
  COMPLETED: [started(), taskCompleted(make.COMPLETE)],
  FAILED: [started(), taskCompleted({ commandType: "FailWorkflowExecution", failure: { message: "no" } })],
  CANCELLED: [started(), taskCompleted({ commandType: "CancelWorkflowExecution" })],
  TERMINATED: [started(), terminated()],
  TIMED_OUT: [started({ workflowRunTimeoutMs: 1_000 }), passed(1_000), ticked()],
};
const STATUSES = Object.keys(CLOSED) as ClosedStatus[];
const CONFLICTS: readonly WorkflowIdConflictPolicy[] = ["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"];

describe("starting under an unused workflow id", () => {
  it.each(CONFLICTS)("begins a run, whatever the policies: %s", (workflowIdConflictPolicy) => {
    given()
      .when("start", make.startRequest({ workflowIdConflictPolicy }))
      .thenReplies({ runId: "run-1", firstExecutionRunId: "run-1", started: true })
      .thenNewRun(...newRun);
  });

  it("writes down what was asked", () => {
    const { scenario } = given().when(
      "start",
      make.startRequest({
        input: make.payloads("order"),
        memo: { fields: { note: {} } },
        workflowExecutionTimeoutMs: 60_000,
        workflowRunTimeoutMs: 90_000,
        identity: "client-1",
      }),
    );
    expect(scenario.events[0]?.attributes).toEqual({
      workflowType: { name: "transfer" },
      workflowId: "transfer-1",
      taskQueue: { name: "transfers" },
      input: make.payloads("order"),
      memo: { fields: { note: {} } },
      workflowExecutionTimeoutMs: 60_000,
      workflowExecutionExpirationTimeMs: make.START_MS + 60_000,
      workflowRunTimeoutMs: 60_000,
      workflowTaskTimeoutMs: 10_000,
      originalExecutionRunId: "run-1",
      firstExecutionRunId: "run-1",
      identity: "client-1",
      attempt: 1,
    });
  });
});

describe("starting while a run is open", () => {
  it.each(CONFLICTS)("the same request again gets its run: %s", (workflowIdConflictPolicy) => {
    given(started())
      .when("start", again({ requestId: "start-1", workflowIdConflictPolicy }))
      .thenReplies({ runId: "run-1", started: false })
      .thenNothing();
  });

  it("is refused without a policy and with FAIL, and names the run in the way", () => {
    for (const overrides of [{}, { workflowIdConflictPolicy: "FAIL" }] as const) {
      const { decision } = given(started()).when("start", again(overrides)).thenRejected("WorkflowAlreadyStarted");
      expect(decision).toMatchObject({ rejection: { runId: "run-1", status: "RUNNING" } });
    }
  });

  it("gets the open run with USE_EXISTING", () => {
    given(started())
      .when("start", again({ workflowIdConflictPolicy: "USE_EXISTING" }))
      .thenReplies({ runId: "run-1", started: false })
      .thenNothing();
  });

  it("ends it and begins another in one commit with TERMINATE_EXISTING", () => {
    const { scenario } = given(started(), taskCompleted(make.startTimer("t")), signaled("s1"), signaled("s2"))
      .when("start", again({ workflowIdConflictPolicy: "TERMINATE_EXISTING" }))
      .thenReplies({ runId: "run-2", firstExecutionRunId: "run-2", started: true })
      .thenEvents(
        ["WorkflowTaskFailed", { cause: "FORCE_CLOSE_COMMAND" }],
        ["WorkflowExecutionSignaled", { requestId: "s2" }],
        "WorkflowExecutionTerminated",
      )
      .thenNewRun(...newRun);
    expect(scenario.run).toMatchObject({ status: "RUNNING", identity: { runId: "run-2" }, signalCount: 0 });
  });

  it("does not look at the reuse policy", () => {
    given(started())
      .when("start", again({ workflowIdReusePolicy: "REJECT_DUPLICATE", workflowIdConflictPolicy: "USE_EXISTING" }))
      .thenReplies({ runId: "run-1" });
  });
});

describe.each(STATUSES)("starting after a run that ended as %s", (status) => {
  it("the same request again gets its run", () => {
    given(...CLOSED[status])
      .when("start", again({ requestId: "start-1", workflowIdReusePolicy: "REJECT_DUPLICATE" }))
      .thenReplies({ runId: "run-1", started: false })
      .thenNothing();
  });

  it.each(CONFLICTS)("is a new run by default and with ALLOW_DUPLICATE, whatever the conflict policy: %s", (policy) => {
    for (const overrides of [{}, { workflowIdReusePolicy: "ALLOW_DUPLICATE" }] as const)
      given(...CLOSED[status])
        .when("start", again({ ...overrides, workflowIdConflictPolicy: policy }))
        .thenReplies({ runId: "run-2", started: true })
        .thenNewRun(...newRun);
  });

  it("is a new run with ALLOW_DUPLICATE_FAILED_ONLY unless it completed", () => {
    const taken = given(...CLOSED[status]).when(
      "start",
      again({ workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY" }),
    );
    if (status === "COMPLETED") taken.thenRejected("WorkflowAlreadyStarted");
    else taken.thenNewRun(...newRun);
  });

  it("is refused with REJECT_DUPLICATE", () => {
    const request = again({ workflowIdReusePolicy: "REJECT_DUPLICATE" });
    const { decision } = given(...CLOSED[status])
      .when("start", request)
      .thenRejected("WorkflowAlreadyStarted");
    expect(decision).toMatchObject({ rejection: { runId: "run-1", status } });
  });

  it("with a signal is a new run that sees the signal first, if the reuse policy allows", () => {
    given(...CLOSED[status])
      .when("signalWithStart", make.signalWithStartRequest("s1"))
      .thenReplies({ runId: "run-2", started: true })
      .thenNewRun("WorkflowExecutionStarted", ["WorkflowExecutionSignaled", { requestId: "s1" }], ...newTask);
    given(...CLOSED[status])
      .when("signalWithStart", make.signalWithStartRequest("s1", { workflowIdReusePolicy: "REJECT_DUPLICATE" }))
      .thenRejected("WorkflowAlreadyStarted");
  });
});

describe("signal with start", () => {
  it("begins a run whose first task already holds the signal", () => {
    given()
      .when("signalWithStart", make.signalWithStartRequest("s1"))
      .thenReplies({ runId: "run-2", started: true })
      .thenNewRun("WorkflowExecutionStarted", ["WorkflowExecutionSignaled", { requestId: "s1" }], ...newTask);
  });

  it("signals the open run by default, and repeats nothing when it is repeated", () => {
    const scenario = given(started(), taskCompleted());
    const request = make.signalWithStartRequest("s1");
    scenario
      .when("signalWithStart", request)
      .thenReplies({ runId: "run-1", started: false })
      .thenEvents("WorkflowExecutionSignaled", ...newTask);
    scenario.when("signalWithStart", request).thenReplies({ runId: "run-1", started: false }).thenNothing();
  });

  it("repeats nothing when the run it began is open, or has closed", () => {
    const request = make.signalWithStartRequest("s1", { workflowIdReusePolicy: "ALLOW_DUPLICATE" });
    const scenario = given();
    scenario.take("signalWithStart", request);
    scenario
      .when("signalWithStart", { ...request, newRunId: "run-3" })
      .thenReplies({ runId: "run-2" })
      .thenNothing();
    terminated()(scenario);
    scenario
      .when("signalWithStart", { ...request, newRunId: "run-3" })
      .thenReplies({ runId: "run-2" })
      .thenNothing();
  });

  it("repeats nothing when the open run it signalled has closed since", () => {
    const scenario = given(started());
    const request = make.signalWithStartRequest("s1");
    scenario.take("signalWithStart", request);
    terminated()(scenario);
    scenario.when("signalWithStart", request).thenReplies({ runId: "run-1", started: false }).thenNothing();
  });

  it("obeys a conflict policy that is given", () => {
    given(started())
      .when("signalWithStart", make.signalWithStartRequest("s1", { workflowIdConflictPolicy: "FAIL" }))
      .thenRejected("InvalidArgument", /FAIL/);
    given(started())
      .when("signalWithStart", make.signalWithStartRequest("s1", { workflowIdConflictPolicy: "TERMINATE_EXISTING" }))
      .thenReplies({ runId: "run-2", started: true })
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionTerminated")
      .thenNewRun("WorkflowExecutionStarted", "WorkflowExecutionSignaled", ...newTask);
  });

  it("does not say yes to a signal that goes nowhere: the start is known, its run has closed", () => {
    given(...CLOSED.COMPLETED)
      .when("signalWithStart", make.signalWithStartRequest("s1", { requestId: "start-1" }))
      .thenRejected("WorkflowAlreadyCompleted");
  });
});
