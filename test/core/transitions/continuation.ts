/** Continue-as-new: what ends, what begins, what the next run inherits, and what stands in its way. */
import { describe, expect, it } from "vitest";

import type { ContinueAsNewWorkflowExecutionCommand } from "../../../src/core/command.ts";
import { MAX_MEMO_BYTES, MAX_SEARCH_ATTRIBUTES_BYTES } from "../../../src/core/limits.ts";
import { type Scenario, cancelRequested, given, passed, signaled, started, taskCompleted, ticked } from "../given.ts";
import * as make from "../requests.ts";

const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
const attribute = (name: string, data: string) => ({ indexedFields: { [name]: { data } } });
const memo = (name: string) => ({ fields: { [name]: { data: "AAAA" } } });

function next(overrides: Partial<ContinueAsNewWorkflowExecutionCommand> = {}): ContinueAsNewWorkflowExecutionCommand {
  return {
    commandType: "ContinueAsNewWorkflowExecution",
    workflowType: "transfer",
    taskQueue: "transfers",
    ...overrides,
  };
}

function firstAttributes(scenario: Scenario): Readonly<Record<string, unknown>> {
  const [first] = scenario.events;
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("the run does not begin with its start");
  return first.attributes;
}

describe("continue-as-new", () => {
  it("ends the run and begins the next in one decision", () => {
    const { scenario } = given(started())
      .whenCompleted(next({ input: make.payloads("again") }))
      .thenReplies({ kept: true })
      .thenEvents("WorkflowTaskCompleted", [
        "WorkflowExecutionContinuedAsNew",
        {
          newExecutionRunId: make.NEXT_RUN_ID,
          input: make.payloads("again"),
          initiator: "WORKFLOW",
          workflowTaskCompletedEventId: 4,
        },
      ])
      .thenNewRun(
        [
          "WorkflowExecutionStarted",
          {
            input: make.payloads("again"),
            originalExecutionRunId: make.NEXT_RUN_ID,
            firstExecutionRunId: make.RUN_ID,
            continuedExecutionRunId: make.RUN_ID,
            initiator: "WORKFLOW",
            attempt: 1,
          },
        ],
        ...newTask,
      );
    expect(scenario.run.identity).toMatchObject({ runId: make.NEXT_RUN_ID, workflowId: "transfer-1" });
    expect(scenario.run.status).toBe("RUNNING");
  });

  it.each([signaled("s"), cancelRequested()])("is refused while events wait, and nothing is lost", (arrival) => {
    const { scenario } = given(started(), arrival).whenCompleted(next()).thenReplies({ kept: false });
    expect(scenario.events.map((event) => event.eventType).slice(3)).toEqual([
      "WorkflowTaskFailed",
      scenario.events[4]?.eventType,
      ...newTask,
    ]);
    expect(scenario.run.identity.runId).toBe(make.RUN_ID);
  });

  it("lets nothing follow it", () => {
    given(started())
      .whenCompleted(next(), make.startTimer("late"))
      .thenReplies({ kept: false })
      .thenNewRun()
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_COMPLETE_WORKFLOW_EXECUTION_ATTRIBUTES" }]);
  });
});

describe("what the next run inherits", () => {
  const first = started({
    memo: memo("started"),
    searchAttributes: attribute("Started", "AAAA"),
    retryPolicy: { maximumAttempts: 3 },
    workflowRunTimeoutMs: 50_000,
    workflowExecutionTimeoutMs: 100_000,
    workflowTaskTimeoutMs: 20_000,
    parent: { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 7 },
    root: { workflowId: "root", runId: "root-run" },
    userMetadata: { summary: { data: "BBBB" } },
  });
  const upserts = taskCompleted(
    { commandType: "ModifyWorkflowProperties", upsertedMemo: memo("upserted") },
    { commandType: "UpsertWorkflowSearchAttributes", searchAttributes: attribute("Upserted", "BBBB") },
  );

  it("the memo as the run was started with it, search attributes as they are now, policies, parent and root", () => {
    const { scenario } = given(first, upserts, signaled("wake")).whenCompleted(next());
    expect(firstAttributes(scenario)).toMatchObject({
      memo: memo("started"),
      searchAttributes: { indexedFields: { Started: { data: "AAAA" }, Upserted: { data: "BBBB" } } },
      retryPolicy: { maximumAttempts: 3 },
      workflowTaskTimeoutMs: 20_000,
      parentWorkflowExecution: { workflowId: "parent", runId: "parent-run" },
      parentWorkflowNamespace: "default",
      parentInitiatedEventId: 7,
      rootWorkflowExecution: { workflowId: "root", runId: "root-run" },
    });
    expect(scenario.events[0]?.userMetadata).toEqual({ summary: { data: "BBBB" } });
  });

  it("search attributes that the very same task has upserted", () => {
    const upsert = {
      commandType: "UpsertWorkflowSearchAttributes",
      searchAttributes: attribute("Now", "CCCC"),
    } as const;
    const { scenario } = given(first).whenCompleted(upsert, next());
    expect(firstAttributes(scenario)["searchAttributes"]).toEqual({
      indexedFields: { Started: { data: "AAAA" }, Now: { data: "CCCC" } },
    });
  });

  it("not the versions of changes that this run alone has seen", () => {
    const upsert = {
      commandType: "UpsertWorkflowSearchAttributes",
      searchAttributes: attribute("TemporalChangeVersion", "CCCC"),
    } as const;
    const { scenario } = given(first).whenCompleted(upsert, next());
    expect(firstAttributes(scenario)["searchAttributes"]).toEqual(attribute("Started", "AAAA"));
  });

  it("the end of the whole chain, while the run timeout begins anew and is cut by it", () => {
    const { scenario } = given(first, upserts, passed(40_000), signaled("wake")).whenCompleted(next());
    expect(firstAttributes(scenario)).toMatchObject({
      workflowExecutionTimeoutMs: 100_000,
      workflowExecutionExpirationTimeMs: make.START_MS + 100_000,
      workflowRunTimeoutMs: 50_000,
    });
    const later = given(first, upserts, passed(49_000), signaled("wake")).whenCompleted(
      next({ workflowRunTimeoutMs: 90_000 }),
    ).scenario;
    expect(firstAttributes(later)).toMatchObject({ workflowRunTimeoutMs: 51_000 });
  });

  it("nothing that the command states otherwise", () => {
    const { scenario } = given(first).whenCompleted(
      next({
        workflowType: "other",
        taskQueue: "elsewhere",
        memo: memo("given"),
        searchAttributes: attribute("Given", "DDDD"),
        retryPolicy: { maximumAttempts: 7 },
        workflowRunTimeoutMs: 5_000,
        workflowTaskTimeoutMs: 999_000,
      }),
    );
    expect(firstAttributes(scenario)).toMatchObject({
      workflowType: { name: "other" },
      taskQueue: { name: "elsewhere" },
      memo: memo("given"),
      searchAttributes: attribute("Given", "DDDD"),
      retryPolicy: { maximumAttempts: 7 },
      workflowRunTimeoutMs: 5_000,
      workflowTaskTimeoutMs: 120_000,
    });
  });
});

