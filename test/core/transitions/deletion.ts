/** Deletion on demand: what the run's history says at its end, and that its workflow id is free afterwards. */
import { describe, expect, it } from "vitest";

import { deleted, given, signaled, started, taskCompleted, terminated } from "../given.ts";
import * as make from "../requests.ts";

const newRun = ["WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;

describe("deleting the current run", () => {
  it("terminates one that is open, and keeps nothing accepted out of its history", () => {
    const { changes } = given(started(), signaled("s1"))
      .when("deleteExecution", { version: 1 })
      .thenReplies({ runId: "run-1" })
      .thenEvents("WorkflowTaskFailed", "WorkflowExecutionSignaled", [
        "WorkflowExecutionTerminated",
        { reason: "Delete workflow execution", identity: "history-service" },
      ]);
    expect(changes.deleted).toBe(true);
  });

  it("says who has asked for it", () => {
    given(started(), taskCompleted())
      .when("deleteExecution", { version: 1, identity: "carol" })
      .thenEvents(["WorkflowExecutionTerminated", { identity: "carol" }]);
  });

  it("adds nothing to one that has closed", () => {
    const { changes } = given(started(), terminated())
      .when("deleteExecution", { version: 1 })
      .thenReplies({ runId: "run-1" })
      .thenEvents();
    expect(changes.deleted).toBe(true);
  });

  it("deletes only the run, or the chain, that is meant", () => {
    for (const selector of [{ runId: "run-1" }, { firstExecutionRunId: "run-1" }])
      given(started())
        .when("deleteExecution", { version: 1, ...selector })
        .thenReplies({ runId: "run-1" });
    for (const selector of [{ runId: "other" }, { firstExecutionRunId: "other" }])
      given(started())
        .when("deleteExecution", { version: 1, ...selector })
        .thenRejected("WorkflowNotFound");
  });

  it("refuses what it does not understand", () => {
    given(started()).when("deleteExecution", { version: 1, runId: "" }).thenRejected("InvalidArgument", /runId/);
    given(started())
      .when("deleteExecution", { version: 2 as 1 })
      .thenRejected("ProtocolVersionUnsupported");
  });

  it("leaves a workflow id as if it had never been used", () => {
    const scenario = given(started(), deleted());
    scenario.when("deleteExecution", { version: 1 }).thenRejected("WorkflowNotFound");
    scenario.when("signal", make.signalRequest("s1")).thenRejected("WorkflowNotFound");
    scenario
      .when("start", make.startRequest({ newRunId: "run-2", workflowIdReusePolicy: "REJECT_DUPLICATE" }))
      .thenReplies({ runId: "run-2", firstExecutionRunId: "run-2", started: true })
      .thenNewRun(...newRun);
  });
});
