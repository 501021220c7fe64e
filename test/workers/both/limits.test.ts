/** Limits where they are felt: nothing of what is refused is stored, and the most that is allowed gets through. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { workflowObjectName } from "../../../src/core/identifiers.ts";
import { MAX_ID_BYTES, MAX_MESSAGE_CHARACTERS, MAX_PAYLOADS_BYTES } from "../../../src/core/limits.ts";
import { PayloadTooLargeError } from "../../../src/sdk/client/index.ts";
import { handsOutMuch, lettersAgain, loadedLetters, loadText, takesInMuch } from "../fixtures/limit-workflows.ts";
import { account, depositSlowly, greet, returnsInput } from "../fixtures/workflows.ts";
import { client, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";

/** Letters of a text that is encrypted to about as much as one request or command may carry. */
const MOST_LETTERS = MAX_PAYLOADS_BYTES - 1_000;

/** An id of a thousand bytes that no other test uses: quotes, which JSON escapes, and letters outside ASCII. */
function longestId(what: string): string {
  const id = `${freshId(what)}/"'\\ы`;
  return id + "é".repeat((MAX_ID_BYTES - new TextEncoder().encode(id).length) >> 1);
}

async function entries(workflowId: string): Promise<string> {
  return await objectOf(workflowId).storedText();
}

describe("what is refused", () => {
  it("leaves a workflow id that was never used without any storage", async () => {
    const workflowId = freshId("never");
    const text = "x".repeat(MAX_PAYLOADS_BYTES);
    const start = client.workflow.start(returnsInput, { workflowId, args: [text] });
    expect(await rejectionOf(start)).toBeInstanceOf(PayloadTooLargeError);
    const tables = await objectOf(workflowId).storedTables();
    expect(tables).toEqual([]);
  });

  it("leaves a running workflow as it was, to the last row", async () => {
    const workflowId = freshId("refusing");
    const handle = await client.workflow.start(takesInMuch, { workflowId, args: [1] });
    await until(
      () => storedHistory(workflowId),
      (events) => events.some((event) => event.eventType === "WorkflowTaskCompleted"),
    );
    const before = await entries(workflowId);
    const rows = await objectOf(workflowId).rowsWritten();
    const text = "x".repeat(MAX_PAYLOADS_BYTES);
    expect(await rejectionOf(handle.signal(loadText, text))).toBeInstanceOf(PayloadTooLargeError);
    expect(await rejectionOf(handle.terminate("x".repeat(1_001)))).toMatchObject({ name: "ValueError" });
    const identity = "x".repeat(1_001);
    const reply = await objectOf(workflowId).signal({ version: 1, signalName: "s", requestId: "r", identity });
    expect(reply).toMatchObject({ ok: false, rejection: { code: "InvalidArgument" } });
    expect(await entries(workflowId)).toBe(before);
    expect(await objectOf(workflowId).rowsWritten()).toBe(rows);
    await handle.terminate("the test is over");
  });
});

describe("the most that is allowed", () => {
  it("goes through one workflow task: eight commands of two mebibytes, in one commit", async () => {
    const workflowId = freshId("eight-large");
    const result = await client.workflow.execute(handsOutMuch, { workflowId, args: [8, MOST_LETTERS] });
    expect(result).toBe(8 * MOST_LETTERS);
    const history = await objectOf(workflowId).history({ version: 1, maxBytes: 1_000_000_000 });
    const size = JSON.stringify(history).length;
    expect(size).toBeLessThan(MAX_MESSAGE_CHARACTERS + 10_000);
    expect(history.ok && history.value.nextEventId).toBeGreaterThan(1);
  }, 60_000);

  it("is not exceeded by one task more: it fails and says why, and can be mended", async () => {
    const workflowId = freshId("ten-large");
    const handle = await client.workflow.start(handsOutMuch, { workflowId, args: [10, MOST_LETTERS] });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    const task = reply.ok ? reply.value.pendingWorkflowTask : undefined;
    expect(task?.lastFailureCause).toBe("PAYLOADS_TOO_LARGE");
    expect(task?.lastFailure?.message).toMatch(/the 10 commands of the workflow task are \d+ characters/);
    await handle.terminate("the test is over");
  }, 60_000);

  it("can be replayed though it is more than one message holds", async () => {
    const workflowId = freshId("replays-much");
    const handle = await client.workflow.start(takesInMuch, { workflowId, args: [14] });
    const text = "x".repeat(MOST_LETTERS);
    await Promise.all(Array.from({ length: 14 }, () => handle.signal(loadText, text)));
    expect(await handle.query(loadedLetters)).toBe(14 * MOST_LETTERS);
    await objectOf(workflowId)
      .die()
      .catch(() => undefined);
    expect(await handle.query(loadedLetters)).toBe(14 * MOST_LETTERS);
    await handle.signal(loadText, "last");
    expect(await handle.result()).toBe(15);
  }, 60_000);

  it("is answered by a query, and no more", async () => {
    const workflowId = freshId("answers-much");
    const handle = await client.workflow.start(takesInMuch, { workflowId, args: [1] });
    expect(await handle.query(lettersAgain, MOST_LETTERS)).toHaveLength(MOST_LETTERS);
    expect(await rejectionOf(handle.query(lettersAgain, MAX_PAYLOADS_BYTES))).toBeInstanceOf(PayloadTooLargeError);
    await handle.terminate("the test is over");
  }, 60_000);
});

describe("the longest ids", () => {
  it("name a workflow that runs, by queue and by hand, and is waited for", async () => {
    for (const what of ["long", "long-queue"]) {
      const workflowId = longestId(what);
      const taskQueue = longestId("tasks");
      const handle = await client.workflow.start(greet, { workflowId, taskQueue, args: ["Ada"] });
      expect(await handle.result()).toBe("Hello, Ada!");
    }
  });

  it("name an update that is waited for over a socket", async () => {
    const handle = await client.workflow.start(account, { workflowId: longestId("updated"), args: [5] });
    const updateId = longestId("update");
    expect(await handle.executeUpdate(depositSlowly, { updateId, args: [7] })).toBe(12);
    await handle.terminate("the test is over");
  });

  it("name an object beyond what the platform tells it of its name", async () => {
    const namespace = "n".repeat(64);
    const workflowId = longestId("unnamed");
    const object = env.WORKFLOW_EXECUTION.getByName(workflowObjectName(namespace, workflowId));
    const request = {
      version: 1,
      namespace,
      workflowId,
      workflowType: "greet",
      taskQueue: "t",
      requestId: "r",
    } as const;
    expect(await object.start(request)).toMatchObject({ ok: true });
    const reply = await object.describe({ version: 1 });
    expect(reply).toMatchObject({ ok: true, value: { namespace, workflowId } });
    await object.terminate({ version: 1, reason: "the test is over" });
  });
});
