/** Updates from end to end: a client, the service and workflow code, with encryption between them. */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import {
  ApplicationFailure,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from "../../../src/sdk/client/index.ts";
import {
  account,
  closeAccount,
  deposit,
  depositSlowly,
  echoed,
  moveOn,
  mutate,
  setUpdateHandlerAndExit,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory } from "./kit.ts";

async function causeOf(promise: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  expect(error.cause).toBeInstanceOf(ApplicationFailure);
  return error.cause as ApplicationFailure;
}

describe("an update of a workflow", () => {
  it("changes it and returns what its handler returns", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("deposit") });
    expect(await handle.executeUpdate(deposit, { args: [5] })).toBe(5);
    expect(await handle.executeUpdate(deposit, { args: [7] })).toBe(12);
    expect(await handle.executeUpdate(echoed, { args: ["hello"] })).toBe("hello");
    await handle.signal(closeAccount);
    expect(await handle.result()).toBe(12);
    expect(historyProblems(await storedHistory(handle.workflowId))).toEqual([]);
  });

  it("that its validator rejects leaves no event", async () => {
    const workflowId = freshId("validated");
    const handle = await client.workflow.start(account, { workflowId });
    await handle.executeUpdate(deposit, { args: [1] });
    const before = await eventTypes(workflowId);
    for (let tries = 0; tries < 3; tries += 1) {
      const cause = await causeOf(handle.executeUpdate(deposit, { args: [-1] }));
      expect(cause.message).toBe("no negative amounts");
    }
    expect(await eventTypes(workflowId)).toEqual(before);
    expect(await handle.executeUpdate(deposit, { args: [2] })).toBe(3);
    await handle.signal(closeAccount);
    expect(await handle.result()).toBe(3);
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
  });

  it("that its handler fails tells its caller why, and the workflow goes on", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("failing") });
    const cause = await causeOf(handle.executeUpdate(deposit, { args: [10] }));
    expect(cause).toMatchObject({ message: "ten is too round", type: "TooRound" });
    expect(await handle.executeUpdate(deposit, { args: [11] })).toBe(11);
  });

  it("without a handler is rejected", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("unknown") });
    const cause = await causeOf(handle.executeUpdate("unheardOf"));
    expect(cause.message).toContain("unheardOf");
  });

  it("runs once under one id, however often it is sent", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("once") });
    const options = { args: [5] as const, updateId: "the same" } as const;
    const results = await Promise.all([1, 2, 3].map(() => handle.executeUpdate(deposit, { ...options, args: [5] })));
    expect(results).toEqual([5, 5, 5]);
    expect(await handle.getUpdateHandle<number>("the same").result()).toBe(5);
  });

  it("is accepted first and waited for later, though the object slept in between", async () => {
    const workflowId = freshId("slow");
    const handle = await client.workflow.start(account, { workflowId });
    const update = await handle.startUpdate(depositSlowly, { args: [5], waitForStage: "ACCEPTED" });
    const result = update.result();
    await evictDurableObject(objectOf(workflowId));
    expect(await result).toBe(5);
    expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
  });

  it("that is open when the workflow ends fails, and one that comes later finds no workflow", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("ends") });
    const update = await handle.startUpdate(depositSlowly, { args: [5], waitForStage: "ACCEPTED" });
    await handle.signal(closeAccount);
    expect(await causeOf(update.result())).toMatchObject({ type: "AcceptedUpdateCompletedWorkflow" });
    expect(await handle.result()).toBe(0);
    expect(await rejectionOf(handle.executeUpdate(deposit, { args: [1] }))).toBeInstanceOf(WorkflowNotFoundError);
  });

  it("reaches the run that the workflow has continued as", async () => {
    const handle = await client.workflow.start(account, { workflowId: freshId("moved") });
    await handle.executeUpdate(deposit, { args: [5] });
    const current = client.workflow.getHandle(handle.workflowId);
    const [, total] = await Promise.all([handle.signal(moveOn), current.executeUpdate(deposit, { args: [1] })]);
    expect(total).toBe(6);
    await current.signal(closeAccount);
    expect(await current.result()).toBe(6);
  });

  describe.each(["after", "before"])("is not lost when the object dies right %s commit", (when) => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])("%i", async (commit) => {
      const workflowId = freshId(`crash-${when}-commit-${commit}-`);
      const handle = await client.workflow.start(account, { workflowId });
      const [fast, slow, activity] = await Promise.all([
        handle.executeUpdate(deposit, { args: [1] }),
        handle.executeUpdate(depositSlowly, { args: [20] }),
        handle.executeUpdate(echoed, { args: ["hello"] }),
        causeOf(handle.executeUpdate(deposit, { args: [-1] })),
      ]);
      expect({ fast, slow, activity }).toEqual({ fast: 1, slow: 21, activity: "hello" });
      await handle.signal(closeAccount);
      expect(await handle.result()).toBe(21);
      const types = await eventTypes(workflowId);
      expect(types.filter((type) => type === "WorkflowExecutionUpdateAccepted")).toHaveLength(3);
      expect(types.filter((type) => type === "WorkflowExecutionUpdateCompleted")).toHaveLength(3);
      expect(historyProblems(await storedHistory(workflowId))).toEqual([]);
    });
  });
});

describe("an update with start", () => {
  it("is in the first task, before the workflow has gone past its handler", async () => {
    const startWorkflowOperation = new WithStartWorkflowOperation(setUpdateHandlerAndExit, {
      workflowId: freshId("first-task"),
      taskQueue: "default",
      workflowIdConflictPolicy: "FAIL",
    });
    const options = { startWorkflowOperation, args: ["mutated-by-update"] as [string] };
    expect(await client.workflow.executeUpdateWithStart(mutate, options)).toBe("updated");
    const handle = await startWorkflowOperation.workflowHandle();
    expect(await handle.result()).toBe("mutated-by-update");
  });

  it("goes to the workflow that is there, or says that it must not", async () => {
    const workflowId = freshId("there");
    await client.workflow.start(account, { workflowId });
    const operation = (workflowIdConflictPolicy: "USE_EXISTING" | "FAIL") =>
      new WithStartWorkflowOperation(account, {
        workflowId,
        taskQueue: "default",
        workflowIdConflictPolicy,
        args: [0],
      });
    const used = operation("USE_EXISTING");
    expect(await client.workflow.executeUpdateWithStart(deposit, { startWorkflowOperation: used, args: [5] })).toBe(5);
    const refused = operation("FAIL");
    const call = client.workflow.executeUpdateWithStart(deposit, { startWorkflowOperation: refused, args: [5] });
    expect(await rejectionOf(call)).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    expect(await client.workflow.getHandle(workflowId).executeUpdate(deposit, { args: [1] })).toBe(6);
  });
});
