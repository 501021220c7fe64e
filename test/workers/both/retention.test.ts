/** What is stored, and when it goes: by retention, on demand, and by no half. Read from the storage itself. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { Client, NamespaceNotFoundError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import { workflowService } from "../../../src/worker/service-adapter.ts";
import type { Command } from "../../../src/core/command.ts";
import type { Program } from "../fixtures/programs.ts";
import { programInput } from "../fixtures/programs.ts";
import { sums } from "../fixtures/workflows.ts";
import { client, freshId, rejectionOf, until } from "./kit.ts";
import {
  CANCEL,
  CHILD_CLOSED,
  CLOSED,
  COMPLETE,
  NEXT,
  begin,
  completes,
  executionOf,
  historyOf,
  historyWith,
  insist,
  ofType,
  signal,
  startChild,
  typesOf,
  waitsForASignal,
  waitsForItsCancellation,
} from "./program-kit.ts";

const FLEETING = "fleeting";
const signalRequest = (requestId = crypto.randomUUID()) => ({ version: 1, signalName: "hello", requestId }) as const;

async function report(workflowId: string, namespace?: string) {
  return await insist(async () => await executionOf(workflowId, namespace).storageReport());
}

/** Waits until nothing whatever is stored. */
async function expectNothing(workflowId: string, namespace?: string): Promise<void> {
  const last = await until(
    async () => await report(workflowId, namespace),
    ({ tables, alarmMs }) => tables.length === 0 && alarmMs === null,
  );
  expect(last).toMatchObject({ tables: [], rowsByRun: {}, keys: [], alarmMs: null });
}

/** The id answers as one that was never used, to everything. */
async function expectUnknown(workflowId: string, namespace?: string): Promise<void> {
  const execution = executionOf(workflowId, namespace);
  const replies = [
    await execution.describe({ version: 1 }),
    await execution.history({ version: 1 }),
    await execution.outcome({ version: 1 }),
    await execution.signal(signalRequest()),
    await execution.requestCancel({ version: 1, requestId: "cancel" }),
    await execution.terminate({ version: 1 }),
    await execution.deleteExecution({ version: 1 }),
    await execution.update({ version: 1, updateId: "u", updateName: "u", waitForStage: "ACCEPTED" }),
  ];
  for (const reply of replies) expect(reply).toMatchObject({ ok: false, rejection: { code: "WorkflowNotFound" } });
}

async function remove(workflowId: string, selector: object = {}, namespace?: string) {
  return await insist(
    async () => await executionOf(workflowId, namespace).deleteExecution({ version: 1, ...selector }),
  );
}

const found = { ok: true } as const;
const gone = { ok: false, rejection: { code: "WorkflowNotFound" } } as const;

/** One run for each signal, and a last one that stays open. */
function chainOf(runs: number): Program {
  let program: Program = waitsForItsCancellation;
  for (let run = 1; run < runs; run += 1)
    program = [{ until: ["WorkflowExecutionSignaled"], commands: [{ ...NEXT, input: programInput(program) }] }];
  return program;
}

async function signalsThrough(workflowId: string, runs: number, namespace?: string): Promise<string[]> {
  const runIds: string[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const described = await until(
      async () => await executionOf(workflowId, namespace).describe({ version: 1 }),
      (reply) => reply.ok && !runIds.includes(reply.value.runId),
    );
    if (described.ok) runIds.push(described.value.runId);
    if (run < runs) await executionOf(workflowId, namespace).signal(signalRequest());
  }
  return runIds;
}

