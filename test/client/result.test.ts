import { describe, expect, test } from "vitest";

import { ApplicationFailure, encodeError, encodeValues } from "../../src/codec/index.ts";
import type { WorkflowOutcome } from "../../src/core/protocol.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  CancelledFailure,
  ServiceError,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from "../../src/sdk/client/index.ts";
import { encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const RUN = { runId: "run-1", originalExecutionRunId: "run-0" } as const;
const pending = accepted<WorkflowOutcome>({ kind: "pending", runId: "run-1" });

async function completed(value: unknown): Promise<WorkflowOutcome> {
  const result = await encodeValues(encoding, { kind: "workflow-result", runId: "run-0" }, [value]);
  return { kind: "completed", ...RUN, ...(result ? { result } : {}) };
}

describe("the result of a workflow that has ended", () => {
  test("is its decoded value", async () => {
    const { client, service } = scriptedClient({ outcome: [accepted(await completed({ balance: 5 }))] });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toEqual({ balance: 5 });
    expect(service.calls).toHaveLength(1);
    expect(service.watches).toEqual([{ version: 1, wait: true }]);
  });

  test("is undefined where nothing was returned", async () => {
    const { client } = scriptedClient({ outcome: [accepted<WorkflowOutcome>({ kind: "completed", ...RUN })] });
    expect(await client.workflow.result(WORKFLOW_ID)).toBeUndefined();
  });

  test("is a WorkflowFailedError with the decoded failure as cause", async () => {
    const thrown = ApplicationFailure.nonRetryable("account closed", "AccountClosed", 7);
    const failure = await encodeError(encoding, { kind: "workflow-failure", runId: "run-0" }, thrown);
    expect(failure.message).not.toContain("account");
    const outcome: WorkflowOutcome = { kind: "failed", ...RUN, failure, retryState: "RETRY_POLICY_NOT_SET" };
    const { client } = scriptedClient({ outcome: [accepted(outcome)] });
    const result = client.workflow.getHandle(WORKFLOW_ID).result();
    await expect(result).rejects.toBeInstanceOf(WorkflowFailedError);
    await expect(result).rejects.toMatchObject({
      message: "Workflow execution failed",
      retryState: "RETRY_POLICY_NOT_SET",
      cause: { message: "account closed", type: "AccountClosed", details: [7], nonRetryable: true },
    });
  });

  test.each([
    [{ kind: "canceled", ...RUN }, "Workflow execution cancelled", CancelledFailure, "NON_RETRYABLE_FAILURE"],
    [{ kind: "terminated", ...RUN, reason: "fraud" }, "fraud", TerminatedFailure, "NON_RETRYABLE_FAILURE"],
    [{ kind: "terminated", ...RUN }, "Workflow execution terminated", TerminatedFailure, "NON_RETRYABLE_FAILURE"],
    [{ kind: "timedOut", ...RUN }, "Workflow execution timed out", TimeoutFailure, "TIMEOUT"],
    [
      { kind: "timedOut", ...RUN, retryState: "MAXIMUM_ATTEMPTS_REACHED" },
      "Workflow execution timed out",
      TimeoutFailure,
      "MAXIMUM_ATTEMPTS_REACHED",
    ],
  ] as const)("of kind %o is a WorkflowFailedError", async (outcome, message, causeClass, retryState) => {
    const { client } = scriptedClient({ outcome: [accepted<WorkflowOutcome>(outcome)] });
    const error: unknown = await client.workflow.result(WORKFLOW_ID).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ message, retryState });
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(causeClass);
  });

  test("is a WorkflowNotFoundError where there is no workflow", async () => {
    const { client } = scriptedClient({ outcome: [rejected("WorkflowNotFound", "no such workflow")] });
    const result = client.workflow.getHandle(WORKFLOW_ID, "run-9").result();
    await expect(result).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(result).rejects.toMatchObject({ workflowId: WORKFLOW_ID, runId: "run-9" });
  });
});

