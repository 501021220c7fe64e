import { describe, expect, test } from "vitest";

import {
  activityInfo,
  cancellationDetails,
  CancelledFailure,
  Context,
  heartbeat,
  log,
  sleep,
} from "../../src/sdk/activity/index.ts";
import { ActivityCancellationDetails } from "../../src/sdk/common/index.ts";
import { defaultActivityInfo, MockActivityEnvironment } from "../../src/sdk/testing/index.ts";
import { recordingLogger } from "./attempt.ts";
import { ManualTimers } from "./manual-timers.ts";

describe("MockActivityEnvironment", () => {
  test("runs an activity with its arguments, types kept", async () => {
    const env = new MockActivityEnvironment();
    const sum: number = await env.run(async (a: number, b: number) => a + b, 2, 3);
    expect(sum).toBe(5);
  });

  test("rejects with the very error that was thrown", async () => {
    const error = new RangeError("boom");
    await expect(new MockActivityEnvironment().run(() => Promise.reject(error))).rejects.toBe(error);
  });

  test("gives the info a test asks for, over the defaults", async () => {
    const env = new MockActivityEnvironment({ attempt: 3 });
    expect(await env.run(async () => activityInfo())).toEqual({ ...defaultActivityInfo, attempt: 3 });
  });

  test("makes an event of every heartbeat, unthrottled", async () => {
    const env = new MockActivityEnvironment();
    const seen: unknown[] = [];
    const listener = (details: unknown): void => void seen.push(details);
    env.on("heartbeat", listener);
    await env.run(async () => [1, 2, 3].forEach((row) => heartbeat(row)));
    env.off("heartbeat", listener);
    await env.run(async () => heartbeat(4));
    expect(seen).toEqual([1, 2, 3]);
  });

  test("cancels with the given reason", async () => {
    const env = new MockActivityEnvironment();
    const running = env.run(() => Context.current().cancelled);
    env.cancel("TIMED_OUT");
    await expect(running).rejects.toBeInstanceOf(CancelledFailure);
    await expect(running).rejects.toThrow("TIMED_OUT");
    expect(env.context.cancellationSignal.aborted).toBe(true);
  });

  test("says what goes with the reason, or what the test says", async () => {
    const shutDown = new MockActivityEnvironment();
    expect(shutDown.context.cancellationDetails).toBeUndefined();
    shutDown.cancel("WORKER_SHUTDOWN");
    expect(shutDown.context.cancellationDetails).toMatchObject({ workerShutdown: true, cancelRequested: false });
    const both = new MockActivityEnvironment();
    both.cancel("CANCELLED", new ActivityCancellationDetails({ cancelRequested: true, paused: true }));
    const seen = await both.run(async () => cancellationDetails());
    expect(seen).toMatchObject({ paused: true, cancelRequested: true, reset: false });
  });

  test("sleeps on the timers of the test", async () => {
    const timers = new ManualTimers();
    const env = new MockActivityEnvironment({}, { timers });
    const running = env.run(async () => {
      await sleep("30 days");
      return "rested";
    });
    await timers.advance(30 * 24 * 60 * 60 * 1_000);
    expect(await running).toBe("rested");
  });

  test("hands log lines to the logger of the test", async () => {
    const { logger, lines } = recordingLogger();
    await new MockActivityEnvironment({}, { logger }).run(async () => log.warn("careful"));
    expect(lines).toMatchObject([{ level: "WARN", message: "careful", meta: { activityType: "test" } }]);
  });
});

describe("outside of an activity", () => {
  test("the context says what is wrong", () => {
    expect(() => activityInfo()).toThrow("There is no activity context here");
  });
});
