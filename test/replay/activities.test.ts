import { describe, expect, it } from "vitest";

import { defaultFailureConverter, defaultPayloadConverter } from "../../src/codec/index.ts";
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureOf, history, replay, valuesOf } from "./history-builder.ts";

interface Activities {
  greet(name: string): Promise<string>;
  notify(): Promise<void>;
}

const { greet } = proxyActivities<Activities>({ startToCloseTimeout: "10 seconds" });
const applicationFailure = (error: ApplicationFailure) =>
  defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);

describe("activities", () => {
  it("are scheduled with id, type, queue, input, timeouts and retry policy", async () => {
    const { greet } = proxyActivities<Activities>({
      startToCloseTimeout: "10 seconds",
      scheduleToCloseTimeout: 60_000,
      scheduleToStartTimeout: "5s",
      heartbeatTimeout: "1s",
      retry: { initialInterval: "50ms", maximumAttempts: 3, nonRetryableErrorTypes: ["Fatal"] },
    });
    const [command] = await replay(() => greet("Ada"), history("workflow").taskStarted());
    expect(command).toMatchObject({
      commandType: "ScheduleActivityTask",
      activityId: "1",
      activityType: "greet",
      taskQueue: "default",
      startToCloseTimeoutMs: 10_000,
      scheduleToCloseTimeoutMs: 60_000,
      scheduleToStartTimeoutMs: 5_000,
      heartbeatTimeoutMs: 1_000,
      retryPolicy: { initialIntervalMs: 50, maximumAttempts: 3, nonRetryableErrorTypes: ["Fatal"] },
    });
    expect(command && "input" in command && valuesOf(command.input)).toEqual(["Ada"]);
  });

  it("can be called with options of their own", async () => {
    const workflow = () => greet.executeWithOptions({ taskQueue: "fast", activityId: "hello" }, ["Ada"]);
    const [command] = await replay(workflow, history("workflow").taskStarted());
    expect(command).toMatchObject({ activityId: "hello", taskQueue: "fast", startToCloseTimeoutMs: 10_000 });
  });

  it("without an end are refused when the proxy is made, and when they are called", async () => {
    const required = "Required either scheduleToCloseTimeout or startToCloseTimeout";
    expect(() => proxyActivities<Activities>({})).toThrow(new TypeError(required));
    const endless = { startToCloseTimeout: undefined };
    const call = () => greet.executeWithOptions(endless, ["Ada"]);
    const { message } = await failureOf(call, history("workflow").taskStarted());
    expect(message).toBe(required);
  });

  it("do not make a proxy that can be awaited", async () => {
    const proxy = proxyActivities<Activities>({ startToCloseTimeout: 1 });
    expect(await Promise.resolve(proxy)).toBe(proxy);
    expect(Reflect.get(proxy, Symbol.iterator)).toBeUndefined();
  });

  it("give their result", async () => {
    const builder = history("workflow").task().activityScheduled("1", "greet", "Ada");
    builder.activityCompleted("1", "Hello, Ada").taskStarted();
    expect(brief(await replay(() => greet("Ada"), builder))).toEqual(['Complete "Hello, Ada"']);
  });

  it("reject with an ActivityFailure around what was thrown", async () => {
    const workflow = async () => {
      const error: unknown = await greet("Ada").catch((error: unknown) => error);
      if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) throw error;
      const { activityId, activityType, retryState } = error;
      return [error.message, activityId, activityType, retryState, error.cause.message, error.cause.details];
    };
    const failure = applicationFailure(ApplicationFailure.nonRetryable("no such name", "Unknown", 7));
    const builder = history("workflow").task().activityScheduled("1", "greet", "Ada");
    builder.activityFailed("1", failure).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([
      'Complete ["Activity task failed","1","greet","MAXIMUM_ATTEMPTS_REACHED","no such name",[7]]',
    ]);
  });

  it("fail the workflow when nobody catches, with all details kept", async () => {
    const failure = applicationFailure(ApplicationFailure.nonRetryable("no such name", "Unknown", { code: 7 }));
    const builder = history("workflow").task().activityScheduled("1", "greet", "Ada");
    builder.activityFailed("1", failure).taskStarted();
    const [command] = await replay(() => greet("Ada"), builder);
    expect(command).toMatchObject({
      commandType: "FailWorkflowExecution",
      failure: { activityFailureInfo: { activityId: "1" }, cause: failure },
    });
  });

  it("report a timeout as one", async () => {
    const workflow = async () => {
      const error: unknown = await greet("Ada").catch((error: unknown) => error);
      const cause = error instanceof ActivityFailure ? error.cause : undefined;
      return cause instanceof TimeoutFailure ? [cause.timeoutType, cause.message] : "other";
    };
    const builder = history("workflow").task().activityScheduled("1", "greet", "Ada");
    builder
      .activityTimedOut("1", { message: "too slow", timeoutFailureInfo: { timeoutType: "HEARTBEAT" } })
      .taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete ["HEARTBEAT","too slow"]']);
  });
});

