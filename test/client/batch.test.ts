// The client of batch operations: what is sent, page by page, and what becomes of lost answers and refusals.
import { describe, expect, it } from "vitest";

import { decodeValues, PayloadEncoding } from "../../src/codec/index.ts";
import { MAX_BATCH_PAGE_EXECUTIONS } from "../../src/core/limits.ts";
import {
  BatchOperationAlreadyStartedError,
  BatchOperationNotFoundError,
  Client,
  PayloadTooLargeError,
  ServiceError,
  ValueError,
} from "../../src/sdk/client/index.ts";
import { defineSignal } from "../../src/sdk/workflow/index.ts";
import { MemoryBatches } from "./memory-batches.ts";
import { dataConverter } from "./scripted-client.ts";
import { recordedTiming, ScriptedService } from "./scripted-service.ts";

const reason = "because";
const rename = defineSignal<[name: string, times: number]>("rename");

function batchClient() {
  const batches = new MemoryBatches();
  const { timing, delaysMs } = recordedTiming();
  const service = Object.assign(new ScriptedService({}), { batchOperation: batches.batchOperation });
  let ids = 0;
  const ports = { timing, newId: () => `id-${(ids += 1)}` };
  return { client: new Client({ service, dataConverter, identity: "carol" }, ports), batches, delaysMs };
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `transfer-${index}`);
}

describe("a batch that is started", () => {
  it("says what is to be done, why, and how quickly", async () => {
    const { client, batches } = batchClient();
    const handle = await client.batch.start({
      operation: { type: "cancel" },
      executions: ["a", { workflowId: "b", runId: "run-1" }],
      reason,
      concurrency: 7,
      requestsPerSecond: 2.5,
    });
    expect(handle.jobId).toBe("id-1");
    expect(batches.begins).toEqual([
      {
        version: 1,
        namespace: "default",
        jobId: "id-1",
        action: { kind: "cancel" },
        reason,
        identity: "carol",
        concurrency: 7,
        requestsPerSecond: 2.5,
      },
    ]);
    expect(batches.list).toEqual([{ workflowId: "a" }, { workflowId: "b", runId: "run-1" }]);
    expect(batches.jobs.get("id-1")).toMatchObject({ state: "running", received: 2 });
  });

  it("encodes the arguments of a signal for each execution alone", async () => {
    const { client, batches } = batchClient();
    const executions = ["a", { workflowId: "a", runId: "run-1" }, "b"];
    const operation = { type: "signal", signalName: rename, args: ["x", 3] } as const;
    await client.batch.start({ operation, executions, reason, jobId: "job-1" });
    expect(batches.begins[0]?.action).toEqual({ kind: "signal", signalName: "rename" });
    const decode = async (workflowId: string, requestId: string, index: number) => {
      const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId });
      const channel = { kind: "signal", signalName: "rename", requestId } as const;
      return await decodeValues(encoding, channel, batches.list[index]?.payloads);
    };
    expect(await decode("a", "batch/job-1", 0)).toEqual(["x", 3]);
    expect(await decode("a", "batch/job-1/run-1", 1)).toEqual(["x", 3]);
    expect(await decode("b", "batch/job-1", 2)).toEqual(["x", 3]);
    await expect(decode("b", "batch/job-1", 0)).rejects.toThrow();
    await expect(decode("a", "batch/job-1", 1)).rejects.toThrow();
    expect(JSON.stringify(batches.list)).not.toContain(btoa('"x"'));
  });

  it("encodes the details of a termination, and takes its reason before that of the job", async () => {
    const { client, batches } = batchClient();
    const operation = { type: "terminate", reason: "fraud", details: [{ ticket: 7 }] } as const;
    await client.batch.start({ operation, executions: ["a"], reason });
    expect(batches.begins[0]).toMatchObject({ action: { kind: "terminate" }, reason: "fraud" });
    const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "a" });
    const details = await decodeValues(encoding, { kind: "termination" }, batches.list[0]?.payloads);
    expect(details).toEqual([{ ticket: 7 }]);
  });

  it("takes workflows back to where a handle's reset would", async () => {
    const { client, batches } = batchClient();
    await client.batch.start({
      operation: { type: "reset", options: { type: "FirstWorkflowTask" } },
      executions: ["a"],
      reason,
    });
    const operation = { type: "reset", options: { eventId: 7, resetReapplyExcludeTypes: ["SIGNAL"] } } as const;
    await client.batch.start({ operation, executions: ["a"], reason });
    expect(batches.begins.map(({ action }) => action)).toEqual([
      { kind: "reset", resetPoint: { kind: "firstWorkflowTask" } },
      { kind: "reset", resetPoint: { kind: "event", eventId: 7 }, reapplyExclude: ["SIGNAL"] },
    ]);
  });

  it("leaves out what is listed twice", async () => {
    const { client, batches } = batchClient();
    const executions = ["a", "b", "a", { workflowId: "a" }, { workflowId: "a", runId: "r" }, "b"];
    await client.batch.start({ operation: { type: "delete" }, executions, reason });
    expect(batches.list).toEqual([{ workflowId: "a" }, { workflowId: "b" }, { workflowId: "a", runId: "r" }]);
  });

  it("sends pages of limited length", async () => {
    const { client, batches } = batchClient();
    await client.batch.start({ operation: { type: "cancel" }, executions: ids(2_500), reason });
    expect(batches.pages.map(({ from, targets }) => [from, targets.length])).toEqual([
      [0, MAX_BATCH_PAGE_EXECUTIONS],
      [1_000, MAX_BATCH_PAGE_EXECUTIONS],
      [2_000, 500],
    ]);
    expect(batches.list.map(({ workflowId }) => workflowId)).toEqual(ids(2_500));
  });

  it("sends pages of limited size", async () => {
    const { client, batches } = batchClient();
    const operation = { type: "signal", signalName: "load", args: ["x".repeat(1_000_000)] } as const;
    await client.batch.start({ operation, executions: ids(5), reason });
    expect(batches.pages.map(({ targets }) => targets.length)).toEqual([3, 2]);
    expect(batches.list).toHaveLength(5);
  });

  it("has nothing to do for an empty list", async () => {
    const { client } = batchClient();
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions: [], reason });
    expect(await handle.result()).toMatchObject({ state: "COMPLETED", totalOperationCount: 0, operationsPerSecond: 0 });
  });
});

