/**
 * The same activities on both ways to their worker: handed over in a call, and through the queue.
 *
 * Which way was taken is looked at first; everything after that must not depend on it.
 */
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";

import { ApplicationFailure } from "../../../src/sdk/activity/index.ts";
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
} from "../../../src/sdk/client/index.ts";
import { seenOf } from "../fixtures/path-activities.ts";
import { dismiss, type PathOptions, stopTheActivity, takesAPath } from "../fixtures/path-workflows.ts";
import { handedOver } from "../fixtures/short-lived.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, until } from "./kit.ts";

type Given = Omit<PathOptions, "allowEagerDispatch">;

/** Longest time from a request to the moment when a running activity has heard of it. */
const PROMPT_MS = 1_000;
/** From here on a running attempt is watched. */
const WATCHED_AFTER_MS = 1_500;

const PATHS = [
  { path: "handed over in a call", word: "called", allowEagerDispatch: true },
  { path: "through the queue", word: "posted", allowEagerDispatch: false },
] as const;

describe.each(PATHS)("an activity that comes $path", ({ word, allowEagerDispatch }) => {
  async function begin(activityType: string, given: Given = {}, args: unknown[] = [], what: string = activityType) {
    const key = freshId(`${word}-${what}`);
    const handle = await client.workflow.start(takesAPath, {
      workflowId: key,
      args: [activityType, { allowEagerDispatch, ...given }, key, ...args],
    });
    return { key, handle };
  }

  /** An activity that waits to be told to stop, and is watched by now. */
  async function beginWaiting(given: Given = {}) {
    const begun = await begin("pathWaits", given);
    await until(
      async () => seenOf(begun.key).length,
      (length) => length > 0,
    );
    await scheduler.wait(WATCHED_AFTER_MS);
    return begun;
  }

  /** Waits until the activity has heard of it; fails if that takes long. */
  async function heard(key: string): Promise<unknown[]> {
    const sinceMs = Date.now();
    const seen = await until(
      async () => seenOf(key),
      (list) => list.length > 1,
    );
    expect(Date.now() - sinceMs).toBeLessThan(PROMPT_MS);
    return seen.slice(1);
  }

  it("takes that way, and gives its result", async () => {
    const { key, handle } = await begin("pathEcho", {}, [{ text: "Grüße", list: [1, 2] }]);
    expect(await handle.result()).toEqual({ completed: { text: "Grüße", list: [1, 2] } });
    expect(handedOver.get(key)).toBe(allowEagerDispatch ? 1 : undefined);
    expect(seenOf(key)).toEqual([1]);
  });

  it("is tried again after failures, through the queue", async () => {
    const { key, handle } = await begin("pathFails", {}, [2, false]);
    expect(await handle.result()).toEqual({ completed: "attempt 3 worked" });
    expect(handedOver.get(key)).toBe(allowEagerDispatch ? 1 : undefined);
  });

  it("fails when its failure says so, or its attempts are used up", async () => {
    const final = await begin("pathFails", {}, [9, true]);
    expect(await final.handle.result()).toEqual({
      failed: "PathFailure",
      message: `${final.key} fails`,
      details: [final.key],
      retryState: "NON_RETRYABLE_FAILURE",
    });
    const usedUp = await begin("pathFails", { maximumAttempts: 2 }, [9, false]);
    expect(await usedUp.handle.result()).toMatchObject({ retryState: "MAXIMUM_ATTEMPTS_REACHED" });
  });

  it.each([
    ["fails", {}],
    ["hangs", { heartbeatTimeoutMs: 300 }],
  ] as const)("hands its heartbeat to the next attempt when it %s", async (ending, given) => {
    const { key, handle } = await begin("pathResumes", given, [ending]);
    expect(await handle.result()).toEqual({ completed: { attempt: 2, heartbeatDetails: { key, row: 3 } } });
  });

  it("times out", async () => {
    const { handle } = await begin("pathHangs", { startToCloseTimeoutMs: 300, maximumAttempts: 1 });
    expect(await handle.result()).toEqual({ timedOut: "START_TO_CLOSE", retryState: "MAXIMUM_ATTEMPTS_REACHED" });
    const silent = await begin("pathHangs", { heartbeatTimeoutMs: 300, maximumAttempts: 1 });
    expect(await silent.handle.result()).toMatchObject({ timedOut: "HEARTBEAT" });
  });

  it("hears of its cancellation at once, though it has no heartbeat and the object was evicted", async () => {
    const { key, handle } = await beginWaiting();
    await evictDurableObject(objectOf(key));
    await handle.signal(stopTheActivity);
    expect(await heard(key)).toMatchObject(["CANCELLED", { cancelRequested: true, notFound: false }]);
    expect(await handle.result()).toEqual({ cancelled: true });
    expect(await eventTypes(key)).toContain("ActivityTaskCanceled");
  });

  it("hears of it though the object died, once it is connected again", async () => {
    const { key, handle } = await beginWaiting();
    await rejectionOf(objectOf(key).die());
    await scheduler.wait(WATCHED_AFTER_MS);
    await handle.signal(stopTheActivity);
    expect(await heard(key)).toMatchObject(["CANCELLED", { cancelRequested: true }]);
    expect(await handle.result()).toEqual({ cancelled: true });
  });

  it("hears at once that it is paused or reset, and another attempt follows", async () => {
    const paused = await beginWaiting();
    const id = { kind: "id", activityId: "1" } as const;
    expect(await objectOf(paused.key).pauseActivity({ version: 1, activity: id })).toMatchObject({ ok: true });
    expect(await heard(paused.key)).toMatchObject(["PAUSED", { paused: true, reset: false }]);
    await until(
      async () => (await paused.handle.describe()).raw.pendingActivities[0]?.lastFailure?.applicationFailureInfo?.type,
      (type) => type === "ActivityPause",
    );
    expect(await objectOf(paused.key).unpauseActivity({ version: 1, activity: id })).toMatchObject({ ok: true });
    expect(await paused.handle.result()).toEqual({ completed: "attempt 2" });

    const reset = await beginWaiting({ maximumAttempts: 1 });
    expect(await objectOf(reset.key).resetActivity({ version: 1, activity: id })).toMatchObject({ ok: true });
    expect(await heard(reset.key)).toMatchObject(["RESET", { reset: true, paused: false }]);
    expect(await reset.handle.result()).toEqual({ completed: "attempt 1" });
  });

  it("hears at once that nobody waits for it any more", async () => {
    const ended = await beginWaiting();
    await ended.handle.terminate("enough");
    expect(await heard(ended.key)).toMatchObject(["NOT_FOUND", { notFound: true }]);

    const overtaken = await beginWaiting({ lingers: true });
    await client.activity.complete({ workflowId: overtaken.key, activityId: "1" }, "by somebody else");
    expect(await heard(overtaken.key)).toMatchObject(["NOT_FOUND", { notFound: true }]);
    await overtaken.handle.signal(dismiss);
    expect(await overtaken.handle.result()).toEqual({ completed: "by somebody else" });
  });

  it("is completed, failed and cancelled from outside, by its token and by its id", async () => {
    for (const name of ["token", "id"] as const) {
      const open = async () => {
        const { key, handle } = await begin("pathLeavesOpen", { maximumAttempts: 1 });
        const [token] = await until(
          async () => seenOf(key),
          (list) => list.length > 0,
        );
        return { handle, activity: name === "token" ? (token as Uint8Array) : { workflowId: key, activityId: "1" } };
      };
      const completed = await open();
      await client.activity.heartbeat(completed.activity, "still at it");
      await client.activity.complete(completed.activity, { by: name });
      expect(await completed.handle.result()).toEqual({ completed: { by: name } });
      const late = await rejectionOf(client.activity.complete(completed.activity, "again"));
      expect(late).toBeInstanceOf(ActivityNotFoundError);

      const failed = await open();
      await client.activity.fail(failed.activity, ApplicationFailure.nonRetryable("refused", "Refused", name));
      expect(await failed.handle.result()).toMatchObject({ failed: "Refused", message: "refused", details: [name] });

      const cancelled = await open();
      const early = await rejectionOf(client.activity.reportCancellation(cancelled.activity));
      expect(early).toBeInstanceOf(ActivityCompletionError);
      await cancelled.handle.signal(stopTheActivity);
      await until(
        async () => await client.activity.heartbeat(cancelled.activity).catch((error: unknown) => error),
        (error) => error instanceof ActivityCancelledError,
      );
      await client.activity.reportCancellation(cancelled.activity, "stopped");
      expect(await cancelled.handle.result()).toEqual({ cancelled: true });
    }
  });

  it("left open is tried again when it fails outside or is not heard of in time", async () => {
    const { key, handle } = await begin("pathLeavesOpen", { heartbeatTimeoutMs: 700 });
    await until(
      async () => seenOf(key).length,
      (length) => length === 1,
    );
    await client.activity.fail({ workflowId: key, activityId: "1" }, new Error("once more"));
    // The second attempt is left open as well, and times out; the third is completed.
    const tokens = await until(
      async () => seenOf(key),
      (list) => list.length === 3,
    );
    expect(await rejectionOf(client.activity.complete(tokens[1] as Uint8Array, 1))).toBeInstanceOf(
      ActivityNotFoundError,
    );
    await client.activity.complete(tokens[2] as Uint8Array, "third");
    expect(await handle.result()).toEqual({ completed: "third" });
  });

  it("goes on in the next attempt where an invocation ended", async () => {
    const { key, handle } = await begin("pathImports", { heartbeatTimeoutMs: 5_000 }, [25], "short-lived");
    const result = await handle.result();
    // A second's work of at most ten rows in each invocation.
    expect(result).toMatchObject({ completed: { rows: 25 } });
    expect((result as { completed: { attempts: number } }).completed.attempts).toBeGreaterThanOrEqual(3);
    expect(seenOf(key)).toEqual(Array.from({ length: 25 }, (_, row) => row));
    expect(handedOver.get(key)).toBe(allowEagerDispatch ? 1 : undefined);
  });

  it("leaves nothing in clear with the service, whoever reports", async () => {
    const secret = "sesame-open-thyself";
    const { key } = await begin("pathLeavesOpen", { maximumAttempts: 2 });
    const activity = { workflowId: key, activityId: "1" };
    await until(
      async () => seenOf(key).length,
      (length) => length === 1,
    );
    await client.activity.heartbeat(activity, { secret });
    await client.activity.fail(activity, ApplicationFailure.retryable(secret, "Plain", secret));
    await until(
      async () => seenOf(key).length,
      (length) => length === 2,
    );
    const stored = await objectOf(key).storedText();
    expect(stored).toContain("Plain");
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(btoa(secret).slice(0, 16));
    await client.activity.complete(activity, secret);
    expect(await objectOf(key).storedText()).not.toContain(secret);
  });
});

describe("an activity that cannot be handed over", () => {
  async function echoed(what: string, given: Given = {}) {
    const key = freshId(what);
    const handle = await client.workflow.start(takesAPath, {
      workflowId: key,
      args: ["pathEcho", { allowEagerDispatch: true, ...given }, key, "done"],
    });
    expect(await handle.result()).toEqual({ completed: "done" });
    return key;
  }

  it.each(["refuse-eager", "older-worker"])("comes through the queue, as the same attempt: %s", async (what) => {
    const key = await echoed(what);
    expect(seenOf(key)).toEqual([1]);
  });

  it("comes through the queue as the next attempt when it is not known whether it was taken", async () => {
    const key = await echoed("lose-eager-call", { startToCloseTimeoutMs: 500 });
    expect(seenOf(key)).toEqual([2]);
  });

  it("because it may take too long is never offered", async () => {
    const key = await echoed("too-long-for-a-call", { startToCloseTimeoutMs: 30_001 });
    expect(handedOver.get(key)).toBeUndefined();
    expect(seenOf(key)).toEqual([1]);
  });
});