describe("the result of a workflow that continued as new", () => {
  const first: WorkflowOutcome = {
    kind: "continuedAsNew",
    runId: "run-1",
    originalExecutionRunId: "run-1",
    newExecutionRunId: "run-2",
  };
  const second: WorkflowOutcome = {
    ...first,
    runId: "run-2",
    originalExecutionRunId: "run-2",
    newExecutionRunId: "run-3",
  };

  test("is that of the run at the end of the chain, which is asked for by its id", async () => {
    const { client, service } = scriptedClient({
      watchOutcome: [accepted(first), accepted(second), accepted(await completed(7))],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID, "run-1").result()).toBe(7);
    expect(service.calls.map(({ method, request }) => [method, (request as { runId?: string }).runId])).toEqual([
      ["watchOutcome", "run-1"],
      ["watchOutcome", "run-2"],
      ["watchOutcome", "run-3"],
    ]);
  });

  test("is a WorkflowContinuedAsNewError for those who do not follow runs", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      signalWithStart: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      outcome: [accepted(first)],
    });
    const options = { workflowId: WORKFLOW_ID, followRuns: false };
    const handle = await client.workflow.start("transfer", options);
    const signalled = await client.workflow.signalWithStart("transfer", { ...options, signal: "go" });
    const results = [
      handle.result(),
      signalled.result(),
      client.workflow.execute("transfer", options),
      client.workflow.result(WORKFLOW_ID, "run-1", { followRuns: false }),
      client.workflow.getHandle(WORKFLOW_ID, undefined, { followRuns: false }).result(),
    ];
    for (const result of await Promise.allSettled(results)) {
      expect(result.status === "rejected" && result.reason).toBeInstanceOf(WorkflowContinuedAsNewError);
      expect(result).toMatchObject({ reason: { newExecutionRunId: "run-2" } });
    }
    expect(service.watches).toHaveLength(5);
  });

  test("of a handle that knows only the first run of its chain is waited for from there", async () => {
    const { client, service } = scriptedClient({ outcome: [accepted(first), accepted(await completed(7))] });
    const handle = client.workflow.getHandle(WORKFLOW_ID, undefined, { firstExecutionRunId: "run-1" });
    expect(await handle.result()).toBe(7);
    expect(service.watches.map(({ runId }) => runId)).toEqual(["run-1", "run-2"]);
  });
});

describe("the result of a run that another followed", () => {
  const next = { newExecutionRunId: "run-2" };
  const failure = { message: "broken", applicationFailureInfo: { type: "Broken" } };
  const followed: readonly WorkflowOutcome[] = [
    { kind: "completed", ...RUN, ...next },
    { kind: "failed", ...RUN, failure, retryState: "IN_PROGRESS", ...next },
    { kind: "timedOut", ...RUN, retryState: "IN_PROGRESS", ...next },
  ];

  test.each(followed)("which is $kind: is that of the last run", async (outcome) => {
    const { client, service } = scriptedClient({ outcome: [accepted(outcome), accepted(await completed("last"))] });
    expect(await client.workflow.getHandle(WORKFLOW_ID, "run-1").result()).toBe("last");
    expect(service.watches.map(({ runId }) => runId)).toEqual(["run-1", "run-2"]);
  });

  test("is its own for those who do not follow runs", async () => {
    const result = async (outcome: WorkflowOutcome) => {
      const { client } = scriptedClient({ outcome: [accepted(outcome)] });
      return await client.workflow.getHandle(WORKFLOW_ID, "run-1", { followRuns: false }).result();
    };
    const [first, second, third] = await Promise.allSettled([
      result({ ...(await completed("own")), ...next }),
      ...followed.slice(1).map(result),
    ]);
    expect(first).toEqual({ status: "fulfilled", value: "own" });
    expect(second).toMatchObject({ reason: { name: "WorkflowFailedError", retryState: "IN_PROGRESS" } });
    expect(third).toMatchObject({ reason: { cause: { name: "TimeoutFailure" }, retryState: "IN_PROGRESS" } });
  });
});