describe("a batch whose answers are lost", () => {
  it("is sent once all the same", async () => {
    const { client, batches, delaysMs } = batchClient();
    batches.answersLost = 4;
    await client.batch.start({ operation: { type: "cancel" }, executions: ids(1_500), reason });
    expect(batches.list.map(({ workflowId }) => workflowId)).toEqual(ids(1_500));
    expect(delaysMs).toHaveLength(4);
  });

  it("rejects in the end, and goes on when it is started again", async () => {
    const { client, batches } = batchClient();
    const options = { operation: { type: "cancel" }, executions: ids(1_500), reason, jobId: "job-1" } as const;
    const all = batches.batchOperation("default", "job-1");
    await all.begin({ version: 1, namespace: "default", jobId: "job-1", action: { kind: "cancel" }, reason });
    batches.answersLost = 100;
    await expect(client.batch.start(options)).rejects.toThrow(ServiceError);
    batches.answersLost = 0;
    await client.batch.start(options);
    await client.batch.start(options);
    expect(batches.list.map(({ workflowId }) => workflowId)).toEqual(ids(1_500));
  });
});

describe("an upload that was cut off", () => {
  const operation = { type: "signal", signalName: rename, args: ["x", 1] } as const;

  async function* cutOff(executions: readonly string[]): AsyncGenerator<string> {
    yield* executions;
    throw new Error("cut off");
  }

  it("goes on after what is there, under the same request id", async () => {
    const { client, batches } = batchClient();
    const executions = ids(2_400);
    const first = client.batch.start({ operation, executions: cutOff(executions.slice(0, 2_100)), reason, jobId: "j" });
    await expect(first).rejects.toThrow("cut off");
    expect(batches.list).toHaveLength(2_000);
    await client.batch.start({ operation, executions, reason, jobId: "j" });
    expect(batches.list.map(({ workflowId }) => workflowId)).toEqual(executions);
    expect(batches.pages.map(({ from }) => from)).toEqual([0, 1_000, 2_000]);
    const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "transfer-2399" });
    const channel = { kind: "signal", signalName: "rename", requestId: "batch/j" } as const;
    expect(await decodeValues(encoding, channel, batches.list.at(-1)?.payloads)).toEqual(["x", 1]);
  });

  it.each([
    ["in another order", ids(1_400).toReversed()],
    ["shorter than what is there", ids(900)],
    ["another list", [...ids(999), "someone else", ...ids(2_000).slice(1_000)]],
  ])("refuses a list that is %s", async (_, executions) => {
    const { client, batches } = batchClient();
    const first = client.batch.start({ operation, executions: cutOff(ids(1_200)), reason, jobId: "j" });
    await expect(first).rejects.toThrow("cut off");
    const again = client.batch.start({ operation, executions, reason, jobId: "j" });
    await expect(again).rejects.toThrow(BatchOperationAlreadyStartedError);
    expect(batches.list).toHaveLength(1_000);
  });
});

