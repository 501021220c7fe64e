/** Chance, time and names inside workflow code: the same in every replay, and no run's business but its own. */
import { describe, expect, it } from "vitest";

import { sessionsOpened } from "../fixtures/application.ts";
import { drawsAtEveryStep, namesNoChild } from "../fixtures/workflows.ts";
import { expectToReplay } from "./authoring-kit.ts";
import { client, freshId, objectOf, rejectionOf, storedHistory } from "./kit.ts";
import { ofType } from "./program-kit.ts";

describe("chance and time", () => {
  it("are the same after every session was lost, in runs that go on side by side", async () => {
    const ids = ["break-session-left", "break-session-right", "steady"].map(freshId);
    const results = await Promise.all(
      ids.map(async (workflowId) => await client.workflow.execute(drawsAtEveryStep, { workflowId, args: [4] })),
    );
    for (const { recorded, remembered } of results) expect(recorded).toEqual(remembered);
    const drawn = results.flatMap(({ remembered }) => remembered.map((text) => text.split(" ").slice(0, 3).join(" ")));
    expect(new Set(drawn).size).toBe(36);
    expect(sessionsOpened.get(ids[0] ?? "")).toBeGreaterThan(10);
    expect(sessionsOpened.get(ids[2] ?? "")).toBe(1);
    for (const workflowId of ids) await expectToReplay(workflowId);
  });

  it("are the same when the object dies in between", async () => {
    const workflowId = freshId("dies-in-between");
    const handle = await client.workflow.start(drawsAtEveryStep, { workflowId, args: [6] });
    for (let death = 0; death < 3; death += 1) {
      await rejectionOf(objectOf(workflowId).die());
      await handle.describe();
    }
    const { recorded, remembered } = await handle.result();
    expect(recorded).toEqual(remembered);
    expect(recorded).toHaveLength(18);
    await expectToReplay(workflowId);
  });
});

describe("children that nobody names", () => {
  it.each(["", "-break-session"])("keep the ids that chance gave them%s", async (fault) => {
    const workflowId = freshId(`namer${fault}`);
    const ids = await client.workflow.execute(namesNoChild, { workflowId, args: [3] });
    const initiated = ofType(await storedHistory(workflowId), "StartChildWorkflowExecutionInitiated");
    expect(initiated.map(({ attributes }) => attributes.workflowId)).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect((await client.workflow.getHandle(id).describe()).status.name).toBe("COMPLETED");
    await expectToReplay(workflowId);
  });
});
