/** Workflows that go on in new runs, on the real runtime: what is handed on, and that nothing is lost on the way. */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { WorkflowContinuedAsNewError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import { historyProblems } from "../../../src/core/invariants.ts";
import { executions } from "../fixtures/activities.ts";
import {
  addend,
  addNow,
  addsUp,
  addsUpNow,
  answersInEveryRun,
  becomesAnother,
  carriesOver,
  colorKey,
  countsDown,
  goesOnSlowly,
  neverEnds,
  nextRun,
  noted,
  sizeKey,
  startsAfresh,
  tellRun,
  waitsBeforeItGoesOn,
} from "../fixtures/workflows.ts";
import { chainOf, expectToReplay } from "./authoring-kit.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, until } from "./kit.ts";
import { ofType } from "./program-kit.ts";

async function expectChainToReplay(workflowId: string, firstRunId: string): Promise<number> {
  const chain = await chainOf(workflowId, firstRunId);
  for (const events of chain) {
    const runId = ofType(events, "WorkflowExecutionStarted")[0]?.attributes.originalExecutionRunId;
    await expectToReplay(workflowId, runId);
  }
  return chain.length;
}

describe("a chain of runs", () => {
  it("ends with the last run's result, which the handle waits for", async () => {
    const workflowId = freshId("chain");
    const handle = await client.workflow.start(countsDown, { workflowId, args: [3] });
    const runIds = await handle.result();
    expect(runIds).toHaveLength(4);
    expect(new Set(runIds).size).toBe(4);
    expect(runIds[0]).toBe(handle.firstExecutionRunId);
    const described = await handle.describe();
    expect(described).toMatchObject({
      runId: runIds[3],
      firstExecutionRunId: runIds[0],
      status: { name: "COMPLETED" },
    });
    const first = await client.workflow.getHandle(workflowId, runIds[0]).describe();
    expect(first.status.name).toBe("CONTINUED_AS_NEW");
    expect(await client.workflow.getHandle(workflowId, runIds[1]).result()).toEqual(runIds);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(4);
  });

  it("is not followed when that is not wanted", async () => {
    const workflowId = freshId("chain-not-followed");
    const handle = await client.workflow.start(countsDown, { workflowId, args: [1], followRuns: false });
    const error = await rejectionOf(handle.result());
    expect(error).toBeInstanceOf(WorkflowContinuedAsNewError);
    const { newExecutionRunId } = error as WorkflowContinuedAsNewError;
    const last = client.workflow.getHandle<typeof countsDown>(workflowId, newExecutionRunId, { followRuns: false });
    expect(await last.result()).toEqual([handle.firstExecutionRunId, newExecutionRunId]);
  });

  it("may go on as another workflow", async () => {
    const workflowId = freshId("chain-other");
    expect(await client.workflow.execute(becomesAnother, { workflowId })).toEqual(["before", expect.any(String)]);
    expect((await client.workflow.getHandle(workflowId).describe()).type).toBe("countsDown");
  });

  it("waits before the next run when told to", async () => {
    const workflowId = freshId("chain-backoff");
    const handle = await client.workflow.start(waitsBeforeItGoesOn, { workflowId, args: [400] });
    expect(await handle.result()).toBeGreaterThanOrEqual(400);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(2);
  });

  it("takes a signal while it waits for the next run", async () => {
    const workflowId = freshId("chain-backoff-signalled");
    const handle = await client.workflow.start(waitsBeforeItGoesOn, { workflowId, args: [600] });
    await until(
      async () => (await handle.describe()).runId,
      (runId) => runId !== handle.firstExecutionRunId,
    );
    await handle.signal(nextRun);
    expect(await handle.result()).toBeGreaterThanOrEqual(600);
    expect((await eventTypes(workflowId)).slice(0, 3)).toEqual([
      "WorkflowExecutionStarted",
      "WorkflowExecutionSignaled",
      "WorkflowTaskScheduled",
    ]);
  });

  it("is cancelled and terminated as a whole by the handle that began it, and by no other", async () => {
    const workflowId = freshId("chain-terminated");
    const handle = await client.workflow.start(neverEnds, { workflowId });
    await until(
      async () => (await handle.describe()).runId,
      (runId) => runId !== handle.firstExecutionRunId,
    );
    const wrong = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: crypto.randomUUID() });
    expect(await rejectionOf(wrong.terminate())).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(wrong.cancel())).toBeInstanceOf(WorkflowNotFoundError);
    await handle.terminate("enough");
    expect((await handle.describe()).status.name).toBe("TERMINATED");
    expect((await rejectionOf(handle.result())).cause).toMatchObject({ name: "TerminatedFailure", message: "enough" });
    const next = await client.workflow.start(neverEnds, { workflowId });
    expect(await rejectionOf(handle.terminate())).toBeInstanceOf(WorkflowNotFoundError);
    await next.cancel();
    expect((await rejectionOf(next.result())).cause).toMatchObject({ name: "CancelledFailure" });
  });
});