describe("a batch that is started again when it has its list", () => {
  const operation = { type: "cancel" } as const;

  async function complete() {
    const { client, batches } = batchClient();
    await client.batch.start({ operation, executions: ids(3), reason, jobId: "j" });
    return { client, batches };
  }

  it("is the same, and is sent nothing", async () => {
    const { client, batches } = await complete();
    const handle = await client.batch.start({ operation, executions: ids(3), reason, jobId: "j" });
    expect((await handle.describe()).totalOperationCount).toBe(3);
    expect(batches.pages).toHaveLength(1);
  });

  it.each([
    ["shorter", ids(2)],
    ["longer", ids(4)],
    ["in another order", ids(3).toReversed()],
    ["another", ["a", "b", "c"]],
  ])("is refused with a list that is %s: nothing would ever be done to what it names", async (_, executions) => {
    const { client } = await complete();
    const again = client.batch.start({ operation, executions, reason, jobId: "j" });
    await expect(again).rejects.toThrow(BatchOperationAlreadyStartedError);
  });

  it("and was stopped before it had all of it, is the one that was stopped", async () => {
    const { client, batches } = batchClient();
    async function* cutOff(): AsyncGenerator<string> {
      yield* ids(1_500);
      throw new Error("cut off");
    }
    const first = client.batch.start({ operation, executions: cutOff(), reason, jobId: "j" });
    await expect(first).rejects.toThrow("cut off");
    await client.batch.getHandle("j").stop("the wrong list");
    const handle = await client.batch.start({ operation, executions: ids(1_500), reason, jobId: "j" });
    expect((await handle.describe()).state).toBe("FAILED");
    expect(batches.list).toHaveLength(1_000);
  });
});

describe("a batch that is refused", () => {
  const operation = { type: "cancel" } as const;

  it("rejects with what is wrong", async () => {
    const { client } = batchClient();
    const start = (options: object) => client.batch.start({ operation, executions: ["a"], reason, ...options });
    await expect(start({ jobId: "" })).rejects.toThrow(ValueError);
    await expect(start({ reason: "" })).rejects.toThrow(ValueError);
    await expect(start({ concurrency: 0 })).rejects.toThrow(ValueError);
    await expect(start({ executions: [""] })).rejects.toThrow(ValueError);
    await expect(start({ executions: [{ workflowId: "a", runId: "\n" }] })).rejects.toThrow(ValueError);
    await expect(start({ operation: { type: "pause" } })).rejects.toThrow(/no batch operation/);
    await expect(start({ operation: { type: "reset", options: {} } })).rejects.toThrow(ValueError);
    const excluded = { type: "LastWorkflowTask", resetReapplyExcludeTypes: ["QUERY"] };
    await expect(start({ operation: { type: "reset", options: excluded } })).rejects.toThrow(/SIGNAL and UPDATE/);
    const large = { type: "signal", signalName: "load", args: ["x".repeat(3_000_000)] };
    await expect(start({ operation: large })).rejects.toThrow(PayloadTooLargeError);
  });

  it("rejects for a job id that belongs to something else", async () => {
    const { client } = batchClient();
    await client.batch.start({ operation, executions: ["a"], reason, jobId: "job-1" });
    const other = client.batch.start({ operation: { type: "delete" }, executions: ["a"], reason, jobId: "job-1" });
    await expect(other).rejects.toMatchObject({ name: "BatchOperationAlreadyStartedError", jobId: "job-1" });
  });

  it("rejects with a code for too many executions", async () => {
    const { client } = batchClient();
    const start = client.batch.start({ operation, executions: ids(100_001), reason });
    await expect(start).rejects.toMatchObject({ name: "ServiceError", code: "ResourceExhausted" });
  });

  it("says what to do where there are no batch operations", async () => {
    const client = new Client({ service: new ScriptedService({}), dataConverter });
    await expect(client.batch.getHandle("job-1").describe()).rejects.toThrow(/createWorker/);
  });
});

describe("a handle", () => {
  it("waits for the end, asking less and less often", async () => {
    const { client, batches, delaysMs } = batchClient();
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions: ["a"], reason });
    let asked = 0;
    batches.meanwhile = () => {
      asked += 1;
      const job = batches.jobs.get(handle.jobId);
      if (asked === 8 && job) batches.jobs.set(handle.jobId, { ...job, state: "completed", closedMs: batches.nowMs });
    };
    const { closeTime, ...rest } = await handle.result();
    expect(rest).toMatchObject({ state: "COMPLETED", operationType: "CANCEL", reason, identity: "carol" });
    expect(closeTime).toEqual(new Date(batches.nowMs));
    expect(delaysMs).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  });

  it("reads the report page by page", async () => {
    const { client, batches } = batchClient();
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions: ["a"], reason });
    for (const workflowId of ids(5)) batches.failures.push({ workflowId, code: "No", message: "no", attempts: 1 });
    const seen: string[] = [];
    for await (const { workflowId } of handle.report()) seen.push(workflowId);
    expect(seen).toEqual(ids(5));
  });

  it("stops the operation", async () => {
    const { client } = batchClient();
    const handle = await client.batch.start({ operation: { type: "cancel" }, executions: ["a"], reason });
    expect(await handle.stop("the wrong list")).toMatchObject({ state: "FAILED", stopReason: "the wrong list" });
    expect(await handle.result()).toMatchObject({ state: "FAILED" });
    await expect(handle.stop("")).rejects.toThrow(ValueError);
  });

  it("rejects where there is nothing", async () => {
    const { client } = batchClient();
    const handle = client.batch.getHandle("no-such-job");
    for (const call of [() => handle.describe(), () => handle.result(), () => handle.stop("enough")])
      await expect(call()).rejects.toThrow(BatchOperationNotFoundError);
    expect(() => client.batch.getHandle("")).toThrow(ValueError);
  });
});
