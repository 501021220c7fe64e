import { describe, expect, test } from "vitest";

import { ApplicationFailure, decodeValues, encodeError, encodeValues, toWireMap } from "../../src/codec/index.ts";
import type { QueryRequest, WorkflowExecutionDescription } from "../../src/core/protocol.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowQueryFailedError,
} from "../../src/sdk/client/index.ts";
import { dataConverter, encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const done = accepted({ runId: "run-1" });
const lost = transportError("lost", { retryable: true });
const closed = rejected("WorkflowAlreadyCompleted", "the run has ended");

describe("signal", () => {
  test("keeps request id and ciphertext over its tries, and binds the arguments to them", async () => {
    const { client, service } = scriptedClient({ signal: [lost, lost, done] });
    await client.workflow.getHandle(WORKFLOW_ID).signal("approve", "carol", 3);
    const [first, second, third] = service.requests("signal");
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    const channel = { kind: "signal", signalName: "approve", requestId: first?.requestId ?? "" } as const;
    expect(await decodeValues(encoding, channel, first?.input)).toEqual(["carol", 3]);
  });

  test("to an ended workflow is a WorkflowNotFoundError that says so", async () => {
    const { client } = scriptedClient({ signal: [closed] });
    const sending = client.workflow.getHandle(WORKFLOW_ID).signal("approve");
    await expect(sending).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(sending).rejects.toThrow("workflow execution already completed");
  });

  test("with a malformed name addresses no object", async () => {
    const { client, service } = scriptedClient({});
    await expect(client.workflow.getHandle(WORKFLOW_ID).signal("")).rejects.toThrow("signalName must not be empty");
    expect(service.calls).toEqual([]);
  });
});

/** A worker's answer to a query: the value, and the arguments as it understood them. */
async function answer(request: QueryRequest, value: unknown) {
  const place = { queryType: request.queryType, queryId: request.queryId };
  const args = await decodeValues(encoding, { kind: "query", ...place }, request.args);
  const result = await encodeValues(encoding, { kind: "query-result", ...place }, [{ value, args }]);
  return accepted({ runId: "run-1", result: result ?? { payloads: [] } });
}

describe("query", () => {
  test("sends arguments and gets the value back, both encrypted for this query only", async () => {
    const { client, service } = scriptedClient({ query: [lost, (request) => answer(request, "clearing")] });
    const handle = client.workflow.getHandle(WORKFLOW_ID, "run-1");
    expect(await handle.query("progress", "verbose")).toEqual({ value: "clearing", args: ["verbose"] });
    const [first, second] = service.requests("query");
    expect(first).toEqual(second);
    expect(first).toMatchObject({ runId: "run-1", queryType: "progress", rejectCondition: "NONE" });
  });

  test("without a handler is a QueryNotRegisteredError with the worker's message", async () => {
    const message = "Workflow did not register a handler for x. Registered queries: [progress]";
    const { client } = scriptedClient({ query: [rejected("QueryNotRegistered", message)] });
    const asking = client.workflow.getHandle(WORKFLOW_ID).query("x");
    await expect(asking).rejects.toBeInstanceOf(QueryNotRegisteredError);
    await expect(asking).rejects.toThrow(message);
  });

  test("that the workflow's status forbids is a QueryRejectedError with the status", async () => {
    const { client } = scriptedClient({ query: [rejected("QueryRejected", "not open", { status: "COMPLETED" })] });
    const asking = client.workflow.getHandle(WORKFLOW_ID).query("progress");
    await expect(asking).rejects.toBeInstanceOf(QueryRejectedError);
    await expect(asking).rejects.toMatchObject({ status: "COMPLETED" });
  });

  test("whose handler threw is a WorkflowQueryFailedError with what it threw", async () => {
    const { client } = scriptedClient({
      query: [
        async ({ queryType, queryId }) => {
          const channel = { kind: "query-failure", queryType, queryId } as const;
          const failure = await encodeError(encoding, channel, ApplicationFailure.create({ message: "no such row" }));
          return rejected("QueryFailed", "the query handler failed", { failure });
        },
      ],
    });
    const asking = client.workflow.getHandle(WORKFLOW_ID).query("row", 7);
    await expect(asking).rejects.toBeInstanceOf(WorkflowQueryFailedError);
    await expect(asking).rejects.toMatchObject({ cause: { message: "no such row" } });
  });

  test("with no worker to answer it is a ServiceError with the code", async () => {
    const { client } = scriptedClient({ query: [rejected("WorkflowWorkerUnavailable", "no worker")] });
    const asking = client.workflow.getHandle(WORKFLOW_ID).query("progress");
    await expect(asking).rejects.toBeInstanceOf(ServiceError);
    await expect(asking).rejects.toMatchObject({ code: "WorkflowWorkerUnavailable", message: "no worker" });
  });
});

describe("cancel and terminate", () => {
  test("of a handle from start act on its chain of runs only", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      requestCancel: [done],
      terminate: [done],
      signal: [done],
    });
    const handle = await client.workflow.start("transfer", { workflowId: WORKFLOW_ID });
    await handle.cancel();
    await handle.terminate("fraud");
    await handle.signal("approve");
    expect(service.requests("requestCancel")[0]).toMatchObject({ firstExecutionRunId: "run-1" });
    expect(service.requests("requestCancel")[0]).not.toHaveProperty("runId");
    expect(service.requests("terminate")[0]).toMatchObject({ firstExecutionRunId: "run-1", reason: "fraud" });
    expect(service.requests("signal")[0]).not.toHaveProperty("firstExecutionRunId");
  });

  test("cancel keeps its request id over its tries", async () => {
    const { client, service } = scriptedClient({ requestCancel: [lost, done] });
    await client.workflow.getHandle(WORKFLOW_ID).cancel();
    const [first, second] = service.requests("requestCancel");
    expect(second).toEqual(first);
  });

  test("a termination that was carried out but not heard of has succeeded", async () => {
    const { client } = scriptedClient({
      terminate: [lost, closed],
      outcome: [accepted({ kind: "terminated", runId: "run-1", originalExecutionRunId: "run-1" })],
    });
    await expect(client.workflow.getHandle(WORKFLOW_ID).terminate()).resolves.toBeUndefined();
  });

  test("a termination that found the workflow completed has not", async () => {
    const { client } = scriptedClient({
      terminate: [lost, closed],
      outcome: [accepted({ kind: "completed", runId: "run-1", originalExecutionRunId: "run-1" })],
    });
    await expect(client.workflow.getHandle(WORKFLOW_ID).terminate()).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });

  test("a second termination is a WorkflowNotFoundError", async () => {
    const { client, service } = scriptedClient({ terminate: [closed] });
    await expect(client.workflow.getHandle(WORKFLOW_ID).terminate()).rejects.toBeInstanceOf(WorkflowNotFoundError);
    expect(service.requests("outcome")).toEqual([]);
  });
});

