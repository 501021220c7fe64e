// Batch operations: every operation, on a list, through crashes, lost answers and overload; and what is left of a job.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";

import { workflowObjectName } from "../../../src/core/identifiers.ts";
import {
  type BatchExecution,
  BatchOperationAlreadyStartedError,
  type BatchOperationFailure,
  type BatchOperationHandle,
  BatchOperationNotFoundError,
  WorkflowNotFoundError,
} from "../../../src/sdk/client/index.ts";
import { holdfast } from "../fixtures/application.ts";
import { addNumber, currentSum, finish, sums } from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, rejectionOf, storedHistory, until } from "./kit.ts";

const reason = "asked for by a test";

/** Workflows that add up what they are told, started under ids that begin alike. */
async function startSums(what: string, count: number): Promise<string[]> {
  const name = freshId(what);
  const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  await Promise.all(ids.map((workflowId) => client.workflow.start(sums, { workflowId })));
  return ids;
}

async function sumsOf(ids: readonly string[]): Promise<number[]> {
  return await Promise.all(ids.map((id) => client.workflow.getHandle<typeof sums>(id).query(currentSum)));
}

async function statusOf(workflowId: string): Promise<string> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name;
}

async function failuresOf(handle: BatchOperationHandle): Promise<BatchOperationFailure[]> {
  const failures: BatchOperationFailure[] = [];
  for await (const failure of handle.report()) failures.push(failure);
  return failures;
}

function jobObject(jobId: string) {
  return env.BATCH_OPERATION.getByName(workflowObjectName("default", jobId));
}

function missingIds(what: string, count: number): string[] {
  const name = freshId(what);
  return Array.from({ length: count }, (_, index) => `${name}-${index}`);
}

beforeAll(async () => {
  // The first workflow task loads the application's code; the tests below measure time.
  await client.workflow.execute("nothing", { workflowId: freshId("warm") });
});

describe("a batch of signals", () => {
  it("reaches every workflow once, each with a payload of its own", async () => {
    const ids = await startSums("batch-signal", 40);
    const handle = await client.batch.start({
      operation: { type: "signal", signalName: addNumber, args: [5] },
      executions: [...ids, ...ids.slice(0, 3)],
      reason,
    });
    expect(await handle.result()).toMatchObject({
      jobId: handle.jobId,
      operationType: "SIGNAL",
      state: "COMPLETED",
      totalOperationCount: 40,
      completeOperationCount: 40,
      failureOperationCount: 0,
      retryingOperationCount: 0,
      reason,
      identity: "holdfast-client",
    });
    expect(await sumsOf(ids)).toEqual(ids.map(() => 5));
    expect(await failuresOf(handle)).toEqual([]);
  });

  it("carries large arguments, of which a page takes several rows", async () => {
    const ids = await startSums("batch-large", 4);
    const text = "x".repeat(400_000);
    const operation = { type: "signal", signalName: "nobodyListens", args: [text] } as const;
    const handle = await client.batch.start({ operation, executions: ids, reason });
    expect(await handle.result()).toMatchObject({ completeOperationCount: 4 });
    for (const id of ids) {
      const { events } = await client.workflow.getHandle(id).fetchHistory({ decoded: true });
      const signaled = events.find(({ eventType }) => eventType === "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED");
      expect(JSON.stringify(signaled)).toContain(btoa(JSON.stringify(text)));
    }
  });

  it("reaches them once even if the object dies at work", async () => {
    const ids = await startSums("batch-dies", 60);
    const jobId = freshId("dies-at-work");
    const operation = { type: "signal", signalName: addNumber, args: [1] } as const;
    const handle = await client.batch.start({ operation, executions: ids, reason, jobId });
    expect(await handle.result()).toMatchObject({ completeOperationCount: 60, failureOperationCount: 0 });
    expect(await sumsOf(ids)).toEqual(ids.map(() => 1));
  });

  it("reaches them once even if answers are lost or the object is out of reach", async () => {
    const ids = [
      ...(await startSums("batch-loses-answer", 3)),
      ...(await startSums("batch-fails-once", 3)),
      ...(await startSums("batch-plain", 3)),
    ];
    const operation = { type: "signal", signalName: addNumber, args: [2] } as const;
    const handle = await client.batch.start({ operation, executions: ids, reason });
    expect(await handle.result()).toMatchObject({ completeOperationCount: 9, failureOperationCount: 0 });
    expect(await sumsOf(ids)).toEqual(ids.map(() => 2));
  });

  it("does less at once while the service is overloaded", async () => {
    const ids = await startSums("batch-overloaded-once", 3);
    const operation = { type: "signal", signalName: addNumber, args: [3] } as const;
    const handle = await client.batch.start({ operation, executions: ids, reason, concurrency: 8 });
    const seen = await until(
      () => handle.describe(),
      (description) => description.concurrency < 8,
    );
    expect(seen.state).toBe("RUNNING");
    expect(await handle.result()).toMatchObject({ completeOperationCount: 3, failureOperationCount: 0 });
    expect(await sumsOf(ids)).toEqual([3, 3, 3]);
  });

  it("reports a workflow that has ended or was never there", async () => {
    const [open = "", closed = ""] = await startSums("batch-closed", 2);
    await client.workflow.getHandle(closed).signal(finish);
    await client.workflow.getHandle(closed).result();
    const missing = freshId("batch-missing");
    const operation = { type: "signal", signalName: addNumber, args: [1] } as const;
    const handle = await client.batch.start({ operation, executions: [closed, open, missing], reason });
    expect(await handle.result()).toMatchObject({
      state: "COMPLETED",
      completeOperationCount: 1,
      failureOperationCount: 2,
    });
    expect((await failuresOf(handle)).toSorted((a, b) => a.code.localeCompare(b.code))).toEqual([
      { workflowId: closed, code: "WorkflowAlreadyCompleted", message: expect.stringContaining(closed), attempts: 1 },
      { workflowId: missing, code: "WorkflowNotFound", message: expect.any(String), attempts: 1 },
    ]);
  });
});

