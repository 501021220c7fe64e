import { describe, expect, test } from "vitest";

import { ApplicationFailure, encodeValues, loadDataConverter } from "../../src/codec/index.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  activityInfo,
  cancellationSignal,
  cancelled,
  CancelledFailure,
  Context,
  heartbeat,
  type Info,
  log,
  sleep,
} from "../../src/sdk/activity/index.ts";
import {
  cancellationDetailsOf,
  encoding,
  errorOf,
  failureOf,
  heartbeatValues,
  resultOf,
  startAttempt,
} from "./attempt.ts";
import { eventually, settle } from "./manual-timers.ts";

const cancelRequested = () => accepted({ cancelRequested: true });

/** `sent` resolves when the service has got a heartbeat. */
function firstHeartbeat() {
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const onHeartbeat = () => {
    resolve();
    return accepted({ cancelRequested: false });
  };
  return { sent, onHeartbeat };
}

/** Heartbeats once and then gives way to cancellation, with details. */
async function stopWhenAsked(): Promise<void> {
  heartbeat();
  try {
    await cancelled();
  } catch (error) {
    if (error instanceof CancelledFailure) throw new CancelledFailure(error.message, ["moved", 3]);
    throw error;
  }
}

describe("an attempt that completes", () => {
  test("gets its arguments decoded, and its result is encoded", async () => {
    const { ending } = await startAttempt(async (a: number, b: { c: string }) => ({ sum: a + b.c.length }), {
      args: [2, { c: "four" }],
    });
    expect(await resultOf(await ending)).toEqual({ sum: 6 });
    expect(JSON.stringify(await ending)).not.toContain(btoa('{"sum":6}').slice(0, 8));
  });

  test("without a result has completed with undefined", async () => {
    const { ending } = await startAttempt(async () => undefined);
    expect(await resultOf(await ending)).toBeUndefined();
  });

  test("sees what it is and what the attempt before it reported", async () => {
    const channel = { kind: "heartbeat", runId: "run-0", activityId: "7" } as const;
    const details = await encodeValues(encoding, channel, [{ row: 41 }]);
    let info: Info | undefined;
    const { ending } = await startAttempt(
      async () => {
        info = activityInfo();
      },
      { task: details ? { heartbeatDetails: details } : {} },
    );
    await ending;
    expect(new TextDecoder().decode(info?.taskToken)).toBe("hf1.token");
    expect(info).toMatchObject({
      activityId: "7",
      activityType: "withdraw",
      activityNamespace: "default",
      attempt: 2,
      isLocal: false,
      inWorkflow: true,
      workflowExecution: { workflowId: "transfer-1", runId: "run-1" },
      workflowNamespace: "default",
      workflowType: "transfer",
      namespace: "default",
      taskQueue: "transfers",
      scheduledTimestampMs: 1_000,
      currentAttemptScheduledTimestampMs: 2_000,
      scheduleToCloseTimeoutMs: 60_000,
      startToCloseTimeoutMs: 10_000,
      heartbeatTimeoutMs: 5_000,
      heartbeatDetails: { row: 41 },
      retryPolicy: { initialInterval: 500, maximumAttempts: undefined },
    });
  });

  test("leaves no timer behind, and drops the heartbeat that waits", async () => {
    const { sent, onHeartbeat } = firstHeartbeat();
    const { ending, timers, heartbeats } = await startAttempt(
      async () => {
        heartbeat(1);
        await sent;
        heartbeat(2);
        return "done";
      },
      { onHeartbeat },
    );
    expect(await ending).toMatchObject({ kind: "respond", outcome: { kind: "completed" } });
    expect(await ending).not.toHaveProperty("outcome.lastHeartbeatDetails");
    await timers.advance(60_000);
    expect(await Promise.all(heartbeats.map(heartbeatValues))).toEqual([[1]]);
    expect(timers.pending).toBe(0);
  });

  test("logs with its ids on every line", async () => {
    const { ending, lines } = await startAttempt(async () => log.info("halfway", { percent: 50 }));
    await ending;
    expect(lines).toEqual([
      {
        level: "INFO",
        message: "halfway",
        meta: {
          sdkComponent: "activity",
          namespace: "default",
          taskQueue: "transfers",
          activityId: "7",
          activityType: "withdraw",
          attempt: 2,
          workflowId: "transfer-1",
          runId: "run-1",
          workflowType: "transfer",
          percent: 50,
        },
      },
    ]);
  });
});