describe("waiting for the result of a running workflow", () => {
  test("watches on the run that it watched when the connection was lost", async () => {
    const { client, service } = scriptedClient({
      outcome: [accepted<WorkflowOutcome>({ kind: "pending", runId: "run-1" })],
      watchOutcome: [pending, accepted(await completed("late"))],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toBe("late");
    expect(service.calls.map(({ method, request }) => [method, (request as { runId?: string }).runId])).toEqual([
      ["watchOutcome", undefined],
      ["outcome", "run-1"],
      ["watchOutcome", "run-1"],
    ]);
  });

  test("watches on the run that was found running after a watch that never began", async () => {
    const { client, service } = scriptedClient({
      outcome: [pending],
      watchOutcome: [new Error("Network connection lost."), accepted(await completed("late"))],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toBe("late");
    expect(service.watches.map(({ runId }) => runId)).toEqual([undefined, "run-1"]);
  });

  test("goes on through any number of lost connections", async () => {
    const lost = new Error("WebSocket closed before the outcome came: 1006");
    const { client, service } = scriptedClient({
      outcome: [pending],
      watchOutcome: [...Array.from({ length: 50 }, () => lost), accepted(await completed("at last"))],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toBe("at last");
    expect(service.calls.filter(({ method }) => method === "watchOutcome")).toHaveLength(51);
  });

  test("learns of an end that came while the connection was down", async () => {
    const { client, service } = scriptedClient({
      outcome: [accepted(await completed("meanwhile"))],
      watchOutcome: [pending, transportError("killed", { durableObjectReset: true })],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toBe("meanwhile");
    expect(service.requests("outcome")[0]).toMatchObject({ runId: "run-1" });
  });

  test("leaves an overloaded object alone for a while, longer each time, and then waits on", async () => {
    const overloaded = transportError("Too many requests queued.", { overloaded: true });
    const lost = new Error("Network connection lost.");
    const { client, service, delaysMs } = scriptedClient({
      outcome: [overloaded, pending],
      watchOutcome: [overloaded, overloaded, lost, accepted(await completed("at last"))],
    });
    expect(await client.workflow.getHandle(WORKFLOW_ID).result()).toBe("at last");
    expect(service.watches).toHaveLength(4);
    expect(service.requests("outcome")).toHaveLength(2);
    expect(delaysMs[1]).toBeGreaterThan(delaysMs[0] ?? 0);
  });

  test("ends with a ServiceError when the object stays overloaded", async () => {
    const overloaded = transportError("Too many requests queued.", { overloaded: true });
    const { client, service, delaysMs } = scriptedClient({
      watchOutcome: Array.from({ length: 30 }, () => overloaded),
    });
    const result = client.workflow.getHandle(WORKFLOW_ID).result();
    await expect(result).rejects.toThrow("is overloaded and refused the call");
    expect(service.watches).toHaveLength(20);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(30_000);
  });

  test("ends with a ServiceError once the service stays out of reach", async () => {
    const lost = new Error("Network connection lost.");
    const { client } = scriptedClient({ outcome: [pending, lost], watchOutcome: [lost] });
    await expect(client.workflow.getHandle(WORKFLOW_ID).result()).rejects.toBeInstanceOf(ServiceError);
  });

  test("does not hide an error that another connection would not mend", async () => {
    const { client } = scriptedClient({ outcome: [pending], watchOutcome: [new TypeError("bug")] });
    await expect(client.workflow.getHandle(WORKFLOW_ID).result()).rejects.toThrow("bug");
  });

  test("a handle from start waits for the run it started", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      outcome: [accepted(await completed(1))],
    });
    const handle = await client.workflow.start("transfer", { workflowId: WORKFLOW_ID });
    await handle.result();
    expect(service.watches).toEqual([{ version: 1, runId: "run-1", wait: true }]);
    expect(await client.workflow.execute("transfer", { workflowId: WORKFLOW_ID })).toBe(1);
  });
});

describe("execute", () => {
  const started = { runId: "run-1", firstExecutionRunId: "run-1", started: true } as const;
  const options = { workflowId: WORKFLOW_ID };

  test("asks for nothing more when the start came back with the end", async () => {
    const outcome = await completed("at once");
    const { client, service } = scriptedClient({ start: [accepted({ ...started, outcome })] });
    expect(await client.workflow.execute("transfer", options)).toBe("at once");
    expect(service.calls.map(({ method }) => method)).toEqual(["start"]);
    expect(service.requests("start")).toMatchObject([{ awaitsOutcome: true }]);
  });

  test("follows a run that the start came back with to the next", async () => {
    const outcome: WorkflowOutcome = { kind: "continuedAsNew", ...RUN, newExecutionRunId: "run-2" };
    const { client, service } = scriptedClient({
      start: [accepted({ ...started, outcome })],
      outcome: [accepted(await completed(2))],
    });
    expect(await client.workflow.execute("transfer", options)).toBe(2);
    expect(service.watches.map(({ runId }) => runId)).toEqual(["run-2"]);
  });

  test.each([
    ["is under way", { kind: "pending", runId: "run-1" }],
    ["is another than the one started", { kind: "completed", ...RUN, runId: "run-9" }],
  ] satisfies [string, WorkflowOutcome][])("waits for a run that %s", async (_, outcome) => {
    const { client, service } = scriptedClient({
      start: [accepted({ ...started, outcome })],
      outcome: [accepted(await completed("later"))],
    });
    expect(await client.workflow.execute("transfer", options)).toBe("later");
    expect(service.watches.map(({ runId }) => runId)).toEqual(["run-1"]);
  });

  test("does not hold a second call open once a connection was lost", async () => {
    const { client, service } = scriptedClient({
      start: [transportError("Network connection lost."), accepted(started)],
      outcome: [accepted(await completed("after all"))],
    });
    expect(await client.workflow.execute("transfer", options)).toBe("after all");
    const [first, second] = service.requests("start");
    expect(first).toMatchObject({ awaitsOutcome: true });
    expect(second).not.toHaveProperty("awaitsOutcome");
    expect(second?.requestId).toBe(first?.requestId);
  });
});