describe("a batch that ends workflows", () => {
  it("asks them to stop, with the reason", async () => {
    const ids = await startSums("batch-cancel", 5);
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions: ids, reason });
    expect(await handle.result()).toMatchObject({ operationType: "CANCEL", completeOperationCount: 5 });
    for (const id of ids) {
      await until(
        () => statusOf(id),
        (status) => status === "CANCELLED",
      );
      const asked = (await storedHistory(id)).find(({ eventType }) => eventType === "WorkflowExecutionCancelRequested");
      expect(asked?.attributes).toMatchObject({ cause: reason, identity: "holdfast-client" });
    }
  });

  it("terminates them, with reason and details", async () => {
    const ids = await startSums("batch-terminate", 5);
    const operation = { type: "terminate", reason: "the very reason", details: [{ ticket: 7 }] } as const;
    const handle = await client.batch.start({ operation, executions: ids, reason });
    expect(await handle.result()).toMatchObject({ operationType: "TERMINATE", completeOperationCount: 5 });
    const [id = ""] = ids;
    const history = await client.workflow.getHandle(id).fetchHistory({ decoded: true });
    expect(history.events.at(-1)).toMatchObject({
      workflowExecutionTerminatedEventAttributes: { reason: "the very reason" },
    });
    expect(JSON.stringify(history.events.at(-1))).toContain(btoa(JSON.stringify({ ticket: 7 })));
    // What has ended already is as it was asked to be.
    const again = await client.batch.start({ operation, executions: ids, reason });
    expect(await again.result()).toMatchObject({ completeOperationCount: 5, failureOperationCount: 0 });
  });

  it("means one run where one is given", async () => {
    const workflowId = freshId("batch-run");
    const { firstExecutionRunId: runId } = await client.workflow.start(sums, { workflowId });
    const executions = [
      { workflowId, runId: "another-run" },
      { workflowId, runId },
    ];
    const handle = await client.batch.start({ operation: { type: "terminate" }, executions, reason });
    expect(await handle.result()).toMatchObject({ completeOperationCount: 1, failureOperationCount: 1 });
    expect(await failuresOf(handle)).toMatchObject([{ workflowId, runId: "another-run", code: "WorkflowNotFound" }]);
    expect(await statusOf(workflowId)).toBe("TERMINATED");
  });

  it("deletes them, open or not", async () => {
    const ids = await startSums("batch-delete", 4);
    await client.workflow.getHandle(ids[0] ?? "").terminate();
    const handle = await client.batch.start({ operation: { type: "delete" }, executions: ids, reason });
    expect(await handle.result()).toMatchObject({ operationType: "DELETE", completeOperationCount: 4 });
    for (const id of ids) expect(await rejectionOf(statusOf(id))).toBeInstanceOf(WorkflowNotFoundError);
  });
});

