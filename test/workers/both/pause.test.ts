/** Pausing workflows and activities on workerd: what is paused really does nothing, an eviction in between or not. */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { historyProblems } from "../../../src/core/invariants.ts";
import { QueryRejectedError, ServiceError } from "../../../src/sdk/client/index.ts";
import { executions } from "../fixtures/activities.ts";
import {
  runsTwice,
  setLimit,
  sleepsThenActs,
  step,
  stepsDone,
  takesSteps,
  triesAgain,
  triesAgainInAnHour,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";

/** Longer than anything of these workflows takes that is not held back. */
const A_WHILE_MS = 300;

async function tasksStarted(workflowId: string): Promise<number> {
  return (await eventTypes(workflowId)).filter((type) => type === "WorkflowTaskStarted").length;
}

/** A workflow at rest, after one step. */
async function startedSteps(count: number) {
  const key = freshId("paused");
  const handle = await client.workflow.start(takesSteps, { workflowId: key, args: [key, count] });
  await handle.signal(step, 1);
  await until(
    async () => await handle.query(stepsDone),
    (done) => done === 1,
  );
  return { key, handle };
}

describe("a workflow that is paused", () => {
  it("runs no code and no activity, whatever is sent to it, and takes it all up when it is unpaused", async () => {
    const { key, handle } = await startedSteps(3);
    await handle.pause("the bank is down");
    const before = { tasks: await tasksStarted(key), runs: executions.get(key) };
    await handle.signal(step, 2);
    await handle.signal(step, 3);
    await scheduler.wait(A_WHILE_MS);
    await evictDurableObject(objectOf(key));
    await handle.describe();
    await scheduler.wait(A_WHILE_MS);
    expect({ tasks: await tasksStarted(key), runs: executions.get(key) }).toEqual(before);
    const description = await handle.describe();
    expect(description.status).toEqual({ code: 8, name: "PAUSED" });
    expect(description.pauseInfo).toMatchObject({ reason: "the bank is down", pausedTime: expect.any(Date) });
    await handle.unpause("it is back");
    expect(await handle.result()).toEqual([`1: ${key} ran 1`, `2: ${key} ran 2`, `3: ${key} ran 3`]);
    const history = await storedHistory(key);
    expect(historyProblems(history)).toEqual([]);
    const pauses = history.filter(({ eventType }) => eventType.endsWith("paused") || eventType.endsWith("Paused"));
    expect(pauses.map(({ eventType, attributes }) => [eventType, attributes])).toEqual([
      ["WorkflowExecutionPaused", expect.objectContaining({ reason: "the bank is down" })],
      ["WorkflowExecutionUnpaused", expect.objectContaining({ reason: "it is back" })],
    ]);
  });

  it("refuses queries and updates, and says so", async () => {
    const { handle } = await startedSteps(2);
    await handle.pause();
    const query = await rejectionOf(handle.query(stepsDone));
    expect(query).toBeInstanceOf(QueryRejectedError);
    expect(query).toMatchObject({ status: "PAUSED" });
    const update = await rejectionOf(handle.executeUpdate(setLimit, { args: [1] }));
    expect(update).toBeInstanceOf(ServiceError);
    expect(update).toMatchObject({ code: "FailedPrecondition" });
    expect(await rejectionOf(handle.pause())).toMatchObject({ code: "FailedPrecondition" });
    await handle.unpause();
    expect(await rejectionOf(handle.unpause())).toMatchObject({ code: "FailedPrecondition" });
    expect(await handle.executeUpdate(setLimit, { args: [1] })).toBe(1);
    expect(await handle.result()).toHaveLength(1);
  });

  it("has timers that fire and wake nothing", async () => {
    const key = freshId("paused-asleep");
    const handle = await client.workflow.start(sleepsThenActs, { workflowId: key, args: [key, 200] });
    await until(
      async () => await eventTypes(key),
      (types) => types.includes("TimerStarted"),
    );
    await handle.pause();
    await until(
      async () => await eventTypes(key),
      (types) => types.includes("TimerFired"),
    );
    await scheduler.wait(A_WHILE_MS);
    expect(await tasksStarted(key)).toBe(1);
    expect(executions.get(key)).toBeUndefined();
    await handle.unpause();
    expect(await handle.result()).toBe(`${key} ran 1`);
  });

  it("is ended at once by a termination, and asked to stop by a cancellation when it is unpaused", async () => {
    const { handle } = await startedSteps(2);
    await handle.pause();
    await handle.terminate("enough");
    expect((await handle.describe()).status.name).toBe("TERMINATED");
    const second = await startedSteps(2);
    await second.handle.pause();
    await second.handle.cancel();
    await scheduler.wait(A_WHILE_MS);
    expect((await second.handle.describe()).status.name).toBe("PAUSED");
    await second.handle.unpause();
    await rejectionOf(second.handle.result());
    expect((await second.handle.describe()).status.name).toBe("CANCELLED");
  });
});

describe("an activity that is paused", () => {
  it("is not tried again until it is unpaused, an eviction in between or not", async () => {
    const key = freshId("paused-activity");
    const handle = await client.workflow.start(triesAgain, { workflowId: key, args: [key, 3] });
    await until(
      async () => executions.get(key) ?? 0,
      (runs) => runs > 0,
    );
    const [activityId = ""] = await handle.activities({ type: "flaky" }).pause({ reason: "look first" });
    const activity = handle.activity(activityId);
    const paused = await until(
      async () => await activity.describe(),
      ({ state }) => state === "PAUSED",
    );
    expect(paused.pauseInfo).toMatchObject({ reason: "look first" });
    const runs = executions.get(key) ?? 0;
    await evictDurableObject(objectOf(key));
    await handle.describe();
    await scheduler.wait(A_WHILE_MS);
    expect(executions.get(key)).toBe(runs);
    await activity.unpause();
    expect(await handle.result()).toMatch(/^attempt \d worked$/);
  });

  it("is told so while it runs, stops, and waits for its next attempt", async () => {
    const key = freshId("told-to-pause");
    const handle = await client.workflow.start(runsTwice, { workflowId: key, args: [key] });
    await until(
      async () => executions.get(key) ?? 0,
      (runs) => runs === 1,
    );
    const [pending] = (await handle.describe()).pendingActivities;
    const activity = handle.activity(pending?.activityId ?? "");
    await activity.pause();
    const paused = await until(
      async () => await activity.describe(),
      ({ state }) => state === "PAUSED",
    );
    expect(paused.attempt).toBe(2);
    await scheduler.wait(A_WHILE_MS);
    expect(executions.get(key)).toBe(1);
    await activity.unpause();
    expect(await handle.result()).toBe("run 2, attempt 2, after half");
  });
});

describe("an activity", () => {
  it("that is reset while it runs is told so, and begins at its first attempt", async () => {
    const key = freshId("told-to-reset");
    const handle = await client.workflow.start(runsTwice, { workflowId: key, args: [key] });
    await until(
      async () => executions.get(key) ?? 0,
      (runs) => runs === 1,
    );
    await handle.activities().reset({ resetHeartbeat: true });
    expect(await handle.result()).toBe("run 2, attempt 1, after undefined");
  });

  it("is run with the options it was given last", async () => {
    const key = freshId("options");
    const handle = await client.workflow.start(triesAgainInAnHour, { workflowId: key, args: [key] });
    const [waiting] = await until(
      async () => (await handle.describe()).pendingActivities,
      ([pending]) => pending?.attempt === 2,
    );
    const activity = handle.activity(waiting?.activityId ?? "");
    const changed = await activity.updateOptions({ startToCloseTimeout: "5 seconds", heartbeatTimeout: 2_000 });
    expect(changed).toMatchObject({ startToCloseTimeout: 5_000, heartbeatTimeout: 2_000 });
    const restored = await activity.restoreOriginalOptions();
    expect(restored).toMatchObject({ startToCloseTimeout: 30_000, heartbeatTimeout: undefined });
    await scheduler.wait(A_WHILE_MS);
    expect(executions.get(key)).toBe(1);
    await activity.updateOptions({ retry: { initialInterval: "10 ms" } });
    expect(await handle.result()).toBe("attempt 2 worked");
    expect((await rejectionOf(activity.pause())).name).toBe("WorkflowNotFoundError");
  });

  it("that is not open is not found", async () => {
    const { handle } = await startedSteps(2);
    expect((await rejectionOf(handle.activity("none").pause())).name).toBe("ActivityNotFoundError");
    expect((await rejectionOf(handle.activity("none").describe())).name).toBe("ActivityNotFoundError");
    expect((await rejectionOf(handle.activities().reset())).name).toBe("ActivityNotFoundError");
  });
});
