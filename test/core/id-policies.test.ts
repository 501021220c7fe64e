/** Workflow ids: the table of policies, and what the same request again is answered with. */
import { describe, expect, it } from "vitest";

import type { StartReply } from "../../src/core/protocol.ts";
import {
  type Scenario,
  type Step,
  deleted,
  given,
  passed,
  started,
  taskCompleted,
  terminated,
  ticked,
} from "./given.ts";
import {
  ID_STATES,
  type IdState,
  OPERATIONS,
  type Operation,
  type PolicyCell,
  cellsOf,
  policiesOf,
} from "./id-policy-table.ts";
import * as make from "./requests.ts";

const continued = taskCompleted({
  commandType: "ContinueAsNewWorkflowExecution",
  workflowType: "transfer",
  taskQueue: "transfers",
});

const STEPS: Readonly<Record<IdState, readonly Step[]>> = {
  "never used": [],
  open: [started(), taskCompleted()],
  completed: [started(), taskCompleted(make.COMPLETE)],
  failed: [started(), taskCompleted({ commandType: "FailWorkflowExecution", failure: { message: "no" } })],
  cancelled: [started(), taskCompleted({ commandType: "CancelWorkflowExecution" })],
  terminated: [started(), terminated()],
  "timed out": [started({ workflowRunTimeoutMs: 1_000 }), passed(1_000), ticked()],
  "continued, open": [started(), continued, taskCompleted()],
  "continued, completed": [started(), continued, taskCompleted(make.COMPLETE)],
  deleted: [started(), taskCompleted(), deleted()],
};

const NEW = "run-new";

function asked(scenario: Scenario, operation: Operation, cell: PolicyCell) {
  const start = { ...policiesOf(cell), newRunId: NEW, requestId: "another request" };
  switch (operation) {
    case "start":
      return scenario.when("start", make.startRequest(start));
    case "signalWithStart":
      return scenario.when("signalWithStart", make.signalWithStartRequest("s1", start));
    case "updateWithStart": {
      const { newRunId, ...request } = make.startRequest(start);
      return scenario.when("updateWithStart", {
        version: 1,
        start: request,
        update: make.updateRequest("u1"),
        newRunId,
      });
    }
  }
}

function check(operation: Operation, state: IdState, cell: PolicyCell): void {
  const scenario = given(...STEPS[state]);
  const before = scenario.state && structuredClone(scenario.state);
  const current = before?.identity.runId;
  const taken = asked(scenario, operation, cell);
  if (cell.expected === "invalid" || cell.expected === "refused") {
    taken.thenRejected(cell.expected === "invalid" ? "InvalidArgument" : "WorkflowAlreadyStarted");
    expect(scenario.state).toEqual(before);
    return;
  }
  const begins = cell.expected !== "existing";
  const reply: Partial<StartReply> = begins
    ? { runId: NEW, firstExecutionRunId: NEW, started: true }
    : { runId: current ?? "", firstExecutionRunId: "run-1", started: false };
  expect(taken.decision).toMatchObject({ ok: true, value: operation === "updateWithStart" ? { start: reply } : reply });
  expect(taken.changes.newRun !== undefined).toBe(begins);
  const isTerminated = taken.changes.events.at(-1)?.eventType === "WorkflowExecutionTerminated";
  expect(isTerminated).toBe(cell.expected === "replaced");
  expect(scenario.run.identity.runId).toBe(begins ? NEW : current);
  if (operation === "signalWithStart") expect(scenario.run.signalRequestIds["s1"]).toBe(true);
  if (operation === "updateWithStart")
    expect(scenario.run.admittedUpdates.map(({ message }) => message.updateId)).toEqual(["u1"]);
}

describe.each(OPERATIONS)("%s", (operation) => {
  describe.each(ID_STATES)("under an id that is %s", (state) => {
    const cells = cellsOf(operation, state);
    it("is asked for in all sixteen ways", () => {
      expect(cells).toHaveLength(16);
    });

    it.each(cells)("with conflict $conflict and reuse $reuse: $expected", (cell) => {
      check(operation, state, cell);
    });
  });
});

describe("the same request id again", () => {
  const again = (operation: Operation, scenario: Scenario) =>
    operation === "start"
      ? scenario.when("start", make.startRequest({ newRunId: NEW, workflowIdReusePolicy: "REJECT_DUPLICATE" }))
      : scenario.when(
          "updateWithStart",
          make.updateWithStartRequest("u1", {
            newRunId: NEW,
            requestId: "start-1",
            workflowIdReusePolicy: "REJECT_DUPLICATE",
          }),
        );

  it.each(ID_STATES.filter((state) => state !== "never used" && state !== "deleted"))(
    "is answered with the run that it began, whatever the policies: %s",
    (state) => {
      again("start", given(...STEPS[state]))
        .thenReplies({ runId: "run-1", firstExecutionRunId: "run-1", started: false })
        .thenNothing();
    },
  );

  it("is answered with the chain's first run also after retries", () => {
    const fails = taskCompleted({ commandType: "FailWorkflowExecution", failure: make.failureOf("Broken") });
    const scenario = given(
      started({
        retryPolicy: {
          initialIntervalMs: 1_000,
          backoffCoefficient: 1,
          maximumIntervalMs: 1_000,
          maximumAttempts: 3,
          nonRetryableErrorTypes: [],
        },
      }),
      fails,
    );
    expect(scenario.run.identity.runId).not.toBe("run-1");
    again("start", scenario).thenReplies({ runId: "run-1", started: false }).thenNothing();
  });

  it("is another request once the run was deleted, or another start has taken the id", () => {
    again("start", given(...STEPS.deleted)).thenReplies({ runId: NEW, started: true });
    const taken = given(started(), terminated(), started({ requestId: "start-2", newRunId: "run-2" }));
    taken.when("start", make.startRequest({ newRunId: NEW })).thenRejected("WorkflowAlreadyStarted");
  });

  it("is another request under another workflow id", () => {
    const other = given(started({ workflowId: "transfer-2", newRunId: "run-2" }));
    expect(other.run.identity).toMatchObject({ workflowId: "transfer-2", runId: "run-2", startRequestId: "start-1" });
  });

  it("of an update with start goes to its own open run", () => {
    again("updateWithStart", given(...STEPS.open))
      .thenReplies({
        start: { runId: "run-1", firstExecutionRunId: "run-1", started: false },
        update: { runId: "run-1" },
      })
      .thenAdmitted("u1");
  });
});
