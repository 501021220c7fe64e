import { describe, expect, test } from "vitest";

import { ApplicationFailure, loadDataConverter, R2PayloadCodec } from "../../src/codec/index.ts";
import type { HeartbeatActivityReply } from "../../src/core/activity-task.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  cancellationDetails,
  cancellationSignal,
  cancelled,
  CancelledFailure,
  CompleteAsyncError,
  Context,
  heartbeat,
} from "../../src/sdk/activity/index.ts";
import { MemoryBucket } from "../codec/memory-bucket.ts";
import {
  cancellationDetailsOf,
  encryption,
  errorOf,
  failureOf,
  heartbeatValues,
  resultOf,
  startAttempt,
} from "./attempt.ts";
import { eventually } from "./manual-timers.ts";

/** What was seen by an activity that waits for its end, then gives way to it. */
function witness() {
  const seen: { message?: string; details?: object | undefined; hasBegun?: true } = {};
  const activity = async (): Promise<void> => {
    expect(cancellationDetails()).toBeUndefined();
    seen.hasBegun = true;
    try {
      await cancelled();
    } catch (error) {
      if (error instanceof CancelledFailure) seen.message = error.message;
      seen.details = Context.current().cancellationDetails;
      throw error;
    }
  };
  return { seen, activity };
}

const NOTHING = {
  notFound: false,
  cancelRequested: false,
  paused: false,
  timedOut: false,
  workerShutdown: false,
  reset: false,
};

function news(told: Partial<HeartbeatActivityReply>) {
  return accepted({ cancelRequested: false, ...told });
}

describe("an attempt that the service speaks to of its own accord", () => {
  test("is canceled by a cancellation, with all that holds in its details", async () => {
    const { seen, activity } = witness();
    const { ending, execution } = await startAttempt(activity);
    await eventually(() => seen.hasBegun === true);
    execution.hear(news({}));
    execution.hear(news({ cancelRequested: true, activityPaused: true }));
    expect(await cancellationDetailsOf(await ending)).toEqual([]);
    expect(seen).toMatchObject({
      message: "CANCELLED",
      details: { ...NOTHING, cancelRequested: true, paused: true },
    });
  });

  test.each([
    ["PAUSED", { activityPaused: true }, { paused: true }, "ActivityPause", "Activity paused"],
    ["RESET", { activityReset: true }, { reset: true }, "ActivityReset", "Activity reset"],
    [
      "RESET",
      { activityPaused: true, activityReset: true },
      { paused: true, reset: true },
      "ActivityReset",
      "Activity reset",
    ],
  ] as const)("fails so that it is retried when it is %s", async (message, told, details, type, text) => {
    const { seen, activity } = witness();
    const { ending, execution } = await startAttempt(activity);
    await eventually(() => seen.hasBegun === true);
    execution.hear(news(told));
    const { failure } = failureOf(await ending);
    expect(failure.applicationFailureInfo).toMatchObject({ type, nonRetryable: false });
    expect((await errorOf(await ending)).message).toBe(text);
    expect(seen).toMatchObject({ message, details: { ...NOTHING, ...details } });
  });

  test("is canceled if it gives way to something else, and its workflow has asked for its cancellation since", async () => {
    const { seen, activity } = witness();
    const { ending, execution } = await startAttempt(activity);
    await eventually(() => seen.hasBegun === true);
    execution.cancel("WORKER_SHUTDOWN");
    execution.hear(news({ cancelRequested: true }));
    expect(await cancellationDetailsOf(await ending)).toEqual([]);
    expect(seen.message).toBe("WORKER_SHUTDOWN");
  });

  test("fails so too with the AbortError that follows from its signal", async () => {
    const begun = Promise.withResolvers<void>();
    const { ending, execution } = await startAttempt(async () => {
      const signal = cancellationSignal();
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      });
      begun.resolve();
      await aborted;
    });
    await begun.promise;
    execution.hear(news({ activityPaused: true }));
    expect(failureOf(await ending).failure.applicationFailureInfo?.type).toBe("ActivityPause");
  });

  test("keeps what it returns or throws otherwise", async () => {
    const deaf = await startAttempt(async () => {
      await cancelled().catch(() => undefined);
      return "done all the same";
    });
    deaf.execution.hear(news({ activityPaused: true }));
    expect(await resultOf(await deaf.ending)).toBe("done all the same");
    const defiant = await startAttempt(async () => {
      await cancelled().catch(() => undefined);
      throw ApplicationFailure.nonRetryable("no", "Defiance");
    });
    defiant.execution.hear(news({ activityReset: true }));
    expect(failureOf(await defiant.ending).failure.applicationFailureInfo?.type).toBe("Defiance");
  });

  test("is not reported when nobody waits for it any more, whatever it does", async () => {
    const { seen, activity } = witness();
    const { ending, execution } = await startAttempt(activity);
    await eventually(() => seen.hasBegun === true);
    execution.hear(rejected("ProtocolVersionUnsupported", "says nothing of the attempt"));
    expect(seen.message).toBeUndefined();
    execution.hear(rejected("ActivityNotFound", "gone"));
    expect(await ending).toEqual({ kind: "abandoned", reason: "NOT_FOUND" });
    expect(seen).toMatchObject({ message: "NOT_FOUND", details: { ...NOTHING, notFound: true } });
  });
});

