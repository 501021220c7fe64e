/** Chains of runs on the real runtime: schedules, timeouts, delays, and who may act on which run. Time is the subject. */
import { describe, expect, it } from "vitest";

import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from "../../../src/sdk/client/index.ts";
import {
  continuesAtOnce,
  countsTicks,
  hasCronChild,
  isGuarded,
  isTooSlowUntil,
  isWokenBy,
  knownRuns,
  rouse,
  wake,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, storedHistory, until } from "./kit.ts";

async function startedEvent(workflowId: string, runId?: string) {
  const run = runId === undefined ? {} : { runId };
  const reply = await objectOf(workflowId).history({ version: 1, ...run });
  const [first] = reply.ok ? reply.value.events : [];
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("the history does not begin with its start");
  return first;
}

/** The runs of a chain from its first, each with its end. */
async function runsOf(workflowId: string, firstRunId: string): Promise<readonly string[]> {
  const ends: string[] = [];
  for (let runId: string | undefined = firstRunId; runId !== undefined;) {
    const reply = await objectOf(workflowId).history({ version: 1, runId });
    const last = reply.ok ? reply.value.events.at(-1) : undefined;
    if (!last) throw new Error(`there is no run ${runId}`);
    ends.push(last.eventType);
    runId = "newExecutionRunId" in last.attributes ? last.attributes.newExecutionRunId : undefined;
  }
  return ends;
}

describe("a workflow with a cron schedule", () => {
  it("runs at every tick, with the last result and the last failure, until it is cancelled", async () => {
    const workflowId = freshId("cron");
    const handle = await client.workflow.start(countsTicks, { workflowId, cronSchedule: "@every 1s" });
    const result = handle.result();
    result.catch(() => undefined);
    expect(await eventTypes(workflowId)).toEqual(["WorkflowExecutionStarted"]);
    const third = await until(
      async () => await client.workflow.getHandle(workflowId).describe(),
      ({ runId }) => runId !== handle.firstExecutionRunId,
    );
    expect(third.status.name).toBe("RUNNING");
    // 1, fails, 2, fails, and the run that knows 2 waits.
    const known = await until(
      async () =>
        await client.workflow
          .getHandle(workflowId)
          .query(knownRuns)
          .catch(() => undefined),
      (answer) => answer?.lastResult === 2,
    );
    expect(known).toEqual({
      attempt: 1,
      lastResult: 2,
      lastFailure: "no tick after 2",
      cronSchedule: "@every 1s",
      waitedMs: 1_000,
    });
    const last = await startedEvent(workflowId);
    expect(last.attributes).toMatchObject({
      initiator: "CRON_SCHEDULE",
      firstExecutionRunId: handle.firstExecutionRunId,
    });
    // The result is that of the run before the one that failed.
    expect(last.attributes.lastCompletionRunId).not.toBe(last.attributes.continuedExecutionRunId);
    await handle.cancel();
    const error = await rejectionOf(result);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ cause: { name: "CancelledFailure" } });
    expect(await runsOf(workflowId, handle.firstExecutionRunId)).toEqual([
      "WorkflowExecutionCompleted",
      "WorkflowExecutionFailed",
      "WorkflowExecutionCompleted",
      "WorkflowExecutionFailed",
      "WorkflowExecutionCanceled",
    ]);
  });

  it("has the result of one run for those who do not follow", async () => {
    const workflowId = freshId("cron-one-run");
    const options = { workflowId, cronSchedule: "@every 1s", followRuns: false };
    const handle = await client.workflow.start(countsTicks, options);
    expect(await handle.result()).toBe(1);
    await handle.terminate("enough");
    expect((await handle.describe()).status.name).toBe("TERMINATED");
  });

  it("is cancelled at once while it waits for its first tick", async () => {
    const workflowId = freshId("cron-waits");
    const handle = await client.workflow.start(isTooSlowUntil, { workflowId, args: [99], cronSchedule: "@yearly" });
    await handle.cancel();
    expect(await rejectionOf(handle.result())).toMatchObject({ cause: { name: "CancelledFailure" } });
  });

  it("may be a child, of whose ticks the parent hears nothing", async () => {
    const workflowId = freshId("cron-parent");
    const childId = `${workflowId}.child`;
    const handle = await client.workflow.start(hasCronChild, { workflowId, args: [childId] });
    const childRunId = await handle.result();
    const types = (await eventTypes(workflowId)).filter((type) => type.includes("Child"));
    expect(types).toEqual(["StartChildWorkflowExecutionInitiated", "ChildWorkflowExecutionStarted"]);
    await until(
      async () => (await client.workflow.getHandle(childId).describe()).status.name,
      (status) => status === "TERMINATED",
    );
    expect((await runsOf(childId, childRunId)).length).toBeGreaterThan(1);
  });

  it("is refused if its schedule cannot be read, or is in no known zone", async () => {
    const workflowId = freshId("cron-refused");
    const start = (cronSchedule: string) => client.workflow.start(countsTicks, { workflowId, cronSchedule });
    await expect(start("* * * * * *")).rejects.toThrow("6 fields");
    await expect(start("TZ=Nowhere/Land * * * * *")).rejects.toThrow('time zone "Nowhere/Land" is not known');
  });
});

