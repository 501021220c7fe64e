/** Update with start: the five cases in their order, and that both halves happen together or not at all. */
import { describe, expect, it } from "vitest";

import { carriedUpdates } from "../../../src/core/state.ts";
import { given, started, taskCompleted, terminated, updateSent } from "../given.ts";
import * as make from "../requests.ts";

const newRun = ["WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const CONFLICTS = ["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"] as const;

/** An update with start whose start is not the one of the run that is there. */
function request(conflict: (typeof CONFLICTS)[number], start: Parameters<typeof make.startRequest>[0] = {}) {
  return make.updateWithStartRequest("u1", { workflowIdConflictPolicy: conflict, ...start });
}

describe("an update with start", () => {
  it("begins a run whose first task carries the update", () => {
    const { scenario } = given()
      .when("updateWithStart", request("FAIL"))
      .thenReplies({
        start: { runId: "run-2", firstExecutionRunId: "run-2", started: true },
        update: { runId: "run-2" },
      })
      .thenNewRun(...newRun);
    expect(carriedUpdates(scenario.run)).toMatchObject([{ updateId: "u1" }]);
    scenario
      .whenCompleted(make.acceptUpdate("u1"))
      .thenEvents("WorkflowTaskCompleted", [
        "WorkflowExecutionUpdateAccepted",
        { acceptedRequestSequencingEventId: 2 },
      ]);
  });

  it("answers with the outcome of an update that has ended, whatever the policies and though the run has closed", () => {
    const ended = [
      started(),
      updateSent("u1"),
      taskCompleted(),
      taskCompleted(make.acceptUpdate("u1"), make.completeUpdate("u1")),
    ];
    for (const conflict of CONFLICTS)
      for (const steps of [ended, [...ended, terminated()]])
        given(...steps)
          .when("updateWithStart", request(conflict, { workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY" }))
          .thenReplies({
            start: { runId: "run-1", firstExecutionRunId: "run-1", started: false },
            update: { runId: "run-1" },
          })
          .thenNothing();
  });

  it("goes to the open run that the same start began", () => {
    for (const conflict of CONFLICTS) {
      const again = request(conflict, { requestId: "start-1" });
      const scenario = given(started(), taskCompleted());
      scenario
        .when("updateWithStart", again)
        .thenReplies({
          start: { runId: "run-1", firstExecutionRunId: "run-1", started: false },
          update: { runId: "run-1" },
        })
        .thenEvents()
        .thenAdmitted("u1");
      scenario.when("updateWithStart", again).thenNothing();
    }
  });

  it("is the update that the open run knows already", () => {
    for (const conflict of CONFLICTS)
      for (const steps of [
        [started(), updateSent("u1")],
        [started(), taskCompleted(), updateSent("u1"), taskCompleted(make.acceptUpdate("u1"))],
      ])
        given(...steps)
          .when("updateWithStart", request(conflict))
          .thenReplies({ update: { runId: "run-1" } })
          .thenNothing();
  });

  it("goes to the open run when that may be used", () => {
    given(started(), taskCompleted())
      .when("updateWithStart", request("USE_EXISTING"))
      .thenReplies({ start: { runId: "run-1", firstExecutionRunId: "run-1", started: false } })
      .thenAdmitted("u1");
  });

  it("does not happen when the start is refused", () => {
    const { scenario } = given(started(), taskCompleted())
      .when("updateWithStart", request("FAIL"))
      .thenRejected("WorkflowAlreadyStarted");
    expect(scenario.run.admittedUpdates).toEqual([]);
    given(started(), terminated())
      .when("updateWithStart", request("USE_EXISTING", { workflowIdReusePolicy: "REJECT_DUPLICATE" }))
      .thenRejected("WorkflowAlreadyStarted");
  });

  it("begins another run after the one before has ended or is made to", () => {
    given(started(), terminated())
      .when("updateWithStart", request("USE_EXISTING"))
      .thenReplies({ update: { runId: "run-2" } })
      .thenNewRun(...newRun)
      .thenAdmitted("u1");
    given(started(), taskCompleted(), updateSent("other"))
      .when("updateWithStart", request("TERMINATE_EXISTING"))
      .thenEvents("WorkflowExecutionTerminated")
      .thenNewRun(...newRun)
      .thenAdmitted("u1");
  });

  it("that comes again finds its own run closed: accepted there, or too late", () => {
    const steps = [started(), taskCompleted(), updateSent("u1")];
    const again = request("USE_EXISTING", { requestId: "start-1" });
    given(...steps, terminated())
      .when("updateWithStart", again)
      .thenRejected("WorkflowAlreadyCompleted");
    given(...steps, taskCompleted(make.acceptUpdate("u1")), terminated())
      .when("updateWithStart", again)
      .thenReplies({ update: { runId: "run-1" } })
      .thenNothing();
  });

  it("is refused as a whole when either half is malformed or over a limit", () => {
    const { workflowIdConflictPolicy: _, ...start } = make.startRequest();
    given()
      .when("updateWithStart", { version: 1, start, update: make.updateRequest("u1"), newRunId: "run-2" })
      .thenRejected("InvalidArgument", /workflowIdConflictPolicy/);
    given()
      .when("updateWithStart", { ...request("FAIL"), update: make.updateRequest("") })
      .thenRejected("InvalidArgument", /updateId/);
    given()
      .when("updateWithStart", make.updateWithStartRequest("u1", { workflowId: "" }))
      .thenRejected("InvalidArgument", /workflowId/);
    const ten = Array.from({ length: 10 }, (_unused, index) => updateSent(`old-${index}`));
    given(started(), ...ten)
      .when("updateWithStart", request("USE_EXISTING"))
      .thenRejected("ResourceExhausted");
  });
});
