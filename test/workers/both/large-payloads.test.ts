/** Large payloads: kept in a bucket instead of the service's storage, and gone from it when their runs are. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { PayloadClaimError } from "../../../src/codec/index.ts";
import { addText, fleetingLargePayloads, largePayloads } from "../fixtures/large-payloads.ts";
import { freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";

const client = largePayloads.createClient(env, createExecutionContext());
const taskQueue = "large";
const text = (letter: string): string => letter.repeat(200_000);

/** Keys in the bucket that belong to a workflow id. */
async function keysOf(workflowId: string, namespace = "default"): Promise<readonly string[]> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(workflowId)));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const { objects } = await env.HOLDFAST_PAYLOADS.list({ prefix: `${namespace}/${hex}/` });
  return objects.map(({ key }) => key);
}

async function runIdOf(workflowId: string): Promise<string> {
  const reply = await objectOf(workflowId).describe({ version: 1 });
  if (!reply.ok) throw new Error(reply.rejection.message);
  return reply.value.runId;
}

async function remove(workflowId: string, runId?: string): Promise<void> {
  const reply = await objectOf(workflowId).deleteExecution({ version: 1, ...(runId === undefined ? {} : { runId }) });
  if (!reply.ok) throw new Error(reply.rejection.message);
}

const isEmpty = (keys: readonly string[]): boolean => keys.length === 0;

