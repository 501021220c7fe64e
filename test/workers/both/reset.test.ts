/** Resets on the real runtime: a mistake in workflow code is mended, and runs are brought to where they should be. */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { TerminatedFailure, ValueError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import { executions } from "../fixtures/activities.ts";
import {
  closeCard,
  countsPurchases,
  deployed,
  drawsTwice,
  failsOnce,
  proceed,
  type listens,
  loyaltyCard,
  points,
  purchase,
  redeem,
  stumbles,
  waitsForAll,
  waitsForItsChild,
} from "../fixtures/workflows.ts";
import { expectToReplay } from "./authoring-kit.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";
import { historyOf, ofType } from "./program-kit.ts";
import { crash, patiently } from "./update-kit.ts";

/** A card with three purchases, closed with the wrong balance of nothing. */
async function closedCard(what: string) {
  const workflowId = freshId(what);
  const handle = await client.workflow.start(loyaltyCard, { workflowId });
  for (const euros of [5, 7, 30]) await handle.signal(purchase, euros);
  await handle.signal(closeCard);
  expect(await handle.result()).toBe(0);
  return { workflowId, handle };
}

async function completedTasks(workflowId: string): Promise<number> {
  return (await eventTypes(workflowId)).filter((type) => type === "WorkflowTaskCompleted").length;
}

describe("a workflow whose code is mended", () => {
  it("is brought to the right result though it had completed: signals are sent to it again", async () => {
    const { workflowId, handle } = await closedCard("reset-completed");
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "FirstWorkflowTask", reason: "purchases count" });
    expect(await mended.result()).toBe(42);
    expect(mended.runId).not.toBe(handle.firstExecutionRunId);

    const described = await client.workflow.getHandle(workflowId).describe();
    expect(described).toMatchObject({
      runId: mended.runId,
      firstExecutionRunId: handle.firstExecutionRunId,
      status: { name: "COMPLETED" },
    });
    expect(await handle.result()).toBe(0);
    expect(await mended.query(points)).toBe(42);
    await expectToReplay(workflowId, mended.runId);

    const [failed] = ofType(await historyOf(workflowId, mended.runId), "WorkflowTaskFailed");
    expect(failed?.attributes).toMatchObject({
      cause: "RESET_WORKFLOW",
      baseRunId: handle.firstExecutionRunId,
      newRunId: mended.runId,
      failure: { message: "purchases count" },
    });
  });

  it("goes on from its last workflow task, out of a loop of failures", async () => {
    const workflowId = freshId("reset-stumbling");
    const handle = await client.workflow.start(stumbles, { workflowId });
    await until(
      async () => (await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0,
      (attempt) => attempt > 1,
    );
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "LastWorkflowTask" });
    expect(await mended.result()).toBe("went on: mended");
    await expectToReplay(workflowId, mended.runId);
  });

  it("is terminated where it was open: who waits for that run hears of it, who waits for the new one has its result", async () => {
    const workflowId = freshId("reset-open");
    const handle = await client.workflow.start(loyaltyCard, { workflowId });
    await handle.signal(purchase, 3);
    expect(await handle.query(points)).toBe(0);
    const waiting = rejectionOf(handle.result());
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "FirstWorkflowTask", reason: "purchases count" });
    expect((await waiting).cause).toBeInstanceOf(TerminatedFailure);
    expect((await waiting).cause).toMatchObject({ message: "reset: purchases count" });
    expect(await mended.query(points)).toBe(3);
    await mended.signal(closeCard);
    expect(await mended.result()).toBe(3);
    expect((await client.workflow.getHandle(workflowId, handle.firstExecutionRunId).describe()).status.name).toBe(
      "TERMINATED",
    );
  });

  it("gets what the runs after it got, when it had continued as new", async () => {
    const workflowId = freshId("reset-chain");
    const handle = await client.workflow.start(countsPurchases, { workflowId, args: [0, 3] });
    for (const euros of [1, 2, 4]) {
      const { runId } = await client.workflow.getHandle(workflowId).describe();
      await client.workflow.getHandle(workflowId).signal(purchase, euros);
      if (euros < 4)
        await until(
          async () => (await client.workflow.getHandle(workflowId).describe()).runId,
          (current) => current !== runId,
        );
    }
    expect(await handle.result()).toBe(0);
    deployed.set(workflowId, "mended");
    const first = client.workflow.getHandle<typeof countsPurchases>(workflowId, handle.firstExecutionRunId);
    const mended = await first.reset({ type: "FirstWorkflowTask" });
    // The three arrive at once, so one run adds them up; the next waits for another.
    await until(
      async () => (await client.workflow.getHandle(workflowId).describe()).runId,
      (current) => current !== mended.runId,
    );
    await client.workflow.getHandle(workflowId).signal(purchase, 0);
    await until(
      async () => await completedTasks(workflowId),
      (completed) => completed > 0,
    );
    await client.workflow
      .getHandle(workflowId)
      .signal(purchase, 0)
      .catch(() => undefined);
    expect(await mended.result()).toBe(7);
  });
});