describe("a workflow with timeouts", () => {
  it("is tried again after its run timeout, and knows why", async () => {
    const workflowId = freshId("slow");
    const retry = { initialInterval: 10, maximumAttempts: 3 };
    const options = { workflowId, args: [2], workflowRunTimeout: 400, retry } as const;
    const handle = await client.workflow.start(isTooSlowUntil, options);
    expect(await handle.result()).toMatchObject({ attempt: 2, lastFailure: "workflow timeout" });
    expect(await runsOf(workflowId, handle.firstExecutionRunId)).toEqual([
      "WorkflowExecutionTimedOut",
      "WorkflowExecutionCompleted",
    ]);
    const first = client.workflow.getHandle(workflowId, handle.firstExecutionRunId, { followRuns: false });
    expect(await rejectionOf(first.result())).toMatchObject({
      retryState: "IN_PROGRESS",
      cause: { name: "TimeoutFailure" },
    });
  });

  it("is not tried again after its execution timeout", async () => {
    const workflowId = freshId("slow-chain");
    const retry = { initialInterval: 10 };
    const options = { workflowId, args: [99], workflowRunTimeout: 300, workflowExecutionTimeout: 800, retry } as const;
    const handle = await client.workflow.start(isTooSlowUntil, options);
    expect(await rejectionOf(handle.result())).toMatchObject({
      message: "Workflow execution timed out",
      retryState: "TIMEOUT",
      cause: { name: "TimeoutFailure", timeoutType: "START_TO_CLOSE" },
    });
    expect((await runsOf(workflowId, handle.firstExecutionRunId)).length).toBeGreaterThan(1);
  });
});