describe("a batch of resets", () => {
  it("runs every workflow anew from its beginning, with the signals it was sent", async () => {
    const ids = await startSums("batch-reset", 5);
    for (const id of ids) await client.workflow.getHandle(id).signal(addNumber, 4);
    const before = await Promise.all(ids.map(async (id) => (await client.workflow.getHandle(id).describe()).runId));
    const handle = await client.batch.start({
      operation: { type: "reset", options: { type: "FirstWorkflowTask" } },
      executions: ids,
      reason,
    });
    expect(await handle.result()).toMatchObject({ operationType: "RESET", completeOperationCount: 5 });
    const after = await Promise.all(ids.map(async (id) => (await client.workflow.getHandle(id).describe()).runId));
    expect(after.filter((runId) => before.includes(runId))).toEqual([]);
    expect(await sumsOf(ids)).toEqual([4, 4, 4, 4, 4]);
    for (const id of ids) expect(await eventTypes(id)).toContain("WorkflowTaskFailed");
  });

  it("may leave the signals out", async () => {
    const [id = ""] = await startSums("batch-reset-without", 1);
    await client.workflow.getHandle(id).signal(addNumber, 4);
    expect(await sumsOf([id])).toEqual([4]);
    const operation = {
      type: "reset",
      options: { type: "FirstWorkflowTask", resetReapplyExcludeTypes: ["SIGNAL"] },
    } as const;
    const handle = await client.batch.start({ operation, executions: [id], reason });
    expect(await handle.result()).toMatchObject({ completeOperationCount: 1 });
    expect(await sumsOf([id])).toEqual([0]);
  });
});

describe("the list of a batch", () => {
  it("goes on where its upload was cut off, and is worked through page by page", async () => {
    // Many runs of a few workflows: objects that are new take their time on a local machine.
    const ids = missingIds("batch-upload", 12).flatMap((workflowId) =>
      Array.from({ length: 100 }, (_, index) => ({ workflowId, runId: `run-${index}` })),
    );
    const jobId = freshId("cut-off");
    const operation = { type: "cancel" } as const;
    async function* cutOff(): AsyncGenerator<BatchExecution> {
      yield* ids.slice(0, 1_100);
      throw new Error("the database went away");
    }
    await expect(client.batch.start({ operation, executions: cutOff(), reason, jobId })).rejects.toThrow("went away");
    expect(await client.batch.getHandle(jobId).describe()).toMatchObject({
      state: "UPLOADING",
      totalOperationCount: 1_000,
    });
    const handle = await client.batch.start({ operation, executions: ids, reason, jobId });
    expect(await handle.result()).toMatchObject({ totalOperationCount: 1_200, failureOperationCount: 1_200 });
    const failures = await failuresOf(handle);
    const named = failures.map(({ workflowId, runId }) => `${workflowId} ${runId}`);
    expect(named.toSorted()).toEqual(ids.map(({ workflowId, runId }) => `${workflowId} ${runId}`).toSorted());
    const { rowsWritten, calls } = await jobObject(jobId).observed();
    expect(calls).toBe(1_200);
    // Pages, chunks with their failures, alarms: not a row for each execution.
    expect(rowsWritten).toBeLessThan(40);
  });

  it("must be the same list when it goes on", async () => {
    const jobId = freshId("another-list");
    const ids = missingIds("batch-order", 1_500);
    async function* cutOff(): AsyncGenerator<string> {
      yield* ids.slice(0, 1_200);
      throw new Error("cut off");
    }
    const operation = { type: "cancel" } as const;
    await expect(client.batch.start({ operation, executions: cutOff(), reason, jobId })).rejects.toThrow("cut off");
    for (const executions of [ids.toReversed(), ids.slice(0, 10)])
      expect(await rejectionOf(client.batch.start({ operation, executions, reason, jobId }))).toBeInstanceOf(
        BatchOperationAlreadyStartedError,
      );
    await client.batch.getHandle(jobId).stop("the test is over");
  });

  it("is not sent again for a job that runs or has ended", async () => {
    const jobId = freshId("same-job");
    const executions = missingIds("batch-same", 2);
    const first = await client.batch.start({ operation: { type: "cancel" }, executions, reason, jobId });
    const ended = await first.result();
    const again = await client.batch.start({ operation: { type: "cancel" }, executions, reason, jobId });
    expect(await again.result()).toEqual(ended);
    const other = client.batch.start({ operation: { type: "terminate" }, executions, reason, jobId });
    expect(await rejectionOf(other)).toBeInstanceOf(BatchOperationAlreadyStartedError);
  });
});

