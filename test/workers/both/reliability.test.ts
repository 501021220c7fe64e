/**
 * What may go wrong, on the real runtime: eviction and death of the object at every commit, lost sessions, a queue that
 * loses, repeats and delays, workers that die, code with a bug.
 */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import { executions } from "../fixtures/activities.ts";
import { sessionsOpened } from "../fixtures/application.ts";
import {
  addNumber,
  beatsAndResumes,
  buggy,
  drawsLots,
  fetchesInside,
  currentSum,
  finish,
  greet,
  inParallel,
  inSequence,
  mendBug,
  mixed,
  sums,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";

/** Kills the object as a crash would: memory and whatever is not on disk are gone. */
async function crash(workflowId: string): Promise<void> {
  const error = await rejectionOf(objectOf(workflowId).die());
  expect(error.message).toBe("killed by a test");
}

async function problemsOf(workflowId: string): Promise<string[]> {
  return historyProblems(await storedHistory(workflowId));
}

describe("the object", () => {
  it("goes on after an eviction between any two events", async () => {
    const key = freshId("evicted");
    const handle = await client.workflow.start(mixed, { workflowId: key, args: [key] });
    let length = 0;
    // Evicted whenever history has grown; the signal is held back so that the workflow is always met at work or at rest.
    for (let round = 0; round < 12; round += 1) {
      await evictDurableObject(objectOf(key));
      if (round === 6) await handle.signal(addNumber, 1);
      length = (await eventTypes(key)).length;
    }
    expect(await handle.result()).toHaveLength(5);
    expect((await eventTypes(key)).length).toBeGreaterThanOrEqual(length);
    expect(await problemsOf(key)).toEqual([]);
    expect(executions.get(key)).toBe(1);
  });

  describe.each(["after", "before"])("killed right %s commit", (when) => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("%i goes on where it was", async (commit) => {
      const key = freshId(`crash-${when}-commit-${commit}-`);
      const handle = await client.workflow.start(mixed, { workflowId: key, args: [key] });
      await handle.signal(addNumber, 1);
      expect(await handle.result()).toHaveLength(5);
      expect(await problemsOf(key)).toEqual([]);
      const types = await eventTypes(key);
      expect(types.filter((type) => type === "WorkflowExecutionSignaled")).toHaveLength(1);
      expect(types.filter((type) => type === "ActivityTaskCompleted")).toHaveLength(3);
    });
  });

  it("tells who waits for a result, though it slept in between", async () => {
    const workflowId = freshId("watched");
    const handle = await client.workflow.start(sums, { workflowId });
    const result = handle.result();
    // Longer than an unused session is kept: the object has come to rest and only a hibernating socket waits.
    await scheduler.wait(2_000);
    await evictDurableObject(objectOf(workflowId));
    await handle.signal(addNumber, 3);
    await handle.signal(finish);
    expect(await result).toBe(3);
  });

  it("answers queries after a reload, by replay", async () => {
    const workflowId = freshId("query-after-crash");
    const handle = await client.workflow.start(sums, { workflowId });
    await handle.signal(addNumber, 20);
    await handle.signal(addNumber, 22);
    await crash(workflowId);
    expect(await handle.query(currentSum)).toBe(42);
    await handle.signal(finish);
    expect(await handle.result()).toBe(42);
  });

  it("keeps what it knows in checkpoints when history is long", async () => {
    const workflowId = freshId("long");
    const handle = await client.workflow.start(inSequence, { workflowId, args: [120] });
    await handle.result();
    const facts = async () => JSON.stringify(await handle.describe());
    const before = await facts();
    expect(await objectOf(workflowId).storedText()).toMatch(/^checkpoint /m);
    await crash(workflowId);
    expect(await facts()).toBe(before);
    expect(await problemsOf(workflowId)).toEqual([]);
  });
});

describe("the queue", () => {
  it("may deliver a message twice and late", async () => {
    const key = freshId("duplicate");
    const handle = await client.workflow.start(mixed, { workflowId: key, args: [key] });
    await handle.signal(addNumber, 1);
    expect(await handle.result()).toEqual([
      `${key} ran 1`,
      "slept",
      "approved 1",
      `${key}/left ran 1`,
      `${key}/right ran 1`,
    ]);
    await scheduler.wait(1_500);
    expect(executions.get(key)).toBe(1);
    expect(await problemsOf(key)).toEqual([]);
  });

  it("may lose a message: the task is sent again until it is claimed", async () => {
    const workflowId = freshId("lose-first");
    expect(await client.workflow.execute(greet, { workflowId, args: ["again"] })).toBe("Hello, again!");
    const description = await client.workflow.getHandle(workflowId).describe();
    expect(description.status.name).toBe("COMPLETED");
  }, 30_000);

  it("may give a message up: the attempt fails and is retried", async () => {
    const workflowId = freshId("lose-all-dead-letter");
    await client.workflow.start(greet, { workflowId, args: ["nobody"] });
    const described = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && answer.value.pendingActivities.length === 1,
    );
    const runId = described.ok ? described.value.runId : "";
    const report = { version: 1, runId, scheduledEventId: 5, attempt: 1 } as const;
    expect(await objectOf(workflowId).reportDeadLetter(report)).toMatchObject({ ok: true, value: { accepted: true } });
    expect(await objectOf(workflowId).reportDeadLetter(report)).toMatchObject({ ok: true, value: { accepted: false } });
    const after = await objectOf(workflowId).describe({ version: 1 });
    expect(after.ok && after.value.pendingActivities[0]).toMatchObject({
      attempt: 2,
      lastFailure: { applicationFailureInfo: { type: "ActivityTaskDeadLettered" } },
    });
    await client.workflow.getHandle(workflowId).terminate();
  });
});