describe("what a run hands on", () => {
  it("is the memo it was started with and the search attributes as they are", async () => {
    const workflowId = freshId("carried");
    const handle = await client.workflow.start(carriesOver, {
      workflowId,
      memo: { note: "as started" },
      typedSearchAttributes: [
        { key: colorKey, value: "blue" },
        { key: sizeKey, value: 7 },
      ],
      retry: { maximumAttempts: 5 },
      workflowTaskTimeout: "5 seconds",
    });
    const described = await until(
      async () => await handle.describe(),
      ({ runId }) => runId !== handle.firstExecutionRunId,
    );
    expect(described.memo).toEqual({ note: "as started" });
    expect(described.typedSearchAttributes.getAll()).toEqual([{ key: colorKey, value: "red" }]);
    const before = await client.workflow.getHandle(workflowId, handle.firstExecutionRunId).describe();
    expect(before.memo).toEqual({ note: "changed", added: true });
    await handle.signal(nextRun);
    expect(await handle.result()).toMatchObject({
      memo: { note: "as started" },
      searchAttributes: { Color: ["red"] },
      attempt: 1,
      retryPolicy: { maximumAttempts: 5 },
      taskTimeoutMs: 5_000,
      continuedFrom: true,
    });
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(2);
  });

  it("is what it is told to hand on", async () => {
    const workflowId = freshId("afresh");
    const handle = await client.workflow.start(startsAfresh, {
      workflowId,
      memo: { note: "as started", other: 1 },
      typedSearchAttributes: [{ key: sizeKey, value: 7 }],
    });
    expect(await handle.result()).toMatchObject({
      memo: { note: "given" },
      searchAttributes: { Color: ["green"] },
      retryPolicy: { maximumAttempts: 3 },
      taskTimeoutMs: 7_000,
      runTimeoutMs: 3_600_000,
    });
    const { memo, typedSearchAttributes } = await handle.describe();
    expect(memo).toEqual({ note: "given" });
    expect(typedSearchAttributes.getAll()).toEqual([{ key: colorKey, value: "green" }]);
  });
});

