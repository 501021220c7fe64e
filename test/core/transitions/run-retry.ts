/** Retries of a whole workflow: when there is one, when not, and what the next attempt is given. */
import { describe, expect, it } from "vitest";

import type { Failure } from "../../../src/core/failure.ts";
import { hasOutbox } from "../../../src/core/outbox.ts";
import type { StartRequest } from "../../../src/core/protocol.ts";
import { type Scenario, cancelRequested, given, passed, signaled, started, taskCompleted, ticked } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const retried: Partial<StartRequest> = { retryPolicy: { initialIntervalMs: 2_000, maximumAttempts: 3 } };

function fail(failure: Failure = make.failureOf("Declined")) {
  return { commandType: "FailWorkflowExecution", failure } as const;
}

function firstAttributes(scenario: Scenario): Readonly<Record<string, unknown>> {
  const [first] = scenario.events;
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("the run does not begin with its start");
  return first.attributes;
}

describe("a run that fails, with a retry policy", () => {
  it("is followed by another attempt, after the interval", () => {
    const { scenario } = given(started(retried))
      .whenCompleted(fail())
      .thenEvents("WorkflowTaskCompleted", [
        "WorkflowExecutionFailed",
        { failure: make.failureOf("Declined"), retryState: "IN_PROGRESS", newExecutionRunId: make.NEXT_RUN_ID },
      ])
      .thenNewRun([
        "WorkflowExecutionStarted",
        {
          attempt: 2,
          initiator: "RETRY",
          continuedExecutionRunId: make.RUN_ID,
          firstExecutionRunId: make.RUN_ID,
          originalExecutionRunId: make.NEXT_RUN_ID,
          continuedFailure: make.failureOf("Declined"),
          firstWorkflowTaskBackoffMs: 2_000,
        },
      ]);
    scenario.atDeadline();
    expect(scenario.nowMs).toBe(make.START_MS + 2_000);
    scenario.whenTicked().thenEvents(...newTask);
  });

  it("waits longer each time, and stops after the last attempt", () => {
    const again = [passed(2_000), ticked(), taskCompleted(fail())];
    const second = given(started(retried), taskCompleted(fail()), ...again);
    expect(firstAttributes(second)).toMatchObject({ attempt: 3, firstWorkflowTaskBackoffMs: 4_000 });
    given(started(retried), taskCompleted(fail()), ...again, passed(4_000), ticked())
      .whenCompleted(fail())
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionFailed", { retryState: "MAXIMUM_ATTEMPTS_REACHED" }])
      .thenNewRun();
  });

  it.each([
    ["RETRY_POLICY_NOT_SET", {}, fail()],
    ["NON_RETRYABLE_FAILURE", retried, fail({ message: "no", applicationFailureInfo: { nonRetryable: true } })],
    [
      "NON_RETRYABLE_FAILURE",
      { retryPolicy: { nonRetryableErrorTypes: ["Declined"] } },
      fail({ message: "no", applicationFailureInfo: { type: "Declined" } }),
    ],
    ["TIMEOUT", { ...retried, workflowExecutionTimeoutMs: 1_500 }, fail()],
  ] as const)("is not tried again: %s", (retryState, options, command) => {
    given(started(options))
      .whenCompleted(command)
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionFailed", { retryState }])
      .thenNewRun();
  });

  it("is not tried again once it was asked to stop", () => {
    given(started(retried), taskCompleted(), cancelRequested())
      .whenCompleted(fail())
      .thenEvents("WorkflowTaskCompleted", ["WorkflowExecutionFailed", { retryState: "CANCEL_REQUESTED" }])
      .thenNewRun();
  });

  it("takes the delay that its failure asks for, within the policy's longest", () => {
    const asked = (nextRetryDelayMs: number) =>
      given(started({ retryPolicy: { maximumIntervalMs: 30_000 } })).whenCompleted(
        fail({ message: "later", applicationFailureInfo: { nextRetryDelayMs } }),
      ).scenario;
    expect(firstAttributes(asked(7_000))).toMatchObject({ firstWorkflowTaskBackoffMs: 7_000 });
    expect(firstAttributes(asked(99_000))).toMatchObject({ firstWorkflowTaskBackoffMs: 30_000 });
  });
});

describe("the next attempt", () => {
  const everything = started({
    ...retried,
    input: make.payloads("order"),
    header: { fields: { trace: { data: "AAAA" } } },
    memo: { fields: { note: { data: "AAAA" } } },
    searchAttributes: { indexedFields: { Customer: { data: "AAAA" } } },
    workflowRunTimeoutMs: 50_000,
    workflowExecutionTimeoutMs: 90_000,
    parent: { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 5 },
  });
  const upserts = taskCompleted(
    { commandType: "ModifyWorkflowProperties", upsertedMemo: { fields: { note: { data: "BBBB" } } } },
    {
      commandType: "UpsertWorkflowSearchAttributes",
      searchAttributes: { indexedFields: { Customer: { data: "BBBB" } } },
    },
  );

  it("is started as the first one was, whatever that has changed since", () => {
    const { scenario } = given(everything, upserts, passed(10_000), signaled("wake")).whenCompleted(fail());
    expect(firstAttributes(scenario)).toMatchObject({
      input: make.payloads("order"),
      header: { fields: { trace: { data: "AAAA" } } },
      memo: { fields: { note: { data: "AAAA" } } },
      searchAttributes: { indexedFields: { Customer: { data: "AAAA" } } },
      workflowExecutionExpirationTimeMs: make.START_MS + 90_000,
      parentWorkflowExecution: { workflowId: "parent", runId: "parent-run" },
      workflowRunTimeoutMs: 50_000,
    });
  });

  it("has its own time: the wait before it is none of it", () => {
    const scenario = given(everything, taskCompleted(fail()), passed(2_000), ticked(), taskCompleted());
    scenario.after(49_999).whenTicked().thenEvents();
    scenario.after(1).whenTicked().thenEvents("WorkflowExecutionTimedOut");
  });

  it("keeps the end from the parent until there is one", () => {
    const ended = given(everything, taskCompleted(fail()));
    expect(ended.run.status).toBe("RUNNING");
    expect(hasOutbox(ended.run)).toBe(false);
    const last = given(everything, cancelRequested(), taskCompleted()).whenCompleted(fail()).scenario;
    expect(hasOutbox(last.run)).toBe(true);
  });
});