describe("a session with the workflow worker", () => {
  it("may break at every task: the next one replays, and history shows nothing of it", async () => {
    const workflowId = freshId("break-session");
    expect(await client.workflow.execute(inSequence, { workflowId, args: [5] })).toBe(10);
    expect(sessionsOpened.get(workflowId)).toBe(6);
    expect(await eventTypes(workflowId)).not.toContain("WorkflowTaskFailed");
    expect(await problemsOf(workflowId)).toEqual([]);
  });

  it("is given up when its worker does not answer in time", async () => {
    const workflowId = freshId("hang-session");
    const run = client.workflow.execute(greet, { workflowId, args: ["Ada"], workflowTaskTimeout: 300 });
    expect(await run).toBe("Hello, Ada!");
    const types = await eventTypes(workflowId);
    expect(types.filter((type) => type === "WorkflowTaskTimedOut")).toHaveLength(1);
    expect(await problemsOf(workflowId)).toEqual([]);
  });

  it("serves all tasks of a workflow at work when nothing breaks it", async () => {
    const workflowId = freshId("sticky");
    await client.workflow.execute(inSequence, { workflowId, args: [5] });
    expect(sessionsOpened.get(workflowId)).toBe(1);
  });
});

describe("an activity worker", () => {
  it("that dies after its claim is replaced when start-to-close has passed", async () => {
    const workflowId = freshId("lose-all-worker-dies");
    const handle = await client.workflow.start("claimedByNobody", { workflowId });
    const described = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && answer.value.pendingActivities.length === 1,
    );
    const runId = described.ok ? described.value.runId : "";
    const claim = { version: 1, runId, scheduledEventId: 5, attempt: 1, identity: "a worker that dies" } as const;
    expect(await objectOf(workflowId).claimActivity({ ...claim, claimId: "first" })).toMatchObject({
      ok: true,
      value: { claimed: true },
    });
    // The same claim again is answered again; another worker's is refused.
    expect(await objectOf(workflowId).claimActivity({ ...claim, claimId: "first" })).toMatchObject({
      value: { claimed: true },
    });
    expect(await objectOf(workflowId).claimActivity({ ...claim, claimId: "second" })).toMatchObject({
      value: { claimed: false },
    });
    const retried = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && answer.value.pendingActivities[0]?.attempt === 2,
    );
    expect(retried.ok && retried.value.pendingActivities[0]?.lastFailure).toMatchObject({
      timeoutFailureInfo: { timeoutType: "START_TO_CLOSE" },
    });
    await handle.terminate();
  });

  it("hands its heartbeat details to the next attempt", async () => {
    const key = freshId("beats");
    expect(await client.workflow.execute(beatsAndResumes, { workflowId: key, args: [key] })).toBe(
      `resumed at ${key}: step 7`,
    );
  });
});

describe("workflow code", () => {
  it("draws the same lots in every replay", async () => {
    // Every task is run by a fresh session, from the beginning.
    const { sent, drawn } = await client.workflow.execute(drawsLots, { workflowId: freshId("break-session-lots") });
    expect(drawn).toBe(sent);
    const other = await client.workflow.execute(drawsLots, { workflowId: freshId("other-lots") });
    expect(other.drawn).not.toBe(drawn);
  });

  it("that reaches for the network fails its task, not the workflow", async () => {
    const workflowId = freshId("fetches-inside");
    const handle = await client.workflow.start(fetchesInside, { workflowId });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    const failure = reply.ok ? reply.value.pendingWorkflowTask?.lastFailure : undefined;
    expect(failure?.applicationFailureInfo?.type).toBe("DeterminismViolationError");
    await handle.terminate();
  });

  it("with a bug does not fail the workflow: it goes on when the bug is mended", async () => {
    const workflowId = freshId("buggy");
    const handle = await client.workflow.start(buggy, { workflowId });
    await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 3,
    );
    expect((await handle.describe()).status.name).toBe("RUNNING");
    mendBug();
    expect(await handle.result()).toBe("mended");
    const types = await eventTypes(workflowId);
    expect(types.filter((type) => type === "WorkflowTaskFailed")).toHaveLength(1);
    expect(await problemsOf(workflowId)).toEqual([]);
  });
});

describe("cost", () => {
  it("is at most four rows written for each activity", async () => {
    const rowsFor = async (activities: number): Promise<number> => {
      const workflowId = freshId("rows");
      await client.workflow.execute(inSequence, { workflowId, args: [activities] });
      return await objectOf(workflowId).rowsWritten();
    };
    const [few, many] = [await rowsFor(10), await rowsFor(110)];
    expect((many - few) / 100).toBeLessThanOrEqual(4);
    expect(few).toBeGreaterThanOrEqual(10);
  });

  it("is at most four rows also when they run in parallel", async () => {
    const workflowId = freshId("rows-parallel");
    await client.workflow.execute(inParallel, { workflowId, args: [100] });
    expect(await objectOf(workflowId).rowsWritten()).toBeLessThanOrEqual(400 + 20);
  });
});

describe("stored rows", () => {
  it("hold no plaintext, whatever the data passes through", async () => {
    const secret = "s3cret-value";
    const workflowId = freshId("ciphertext");
    await client.workflow.execute(greet, { workflowId, args: [secret], memo: { note: secret } });
    const text = await objectOf(workflowId).storedText();
    expect(text).toContain("WorkflowExecutionCompleted");
    expect(text).not.toContain(secret);
    expect(text).not.toContain(btoa(`"${secret}"`));
    expect(text).not.toContain(btoa(`"Hello, ${secret}!"`));
  });
});