describe("a workflow with a start delay", () => {
  const startDelay = "1 hour";

  it("runs when it is over", async () => {
    const workflowId = freshId("delayed");
    const handle = await client.workflow.start(isWokenBy, { workflowId, startDelay: 300 });
    const { startTime, executionTime } = await handle.describe();
    expect((executionTime?.getTime() ?? 0) - startTime.getTime()).toBe(300);
    expect(await eventTypes(workflowId)).toEqual(["WorkflowExecutionStarted"]);
    expect(await handle.result()).toBe("nobody");
  });

  it("is woken by a signal", async () => {
    const handle = await client.workflow.start(isWokenBy, { workflowId: freshId("delayed"), startDelay });
    await handle.signal(wake, "a signal");
    expect(await handle.result()).toBe("a signal");
  });

  it("is woken by an update", async () => {
    const handle = await client.workflow.start(isWokenBy, { workflowId: freshId("delayed"), startDelay });
    expect(await handle.executeUpdate(rouse, { args: ["an update"] })).toBe("roused by an update");
    expect(await handle.result()).toBe("an update");
  });

  it("started with a signal waits, and is woken by the next", async () => {
    const workflowId = freshId("delayed");
    const options = { workflowId, startDelay, signal: wake } as const;
    const handle = await client.workflow.signalWithStart(isWokenBy, { ...options, signalArgs: ["the first"] });
    expect(await eventTypes(workflowId)).toEqual(["WorkflowExecutionStarted", "WorkflowExecutionSignaled"]);
    await client.workflow.signalWithStart(isWokenBy, { ...options, signalArgs: ["the second"] });
    expect(await handle.result()).toBe("the second");
  });

  it("is not ended by a query, which nobody answers before", async () => {
    const handle = await client.workflow.start(isWokenBy, { workflowId: freshId("delayed"), startDelay });
    const error = await rejectionOf(handle.query(knownRuns));
    expect(error.message).toMatch(/has not begun/);
    expect(await eventTypes(handle.workflowId)).toEqual(["WorkflowExecutionStarted"]);
    await handle.terminate();
  });

  it("outlives its object", async () => {
    const workflowId = freshId("delayed");
    const handle = await client.workflow.start(isWokenBy, { workflowId, startDelay: 600 });
    await objectOf(workflowId)
      .die()
      .catch(() => undefined);
    expect(await handle.result()).toBe("nobody");
  });
});

describe("a handle from start", () => {
  it.each(["cancel", "terminate"] as const)("can %s whichever run of its chain is the current one", async (how) => {
    const workflowId = freshId("guarded");
    const handle = await client.workflow.start(isGuarded, { workflowId, args: [3] });
    await until(
      async () => (await startedEvent(workflowId)).attributes,
      ({ continuedExecutionRunId }) => ![undefined, handle.firstExecutionRunId].includes(continuedExecutionRunId),
    );
    await handle[how]();
    expect(await rejectionOf(handle.result())).toBeInstanceOf(WorkflowFailedError);
    expect(await runsOf(workflowId, handle.firstExecutionRunId)).toEqual([
      "WorkflowExecutionContinuedAsNew",
      "WorkflowExecutionContinuedAsNew",
      how === "cancel" ? "WorkflowExecutionCanceled" : "WorkflowExecutionTerminated",
    ]);
  });

  it("never stops a new chain that has its id, but signals it: a signal names no chain", async () => {
    const workflowId = freshId("reused");
    const first = await client.workflow.start(isGuarded, { workflowId, args: [1] });
    expect(await rejectionOf(client.workflow.start(isGuarded, { workflowId, args: [1] }))).toBeInstanceOf(
      WorkflowExecutionAlreadyStartedError,
    );
    await first.terminate();
    const second = await client.workflow.start(isGuarded, { workflowId, args: [1] });
    expect(await rejectionOf(first.cancel())).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(first.terminate())).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(first.executeUpdate(rouse, { args: ["first"] }))).toBeInstanceOf(WorkflowNotFoundError);
    expect((await second.describe()).status.name).toBe("RUNNING");
    await first.signal(wake, "from the first");
    expect(await second.result()).toBe("from the first");
  });
});

describe("the least time between two runs", () => {
  it("is a second, from one beginning to the next", async () => {
    const workflowId = freshId("minimum-interval");
    const handle = await client.workflow.start(continuesAtOnce, { workflowId, args: [true] });
    const secondMs = await handle.result();
    const first = await startedEvent(workflowId, handle.firstExecutionRunId);
    expect(secondMs - first.eventTimeMs).toBeGreaterThanOrEqual(1_000);
    expect((await storedHistory(workflowId))[0]?.attributes).toHaveProperty("firstWorkflowTaskBackoffMs");
  });
});