describe("the answer to a heartbeat", () => {
  test("pauses an attempt as well", async () => {
    const { ending } = await startAttempt(
      async () => {
        heartbeat();
        await cancelled();
      },
      { onHeartbeat: () => news({ activityPaused: true }) },
    );
    expect(failureOf(await ending).failure.applicationFailureInfo?.type).toBe("ActivityPause");
  });
});

describe("a Worker that is about to end", () => {
  test("fails its attempt, which is retried at once, from the last heartbeat", async () => {
    const { seen, activity } = witness();
    const { ending, execution, heartbeats } = await startAttempt(async () => {
      heartbeat({ row: 1 });
      heartbeat({ row: 2 });
      await activity();
    });
    await eventually(() => seen.hasBegun === true && heartbeats.length === 1);
    execution.cancel("WORKER_SHUTDOWN");
    const { failure, heartbeat: last } = failureOf(await ending);
    expect(failure.applicationFailureInfo).toEqual({
      type: "WorkerShutdown",
      nonRetryable: false,
      nextRetryDelayMs: 1,
    });
    expect((await errorOf(await ending)).message).toMatch(/^Worker is shutting down/);
    expect(await heartbeatValues(last)).toEqual([{ row: 2 }]);
    expect(seen).toMatchObject({ message: "WORKER_SHUTDOWN", details: { ...NOTHING, workerShutdown: true } });
  });
});

describe("an attempt out of time", () => {
  test("is told so", async () => {
    const { seen, activity } = witness();
    const { timers } = await startAttempt(activity, { task: { startToCloseTimeoutMs: 500 } });
    await eventually(() => seen.hasBegun === true);
    await timers.advance(500);
    expect(seen).toMatchObject({ message: "TIMED_OUT", details: { ...NOTHING, timedOut: true, notFound: true } });
  });
});

describe("an outcome that a codec refuses", () => {
  const converter = loadDataConverter({
    payloadCodecs: [encryption, new R2PayloadCodec(new MemoryBucket(), { thresholdBytes: 9_000, maximumBytes: 9_000 })],
  });
  const tooMuch = "x".repeat(20_000);

  test("because of its details is reported without them, so that the attempt does not count as running", async () => {
    const { ending } = await startAttempt(
      async () => {
        throw ApplicationFailure.nonRetryable("refused", "Refused", tooMuch);
      },
      { converter },
    );
    expect(failureOf(await ending).failure.applicationFailureInfo).toMatchObject({
      type: "Refused",
      nonRetryable: true,
    });
    expect((await errorOf(await ending)).message).toMatch(/^refused \(the failure's details could not be encoded: /);
  });

  test("because a result is too large fails and is not tried again: another attempt would end like it", async () => {
    const { ending } = await startAttempt(async () => tooMuch, { converter });
    expect(failureOf(await ending).failure.applicationFailureInfo).toMatchObject({
      type: "PayloadTooLarge",
      nonRetryable: true,
    });
    expect((await errorOf(await ending)).message).toContain("over the 9000 bytes");
  });
});

describe("an attempt that is completed from outside", () => {
  test("is left open, and leaves nothing behind", async () => {
    const { ending, timers, heartbeats } = await startAttempt(async () => {
      heartbeat("first");
      heartbeat("last");
      throw new CompleteAsyncError();
    });
    expect(await ending).toEqual({ kind: "leftOpen" });
    expect(timers.pending).toBe(0);
    await timers.advance(60_000);
    expect(heartbeats).toHaveLength(2);
  });

  test("has its last heartbeat sent before it is over, since another attempt may need it", async () => {
    const { ending, heartbeats } = await startAttempt(async () => {
      heartbeat("first");
      heartbeat("overtaken");
      heartbeat("last");
      throw new CompleteAsyncError();
    });
    expect(await ending).toEqual({ kind: "leftOpen" });
    expect(await Promise.all(heartbeats.map(heartbeatValues))).toEqual([["first"], ["last"]]);
  });

  test("is left open though it was asked to stop", async () => {
    const { ending, execution } = await startAttempt(async () => {
      await cancelled().catch(() => undefined);
      throw new CompleteAsyncError();
    });
    execution.hear(news({ cancelRequested: true }));
    expect(await ending).toEqual({ kind: "leftOpen" });
  });

  test("is none if it is a local one: that fails, and is not tried again", async () => {
    const { ending } = await startAttempt(
      async () => {
        throw new CompleteAsyncError();
      },
      { task: { isLocal: true } },
    );
    expect(failureOf(await ending).failure.applicationFailureInfo).toMatchObject({
      type: "CompleteAsyncError",
      nonRetryable: true,
    });
  });
});
