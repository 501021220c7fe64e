import { describe, expect, test } from "vitest";

import { accepted, rejected } from "../../src/core/rejection.ts";
import { CompleteAsyncError, cancellationDetails, cancelled, heartbeat } from "../../src/sdk/activity/index.ts";
import { ActivityConsumer } from "../../src/worker/activity-consumer.ts";
import { ActivityRegistry } from "../../src/worker/activity-registry.ts";
import { MAX_CONNECTIONS } from "../../src/worker/attempt-watch.ts";
import { activityRunTimes } from "../../src/worker/invocation.ts";
import { activityTask, dataConverter, heartbeatValues, recordingLogger } from "../activity/attempt.ts";
import { eventually, ManualTimers, settle } from "../activity/manual-timers.ts";
import { recordedTiming, type Script, ScriptedService } from "../client/scripted-service.ts";
import { pointer, queueMessage } from "./queue-messages.ts";

const taken = accepted({ accepted: true } as const);
/** A task without a timeout of its own, so that the timers are the watch's and the invocation's. */
const endless = { startToCloseTimeoutMs: 0, heartbeatTimeoutMs: 0 };

/** A consumer that is at work on one message; `hasBegun` resolves in the activity. */
async function atWork(activity: () => Promise<unknown>, script: Script = {}, shutdownGraceTime = 10_000) {
  const service = new ScriptedService({
    claimActivity: [accepted({ claimed: true, task: await activityTask([], endless) } as const)],
    respondActivity: [taken],
    ...script,
  });
  const timers = new ManualTimers();
  let hasBegun = false;
  const withdraw = async (): Promise<unknown> => {
    hasBegun = true;
    return await activity();
  };
  const consumer = new ActivityConsumer({
    service,
    dataConverter,
    activities: new ActivityRegistry({ withdraw }),
    identity: "worker-1",
    logger: recordingLogger().logger,
    timing: recordedTiming().timing,
    timers,
    runTimes: activityRunTimes({ shutdownGraceTime }),
    newId: () => "claim-1",
  });
  const ask = async (how: "queue" | "call") =>
    how === "queue"
      ? await consumer.consume([queueMessage(pointer)])
      : await consumer.run(await activityTask([], endless));
  const begin = async (how: "queue" | "call" = "queue") => {
    const done = ask(how);
    await eventually(() => hasBegun);
    return { done };
  };
  const outcome = () => service.requests("respondActivity").at(-1)?.outcome;
  return { service, timers, begin, outcome };
}

async function untilCancelled(): Promise<void> {
  await cancelled();
}

describe("an attempt that lasts", () => {
  test("is watched from its second second on, and hears at once that it is cancelled", async () => {
    const { service, timers, begin, outcome } = await atWork(untilCancelled);
    const { done } = await begin();
    await timers.advance(999);
    expect(service.activityWatches).toEqual([]);
    await timers.advance(1);
    expect(service.calls.at(-1)).toEqual({
      namespace: "default",
      workflowId: "transfer-1",
      method: "watchActivity",
      request: { version: 1, taskToken: "hf1.token" },
    });
    service.activityWatches[0]?.tell(accepted({ cancelRequested: true }));
    await done;
    expect(outcome()).toEqual({ kind: "canceled" });
    expect(service.activityWatches[0]?.isClosed).toBe(true);
    expect(timers.pending).toBe(0);
  });

  test.each([
    ["activityPaused", "ActivityPause"],
    ["activityReset", "ActivityReset"],
  ])("hears of %s", async (flag, type) => {
    const { service, timers, begin, outcome } = await atWork(untilCancelled);
    const { done } = await begin();
    await timers.advance(1_000);
    service.activityWatches[0]?.tell(accepted({ cancelRequested: false, [flag]: true }));
    await done;
    expect(outcome()).toMatchObject({ kind: "failed", failure: { applicationFailureInfo: { type } } });
  });

  test("is given up when nobody waits for it any more, and not watched again", async () => {
    const open = Promise.withResolvers<void>();
    let seen: string | undefined;
    const { service, timers, begin } = await atWork(async () => {
      await cancelled().catch((error: unknown) => (seen = String(error)));
      await open.promise;
    });
    const { done } = await begin();
    await timers.advance(1_000);
    service.activityWatches[0]?.tell(rejected("ActivityNotFound", "timed out"));
    service.activityWatches[0]?.lose();
    await eventually(() => seen !== undefined);
    expect(seen).toContain("NOT_FOUND");
    await timers.advance(120_000);
    expect(service.activityWatches).toHaveLength(1);
    open.resolve();
    await done;
    expect(service.requests("respondActivity")).toEqual([]);
  });

  test("is watched again when the connection is lost or refused, later each time and not for ever", async () => {
    const open = Promise.withResolvers<void>();
    const { service, timers, begin } = await atWork(() => open.promise);
    const { done } = await begin();
    await timers.advance(1_000);
    const opened: number[] = [];
    while (service.activityWatches.length > opened.length) {
      opened.push(timers.nowMs);
      const watch = service.activityWatches.at(-1);
      if (opened.length % 2 === 0) watch?.refuse(new Error("no object"));
      else watch?.lose();
      await settle();
      await timers.advance(60_000);
    }
    expect(opened).toHaveLength(MAX_CONNECTIONS);
    open.resolve();
    await done;
    expect(service.activityWatches.at(-1)?.isClosed).toBe(true);
  });

  test("opens the next connection after a pause that doubles", async () => {
    const open = Promise.withResolvers<void>();
    const { service, timers, begin } = await atWork(() => open.promise);
    const { done } = await begin();
    await timers.advance(1_000);
    for (const [index, pauseMs] of [1_000, 2_000, 4_000].entries()) {
      service.activityWatches[index]?.lose();
      await settle();
      await timers.advance(pauseMs - 1);
      expect(service.activityWatches).toHaveLength(index + 1);
      await timers.advance(1);
      expect(service.activityWatches).toHaveLength(index + 2);
    }
    open.resolve();
    await done;
  });
});