describe("cancelling activities", () => {
  /** Starts an activity, sleeps, cancels, and tells what came of it. */
  const cancelLater = (cancellationType?: ActivityCancellationType) => async () => {
    const { greet } = proxyActivities<Activities>({
      startToCloseTimeout: "10 seconds",
      ...(cancellationType ? { cancellationType } : {}),
    });
    const scope = new CancellationScope();
    const greeting = scope
      .run(() => greet("Ada"))
      .catch((error: unknown) => {
        if (!(error instanceof ActivityFailure)) throw error;
        return `${error.message}, ${String(error.cause instanceof CancelledFailure)}, ${String(isCancellation(error))}`;
      });
    await sleep(10);
    scope.cancel();
    return greeting;
  };
  const untilTimer = () =>
    history("workflow").task().activityScheduled("1", "greet", "Ada").timerStarted("1").timerFired("1");
  const cancelled = 'Complete "Activity cancelled, true, true"';

  it("in the task that schedules them leaves no command, only the number", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const first = scope.run(() => greet("Ada"));
      scope.cancel();
      const error: unknown = await first.catch((error: unknown) => error);
      await greet("Bob").catch(() => undefined);
      return String(error);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["ScheduleActivityTask 2 greet"]);
  });

  it("TRY_CANCEL, the default, asks and rejects at once", async () => {
    const commands = await replay(cancelLater(), untilTimer().taskStarted());
    expect(brief(commands)).toEqual(["RequestCancelActivityTask 5", cancelled]);
  });

  it("ABANDON rejects without asking", async () => {
    const commands = await replay(cancelLater("ABANDON"), untilTimer().taskStarted());
    expect(brief(commands)).toEqual([cancelled]);
  });

  it("WAIT_CANCELLATION_COMPLETED asks and waits", async () => {
    const workflow = cancelLater(ActivityCancellationType.WAIT_CANCELLATION_COMPLETED);
    expect(brief(await replay(workflow, untilTimer().taskStarted()))).toEqual(["RequestCancelActivityTask 5"]);
    const end = untilTimer().task().activityCancelRequested("1").activityCanceled("1").taskStarted();
    expect(brief(await replay(workflow, end))).toEqual([cancelled]);
  });

  it("WAIT_CANCELLATION_COMPLETED takes a result that came after all", async () => {
    const builder = untilTimer().task().activityCancelRequested("1").activityCompleted("1", "Hello").taskStarted();
    expect(brief(await replay(cancelLater("WAIT_CANCELLATION_COMPLETED"), builder))).toEqual(['Complete "Hello"']);
  });

  it("ignores what an abandoned activity does later", async () => {
    const workflow = async () => {
      const end = await cancelLater("TRY_CANCEL")();
      await sleep(20);
      return end;
    };
    const builder = untilTimer().task().activityCancelRequested("1").timerStarted("2").activityCanceled("1");
    builder.task().timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([cancelled]);
  });

  it("asks once, however often the scope is cancelled", async () => {
    const workflow = async () => {
      const { greet } = proxyActivities<Activities>({
        startToCloseTimeout: 1_000,
        cancellationType: "WAIT_CANCELLATION_COMPLETED",
      });
      const scope = new CancellationScope();
      const greeting = scope.run(() => greet("Ada"));
      await sleep(10);
      scope.cancel();
      scope.cancel();
      await greeting;
    };
    expect(brief(await replay(workflow, untilTimer().taskStarted()))).toEqual(["RequestCancelActivityTask 5"]);
  });

  it("is not told to a workflow that has ended meanwhile", async () => {
    const workflow = () => {
      const scope = new CancellationScope();
      const greeting = scope.run(() => greet("Ada")).catch(() => greet("Bob"));
      scope.cancel();
      void greeting;
      return Promise.resolve("ended");
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(['Complete "ended"']);
  });

  it("rejects after the code that asked has come to rest", async () => {
    const order: string[] = [];
    const workflow = async () => {
      const scope = new CancellationScope();
      const greeting = scope.run(() => greet("Ada")).catch(() => void order.push("rejected"));
      scope.cancel();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      order.push("rested");
      await greeting;
      return order.join();
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(['Complete "rested,rejected"']);
  });
});