describe("a deployment without what batches need", () => {
  const start = { operation: { type: "cancel" }, executions: ["a"], reason } as const;

  it("works for everything else, and says what the application must find", async () => {
    const { WORKFLOW_EXECUTION, HOLDFAST_ENCRYPTION_KEYS } = env;
    const bindings = { WORKFLOW_EXECUTION, HOLDFAST_ENCRYPTION_KEYS } as unknown as Cloudflare.Env;
    const without = holdfast.createClient(bindings, { exports: {} });
    expect(await rejectionOf(without.workflow.getHandle(freshId("none")).describe())).toBeInstanceOf(
      WorkflowNotFoundError,
    );
    await expect(without.batch.start(start)).rejects.toThrow(/export BatchOperation .*BATCH_OPERATION/);
  });

  it("says what the service must find, before the list is sent", async () => {
    const jobId = freshId("no-executions");
    await expect(client.batch.start({ ...start, jobId })).rejects.toThrow(
      /export WorkflowExecution .*WORKFLOW_EXECUTION/,
    );
    expect(await jobObject(jobId).observed()).toMatchObject({ tables: 0, calls: 0 });
  });
});

describe("a batch at work", () => {
  it("can be stopped, and says how far it came", async () => {
    const jobId = freshId("slow-stopped");
    const executions = missingIds("batch-stop", 200);
    const operation = { type: "cancel" } as const;
    const handle = await client.batch.start({ operation, executions, reason, jobId, concurrency: 2 });
    await until(
      () => jobObject(jobId).observed(),
      ({ calls }) => calls > 4,
    );
    expect(await handle.stop("enough")).toMatchObject({ state: "FAILED", stopReason: "enough" });
    const ended = await until(
      () => handle.describe(),
      ({ failureOperationCount }) => failureOperationCount > 4,
    );
    expect(ended.failureOperationCount).toBeLessThan(200);
    expect(await handle.result()).toMatchObject({ state: "FAILED", totalOperationCount: 200 });
  });

  it("goes on at the next call if it has lost even its alarm", async () => {
    const jobId = freshId("slow-without-alarm");
    const executions = missingIds("batch-alarm", 40);
    const operation = { type: "cancel" } as const;
    const handle = await client.batch.start({ operation, executions, reason, jobId, concurrency: 2 });
    await until(
      () => jobObject(jobId).observed(),
      ({ calls }) => calls > 4,
    );
    await rejectionOf(jobObject(jobId).dieWithoutAlarm());
    expect(await handle.result()).toMatchObject({ state: "COMPLETED", failureOperationCount: 40 });
  });

  it("acts on no more at once than it was told", async () => {
    const jobId = freshId("slow-concurrency");
    const executions = missingIds("batch-concurrency", 30);
    const operation = { type: "cancel" } as const;
    const handle = await client.batch.start({ operation, executions, reason, jobId, concurrency: 3 });
    await handle.result();
    expect(await jobObject(jobId).observed()).toMatchObject({ calls: 30, mostAtOnce: 3 });
  });

  it("keeps the rate it was told", async () => {
    const executions = missingIds("batch-rate", 20);
    const handle = await client.batch.start({
      operation: { type: "cancel" },
      executions,
      reason,
      requestsPerSecond: 10,
    });
    const { startTime, closeTime } = await handle.result();
    // Ten, a second of rest, ten.
    expect(Number(closeTime) - Number(startTime)).toBeGreaterThanOrEqual(1_000);
  });

  it("is deleted when its time is over, and leaves nothing", async () => {
    const jobId = freshId("short-lived");
    const executions = missingIds("batch-retention", 3);
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions, reason, jobId });
    expect(await handle.result()).toMatchObject({ state: "COMPLETED" });
    const gone = await until(
      () => jobObject(jobId).observed(),
      ({ tables }) => tables === 0,
    );
    expect(gone).toMatchObject({ tables: 0, alarmMs: null });
    expect(await rejectionOf(handle.describe())).toBeInstanceOf(BatchOperationNotFoundError);
    expect(await rejectionOf(handle.stop("enough"))).toBeInstanceOf(BatchOperationNotFoundError);
    expect(await rejectionOf(failuresOf(handle))).toBeInstanceOf(BatchOperationNotFoundError);
  });

  it("leaves no trace where there is none", async () => {
    const jobId = freshId("no-such-job");
    expect(await rejectionOf(client.batch.getHandle(jobId).describe())).toBeInstanceOf(BatchOperationNotFoundError);
    expect(await jobObject(jobId).observed()).toMatchObject({ tables: 0, rowsWritten: 0, alarmMs: null });
  });
});