describe("large payloads", () => {
  it("are kept in the bucket, and go with the workflow", async () => {
    const workflowId = freshId("large");
    const handle = await client.workflow.start("passesLargeValues", { workflowId, taskQueue, args: [text("a")] });
    await handle.signal(addText, text("b"));
    expect(await handle.result()).toBe(text("a") + text("a") + text("b"));
    const stored = JSON.stringify(await storedHistory(workflowId));
    expect(stored.length).toBeLessThan(20_000);
    // Input, the activity's input and result, the signal, the result.
    expect(await keysOf(workflowId)).toHaveLength(5);
    await remove(workflowId);
    await until(() => keysOf(workflowId), isEmpty);
  });

  it("go when retention ends", async () => {
    const workflowId = freshId("large-fleeting");
    const fleeting = fleetingLargePayloads.createClient(env, createExecutionContext());
    const handle = await fleeting.workflow.start("passesLargeValues", { workflowId, taskQueue, args: [text("a")] });
    await handle.signal(addText, text("b"));
    expect(await keysOf(workflowId, "fleeting")).not.toEqual([]);
    expect(await handle.result()).toHaveLength(600_000);
    await until(() => keysOf(workflowId, "fleeting"), isEmpty);
    expect(await rejectionOf(handle.describe())).toMatchObject({ name: "WorkflowNotFoundError" });
  });

  it("are compared on replay by what they say, not by where they are", async () => {
    const workflowId = freshId("large-replayed");
    const handle = await client.workflow.start("passesLargeValues", { workflowId, taskQueue, args: [text("a")] });
    await until(
      () => storedHistory(workflowId),
      (events) => events.some((event) => event.eventType === "ActivityTaskCompleted"),
    );
    await objectOf(workflowId)
      .die()
      .catch(() => undefined);
    await handle.signal(addText, "b");
    expect(await handle.result()).toHaveLength(400_001);
    const events = await storedHistory(workflowId);
    expect(events.filter((event) => event.eventType === "WorkflowTaskFailed")).toEqual([]);
  });

  it("that runs share stay as long as one of the runs does", async () => {
    const workflowId = freshId("large-shared");
    const handle = await client.workflow.start("handsOn", {
      workflowId,
      taskQueue,
      args: [text("c"), 3],
      memo: { note: text("m") },
    });
    expect(await handle.result()).toBe(200_000);
    // The memo once, and an input for each of three runs.
    expect(await keysOf(workflowId)).toHaveLength(4);
    await remove(workflowId, handle.firstExecutionRunId);
    await until(
      () => keysOf(workflowId),
      (keys) => keys.length === 3,
    );
    expect((await client.workflow.getHandle(workflowId).describe()).memo).toEqual({ note: text("m") });
    const second = (await storedHistory(workflowId))[0];
    if (second?.eventType !== "WorkflowExecutionStarted") throw new Error("there is no run left");
    await remove(workflowId, second.attributes.continuedExecutionRunId);
    await until(
      () => keysOf(workflowId),
      (keys) => keys.length === 2,
    );
    await remove(workflowId);
    await until(() => keysOf(workflowId), isEmpty);
  });

  it("that a child answered stay until its parent has gone as well", async () => {
    const [workflowId, childId] = [freshId("large-parent"), freshId("large-child")];
    const handle = await client.workflow.start("asksAChild", { workflowId, taskQueue, args: [childId, text("d")] });
    await until(
      () => storedHistory(workflowId),
      (events) => events.some((event) => event.eventType === "ChildWorkflowExecutionCompleted"),
    );
    await remove(childId);
    // The session of the parent is lost: it is replayed with the child's answer.
    await objectOf(workflowId)
      .die()
      .catch(() => undefined);
    expect(await keysOf(childId)).not.toEqual([]);
    await handle.signal(addText, "over");
    expect(await handle.result()).toBe(text("d"));
    await remove(workflowId);
    // The child would ask in six hours. One that was loaded anew does not know that, and asks at once.
    await objectOf(childId)
      .die()
      .catch(() => undefined);
    expect(await objectOf(childId).describe({ version: 1 })).toMatchObject({ ok: false });
    await until(() => keysOf(childId), isEmpty);
  });

  it("that a child answered stay as long as a run has taken the answer over, by one reset or several", async () => {
    const [workflowId, childId] = [freshId("large-reset"), freshId("large-reset-child")];
    const started = await client.workflow.start("asksAChild", { workflowId, taskQueue, args: [childId, text("f")] });
    const first = started.firstExecutionRunId;
    const answered = async (): Promise<void> => {
      await until(
        () => storedHistory(workflowId),
        (events) =>
          events.some((event) => event.eventType === "ChildWorkflowExecutionCompleted") &&
          events.at(-1)?.eventType === "WorkflowTaskCompleted",
      );
    };
    const reset = async (kind: "firstWorkflowTask" | "lastWorkflowTask"): Promise<string> => {
      await answered();
      const request = { version: 1, resetPoint: { kind }, reason: "mended", requestId: freshId("reset") } as const;
      const reply = await objectOf(workflowId).reset(request);
      if (!reply.ok) throw new Error(reply.rejection.message);
      return reply.value.runId;
    };
    // The second run asks the child again; the third has that answer, and began with the second's history.
    await answered();
    const firstAsked = await runIdOf(childId);
    const second = await reset("firstWorkflowTask");
    const third = await reset("lastWorkflowTask");
    await answered();
    const secondAsked = await runIdOf(childId);
    const answers = await keysOf(childId);
    expect(answers).toHaveLength(4);
    // A run that nobody waits for goes after the others: when it has gone, they have been asked about.
    await (await client.workflow.start("echoes", { workflowId: childId, taskQueue, args: [text("g")] })).result();
    await remove(workflowId, second);
    for (const runId of [firstAsked, secondAsked, await runIdOf(childId)]) await remove(childId, runId);
    await until(
      () => keysOf(childId),
      (keys) => keys.every((key) => answers.includes(key)),
    );
    expect(await keysOf(childId)).toEqual(answers);
    await objectOf(workflowId)
      .die()
      .catch(() => undefined);
    const handle = client.workflow.getHandle(workflowId, third);
    await handle.signal(addText, "over");
    expect(await handle.result()).toBe(text("f"));
    for (const runId of [first, third]) await remove(workflowId, runId);
    await objectOf(childId)
      .die()
      .catch(() => undefined);
    expect(await objectOf(childId).describe({ version: 1 })).toMatchObject({ ok: false });
    await until(() => keysOf(childId), isEmpty);
  });

  it("that are missing are missed by name", async () => {
    const workflowId = freshId("large-missing");
    const handle = await client.workflow.start("handsOn", {
      workflowId,
      taskQueue,
      args: [text("e"), 1],
      memo: { note: text("m") },
    });
    await handle.result();
    await env.HOLDFAST_PAYLOADS.delete([...(await keysOf(workflowId))]);
    const error = await rejectionOf(handle.describe());
    expect(error).toBeInstanceOf(PayloadClaimError);
    expect(error.message).toContain(workflowId);
  });
});