describe("retention", () => {
  it("empties the storage of a workflow that has closed, and not before", async () => {
    const workflowId = freshId("fleeting");
    await begin(workflowId, completes, { namespace: FLEETING });
    await historyWith(CLOSED, workflowId, undefined, FLEETING);
    expect((await report(workflowId, FLEETING)).rowsByRun["1"]).toBeGreaterThan(0);
    await expectNothing(workflowId, FLEETING);
    await expectUnknown(workflowId, FLEETING);
    // Asking has left no trace either.
    await expectNothing(workflowId, FLEETING);
  });

  it("leaves an id that can be used as if it had never been", async () => {
    const workflowId = freshId("again");
    const again = { namespace: FLEETING, requestId: "the same", workflowIdReusePolicy: "REJECT_DUPLICATE" } as const;
    const first = await begin(workflowId, completes, again);
    await historyWith(CLOSED, workflowId, undefined, FLEETING);
    await expectNothing(workflowId, FLEETING);
    const second = await begin(workflowId, completes, again);
    expect(second).not.toBe(first);
    const events = await historyWith(CLOSED, workflowId, undefined, FLEETING);
    expect(ofType(events, "WorkflowExecutionStarted")[0]?.attributes).toMatchObject({ firstExecutionRunId: second });
    expect(Object.keys((await report(workflowId, FLEETING)).rowsByRun)).toEqual(["1"]);
    await expectNothing(workflowId, FLEETING);
  });

  it("takes the runs of an open chain one by one, and never the open one", async () => {
    const workflowId = freshId("chain");
    await begin(workflowId, chainOf(3), { namespace: FLEETING });
    const runIds = await signalsThrough(workflowId, 3, FLEETING);
    await until(
      async () => Object.keys((await report(workflowId, FLEETING)).rowsByRun),
      (runs) => runs.join() === "3",
    );
    const [first, second, third] = runIds;
    const execution = executionOf(workflowId, FLEETING);
    expect(await execution.describe({ version: 1, runId: first ?? "" })).toMatchObject(gone);
    expect(await execution.describe({ version: 1, runId: second ?? "" })).toMatchObject(gone);
    expect(await execution.describe({ version: 1, runId: third ?? "" })).toMatchObject(found);
    expect(await execution.describe({ version: 1 })).toMatchObject({
      value: { runId: third, firstExecutionRunId: first, status: "RUNNING" },
    });
    await execution.requestCancel({ version: 1, requestId: "cancel" });
    await expectNothing(workflowId, FLEETING);
  });

  it("survives the death of the object: what it leaves to be done is done by the alarm", async () => {
    const workflowId = freshId("dying");
    await begin(workflowId, completes, { namespace: FLEETING });
    await historyWith(CLOSED, workflowId, undefined, FLEETING);
    await executionOf(workflowId, FLEETING)
      .die()
      .catch(() => undefined);
    await expectNothing(workflowId, FLEETING);
  });

  it.each([1, 2, 3])("comes to its end though the object is killed after commit %i", async (commit) => {
    const workflowId = freshId(`crash-after-commit-${commit}-fleeting`);
    await begin(workflowId, chainOf(2), { namespace: FLEETING, requestId: "the same" });
    await insist(async () => await executionOf(workflowId, FLEETING).signal(signalRequest("the same signal")));
    await until(
      async () => await insist(async () => await executionOf(workflowId, FLEETING).describe({ version: 1 })),
      (reply) => reply.ok && reply.value.runId !== reply.value.firstExecutionRunId,
    );
    await insist(async () => await executionOf(workflowId, FLEETING).terminate({ version: 1 }));
    await expectNothing(workflowId, FLEETING);
  });

  it("waits until the parent has heard of the end", async () => {
    const [parent, child] = [freshId("parent"), freshId("lose-call-child")];
    await begin(parent, [
      { commands: [startChild(child, completes, { namespace: FLEETING })] },
      { until: CHILD_CLOSED, commands: [COMPLETE] },
    ]);
    const events = await historyWith(CLOSED, parent);
    expect(ofType(events, "ChildWorkflowExecutionCompleted")).toHaveLength(1);
    await expectNothing(child, FLEETING);
  });

  it.each([
    ["set", "its next alarm", [1, 1]],
    ["not set", "an alarm", [2, 0]],
  ] as const)("costs a workflow one row, where an alarm is %s when it closes: %s", async (alarm, _row, rows) => {
    const workflowId = freshId("rows-without-bucket");
    const timer: Command = { commandType: "StartTimer", timerId: "t", startToFireTimeoutMs: 60_000 };
    await begin(workflowId, alarm === "set" ? [{ commands: [timer] }] : waitsForASignal);
    await historyWith(["WorkflowTaskCompleted"], workflowId);
    const execution = executionOf(workflowId);
    const written = [await execution.rowsWritten()];
    await execution.terminate({ version: 1 });
    written.push(await execution.rowsWritten());
    if (alarm === "set") await execution.ring();
    written.push(await execution.rowsWritten());
    // The first is the event that ends it.
    expect(written.slice(1).map((count, index) => count - (written[index] ?? 0))).toEqual(rows);
  });

  it("is three days where nothing else is said", async () => {
    const workflowId = freshId("default-without-bucket");
    await begin(workflowId, waitsForASignal);
    await historyWith(["WorkflowTaskCompleted"], workflowId);
    const execution = executionOf(workflowId);
    await execution.terminate({ version: 1 });
    await execution.ring();
    const described = await execution.describe({ version: 1 });
    const closeTimeMs = described.ok ? (described.value.closeTimeMs ?? 0) : 0;
    const rows = await execution.rowsWritten();
    expect((await execution.storageReport()).alarmMs).toBe(closeTimeMs + 3 * 86_400_000);
    // A wake that finds nothing to do writes nothing.
    await execution.describe({ version: 1 });
    expect(await execution.rowsWritten()).toBe(rows);
  });
});

