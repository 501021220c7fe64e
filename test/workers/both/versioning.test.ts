/** Workflow code that changes while workflows run: patches over several deploys, on sessions that replay every time. */
import { describe, expect, it } from "vitest";

import { changesItsMind, deploy, goOn, type Version, versioned } from "../fixtures/workflows.ts";
import { expectToReplay } from "./authoring-kit.ts";
import { client, eventTypes, freshId, rejectionOf, storedHistory, until } from "./kit.ts";
import { ofType } from "./program-kit.ts";

/** A run begun under a version, at rest in its midst. Its sessions are lost after every task. */
async function begunUnder(version: Version) {
  deploy(version);
  const workflowId = freshId(`break-session-${version}`);
  const handle = await client.workflow.start(versioned, { workflowId, args: [workflowId] });
  await until(
    async () => await handle.describe(),
    ({ pendingActivities, pendingWorkflowTask, historyLength }) =>
      pendingActivities.length === 0 && pendingWorkflowTask === undefined && historyLength > 7,
  );
  return handle;
}

async function markersOf(workflowId: string): Promise<number> {
  return ofType(await storedHistory(workflowId), "MarkerRecorded").length;
}

describe("a patch", () => {
  it("leaves old runs on the old way, takes new ones on the new way, and may go in two steps", async () => {
    const old = await begunUnder("old");
    const patched = await begunUnder("patched");
    await old.signal(goOn);
    // What the first step was told while it was replayed is not remembered: the second is live, and takes the new way.
    expect(await old.result()).toEqual([`old: ${old.workflowId}/first/old ran 1`, "new: shipped"]);
    expect(await markersOf(old.workflowId)).toBe(1);
    await patched.signal(goOn);
    expect(await patched.result()).toEqual(["new: shipped", "new: shipped"]);
    expect(await markersOf(patched.workflowId)).toBe(1);
    expect((await patched.describe()).searchAttributes).toEqual({ TemporalChangeVersion: ["ship-first"] });
    await Promise.all([old, patched].map(({ workflowId }) => expectToReplay(workflowId)));
  });

  it("may be deprecated while runs that have it go on", async () => {
    const patched = await begunUnder("patched");
    const deprecated = await begunUnder("deprecated");
    await patched.signal(goOn);
    expect(await patched.result()).toEqual(["new: shipped", "new: shipped"]);
    await expectToReplay(patched.workflowId);
    expect(await markersOf(deprecated.workflowId)).toBe(1);
    deploy("new");
    await deprecated.signal(goOn);
    expect(await deprecated.result()).toEqual(["new: shipped", "new: shipped"]);
    await expectToReplay(deprecated.workflowId);
  });

  it("that is gone too early fails the task of a run that has it, until it is back", async () => {
    const patched = await begunUnder("patched");
    deploy("new");
    await patched.signal(goOn);
    const described = await until(
      async () => await patched.describe(),
      ({ pendingWorkflowTask }) => (pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(described.pendingWorkflowTask?.lastFailureCause).toBe("NON_DETERMINISTIC_ERROR");
    expect(described.status.name).toBe("RUNNING");
    deploy("deprecated");
    expect(await patched.result()).toEqual(["new: shipped", "new: shipped"]);
    await expectToReplay(patched.workflowId);
  });
});

describe("a change without a patch", () => {
  it("fails the task, and the old code mends it", async () => {
    const old = await begunUnder("old");
    deploy("new");
    await old.signal(goOn);
    const described = await until(
      async () => await old.describe(),
      ({ pendingWorkflowTask }) => (pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(described.pendingWorkflowTask?.lastFailureCause).toBe("NON_DETERMINISTIC_ERROR");
    expect(described.pendingWorkflowTask?.lastFailure?.message).toMatch(/event 5/);
    deploy("old");
    expect(await old.result()).toHaveLength(2);
    const types = await eventTypes(old.workflowId);
    expect(types.filter((type) => type === "WorkflowTaskFailed")).toHaveLength(1);
    await expectToReplay(old.workflowId);
  });

  it("fails the workflow where the worker is told to", async () => {
    deploy("old");
    const workflowId = freshId("break-session-mind");
    const handle = await client.workflow.start(changesItsMind, { workflowId });
    await until(
      async () => (await eventTypes(workflowId)).filter((type) => type === "WorkflowTaskCompleted").length,
      (tasks) => tasks === 2,
    );
    deploy("new");
    await handle.signal(goOn);
    const error = await rejectionOf(handle.result());
    expect(error.cause).toMatchObject({ message: expect.stringContaining("Nondeterminism at event 5") as string });
    expect((await eventTypes(workflowId)).at(-1)).toBe("WorkflowExecutionFailed");
  });
});
