/** Updates: their request, the waiting for them over lost connections, how they end, and how they start a workflow. */
import { describe, expect, test } from "vitest";

import { ApplicationFailure, decodeValues, encodeError, encodeValues } from "../../src/codec/index.ts";
import type { StartReply, UpdateReply, UpdateRequest } from "../../src/core/protocol.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  ServiceError,
  ValueError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
} from "../../src/sdk/client/index.ts";
import { defineUpdate } from "../../src/sdk/workflow/index.ts";
import { encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const addItem = defineUpdate<number, [item: string, count: number]>("addItem");
const checkOut = defineUpdate<string>("checkOut");
const UPDATE_ID = "update-1";
const PLACE = { runId: "run-0", updateId: UPDATE_ID } as const;
const lost = transportError("lost", { retryable: true });
const brokenWatch = new Error("WebSocket closed before the outcome came: 1006");

function at(stage: UpdateReply["stage"], rest: Partial<UpdateReply> = {}) {
  return accepted<UpdateReply>({
    runId: "run-1",
    originalExecutionRunId: "run-0",
    updateId: UPDATE_ID,
    stage,
    ...rest,
  });
}

async function completed(value: unknown, updateId = UPDATE_ID) {
  const success = await encodeValues(encoding, { kind: "update-result", runId: "run-0", updateId }, [value]);
  return at("COMPLETED", { outcome: { success: success ?? { payloads: [] } } });
}

async function failed(message: string) {
  const error = ApplicationFailure.nonRetryable(message, "Refused", 7);
  return at("COMPLETED", {
    outcome: { failure: await encodeError(encoding, { kind: "update-failure", ...PLACE }, error) },
  });
}

function argsOf(request: Pick<UpdateRequest, "updateName" | "updateId" | "args"> | undefined) {
  const { updateName = "", updateId = "", args } = request ?? {};
  return decodeValues(encoding, { kind: "update", updateName, updateId }, args);
}

describe("executeUpdate", () => {
  test("sends name, arguments and id, and gives the handler's result, both encrypted for this update", async () => {
    const { client, service } = scriptedClient({ update: [lost, await completed(5)] });
    const handle = client.workflow.getHandle(WORKFLOW_ID, "run-1");
    expect(await handle.executeUpdate(addItem, { args: ["book", 2], updateId: UPDATE_ID })).toBe(5);
    const [first, second] = service.requests("update");
    expect(second).toEqual(first);
    expect(first).toMatchObject({
      version: 1,
      runId: "run-1",
      updateName: "addItem",
      updateId: UPDATE_ID,
      waitForStage: "COMPLETED",
      identity: "holdfast-client",
    });
    expect(JSON.stringify(first)).not.toContain(btoa('"book"'));
    expect(await argsOf(first)).toEqual(["book", 2]);
  });

  test("makes an id of its own where none is given", async () => {
    const { client, service } = scriptedClient({ update: [await completed("done", "id-1")] });
    expect(await client.workflow.getHandle(WORKFLOW_ID).executeUpdate(checkOut)).toBe("done");
    expect(service.requests("update")[0]).toMatchObject({ updateId: "id-1" });
    expect(service.requests("update")[0]).not.toHaveProperty("args");
  });

  test("watches an update that takes long, in the run that has it", async () => {
    const { client, service } = scriptedClient({ update: [at("ACCEPTED")], watchUpdate: [await completed(5)] });
    const options = { args: ["book", 2], updateId: UPDATE_ID } as const;
    expect(await client.workflow.getHandle(WORKFLOW_ID).executeUpdate(addItem, options)).toBe(5);
    expect(service.calls.map(({ method }) => method)).toEqual(["update", "watchUpdate"]);
    expect(service.calls[1]?.request).toEqual({
      version: 1,
      runId: "run-1",
      updateId: UPDATE_ID,
      waitForStage: "COMPLETED",
    });
  });

  test("goes on through any number of lost connections, and asks after each", async () => {
    const { client, service, delaysMs } = scriptedClient({
      update: [at("ACCEPTED")],
      pollUpdate: [at("ACCEPTED")],
      watchUpdate: [...Array.from({ length: 30 }, () => brokenWatch), await completed("at last")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.executeUpdate(checkOut, { updateId: UPDATE_ID })).toBe("at last");
    expect(service.requests("pollUpdate")).toHaveLength(30);
    expect(delaysMs).toHaveLength(30);
    expect(Math.max(...delaysMs)).toBe(5_000);
  });

  test("asks, after a pause, when a watch ended early", async () => {
    const { client, service, delaysMs } = scriptedClient({
      update: [at("ACCEPTED")],
      watchUpdate: [at("ACCEPTED")],
      pollUpdate: [await completed("done")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.executeUpdate(checkOut, { updateId: UPDATE_ID })).toBe("done");
    expect(service.calls.map(({ method }) => method)).toEqual(["update", "watchUpdate", "pollUpdate"]);
    expect(delaysMs).toHaveLength(1);
  });

  test("learns of an end that came while the connection was down", async () => {
    const { client } = scriptedClient({
      update: [at("ACCEPTED")],
      watchUpdate: [brokenWatch],
      pollUpdate: [await completed("meanwhile")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.executeUpdate(checkOut, { updateId: UPDATE_ID })).toBe("meanwhile");
  });

  test("sends an update again, the very same, until the workflow has accepted it", async () => {
    const { client, service } = scriptedClient({
      update: [at("ADMITTED"), lost, at("ADMITTED"), await completed("done")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.executeUpdate(checkOut, { updateId: UPDATE_ID })).toBe("done");
    const requests = service.requests("update");
    expect(requests).toHaveLength(4);
    expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1);
  });

  test("follows to the next run an update that its run took back", async () => {
    const { client, service } = scriptedClient({
      update: [rejected("UpdateAborted", "the run ended"), await completed("done")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.executeUpdate(checkOut, { updateId: UPDATE_ID })).toBe("done");
    expect(service.requests("update")).toHaveLength(2);
  });

  test("fails with what the validator or the handler threw", async () => {
    const { client } = scriptedClient({ update: [await failed("out of stock")] });
    const updating = client.workflow.getHandle(WORKFLOW_ID).executeUpdate(checkOut, { updateId: UPDATE_ID });
    await expect(updating).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    await expect(updating).rejects.toMatchObject({
      message: "Workflow Update failed",
      cause: { message: "out of stock", type: "Refused", details: [7] },
    });
  });

  test.each(["WorkflowAlreadyCompleted", "UpdateAborted"] as const)(
    "of a workflow that ended before it accepted the update is a WorkflowNotFoundError (%s)",
    async (code) => {
      const { client } = scriptedClient({ update: [rejected(code, "too late")] });
      const updating = client.workflow.getHandle(WORKFLOW_ID).executeUpdate(checkOut);
      await expect(updating).rejects.toBeInstanceOf(WorkflowNotFoundError);
      await expect(updating).rejects.toThrow("workflow execution already completed");
    },
  );

  test("that gets no answer says that the update may go on", async () => {
    const { client } = scriptedClient({ update: [new Error("Network connection lost.")] });
    const updating = client.workflow.getHandle(WORKFLOW_ID).executeUpdate(checkOut);
    await expect(updating).rejects.toBeInstanceOf(WorkflowUpdateRPCTimeoutOrCancelledError);
    await expect(updating).rejects.toBeInstanceOf(ServiceError);
  });

  test("does not hide an error of the watch that another connection would not mend", async () => {
    const { client } = scriptedClient({ update: [at("ACCEPTED")], watchUpdate: [new TypeError("bug")] });
    const updating = client.workflow.getHandle(WORKFLOW_ID).executeUpdate(checkOut);
    await expect(updating).rejects.toThrow("bug");
  });

  test.each([
    ["an empty update id", "checkOut", { updateId: "" }, "updateId must not be empty"],
    ["an empty name", "", {}, "updateName must not be empty"],
  ] as const)("with %s addresses no object", async (_what, name, options, message) => {
    const { client, service } = scriptedClient({});
    await expect(client.workflow.getHandle(WORKFLOW_ID).executeUpdate(name, options)).rejects.toThrow(message);
    expect(service.calls).toEqual([]);
  });
});

describe("startUpdate", () => {
  const options = { waitForStage: WorkflowUpdateStage.ACCEPTED, updateId: UPDATE_ID } as const;

  test("gives a handle once the update is accepted; its result is waited for when asked", async () => {
    const { client, service } = scriptedClient({ update: [at("ACCEPTED")], watchUpdate: [await completed(5)] });
    const update = await client.workflow.getHandle(WORKFLOW_ID).startUpdate(addItem, { ...options, args: ["book", 1] });
    expect(update).toMatchObject({ updateId: UPDATE_ID, workflowId: WORKFLOW_ID, workflowRunId: "run-1" });
    expect(service.requests("update")[0]).toMatchObject({ waitForStage: "ACCEPTED" });
    expect(service.calls).toHaveLength(1);
    expect(await update.result()).toBe(5);
    expect(await update.result()).toBe(5);
  });

  test("of an update that has ended needs no further request for its result", async () => {
    const { client, service } = scriptedClient({ update: [await completed("done")] });
    const update = await client.workflow.getHandle(WORKFLOW_ID).startUpdate(checkOut, options);
    expect(await update.result()).toBe("done");
    expect(service.calls).toHaveLength(1);
  });

  test("of a rejected update resolves, and its result rejects", async () => {
    const { client } = scriptedClient({ update: [await failed("not today")] });
    const update = await client.workflow.getHandle(WORKFLOW_ID).startUpdate(checkOut, options);
    await expect(update.result()).rejects.toMatchObject({ cause: { message: "not today" } });
  });

  test("a handle from start sends to its chain of runs only", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      update: [await completed("done")],
    });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    await handle.executeUpdate(checkOut, { updateId: UPDATE_ID });
    expect(service.requests("update")[0]).toMatchObject({ firstExecutionRunId: "run-1" });
    expect(service.requests("update")[0]).not.toHaveProperty("runId");
  });

  test.each(["ADMITTED", "COMPLETED", undefined])("refuses to wait for %s", async (waitForStage) => {
    const { client, service } = scriptedClient({});
    const given = { waitForStage } as unknown as { readonly waitForStage: "ACCEPTED" };
    await expect(client.workflow.getHandle(WORKFLOW_ID).startUpdate(checkOut, given)).rejects.toBeInstanceOf(
      ValueError,
    );
    expect(service.calls).toEqual([]);
  });
});

describe("getUpdateHandle", () => {
  test("asks after an update of the run that is named, and waits for it", async () => {
    const { client, service } = scriptedClient({
      pollUpdate: [at("ADMITTED"), at("ACCEPTED")],
      watchUpdate: [await completed("done")],
    });
    const update = client.workflow
      .getHandle(WORKFLOW_ID)
      .getUpdateHandle<string>(UPDATE_ID, { workflowRunId: "run-1" });
    expect(await update.result()).toBe("done");
    expect(service.requests("pollUpdate")[0]).toEqual({
      version: 1,
      runId: "run-1",
      updateId: UPDATE_ID,
      waitForStage: "COMPLETED",
    });
    expect(service.calls.map(({ method }) => method)).toEqual(["pollUpdate", "pollUpdate", "watchUpdate"]);
  });

  test("without a run keeps to the one that answered first", async () => {
    const { client, service } = scriptedClient({
      pollUpdate: [at("ACCEPTED"), await completed("done")],
      watchUpdate: [brokenWatch],
    });
    const update = client.workflow.getHandle(WORKFLOW_ID).getUpdateHandle<string>(UPDATE_ID);
    expect(update.workflowRunId).toBeUndefined();
    expect(await update.result()).toBe("done");
    expect(service.requests("pollUpdate").map(({ runId }) => runId)).toEqual([undefined, "run-1"]);
  });

  test("of an unknown update rejects with a WorkflowNotFoundError", async () => {
    const { client } = scriptedClient({ pollUpdate: [rejected("UpdateNotFound", "no update 'x'")] });
    const result = client.workflow.getHandle(WORKFLOW_ID).getUpdateHandle("x").result();
    await expect(result).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(result).rejects.toThrow("no update 'x'");
  });

  test("of a malformed id throws", () => {
    const { client } = scriptedClient({});
    expect(() => client.workflow.getHandle(WORKFLOW_ID).getUpdateHandle("")).toThrow("updateId must not be empty");
  });
});

describe("update with start", () => {
  const start: StartReply = { runId: "run-1", firstExecutionRunId: "run-0", started: false };
  const pair = (update: ReturnType<typeof at>) => accepted({ start, update: update.ok ? update.value : ({} as never) });
  const operation = () =>
    new WithStartWorkflowOperation(async (_customer: string) => "done", {
      workflowId: WORKFLOW_ID,
      args: ["alice"],
      workflowIdConflictPolicy: "USE_EXISTING",
    });
  const named = () =>
    new WithStartWorkflowOperation("cart", {
      workflowId: WORKFLOW_ID,
      workflowIdConflictPolicy: "USE_EXISTING",
      args: ["alice"],
    });

  test("sends both as one request, and gives the result and a handle of the workflow", async () => {
    const { client, service } = scriptedClient({
      updateWithStart: [lost, pair(await completed(5))],
      terminate: [accepted({ runId: "run-1" })],
    });
    const startWorkflowOperation = named();
    const options = { startWorkflowOperation, args: ["book", 2], updateId: UPDATE_ID } as const;
    expect(await client.workflow.executeUpdateWithStart(addItem, options)).toBe(5);
    const [first, second] = service.requests("updateWithStart");
    expect(second).toEqual(first);
    expect(first?.start).toMatchObject({ workflowType: "cart", workflowIdConflictPolicy: "USE_EXISTING" });
    expect(await decodeValues(encoding, { kind: "workflow-input" }, first?.start.input)).toEqual(["alice"]);
    expect(first?.update).toMatchObject({ updateName: "addItem", waitForStage: "COMPLETED" });
    expect(await argsOf(first?.update)).toEqual(["book", 2]);
    const handle = await startWorkflowOperation.workflowHandle();
    await handle.terminate();
    expect(service.requests("terminate")[0]).toMatchObject({ firstExecutionRunId: "run-0" });
  });

  test("gives the workflow's handle while the update is not accepted yet", async () => {
    const startWorkflowOperation = named();
    let handleCameFirst = false;
    const { client } = scriptedClient({
      updateWithStart: [
        pair(at("ADMITTED")),
        async () => {
          handleCameFirst = (await startWorkflowOperation.workflowHandle()).workflowId === WORKFLOW_ID;
          return pair(at("ACCEPTED"));
        },
      ],
      watchUpdate: [await completed("done")],
    });
    const update = await client.workflow.startUpdateWithStart(checkOut, {
      startWorkflowOperation,
      updateId: UPDATE_ID,
      waitForStage: "ACCEPTED",
    });
    expect(handleCameFirst).toBe(true);
    expect(update.workflowRunId).toBe("run-1");
    expect(await update.result()).toBe("done");
  });

  test("keeps the handle when the update fails", async () => {
    const startWorkflowOperation = named();
    const { client } = scriptedClient({ updateWithStart: [pair(await failed("no"))] });
    const updating = client.workflow.executeUpdateWithStart(checkOut, { startWorkflowOperation, updateId: UPDATE_ID });
    await expect(updating).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
    expect((await startWorkflowOperation.workflowHandle()).workflowId).toBe(WORKFLOW_ID);
  });

  test("whose start is refused rejects both", async () => {
    const startWorkflowOperation = named();
    const { client } = scriptedClient({ updateWithStart: [rejected("WorkflowAlreadyStarted", "in the way")] });
    const updating = client.workflow.executeUpdateWithStart(checkOut, { startWorkflowOperation });
    await expect(updating).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await expect(updating).rejects.toMatchObject({ workflowId: WORKFLOW_ID, workflowType: "cart" });
    await expect(startWorkflowOperation.workflowHandle()).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
  });

  test("uses its operation once", async () => {
    const startWorkflowOperation = named();
    const { client, service } = scriptedClient({ updateWithStart: [pair(await completed("done"))] });
    const options = { startWorkflowOperation, updateId: UPDATE_ID };
    await client.workflow.executeUpdateWithStart(checkOut, options);
    await expect(client.workflow.executeUpdateWithStart(checkOut, options)).rejects.toThrow(
      "This WithStartWorkflowOperation instance has already been executed.",
    );
    expect(service.calls).toHaveLength(1);
  });

  test("names a workflow by its function, and refuses one without a name or a conflict policy", async () => {
    const { client, service } = scriptedClient({});
    const nameless = client.workflow.executeUpdateWithStart(checkOut, { startWorkflowOperation: operation() });
    await expect(nameless).rejects.toThrow("A workflow must be named");
    const options = { workflowId: WORKFLOW_ID } as { workflowId: string; workflowIdConflictPolicy: "FAIL" };
    const careless = new WithStartWorkflowOperation("cart", options);
    await expect(
      client.workflow.executeUpdateWithStart(checkOut, { startWorkflowOperation: careless }),
    ).rejects.toThrow("workflowIdConflictPolicy");
    expect(service.calls).toEqual([]);
  });
});