describe("a reset", () => {
  it("keeps what was drawn before the point, and draws anew after it", async () => {
    const workflowId = freshId("reset-draws");
    const handle = await client.workflow.start(drawsTwice, { workflowId });
    await until(
      async () => await completedTasks(workflowId),
      (completed) => completed >= 2,
    );
    await handle.signal(proceed);
    const first = await handle.result();
    const second = await (await handle.reset({ type: "LastWorkflowTask" })).result();
    const last = ofType(await historyOf(workflowId, handle.firstExecutionRunId), "WorkflowTaskCompleted")[1];
    const again = client.workflow.getHandle<typeof drawsTwice>(workflowId, handle.firstExecutionRunId);
    const third = await (await again.reset({ eventId: last?.eventId ?? 0 })).result();
    // The last task only ended the workflow; the second one came before the later draws.
    expect(second).toEqual(first);
    expect(third.before).toBe(first.before);
    expect(third.after).not.toBe(first.after);
    await expectToReplay(workflowId);
  });

  it("is carried out once for each request id, also after later runs", async () => {
    const { workflowId, handle } = await closedCard("reset-once");
    const options = { type: "FirstWorkflowTask", requestId: "the same" } as const;
    const first = await handle.reset(options);
    expect((await handle.reset(options)).runId).toBe(first.runId);
    await first.result();
    const other = await client.workflow.start(loyaltyCard, { workflowId });
    expect((await client.workflow.getHandle(workflowId).reset(options)).runId).toBe(first.runId);
    await other.terminate();
  });

  it("is refused for what is no point, with the points that there are", async () => {
    const { workflowId, handle } = await closedCard("reset-refused");
    for (const eventId of [1, 2, 1_000]) {
      const error = await rejectionOf(handle.reset({ eventId }));
      expect(error).toBeInstanceOf(ValueError);
      expect(error.message).toMatch(/is no point to reset to.* 3, 4/);
    }
    expect(await rejectionOf(handle.reset({ eventId: 0 }))).toBeInstanceOf(ValueError);
    expect(await rejectionOf(handle.reset({} as never))).toBeInstanceOf(ValueError);
    const unknown = client.workflow.getHandle(workflowId, "no-such-run");
    expect(await rejectionOf(unknown.reset({ eventId: 4 }))).toBeInstanceOf(WorkflowNotFoundError);
    expect((await handle.describe()).runId).toBe(handle.firstExecutionRunId);
  });

  it("leaves out what it is told to leave out", async () => {
    const { workflowId, handle } = await closedCard("reset-without-signals");
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "FirstWorkflowTask", resetReapplyExcludeTypes: ["SIGNAL"] });
    expect(await mended.query(points)).toBe(0);
    await mended.signal(purchase, 8);
    await mended.signal(closeCard);
    expect(await mended.result()).toBe(8);
  });

  it("runs an activity that was open again, and keeps the time of a timer", async () => {
    const key = freshId("reset-activity");
    const handle = await client.workflow.start(waitsForAll, { workflowId: key, args: [key] });
    await until(
      async () => executions.get(key) ?? 0,
      (count) => count === 1,
    );
    await until(
      async () => await eventTypes(key),
      (types) => types.includes("TimerFired"),
    );
    const [second] = ofType(await storedHistory(key), "WorkflowTaskCompleted").slice(1);
    deployed.set(key, "mended");
    const scheduled = ofType(await storedHistory(key), "ActivityTaskScheduled")[0]?.eventId ?? 0;
    const completed = ofType(await storedHistory(key), "ActivityTaskCompleted")[0]?.eventId ?? 0;
    expect(second?.eventId).toBeGreaterThan(scheduled);
    // To the first task after the activity was scheduled and before it had ended.
    const mended = await handle.reset({ eventId: 4 });
    expect(completed).toBeGreaterThan(4);
    expect(await mended.result()).toEqual(["attempt 2 worked", "slept", `${key} after ran 1`]);
  });

  it("goes on with a child that is open: the child is told nothing, and answers the new run", async () => {
    const workflowId = freshId("reset-parent");
    const childId = `${workflowId}.child`;
    const handle = await client.workflow.start(waitsForItsChild, { workflowId, args: [childId] });
    await until(
      async () => await eventTypes(workflowId),
      (types) => types.includes("ChildWorkflowExecutionStarted") && types.at(-1) === "WorkflowTaskCompleted",
    );
    const child = client.workflow.getHandle<typeof listens>(childId);
    const childRun = (await child.describe()).runId;
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "LastWorkflowTask" });
    await mended.signal(proceed);
    expect(await mended.result()).toBe(`Ada, child of ${workflowId}, heard mended`);
    expect((await child.describe()).runId).toBe(childRun);
    await expectToReplay(workflowId, mended.runId);
  });

  it("gives a run whose failure the next attempt can read", async () => {
    const workflowId = freshId("reset-retried");
    const retry = { initialInterval: 10, maximumAttempts: 3 };
    const handle = await client.workflow.start(failsOnce, { workflowId, retry });
    await rejectionOf(handle.result());
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "FirstWorkflowTask" });
    expect(await mended.result()).toBe("after: the first attempt");
  });
});