describe("an attempt that fails", () => {
  test("reports a plain error by its class, message encrypted", async () => {
    const { ending } = await startAttempt(() => Promise.reject(new RangeError("balance too low")));
    const { failure } = failureOf(await ending);
    expect(failure.applicationFailureInfo).toMatchObject({ type: "RangeError", nonRetryable: false });
    expect(JSON.stringify(failure)).not.toContain("balance");
    expect(await errorOf(await ending)).toMatchObject({ message: "balance too low", type: "RangeError" });
  });

  test("reports an ApplicationFailure as it is, with its details", async () => {
    const refusal = ApplicationFailure.nonRetryable("account closed", "AccountClosed", { account: 7 });
    const { ending } = await startAttempt(() => Promise.reject(refusal));
    const error = await errorOf(await ending);
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(error).toMatchObject({ type: "AccountClosed", nonRetryable: true, details: [{ account: 7 }] });
  });

  test("takes the heartbeat that waits along", async () => {
    const { sent, onHeartbeat } = firstHeartbeat();
    const { ending, heartbeats } = await startAttempt(
      async () => {
        heartbeat("first");
        await sent;
        heartbeat("second");
        heartbeat("third");
        throw new Error("boom");
      },
      { onHeartbeat },
    );
    const { heartbeat: last } = failureOf(await ending);
    expect(await heartbeatValues(last)).toEqual(["third"]);
    expect(await Promise.all(heartbeats.map(heartbeatValues))).toEqual([["first"]]);
  });

  test("by an input that does not decrypt fails with that error's name, retryable", async () => {
    const input = await encodeValues(encoding, { kind: "workflow-input" }, ["from another place"]);
    const { ending } = await startAttempt(async () => "never", { task: input ? { input } : {} });
    const { failure } = failureOf(await ending);
    expect(failure.applicationFailureInfo).toMatchObject({ type: "PayloadDecryptionError", nonRetryable: false });
  });

  test("by a result that no converter takes fails with that error's name", async () => {
    const { ending } = await startAttempt(async () => 1n);
    expect(failureOf(await ending).failure.applicationFailureInfo?.type).toBe("ValueError");
  });

  test("with details that no converter takes still fails with its message", async () => {
    const thrown = ApplicationFailure.nonRetryable("account closed", "AccountClosed", 1n);
    const { ending } = await startAttempt(() => Promise.reject(thrown));
    const error = await errorOf(await ending);
    expect(error).toMatchObject({ type: "AccountClosed", nonRetryable: true });
    expect(error.message).toContain("account closed (the failure's details could not be encoded");
  });

  test("and cannot encode anything at all rejects, since there is nothing to report", async () => {
    const broken = loadDataConverter({
      payloadCodecs: [
        { encode: () => Promise.reject(new Error("no key")), decode: (payloads) => Promise.resolve(payloads) },
      ],
    });
    const { ending } = await startAttempt(() => Promise.reject(new Error("boom")), {
      converter: broken,
    });
    await expect(ending).rejects.toThrow("no key");
  });
});

