// How an application finds the service's batch operations, and how it addresses a job.
import { describe, expect, it } from "vitest";

import type { BatchOperationRpc } from "../../src/core/batch-protocol.ts";
import { accepted } from "../../src/core/rejection.ts";
import { batchOperations } from "../../src/worker/batch-adapter.ts";
import type { ExecutionNamespace } from "../../src/worker/service-adapter.ts";
import { findBatchOperations } from "../../src/worker/service-lookup.ts";

function objects(rpc: Partial<BatchOperationRpc>): ExecutionNamespace & { readonly asked: string[] } {
  const asked: string[] = [];
  const getByName = (name: string) => {
    asked.push(name);
    return rpc as unknown as ReturnType<ExecutionNamespace["getByName"]>;
  };
  return { asked, getByName };
}

describe("a job's object", () => {
  it("is addressed by namespace and job id, anew for every call", async () => {
    const found = objects({ add: async ({ from }) => accepted({ received: from + 1 }) });
    const job = batchOperations(() => found)("default", "job-1");
    expect(await job.add({ version: 1, from: 0, targets: [{ workflowId: "a" }] })).toEqual(accepted({ received: 1 }));
    expect(await job.add({ version: 1, from: 1, targets: [{ workflowId: "b" }] })).toEqual(accepted({ received: 2 }));
    expect(found.asked).toEqual(["default/job-1", "default/job-1"]);
  });

  it("has every method of the contract", async () => {
    const answer = async (): Promise<never> => {
      throw new Error("asked");
    };
    const methods = ["begin", "add", "run", "describe", "failures", "stop"] as const;
    const job = batchOperations(() => objects(Object.fromEntries(methods.map((name) => [name, answer]))))("d", "j");
    expect(Object.keys(job).toSorted()).toEqual([...methods].toSorted());
    for (const name of methods) await expect(job[name]({} as never)).rejects.toThrow("asked");
  });
});

describe("the batch operations of a service", () => {
  it("are those of the binding before those of the Worker's own exports", () => {
    const [bound, exported] = [objects({}), objects({})];
    expect(findBatchOperations({ BATCH_OPERATION: bound }, { exports: { BatchOperation: exported } })).toBe(bound);
    expect(findBatchOperations({}, { exports: { BatchOperation: exported } })).toBe(exported);
  });

  it("are looked for only when a job is asked for, and then it is said what to export or bind", () => {
    const batches = batchOperations(() => findBatchOperations({}, { exports: {} }));
    expect(() => batches("default", "job-1")).toThrow(
      /export BatchOperation .*new_sqlite_classes.*BATCH_OPERATION .*script_name/,
    );
  });
});