describe("messages to a chain", () => {
  // Fifty numbers, from several senders at once, with closing tasks that take a moment and ones that do not.
  it.each([
    { name: "signals", leavingMs: 0 },
    { name: "slow-leaving", leavingMs: 15 },
    { name: "break-session", leavingMs: 0 },
    { name: "break-session-slow-leaving", leavingMs: 15 },
  ])("lose no signal: $name", async ({ name, leavingMs }) => {
    const workflowId = freshId(name);
    const handle = await client.workflow.start(addsUp, { workflowId, args: [50, leavingMs] });
    const sender = async (first: number): Promise<void> => {
      for (let value = first; value < first + 10; value += 1) {
        await handle.signal(addend, value);
        // Apart from each other, so that they meet runs at every moment of their lives.
        await scheduler.wait(((first + value) % 7) * 6);
      }
    };
    await sender(1);
    await until(
      async () => (await handle.describe()).runId,
      (runId) => runId !== handle.firstExecutionRunId,
    );
    await Promise.all([11, 21, 31, 41].map(sender));
    expect(await handle.result()).toBe(1_275);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    const signals = chain.flatMap((events) => ofType(events, "WorkflowExecutionSignaled"));
    expect(signals).toHaveLength(50);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBeGreaterThan(1);
  });

  it("lose no signal while the object dies and is evicted among them", async () => {
    const workflowId = freshId("dying");
    const handle = await client.workflow.start(addsUp, { workflowId, args: [50, 5] });
    const sender = async (first: number): Promise<void> => {
      for (let value = first; value < first + 10; value += 1) await handle.signal(addend, value);
    };
    const killer = async (): Promise<void> => {
      for (let death = 0; death < 6; death += 1) {
        await scheduler.wait(7 + death);
        if (death % 2 === 0) await rejectionOf(objectOf(workflowId).die());
        else {
          // Only what runs can be evicted.
          await handle.describe();
          await evictDurableObject(objectOf(workflowId));
        }
      }
    };
    await Promise.all([...[1, 11, 21, 31, 41].map(sender), killer()]);
    expect(await handle.result()).toBe(1_275);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    expect(chain.flatMap((events) => ofType(events, "WorkflowExecutionSignaled"))).toHaveLength(50);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(chain.length);
  });

  it.each(["updates", "break-session-updates"])("lose no update and take none twice: %s", async (name) => {
    const workflowId = freshId(name);
    const handle = await client.workflow.start(addsUpNow, { workflowId, args: [20] });
    const sender = async (first: number): Promise<number[]> => {
      const sums: number[] = [];
      for (let value = first; value < first + 5; value += 1)
        sums.push(await handle.executeUpdate(addNow, { args: [value], updateId: `add ${value}` }));
      return sums;
    };
    const sums = (await Promise.all([1, 6, 11, 16].map(sender))).flat();
    expect(new Set(sums).size).toBe(20);
    expect(Math.max(...sums)).toBe(210);
    expect(await handle.result()).toBe(210);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    const completed = chain.flatMap((events) => ofType(events, "WorkflowExecutionUpdateCompleted"));
    expect(completed.map(({ attributes }) => attributes.meta.updateId).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => `add ${index + 1}`).toSorted(),
    );
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(chain.length);
  });

  it("that come while a run leaves are taken by that run", async () => {
    const workflowId = freshId("leaving");
    const handle = await client.workflow.start(goesOnSlowly, { workflowId, args: [workflowId, 3] });
    await handle.signal(noted, "one");
    await until(
      async () => executions.get(`${workflowId}/closing`),
      (runs) => runs === 1,
    );
    await handle.signal(noted, "two");
    await handle.signal(noted, "three");
    expect(await handle.result()).toEqual(["one", "two", "three"]);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    expect(chain.flatMap((events) => ofType(events, "WorkflowExecutionSignaled"))).toHaveLength(3);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(chain.length);
  });

  it("reach the next run if they are updates that the run before had no time for", async () => {
    const workflowId = freshId("update-across");
    const handle = await client.workflow.start(answersInEveryRun, { workflowId, args: [workflowId] });
    expect(await handle.executeUpdate(tellRun, { args: ["hello"] })).toBe("hello in run 1");
    await handle.signal(nextRun);
    await until(
      async () => executions.get(`${workflowId}/leaving`),
      (runs) => runs === 1,
    );
    const answer = await handle.executeUpdate(tellRun, { args: ["still there?"] });
    expect(answer).toMatch(/^still there\? in run [12]$/);
    await until(
      async () => (await handle.describe()).runId,
      (runId) => runId !== handle.firstExecutionRunId,
    );
    expect(await handle.executeUpdate(tellRun, { args: ["again"] })).toBe("again in run 2");
    await handle.signal(nextRun);
    await until(
      async () => (await chainOf(workflowId, handle.firstExecutionRunId)).length,
      (runs) => runs === 3,
    );
    await handle.signal(nextRun);
    expect(await handle.result()).toBe(3);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    expect(chain.flatMap((events) => ofType(events, "WorkflowExecutionUpdateCompleted"))).toHaveLength(3);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(3);
  });
});

describe.each(["after", "before"])("an object killed right %s a commit", (when) => {
  it.each([1, 2, 3, 4, 5])("%i goes on with the chain, in which no run is twice", async (commit) => {
    const workflowId = freshId(`crash-${when}-commit-${commit}-`);
    const handle = await client.workflow.start(addsUp, { workflowId, args: [12] });
    for (let value = 1; value <= 12; value += 1) await handle.signal(addend, value);
    expect(await handle.result()).toBe(78);
    const chain = await chainOf(workflowId, handle.firstExecutionRunId);
    for (const events of chain) expect(historyProblems(events)).toEqual([]);
    const heard = chain.flatMap((events) => ofType(events, "WorkflowExecutionSignaled"));
    expect(heard).toHaveLength(12);
    expect(await expectChainToReplay(workflowId, handle.firstExecutionRunId)).toBe(chain.length);
    expect((await handle.describe()).status.name).toBe("COMPLETED");
    expect(await objectOf(workflowId).storedText()).toContain("WorkflowExecutionContinuedAsNew");
  });
});