describe("deleting", () => {
  it.each(["with", "without"])("a closed workflow empties its storage: %s a bucket of payloads", async (how) => {
    const workflowId = freshId(`closed-${how}-bucket`);
    await begin(workflowId, completes);
    const events = await historyWith(CLOSED, workflowId);
    const runId = ofType(events, "WorkflowExecutionStarted")[0]?.attributes.firstExecutionRunId;
    expect(await remove(workflowId)).toEqual({ ok: true, value: { runId } });
    await expectUnknown(workflowId);
    await expectNothing(workflowId);
    expect(await remove(workflowId)).toMatchObject(gone);
  });

  it("an open workflow terminates it first, and tells those who wait for its end", async () => {
    const workflowId = freshId("open");
    const service = workflowService(env.WORKFLOW_EXECUTION);
    const runId = await begin(workflowId, waitsForASignal);
    const outcome = service.watchOutcome("default", workflowId, { version: 1 });
    await historyWith(["WorkflowTaskCompleted"], workflowId);
    expect(await remove(workflowId)).toMatchObject({ ok: true, value: { runId } });
    expect(await outcome).toMatchObject({
      ok: true,
      value: { kind: "terminated", reason: "Delete workflow execution" },
    });
    await expectUnknown(workflowId);
    await expectNothing(workflowId);
  });

  it("one that is at work takes back the task that is with its worker", async () => {
    const workflowId = freshId("at-work");
    const deaths = Array.from({ length: 10 }, async (_unused, index) => {
      const id = `${workflowId}-${index}`;
      await begin(id, waitsForASignal);
      await executionOf(id).signal(signalRequest());
      await remove(id);
      await expectNothing(id);
    });
    await Promise.all(deaths);
  });

  it("an open workflow with a parent and children tells them before its storage goes, though it dies", async () => {
    const [parent, middle, child] = [freshId("parent"), freshId("lose-call-middle"), freshId("child")];
    await begin(parent, [
      { commands: [startChild(middle, [{ commands: [startChild(child, waitsForItsCancellation)] }])] },
      { until: CHILD_CLOSED, commands: [COMPLETE] },
    ]);
    await historyWith(["ChildWorkflowExecutionStarted"], middle);
    expect(await remove(middle)).toMatchObject(found);
    await executionOf(middle)
      .die()
      .catch(() => undefined);
    await insist(async () => await expectUnknown(middle));
    expect(ofType(await historyWith(CLOSED, parent), "ChildWorkflowExecutionTerminated")).toHaveLength(1);
    expect(typesOf(await historyWith(CLOSED, child)).at(-1)).toBe("WorkflowExecutionTerminated");
    await expectNothing(middle);
  });

  it("frees the id at once, though the deleted run has something to deliver still", async () => {
    const [sender, target] = [freshId("lose-call-sender"), freshId("target")];
    await begin(target, waitsForASignal);
    await begin(sender, [{ commands: [signal(target)] }]);
    await historyWith(["SignalExternalWorkflowExecutionInitiated"], sender);
    expect(await remove(sender)).toMatchObject(found);
    const second = await begin(sender, waitsForASignal, { workflowIdReusePolicy: "REJECT_DUPLICATE" });
    expect(ofType(await historyWith(CLOSED, target), "WorkflowExecutionSignaled")).toHaveLength(1);
    await until(
      async () => Object.keys((await report(sender)).rowsByRun),
      (runs) => runs.join() === "2",
    );
    expect(await executionOf(sender).describe({ version: 1 })).toMatchObject({ value: { runId: second } });
    expect(typesOf(await historyOf(sender))).toEqual(["WorkflowExecutionStarted"]);
  });

  it("the current run of a chain leaves the earlier ones, under an id that is free", async () => {
    const workflowId = freshId("current");
    await begin(workflowId, chainOf(2));
    const [first = "", second = ""] = await signalsThrough(workflowId, 2);
    expect(await remove(workflowId)).toMatchObject({ value: { runId: second } });
    await until(
      async () => Object.keys((await report(workflowId)).rowsByRun),
      (runs) => !runs.includes("2"),
    );
    const execution = executionOf(workflowId);
    await expectUnknown(workflowId);
    expect(await execution.describe({ version: 1, runId: second })).toMatchObject(gone);
    expect(await execution.describe({ version: 1, runId: first })).toMatchObject({
      value: { runId: first, status: "CONTINUED_AS_NEW" },
    });
    expect(await execution.outcome({ version: 1, runId: first })).toMatchObject({ value: { kind: "continuedAsNew" } });
    await execution.die().catch(() => undefined);
    expect(await insist(async () => await executionOf(workflowId).describe({ version: 1 }))).toMatchObject(gone);
    const third = await begin(workflowId, waitsForASignal, { workflowIdReusePolicy: "REJECT_DUPLICATE" });
    expect([first, second]).not.toContain(third);
    expect(await executionOf(workflowId).describe({ version: 1, runId: first })).toMatchObject(found);
    expect(await remove(workflowId, { runId: first })).toMatchObject({ value: { runId: first } });
    expect(await remove(workflowId, { runId: first })).toMatchObject(gone);
    expect(await remove(workflowId, { firstExecutionRunId: first })).toMatchObject(gone);
    expect(await remove(workflowId, { firstExecutionRunId: third })).toMatchObject(found);
    await expectNothing(workflowId);
  });

  it("requests that come meanwhile find no run, and a start begins one that stays", async () => {
    const workflowId = freshId("slow-bucket");
    await begin(workflowId, completes);
    await historyWith(CLOSED, workflowId);
    await remove(workflowId);
    await until(
      async () => await executionOf(workflowId).bucketCalls(),
      (calls) => calls === 1,
    );
    await expectUnknown(workflowId);
    const second = await begin(workflowId, waitsForASignal, { workflowIdReusePolicy: "REJECT_DUPLICATE" });
    await until(
      async () => Object.keys((await report(workflowId)).rowsByRun),
      (runs) => runs.join() === "2",
    );
    expect(await executionOf(workflowId).describe({ version: 1 })).toMatchObject({ value: { runId: second } });
    await remove(workflowId);
    await expectNothing(workflowId);
  });

  it.each(["failing-bucket", "young-bucket", "slow-bucket"])(
    "waits for the payloads that are kept elsewhere: %s",
    async (fault) => {
      const workflowId = freshId(fault);
      await begin(workflowId, completes, { namespace: FLEETING });
      await historyWith(CLOSED, workflowId, undefined, FLEETING);
      await until(
        async () => await executionOf(workflowId, FLEETING).bucketCalls(),
        (calls) => calls === 1,
      );
      await expectUnknown(workflowId, FLEETING);
      expect((await report(workflowId, FLEETING)).tables).toEqual(["entry"]);
      await expectNothing(workflowId, FLEETING);
      expect(await executionOf(workflowId, FLEETING).bucketCalls()).toBe(fault === "slow-bucket" ? 1 : 2);
    },
  );

  it("goes on after the death of the object among the payloads", async () => {
    const workflowId = freshId("slow-bucket-dying");
    await begin(workflowId, completes);
    await historyWith(CLOSED, workflowId);
    await remove(workflowId);
    await executionOf(workflowId)
      .die()
      .catch(() => undefined);
    await insist(async () => await expectUnknown(workflowId));
    await expectNothing(workflowId);
  });

  it("through a handle is for its own run and chain only", async () => {
    const workflowId = freshId("handle");
    const handle = await client.workflow.start(sums, { workflowId });
    await handle.terminate();
    await begin(workflowId, waitsForASignal);
    expect(await rejectionOf(handle.delete())).toBeInstanceOf(WorkflowNotFoundError);
    await client.workflow.getHandle(workflowId, handle.firstExecutionRunId).delete();
    expect(
      await rejectionOf(client.workflow.getHandle(workflowId, handle.firstExecutionRunId).describe()),
    ).toBeInstanceOf(WorkflowNotFoundError);
    await client.workflow.getHandle(workflowId).delete();
    expect(await rejectionOf(client.workflow.getHandle(workflowId).result())).toBeInstanceOf(WorkflowNotFoundError);
    await expectNothing(workflowId);
  });
});