describe("describe", () => {
  test("gives dates and decoded values, with the failures of what is pending", async () => {
    const place = { runId: "run-0", activityId: "1" };
    const details = await encodeValues(encoding, { kind: "heartbeat", ...place }, [{ row: 9 }]);
    const failed = ApplicationFailure.create({ message: "bank is closed", type: "BankClosed" });
    const taskError = ApplicationFailure.create({ message: "x is not a function", type: "TypeError" });
    const memo = await encoding.encodeMap(toWireMap(dataConverter.payloadConverter, { customer: "alice" }), "memo");
    const raw: WorkflowExecutionDescription = {
      namespace: "default",
      workflowId: WORKFLOW_ID,
      runId: "run-1",
      firstExecutionRunId: "run-0",
      originalExecutionRunId: "run-0",
      workflowType: "transfer",
      taskQueue: "default",
      status: "RUNNING",
      startTimeMs: 1_000,
      executionTimeMs: 1_000,
      historyLength: 12,
      historySizeBytes: 3_456,
      ...(memo ? { memo } : {}),
      cancelRequested: false,
      pendingActivities: [
        {
          activityId: "1",
          activityType: "withdraw",
          state: "SCHEDULED",
          attempt: 3,
          maximumAttempts: 0,
          scheduledTimeMs: 2_000,
          nextAttemptScheduleTimeMs: 9_000,
          ...(details ? { heartbeatDetails: details } : {}),
          lastFailure: await encodeError(encoding, { kind: "activity-failure", ...place }, failed),
        },
      ],
      pendingTimers: [{ timerId: "1", startedEventId: 5, fireTimeMs: 7_000 }],
      pendingChildren: [
        {
          namespace: "ledger",
          workflowId: "child-1",
          workflowType: "post",
          initiatedEventId: 6,
          parentClosePolicy: "TERMINATE",
        },
      ],
      pendingWorkflowTask: {
        state: "SCHEDULED",
        attempt: 2,
        scheduledTimeMs: 3_000,
        lastFailure: await encodeError(encoding, { kind: "workflow-task-failure", runId: "run-0" }, taskError),
        lastFailureCause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
      },
    };
    const { client } = scriptedClient({ describe: [accepted(raw)] });
    const description = await client.workflow.getHandle(WORKFLOW_ID).describe();
    expect(description).toMatchObject({
      type: "transfer",
      status: { code: 1, name: "RUNNING" },
      startTime: new Date(1_000),
      closeTime: undefined,
      memo: { customer: "alice" },
      pendingActivities: [
        {
          heartbeatDetails: { row: 9 },
          lastFailure: { message: "bank is closed", type: "BankClosed" },
          nextAttemptScheduleTime: new Date(9_000),
        },
      ],
      pendingTimers: [{ timerId: "1", fireTime: new Date(7_000) }],
      pendingChildren: [
        {
          namespace: "ledger",
          workflowId: "child-1",
          runId: undefined,
          workflowType: "post",
          parentClosePolicy: "TERMINATE",
        },
      ],
      parentExecution: undefined,
      rootExecution: undefined,
      pendingWorkflowTask: { attempt: 2, lastFailure: { message: "x is not a function" } },
    });
    expect(description.raw).toBe(raw);
  });
});