describe("an attempt that is short", () => {
  test("is never watched, and leaves no timer", async () => {
    const { service, timers, begin } = await atWork(async () => "done");
    const { done } = await begin();
    await done;
    await timers.advance(10_000);
    expect(service.activityWatches).toEqual([]);
    expect(timers.pending).toBe(0);
  });
});

describe("an attempt that is left open", () => {
  test("is not reported", async () => {
    const { service, begin } = await atWork(async () => {
      throw new CompleteAsyncError();
    });
    const { done } = await begin();
    await done;
    expect(service.requests("respondActivity")).toEqual([]);
  });
});

describe("the end of an invocation", () => {
  test.each([
    ["queue", 15 * 60_000 - 10_000],
    ["call", 29_000],
  ] as const)("is told to what came by %s, in time", async (how, runTimeMs) => {
    let isShutDown: boolean | undefined;
    const { service, timers, begin, outcome } = await atWork(
      async () => {
        heartbeat("row 1");
        heartbeat("row 2");
        try {
          await cancelled();
        } finally {
          isShutDown = cancellationDetails()?.workerShutdown;
        }
      },
      { heartbeatActivity: [accepted({ cancelRequested: false })] },
    );
    const { done } = await begin(how);
    await eventually(() => service.requests("heartbeatActivity").length === 1);
    await timers.advance(20_000);
    await timers.advance(runTimeMs - 20_000 - 1);
    expect(isShutDown).toBeUndefined();
    await timers.advance(1);
    await done;
    expect(isShutDown).toBe(true);
    const reported = outcome();
    expect(reported).toMatchObject({
      kind: "failed",
      failure: { applicationFailureInfo: { type: "WorkerShutdown", nonRetryable: false } },
    });
    expect(timers.pending).toBe(0);
  });

  test("gives the next attempt the heartbeat that was still on its way", async () => {
    const { service, timers, begin, outcome } = await atWork(
      async () => {
        heartbeat("row 1");
        heartbeat("row 2");
        await cancelled();
      },
      { heartbeatActivity: [accepted({ cancelRequested: false })] },
    );
    const { done } = await begin("call");
    await eventually(() => service.requests("heartbeatActivity").length === 1);
    await timers.advance(29_000);
    await done;
    const reported = outcome();
    const details = reported?.kind === "failed" ? reported.lastHeartbeatDetails : undefined;
    expect(await heartbeatValues(details)).toEqual(["row 2"]);
  });

  test("comes as early as the grace asks for", async () => {
    const { timers, begin, outcome } = await atWork(untilCancelled, {}, 14 * 60_000);
    const { done } = await begin();
    await timers.advance(60_000);
    await done;
    expect(outcome()).toMatchObject({ kind: "failed" });
  });
});

describe("the times of a Worker", () => {
  test("follow from the platform's limits and what the application says", () => {
    expect(activityRunTimes()).toEqual({ queuedMs: 890_000, eagerMs: 29_000 });
    expect(activityRunTimes({ shutdownGraceTime: "1 minute" })).toEqual({ queuedMs: 840_000, eagerMs: 29_000 });
    expect(activityRunTimes({ shutdownGraceTime: 0 })).toEqual({ queuedMs: 900_000, eagerMs: 30_000 });
    const short = { shutdownGraceTime: 500, consumerTimeLimit: "2 seconds" } as const;
    expect(activityRunTimes(short)).toEqual({ queuedMs: 1_500, eagerMs: 1_500 });
  });

  test("must leave time to run in", () => {
    for (const shutdownGraceTime of [15 * 60_000, -1])
      expect(() => activityRunTimes({ shutdownGraceTime })).toThrow("shutdownGraceTime");
    // Whoever believed it would be cut off without having been told.
    expect(() => activityRunTimes({ consumerTimeLimit: "16 minutes" })).toThrow(/consumerTimeLimit.*15 minutes/);
  });
});
