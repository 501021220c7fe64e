import { describe, expect, test } from "vitest";

import { Client } from "../../../src/sdk/client/index.ts";
import { MemoryBatches } from "../memory-batches.ts";
import { dataConverter } from "../scripted-client.ts";
import { recordedTiming, ScriptedService } from "../scripted-service.ts";
import { approveAll, notApproved, runAnew, stopBatch } from "./batches.ts";
import { codeBlocks, published } from "./doc-examples.ts";

function batchClient() {
  const batches = new MemoryBatches();
  const service = Object.assign(new ScriptedService({}), { batchOperation: batches.batchOperation });
  const { timing } = recordedTiming();
  return { client: new Client({ service, dataConverter }, { timing, newId: () => "id" }), batches };
}

async function* transferIds(): AsyncGenerator<string> {
  yield* ["transfer-1", "transfer-2"];
}

describe("the example of docs/concepts/batch-operations.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/batch-operations.md")).toContain(published("test/client/examples/batches.ts"));
  });

  test("approves, and says what could not be", async () => {
    const { client, batches } = batchClient();
    const jobId = await approveAll(client, "2026-11-21", transferIds());
    expect(jobId).toBe("approve-2026-11-21");
    expect(await approveAll(client, "2026-11-21", transferIds())).toBe(jobId);
    expect(batches.list.map(({ workflowId }) => workflowId)).toEqual(["transfer-1", "transfer-2"]);
    const job = batches.jobs.get(jobId);
    if (!job) throw new Error("no job was begun");
    batches.jobs.set(jobId, { ...job, state: "completed", closedMs: batches.nowMs, completed: 1, failed: 1, next: 2 });
    const message = "no such workflow";
    batches.failures.push({ workflowId: "transfer-2", code: "WorkflowNotFound", message, attempts: 1 });
    expect(await notApproved(client, jobId)).toEqual(["1 could not be approved", "transfer-2: WorkflowNotFound"]);
  });

  test("runs workflows anew", async () => {
    const { client, batches } = batchClient();
    await runAnew(client, "fees", ["transfer-1"]);
    expect(batches.begins).toMatchObject([{ action: { kind: "reset" }, requestsPerSecond: 50 }]);
    expect(await stopBatch(client, "fees")).toBe(0);
    expect(await stopBatch(client, "no-such-job")).toBeUndefined();
  });
});