describe("a namespace that only the service's code knows", () => {
  it("exists, as others that it does not know do not", async () => {
    const workflowId = freshId("by-code");
    await begin(workflowId, completes, { namespace: "test-7" });
    expect(
      ofType(await historyWith(CLOSED, workflowId, undefined, "test-7"), "WorkflowExecutionCompleted"),
    ).toHaveLength(1);
    expect(await executionOf(workflowId, "tests-7").describe({ version: 1 })).toMatchObject({
      ok: false,
      rejection: { code: "NamespaceNotFound" },
    });
  });
});

describe("a namespace that is not configured", () => {
  const elsewhere = new Client({
    service: workflowService(env.WORKFLOW_EXECUTION),
    namespace: "nowhere",
    dataConverter: { payloadCodecs: [] },
  });

  it("is unknown to clients", async () => {
    const workflowId = freshId("nowhere");
    const handle = elsewhere.workflow.getHandle(workflowId);
    for (const refused of [
      () => elsewhere.workflow.start("program", { workflowId }),
      () => elsewhere.workflow.signalWithStart("program", { workflowId, signal: "hello" }),
      () => handle.signal("hello"),
      () => handle.cancel(),
      () => handle.terminate(),
      () => handle.delete(),
      () => handle.describe(),
      () => handle.fetchHistory(),
      () => handle.result(),
      () => handle.query("anything"),
      () => handle.executeUpdate("anything"),
      () => handle.pause(),
      () => handle.unpause(),
      () => handle.reset({ type: "FirstWorkflowTask" }),
      () => handle.activity("1").pause(),
      () => handle.activities().reset(),
      () => handle.subscribe().next(),
    ]) {
      const error = await rejectionOf(refused());
      expect(error).toBeInstanceOf(NamespaceNotFoundError);
      expect(error).toMatchObject({ namespace: "nowhere", message: "Namespace not found: 'nowhere'" });
    }
    expect(await report(workflowId, "nowhere")).toMatchObject({ tables: [], alarmMs: null });
  });

  it("is unknown to workflows, as their parent and as their correspondent", async () => {
    const workflowId = freshId("family");
    const namespace = "nowhere";
    await begin(workflowId, [
      { commands: [startChild(freshId("child"), completes, { namespace }), signal(freshId("other"), { namespace })] },
      {
        until: ["StartChildWorkflowExecutionFailed", "SignalExternalWorkflowExecutionFailed"],
        count: 2,
        commands: [CANCEL],
      },
    ]);
    const events = await historyWith(CLOSED, workflowId);
    expect(ofType(events, "StartChildWorkflowExecutionFailed")[0]?.attributes.cause).toBe("NAMESPACE_NOT_FOUND");
    expect(ofType(events, "SignalExternalWorkflowExecutionFailed")[0]?.attributes.cause).toBe("NAMESPACE_NOT_FOUND");
  });
});