describe("updates of a workflow that is reset", () => {
  it("are carried out again, and found under their ids", async () => {
    const workflowId = freshId("reset-updates");
    const handle = await client.workflow.start(loyaltyCard, { workflowId });
    await handle.signal(purchase, 10);
    expect(await handle.executeUpdate(redeem, { updateId: "first", args: [4] })).toBe(-4);
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "FirstWorkflowTask" });
    expect(await mended.executeUpdate(redeem, { updateId: "first", args: [4] })).toBe(6);
    expect(await mended.getUpdateHandle("first").result()).toBe(6);
    const types = await eventTypes(workflowId);
    expect(types.filter((type) => type.includes("Update"))).toEqual([
      "WorkflowExecutionUpdateAdmitted",
      "WorkflowExecutionUpdateAccepted",
      "WorkflowExecutionUpdateCompleted",
    ]);
    await expectToReplay(workflowId, mended.runId);
    // In clear for those with the key.
    const { events } = await mended.fetchHistory({ decoded: true });
    expect(JSON.stringify(events.find((event) => event.eventType.endsWith("UPDATE_ADMITTED")))).toContain(btoa("4"));
    await mended.signal(closeCard);
    expect(await mended.result()).toBe(6);
  });

  it("that wait to be accepted move to the new run, with those who wait for them", async () => {
    const workflowId = freshId("reset-updates-waiting");
    const handle = await client.workflow.start(stumbles, { workflowId });
    await until(
      async () => (await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0,
      (attempt) => attempt > 2,
    );
    const asked = handle.executeUpdate(redeem, { updateId: "waiting", args: [5] });
    await scheduler.wait(100);
    deployed.set(workflowId, "mended");
    const mended = await handle.reset({ type: "LastWorkflowTask" });
    expect(await asked).toBe(-5);
    expect(await mended.result()).toBe("went on: mended");
    await expectToReplay(workflowId, mended.runId);
  });

  it("survive the death of the object before the workflow has answered them", async () => {
    const workflowId = freshId("reset-updates-crash");
    const handle = await client.workflow.start(loyaltyCard, { workflowId });
    await handle.executeUpdate(redeem, { updateId: "first", args: [4] });
    const mended = await handle.reset({ type: "FirstWorkflowTask" });
    await crash(workflowId);
    expect(await mended.getUpdateHandle("first").result()).toBe(-4);
    await mended.signal(closeCard);
    expect(await mended.result()).toBe(-4);
    await expectToReplay(workflowId, mended.runId);
  });
});

describe("an object that dies while it resets", () => {
  // The commits before are those of the start and of its task; the reset is among those that follow.
  it.each([1, 2, 3, 4, 5, 6, 7].flatMap((commit) => [`before-commit-${commit}`, `after-commit-${commit}`]))(
    "%s: it was or it was not, and asking again makes sure",
    async (moment) => {
      const workflowId = freshId(`reset-crash-${moment}-`);
      const handle = await patiently(
        async () => await client.workflow.start(loyaltyCard, { workflowId, workflowIdConflictPolicy: "USE_EXISTING" }),
      );
      await patiently(async () => await handle.signal(purchase, 6));
      await patiently(async () => expect(await handle.query(points)).toBe(0));
      deployed.set(workflowId, "mended");
      const mended = await patiently(
        async () => await handle.reset({ type: "FirstWorkflowTask", requestId: `reset of ${workflowId}` }),
      );
      await patiently(async () => await mended.signal(closeCard));
      expect(await mended.result()).toBe(6);
      const [base, next] = [handle.firstExecutionRunId, mended.runId];
      expect((await client.workflow.getHandle(workflowId, base).describe()).status.name).toBe("TERMINATED");
      await expectToReplay(workflowId, next);
    },
  );
});

describe("a long history", () => {
  it("is taken over in few rows, and found again after an eviction", async () => {
    const workflowId = freshId("reset-long");
    const handle = await client.workflow.start(loyaltyCard, { workflowId });
    for (let index = 0; index < 130; index += 1) await handle.signal(purchase, 1);
    await until(
      async () => (await eventTypes(workflowId)).at(-1),
      (last) => last === "WorkflowTaskCompleted",
    );
    const { historyLength } = await handle.describe();
    expect(historyLength).toBeGreaterThan(500);
    const mended = await handle.reset({ type: "LastWorkflowTask" });
    expect(await mended.query(points)).toBe(0);
    const { rowsByRun } = await objectOf(workflowId).storageReport();
    // One for what was taken over, the reset's own events, a checkpoint, and the task after it.
    expect(rowsByRun[2]).toBeLessThanOrEqual(5);
    expect(rowsByRun[1]).toBeGreaterThan(50);
    const described = await mended.describe();
    await evictDurableObject(objectOf(workflowId));
    expect(await mended.describe()).toMatchObject({
      historyLength: described.historyLength,
      historySize: described.historySize,
    });
    await mended.signal(closeCard);
    expect(await mended.result()).toBe(0);
    await expectToReplay(workflowId, mended.runId);
  });
});