describe("the chain", () => {
  it("answers the request that began it with its first run, whichever is current", () => {
    given(started({ requestId: "start-1" }), taskCompleted(next()))
      .when("start", make.startRequest({ requestId: "start-1", newRunId: "unused" }))
      .thenReplies({ runId: make.RUN_ID, firstExecutionRunId: make.RUN_ID, started: false })
      .thenNothing();
  });

  it("takes a client's signal once, though its repetition reaches the next run", () => {
    given(started(), taskCompleted(), signaled("s1"), taskCompleted(next()))
      .when("signal", make.signalRequest("s1"))
      .thenReplies({ runId: make.NEXT_RUN_ID })
      .thenNothing();
  });

  it("is guarded by its first run id, not by that of the current run", () => {
    const scenario = given(started(), taskCompleted(next()));
    scenario
      .when("signal", make.signalRequest("s1", { firstExecutionRunId: make.RUN_ID }))
      .thenReplies({ runId: make.NEXT_RUN_ID });
    scenario.when("signal", make.signalRequest("s2", { runId: make.RUN_ID })).thenRejected("WorkflowNotFound");
  });
});

describe("a start backoff", () => {
  it("puts the first workflow task off; what arrives meanwhile is seen by it", () => {
    const scenario = given(started(), taskCompleted(next({ backoffStartIntervalMs: 60_000 })));
    expect(scenario.events.map((event) => event.eventType)).toEqual(["WorkflowExecutionStarted"]);
    expect(firstAttributes(scenario)).toMatchObject({ firstWorkflowTaskBackoffMs: 60_000 });
    scenario.when("signal", make.signalRequest("early")).thenEvents("WorkflowExecutionSignaled");
    expect(scenario.atDeadline().nowMs).toBe(make.START_MS + 60_000);
    scenario.whenTicked().thenEvents(...newTask);
  });

  it("changes nothing before its time", () => {
    given(started(), taskCompleted(next({ backoffStartIntervalMs: 60_000 })), passed(59_999), ticked())
      .whenTicked()
      .thenEvents();
  });
});

describe("a continue-as-new that makes no sense", () => {
  const large = (bytes: number) => "A".repeat(Math.ceil(bytes / 3 + 1) * 4);

  it.each([
    ["BAD_CONTINUE_AS_NEW_ATTRIBUTES", { workflowType: "" }],
    ["BAD_CONTINUE_AS_NEW_ATTRIBUTES", { taskQueue: "\u0000" }],
    ["BAD_CONTINUE_AS_NEW_ATTRIBUTES", { workflowRunTimeoutMs: -1 }],
    ["BAD_CONTINUE_AS_NEW_ATTRIBUTES", { backoffStartIntervalMs: Number.NaN }],
    ["BAD_CONTINUE_AS_NEW_ATTRIBUTES", { retryPolicy: { maximumAttempts: -1 } }],
    ["PAYLOADS_TOO_LARGE", { memo: { fields: { a: { data: large(MAX_MEMO_BYTES) } } } }],
    ["PAYLOADS_TOO_LARGE", { searchAttributes: attribute("a", large(MAX_SEARCH_ATTRIBUTES_BYTES)) }],
  ] as const)("fails the task and begins nothing: %s %#", (cause, overrides) => {
    given(started())
      .whenCompleted(next(overrides))
      .thenReplies({ kept: false })
      .thenNewRun()
      .thenEvents(["WorkflowTaskFailed", { cause }]);
  });
});