describe("cancellation", () => {
  test("comes with the answer to a heartbeat, and giving way to it is canceled, with details", async () => {
    const { ending } = await startAttempt(stopWhenAsked, { onHeartbeat: cancelRequested });
    expect(await cancellationDetailsOf(await ending)).toEqual(["moved", 3]);
  });

  test("aborts the signal; the AbortError that follows counts as giving way", async () => {
    const { ending } = await startAttempt(
      async () => {
        heartbeat();
        const { promise, reject } = Promise.withResolvers<never>();
        cancellationSignal().addEventListener("abort", () =>
          reject(new DOMException("The operation was aborted.", "AbortError")),
        );
        await promise;
      },
      { onHeartbeat: cancelRequested },
    );
    expect(await cancellationDetailsOf(await ending)).toEqual([]);
  });

  test("ends a sleep, with the reason as message", async () => {
    let caught: unknown;
    const { ending, timers } = await startAttempt(
      async () => {
        heartbeat();
        await sleep("1 hour").catch((error: unknown) => (caught = error));
        return Context.current().cancellationSignal.reason === caught;
      },
      { onHeartbeat: cancelRequested, task: { startToCloseTimeoutMs: 0 } },
    );
    expect(await resultOf(await ending)).toBe(true);
    expect(caught).toBeInstanceOf(CancelledFailure);
    expect(caught).toMatchObject({ message: "CANCELLED" });
    expect(timers.pending).toBe(0);
  });

  test("may be ignored: what the activity returns counts", async () => {
    const { ending } = await startAttempt(
      async () => {
        heartbeat();
        await cancelled().catch(() => "noted");
        return "finished anyway";
      },
      { onHeartbeat: cancelRequested },
    );
    expect(await resultOf(await ending)).toBe("finished anyway");
  });

  test("an error that is not the cancellation fails the attempt all the same", async () => {
    const { ending } = await startAttempt(
      async () => {
        heartbeat();
        await cancelled().catch(() => {
          throw new Error("could not clean up");
        });
      },
      { onHeartbeat: cancelRequested },
    );
    expect(await errorOf(await ending)).toMatchObject({ message: "could not clean up" });
  });

  test("that nobody asked for is a failure", async () => {
    const { ending } = await startAttempt(() => Promise.reject(new CancelledFailure("on a whim")));
    expect(failureOf(await ending).failure.canceledFailureInfo).toEqual({});
  });

  test.each(["ActivityNotFound", "WorkflowNotFound", "WorkflowAlreadyCompleted"] as const)(
    "is NOT_FOUND when a heartbeat is rejected with %s, and nothing is reported",
    async (code) => {
      const { ending } = await startAttempt(stopWhenAsked, { onHeartbeat: () => rejected(code, "gone") });
      expect(await ending).toEqual({ kind: "abandoned", reason: "NOT_FOUND" });
    },
  );

  test("is TIMED_OUT when start-to-close passes; the service finds that out by itself", async () => {
    const { ending, timers } = await startAttempt(async () => await cancelled());
    await settle();
    await timers.advance(9_999);
    const state = await Promise.race([ending, settle()]);
    expect(state).toBeUndefined();
    await timers.advance(1);
    expect(await ending).toEqual({ kind: "abandoned", reason: "TIMED_OUT" });
  });

  test("a result that comes after the timeout is offered: the service decides", async () => {
    const { ending, timers } = await startAttempt(() => cancelled().catch(() => "just late"));
    await timers.advance(10_000);
    expect(await resultOf(await ending)).toBe("just late");
  });
});

describe("heartbeats", () => {
  test("are throttled to 0.8 of the timeout, and each is encrypted as such", async () => {
    const stop = Promise.withResolvers<void>();
    const { ending, timers, heartbeats } = await startAttempt(async () => {
      for (let row = 1; row <= 10; row += 1) heartbeat({ row });
      await stop.promise;
    });
    await eventually(() => heartbeats.length === 1);
    await timers.advance(3_999);
    expect(heartbeats).toHaveLength(1);
    await timers.advance(1);
    await eventually(() => heartbeats.length === 2);
    expect(await Promise.all(heartbeats.map(heartbeatValues))).toEqual([[{ row: 1 }], [{ row: 10 }]]);
    expect(JSON.stringify(heartbeats)).not.toContain(btoa('{"row":'));
    stop.resolve();
    await ending;
  });

  test("report what the details were when they were given", async () => {
    const { sent, onHeartbeat } = firstHeartbeat();
    const { ending, heartbeats } = await startAttempt(
      async () => {
        const progress = { row: 1 };
        heartbeat(progress);
        progress.row = 2;
        await sent;
      },
      { onHeartbeat },
    );
    await ending;
    expect(await heartbeatValues(heartbeats[0])).toEqual([{ row: 1 }]);
  });

  test("without details carry none", async () => {
    const { sent, onHeartbeat } = firstHeartbeat();
    const { ending, heartbeats } = await startAttempt(
      async () => {
        heartbeat();
        await sent;
      },
      { onHeartbeat },
    );
    await ending;
    expect(heartbeats).toEqual([undefined]);
  });

  test("that cannot be converted cancel the activity, and it fails with the reason", async () => {
    let reason: unknown;
    const { ending } = await startAttempt(async () => {
      heartbeat(1n);
      reason = cancellationSignal().reason;
      await cancelled();
    });
    expect(failureOf(await ending).failure.applicationFailureInfo?.type).toBe("ValueError");
    expect(reason).toMatchObject({ message: "HEARTBEAT_DETAILS_CONVERSION_FAILED" });
  });

  test("whose details the service refuses cancel the activity, and it fails with the reason", async () => {
    const { ending } = await startAttempt(stopWhenAsked, {
      onHeartbeat: () => rejected("PayloadTooLarge", "details are over the limit"),
    });
    expect(await errorOf(await ending)).toMatchObject({
      type: "PayloadTooLarge",
      message: "details are over the limit",
    });
  });
});
