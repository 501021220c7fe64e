// Local activities: run inside the workflow task, and replayed from their markers.
import { describe, expect, it } from "vitest";

import { EncryptionCodec, keyRingFromText, loadDataConverter } from "../../src/codec/index.ts";
import type { WorkflowInterceptorsFactory } from "../../src/replay/interceptors.ts";
import { Context } from "../../src/sdk/activity/index.ts";
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  inWorkflowContext,
  isCancellation,
  LocalActivityDoBackoff,
  type LocalActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  scheduleLocalActivity,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { ALL_FLAGS, failureOf, failureText, history, TestSession, type Workflow } from "./history-builder.ts";
import { LocalActivityWorld, markerData, told } from "./local-activity-world.ts";

interface TestActivities {
  echo(text: string): Promise<string>;
  pause(ms: number, text?: string): Promise<string>;
  fail(message: string): Promise<never>;
  untilCancelled(): Promise<void>;
  untilTold(): Promise<string>;
}

const activities = {
  echo: async (text: string) => text,
  pause: async (ms: number, text = "rested") => {
    await Context.current().sleep(ms);
    return text;
  },
  fail: async (message: string) => {
    throw ApplicationFailure.retryable(message, "Busy");
  },
  untilCancelled: () => Context.current().cancelled,
};

function local(options: LocalActivityOptions = { startToCloseTimeout: "1 minute" }) {
  return proxyLocalActivities<TestActivities>(options);
}

/** What a promise rejects with, as workflow code would look at it. */
async function caught(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    const isWrapped = error instanceof ActivityFailure;
    const { message, cause } = error as Error;
    const inner = cause instanceof TimeoutFailure ? cause.timeoutType : (cause as Error | undefined)?.message;
    return { message, inner, isWrapped, isCancellation: isCancellation(error) };
  }
  return "nothing";
}

/** Replays the recorded history in a new session that has no activities: "answered", or what went wrong. */
async function replayedEnd(world: LocalActivityWorld): Promise<unknown> {
  const session = world.open({});
  const answer = await session.query(world.history.events, "__temporal_workflow_metadata");
  // A result that differs from the recorded one is a warning.
  if (session.lines.length > 0) return session.lines;
  return answer.kind === "failed" ? failureText(answer.failure) : answer.kind;
}

describe("a local activity", () => {
  it("runs within the workflow task and leaves one marker, as Temporal's core writes it", async () => {
    const world = new LocalActivityWorld(() => local().pause(1_500, "hello"), activities);
    const { commands } = await world.task(1_500);
    expect(told(commands)).toEqual(['Marker 1 pause "hello"', 'Complete "hello"']);
    const [marker] = commands;
    const startedMs = world.history.events[2]!.eventTimeMs;
    expect(marker).toMatchObject({ commandType: "RecordMarker", markerName: "core_local_activity" });
    expect(markerData(marker)).toEqual({
      seq: 1,
      attempt: 1,
      activity_id: "1",
      activity_type: "pause",
      complete_time: { seconds: Math.floor((startedMs + 1_500) / 1_000), nanos: 500_000_000 },
      backoff: null,
      original_schedule_time: { seconds: 1_000, nanos: 0 },
    });
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("shares its numbers with the other activities", async () => {
    const { echo } = proxyActivities<TestActivities>({ startToCloseTimeout: 1_000 });
    const world = new LocalActivityWorld(async () => {
      void local().echo("a");
      void echo("b");
      await local().echo("c");
      await sleep(1);
    }, activities);
    const { commands } = await world.task();
    expect(told(commands)).toEqual([
      "ScheduleActivityTask",
      'Marker 1 echo "a"',
      'Marker 3 echo "c"',
      "StartTimer 1 1",
    ]);
    expect(commands[0]).toMatchObject({ activityId: "2" });
  });

  it("knows that it is local, and its timeouts", async () => {
    const infos: unknown[] = [];
    const look = async () => {
      const { isLocal, activityId, attempt, startToCloseTimeoutMs, scheduleToCloseTimeoutMs } = Context.current().info;
      infos.push({ isLocal, activityId, attempt, startToCloseTimeoutMs, scheduleToCloseTimeoutMs });
      Context.current().heartbeat("is of no use, and does no harm");
    };
    const options: readonly LocalActivityOptions[] = [
      { startToCloseTimeout: "5s" },
      { scheduleToCloseTimeout: "5s" },
      { scheduleToCloseTimeout: "5s", startToCloseTimeout: "2s" },
      { scheduleToCloseTimeout: "2s", startToCloseTimeout: "5s" },
    ];
    const workflow = async () => {
      for (const option of options) await scheduleLocalActivity("look", [], option);
    };
    await new LocalActivityWorld(workflow, { look }).task();
    const common = { isLocal: true, attempt: 1 };
    expect(infos).toEqual([
      { ...common, activityId: "1", startToCloseTimeoutMs: 5_000, scheduleToCloseTimeoutMs: 0 },
      { ...common, activityId: "2", startToCloseTimeoutMs: 5_000, scheduleToCloseTimeoutMs: 5_000 },
      { ...common, activityId: "3", startToCloseTimeoutMs: 2_000, scheduleToCloseTimeoutMs: 5_000 },
      { ...common, activityId: "4", startToCloseTimeoutMs: 2_000, scheduleToCloseTimeoutMs: 2_000 },
    ]);
  });

  it("moves the workflow's time to its end, in a replay too", async () => {
    const times: number[] = [];
    const world = new LocalActivityWorld(async () => {
      times.push(Date.now());
      await local().pause(2_500);
      times.push(Date.now());
      await local().echo("at once");
      times.push(Date.now());
    }, activities);
    await world.task(2_500);
    await replayedEnd(world);
    const startedMs = world.history.events[2]!.eventTimeMs;
    const once = [startedMs, startedMs + 2_500, startedMs + 2_500];
    expect(times).toEqual([...once, ...once]);
  });

  it("hands what it threw to the code as it is", async () => {
    const workflow = () => caught(local({ startToCloseTimeout: 1_000, retry: { maximumAttempts: 1 } }).fail("no room"));
    const world = new LocalActivityWorld(workflow, activities);
    const { commands } = await world.task();
    const seen = { message: "no room", isWrapped: false, isCancellation: false };
    expect(told(commands)).toEqual(["Marker 1 fail failed: no room", `Complete ${JSON.stringify(seen)}`]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("is a ReferenceError where the worker does not have it, but not in a replay", async () => {
    const workflow = () => caught(scheduleLocalActivity("missing", [], { startToCloseTimeout: 1_000 }));
    const { commands } = await new LocalActivityWorld(workflow, activities).task();
    expect(told(commands)[0]).toContain("Local activity of type 'missing' not registered on worker");
    const fallback = new LocalActivityWorld(workflow, { default: async () => "anything" });
    expect(told((await fallback.task()).commands)).toEqual(['Marker 1 missing "anything"', 'Complete "nothing"']);
  });

  it("runs outside of the workflow's context", async () => {
    const look = async () => [
      inWorkflowContext(),
      typeof crypto.randomUUID(),
      await Promise.resolve(inWorkflowContext()),
    ];
    const world = new LocalActivityWorld(() => scheduleLocalActivity("look", [], { startToCloseTimeout: 1 }), { look });
    expect(told((await world.task()).commands).at(-1)).toBe('Complete [false,"string",false]');
  });

  it("encrypts its result and failure, and reads them again", async () => {
    const keys = keyRingFromText(`1:${btoa("0123456789abcdef0123456789abcdef")}`);
    const dataConverter = loadDataConverter({ payloadCodecs: [new EncryptionCodec(keys)] });
    const workflow = async () => {
      const seen = await caught(local({ startToCloseTimeout: 1_000, retry: { maximumAttempts: 1 } }).fail("secret"));
      return [await local().echo("secret"), seen];
    };
    const world = new LocalActivityWorld(workflow, activities, { dataConverter });
    world.history.taskStarted();
    const result = await world.session.run(world.history.events);
    if (result.kind === "failed") throw new Error(failureText(result.failure));
    const text = JSON.stringify(result.commands);
    expect(result.commands).toHaveLength(3);
    expect(text).not.toContain("secret");
    expect(text).not.toContain(btoa('"secret"'));
    expect(markerData(result.commands[1])).toMatchObject({ seq: 2, activity_type: "echo" });
    world.history.taskCompleted(result.sdkMetadata);
    for (const command of result.commands.slice(0, 2)) {
      if (command.commandType !== "RecordMarker") throw new Error(command.commandType);
      const { commandType: _, ...attributes } = command;
      world.history.add("MarkerRecorded", { ...attributes, workflowTaskCompletedEventId: 0 });
    }
    const [, , close] = result.commands;
    if (close?.commandType !== "CompleteWorkflowExecution") throw new Error("It did not complete.");
    world.history.add("WorkflowExecutionCompleted", { result: close.result!, workflowTaskCompletedEventId: 0 });
    expect(await replayedEnd(world)).toBe("answered");
    expect(world.session.lines).toEqual([]);
  });

  it("needs an end", () => {
    expect(() => proxyLocalActivities({})).toThrow(TypeError);
  });

  it("passes through interceptors, with headers", async () => {
    const seen: unknown[] = [];
    const interceptors: WorkflowInterceptorsFactory = () => ({
      outbound: [
        {
          scheduleLocalActivity: async (input, next) => {
            seen.push([input.activityType, input.seq, input.attempt]);
            return [await next({ ...input, args: ["changed"] }), "seen"];
          },
        },
      ],
    });
    const world = new LocalActivityWorld(() => local().echo("given"), activities, { interceptors: [interceptors] });
    expect(told((await world.task()).commands)).toEqual(['Marker 1 echo "changed"', 'Complete ["changed","seen"]']);
    expect(seen).toEqual([["echo", 1, 1]]);
  });

  it("carries a summary on its marker", async () => {
    const workflow = () => local({ startToCloseTimeout: 1, summary: "what for" }).echo("a");
    const { commands } = await new LocalActivityWorld(workflow, activities).task();
    expect(commands[0]).toHaveProperty("userMetadata.summary.data", btoa('"what for"'));
  });
});

describe("local activities at once", () => {
  const race: Workflow = async () => {
    const order: string[] = [];
    const { pause } = local();
    const noted = async (ms: number, name: string) => {
      const text = await pause(ms, name);
      order.push(`${text} at ${Date.now() % 100_000}`);
    };
    await Promise.all([noted(300, "a"), noted(100, "b"), noted(200, "c")]);
    return order;
  };

  it("end in the order of completion, each in an activation of its own", async () => {
    const world = new LocalActivityWorld(race, activities);
    const { commands } = await world.task(300);
    const end = 'Complete ["b at 3100","c at 3200","a at 3300"]';
    expect(told(commands)).toEqual(['Marker 2 pause "b"', 'Marker 3 pause "c"', 'Marker 1 pause "a"', end]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("are told after everything else of the task", async () => {
    const order: string[] = [];
    const world = new LocalActivityWorld(async () => {
      const timer = sleep(10).then(() => order.push("timer"));
      const activity = local()
        .pause(9_000)
        .then(() => order.push("activity"));
      await Promise.all([timer, activity]);
    }, activities);
    expect(await world.task(8_000)).toMatchObject({ forceNewWorkflowTask: true });
    await world.timers.advance(1_000);
    world.history.timerFired("1");
    await world.task();
    expect(order).toEqual(["timer", "activity"]);
  });
});

describe("the retry of a local activity", () => {
  const options = (more: LocalActivityOptions["retry"]): LocalActivityOptions => ({
    startToCloseTimeout: "1 minute",
    retry: { initialInterval: "1 second", ...more },
  });

  it("waits in memory below the threshold, and counts attempts", async () => {
    const attempts: number[] = [];
    const flaky = async () => {
      attempts.push(Context.current().info.attempt);
      if (attempts.length < 3) throw new Error("again");
      return "done";
    };
    const workflow = () => scheduleLocalActivity("flaky", [], options({}));
    const world = new LocalActivityWorld(workflow, { flaky });
    const { commands } = await world.task(1_000, 2_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(told(commands)).toEqual(['Marker 1 flaky "done"', 'Complete "done"']);
    expect(markerData(commands[0])).toMatchObject({ attempt: 3 });
  });

  it("waits for a durable timer above the threshold, and goes on with the next attempt", async () => {
    const infos: unknown[] = [];
    const flaky = async () => {
      const { attempt, activityId } = Context.current().info;
      infos.push({ attempt, activityId });
      if (attempt === 1) throw new Error("later");
      return "done";
    };
    const workflow = () =>
      scheduleLocalActivity("flaky", [], { ...options({ initialInterval: "2s" }), localRetryThreshold: "1s" });
    const world = new LocalActivityWorld(workflow, { flaky });
    const first = await world.task();
    expect(told(first.commands)).toEqual(["Marker 1 flaky backoff: later", "StartTimer 1 2000"]);
    expect(markerData(first.commands[0])).toMatchObject({ attempt: 1, backoff: { seconds: 2, nanos: 0 } });
    await world.timers.advance(2_000);
    world.history.timerFired("1");
    world.open();
    const second = await world.task();
    expect(told(second.commands)).toEqual(['Marker 2 flaky "done"', 'Complete "done"']);
    expect(markerData(second.commands[0])).toMatchObject({
      attempt: 2,
      original_schedule_time: markerData(first.commands[0])["original_schedule_time"],
    });
    expect(infos).toEqual([
      { attempt: 1, activityId: "1" },
      { attempt: 2, activityId: "2" },
    ]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("shows the backoff to interceptors", async () => {
    const seen: unknown[] = [];
    const interceptors: WorkflowInterceptorsFactory = () => ({
      outbound: [
        {
          scheduleLocalActivity: async (input, next) => {
            try {
              return await next(input);
            } catch (error) {
              if (error instanceof LocalActivityDoBackoff) seen.push(error.backoff);
              throw error;
            }
          },
        },
      ],
    });
    const workflow = () => local({ ...options({ initialInterval: "2 minutes" }) }).fail("later");
    await new LocalActivityWorld(workflow, activities, { interceptors: [interceptors] }).task();
    expect(seen).toEqual([{ attempt: 2, backoffMs: 120_000, originalScheduleTime: new Date(1_000_000) }]);
  });

  it.each([
    ["the last attempt", options({ maximumAttempts: 2 }), [1_000], 2],
    ["a listed type, whatever its case", options({ nonRetryableErrorTypes: ["bUSY"] }), [], 1],
  ])("is not made after %s", async (_, retrying, advancesMs, attempt) => {
    const world = new LocalActivityWorld(() => caught(local(retrying).fail("no")), activities);
    const { commands } = await world.task(...advancesMs);
    expect(told(commands)[0]).toBe("Marker 1 fail failed: no");
    expect(markerData(commands[0])).toMatchObject({ attempt });
  });

  it("is not made of a failure that says so, and comes when the failure says", async () => {
    const attempts: number[] = [];
    const choosy = async () => {
      attempts.push(Context.current().info.attempt);
      if (attempts.length === 1) throw ApplicationFailure.create({ message: "soon", nextRetryDelay: 10, type: "Soon" });
      throw ApplicationFailure.nonRetryable("never", "Never");
    };
    const workflow = () => caught(scheduleLocalActivity("choosy", [], options({})));
    const { commands } = await new LocalActivityWorld(workflow, { choosy }).task(10);
    expect(attempts).toEqual([1, 2]);
    expect(told(commands)[0]).toBe("Marker 1 choosy failed: never");
  });
});

describe("the timeouts of a local activity", () => {
  const timedOut = (timeoutType: string) =>
    `Complete ${JSON.stringify({ message: "Local Activity timed out", inner: timeoutType, isWrapped: true, isCancellation: false })}`;

  it.each<[string, LocalActivityOptions, readonly number[]]>([
    ["START_TO_CLOSE", { startToCloseTimeout: "2s", retry: { maximumAttempts: 1 } }, [2_000]],
    ["START_TO_CLOSE", { startToCloseTimeout: "1s", retry: { maximumAttempts: 2 } }, [1_000, 1_000, 1_000]],
    ["SCHEDULE_TO_CLOSE", { scheduleToCloseTimeout: "3s", startToCloseTimeout: "2s" }, [2_000, 1_000]],
    ["SCHEDULE_TO_CLOSE", { scheduleToCloseTimeout: "3s" }, [3_000]],
    ["SCHEDULE_TO_START", { scheduleToStartTimeout: "1s", startToCloseTimeout: "2s" }, [2_000, 1_000]],
  ])("end it with %s (%j)", async (timeoutType, options, advancesMs) => {
    const seen: unknown[] = [];
    const slow = async () => {
      try {
        await Context.current().cancelled;
      } catch (error) {
        seen.push((error as Error).message);
        throw error;
      }
    };
    const world = new LocalActivityWorld(() => caught(scheduleLocalActivity("slow", [], options)), { slow });
    const { commands } = await world.task(...advancesMs);
    expect(told(commands).at(-1)).toBe(timedOut(timeoutType));
    expect(seen).toContain("TIMED_OUT");
    expect(world.timers.pending).toBe(0);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("are over before the retry that a durable timer waited for", async () => {
    const options = {
      scheduleToCloseTimeout: 5_000,
      localRetryThreshold: 1,
      retry: { initialInterval: "1 minute" },
    } as const;
    const world = new LocalActivityWorld(() => caught(local(options).fail("later")), activities);
    await world.task();
    await world.timers.advance(60_000);
    world.history.timerFired("1");
    const { commands } = await world.task();
    expect(told(commands).at(-1)).toBe(timedOut("SCHEDULE_TO_CLOSE"));
  });

  it("may come bare from a history of Temporal's, and reach the code the same", async () => {
    const workflow = () => caught(local({ startToCloseTimeout: "2s", retry: { maximumAttempts: 1 } }).untilCancelled());
    const world = new LocalActivityWorld(workflow, activities);
    await world.task(2_000);
    const marker = world.history.events.find((event) => event.eventType === "MarkerRecorded")!;
    const { failure } = marker.attributes as { failure: { cause: object } };
    Object.assign(marker.attributes, { failure: failure.cause });
    expect(await replayedEnd(world)).toBe("answered");
  });
});

describe("the cancellation of a local activity", () => {
  const cancelled = {
    message: "Local Activity cancelled",
    inner: "Activity cancelled",
    isWrapped: true,
    isCancellation: true,
  };
  const completeCancelled = `Complete ${JSON.stringify(cancelled)}`;
  const types = ["TRY_CANCEL", "WAIT_CANCELLATION_COMPLETED", "ABANDON"] as const;

  /** Cancels once another local activity has ended, within the same task. */
  function cancelling(
    cancellationType: (typeof types)[number],
    start: (options: LocalActivityOptions) => Promise<unknown>,
  ) {
    return () => {
      const scope = new CancellationScope();
      const options = { startToCloseTimeout: "1 minute", cancellationType } as const;
      const promise = scope.run(() => start(options));
      const cancelLater = local()
        .pause(100)
        .then(() => scope.cancel());
      return Promise.all([caught(promise), cancelLater]).then(([seen]) => seen);
    };
  }

  it.each(types)("of type %s reaches a running one", async (cancellationType) => {
    const reasons: string[] = [];
    const untilCancelled = async () => {
      try {
        await Context.current().cancelled;
      } catch (error) {
        reasons.push((error as Error).message);
        throw error;
      }
    };
    const workflow = cancelling(cancellationType, (options) => scheduleLocalActivity("untilCancelled", [], options));
    const world = new LocalActivityWorld(workflow, { ...activities, untilCancelled });
    const { commands } = await world.task(100);
    expect(told(commands)).toEqual([
      'Marker 2 pause "rested"',
      "Marker 1 untilCancelled failed: Activity cancelled",
      completeCancelled,
    ]);
    // The end of the workflow stops those that were abandoned.
    expect(reasons).toEqual(["CANCELLED"]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it.each(types)("of type %s ends one that waits for its next attempt", async (cancellationType) => {
    const workflow = cancelling(cancellationType, (options) => local(options).fail("again"));
    const world = new LocalActivityWorld(workflow, activities);
    const { commands } = await world.task(100);
    expect(told(commands).at(-1)).toBe(completeCancelled);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it.each(types)("of type %s keeps one from starting that was made in the same turn", async (cancellationType) => {
    const started: string[] = [];
    const workflow = async () => {
      const scope = new CancellationScope();
      const options = { startToCloseTimeout: "1 minute", cancellationType } as const;
      const promise = scope.run(() => scheduleLocalActivity("note", [], options));
      scope.cancel();
      return await caught(promise);
    };
    const world = new LocalActivityWorld(workflow, { note: async () => void started.push("note") });
    const { commands } = await world.task();
    expect(told(commands)).toEqual(["Marker 1 note failed: Activity cancelled", completeCancelled]);
    expect(started).toEqual([]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("of type ABANDON lets a running one go on, which no task waits for", async () => {
    const stopped: string[] = [];
    const watch = async () => {
      await Context.current().cancelled.catch(({ message }: Error) => stopped.push(message));
    };
    const workflow = async () => {
      const scope = new CancellationScope();
      const options = { startToCloseTimeout: "1 minute", cancellationType: "ABANDON" } as const;
      const seen = caught(scope.run(() => scheduleLocalActivity("watch", [], options)));
      await local().echo("meanwhile");
      scope.cancel();
      await seen;
      await sleep(1);
    };
    const world = new LocalActivityWorld(workflow, { ...activities, watch });
    const { commands } = await world.task();
    expect(told(commands).at(-1)).toBe("StartTimer 1 1");
    expect(stopped).toEqual([]);
    world.session.session.dispose();
    await world.timers.advance(0);
    expect(stopped).toEqual(["CANCELLED"]);
  });

  it("waits for how a running one ends, if that is its type", async () => {
    const stubborn = async () => {
      const context = Context.current();
      await context.cancelled.catch(() => undefined);
      return "done all the same";
    };
    const workflow = cancelling("WAIT_CANCELLATION_COMPLETED", (options) =>
      scheduleLocalActivity("stubborn", [], options),
    );
    const { commands } = await new LocalActivityWorld(workflow, { ...activities, stubborn }).task(100);
    expect(told(commands)).toContain('Marker 1 stubborn "done all the same"');
  });

  it("waits no more for a next attempt, once asked for", async () => {
    const failing = async () => {
      await Context.current().cancelled.catch(() => undefined);
      throw new Error("could not stop well");
    };
    const workflow = cancelling("WAIT_CANCELLATION_COMPLETED", (options) =>
      scheduleLocalActivity("failing", [], options),
    );
    const { commands } = await new LocalActivityWorld(workflow, { ...activities, failing }).task(100);
    expect(told(commands)).toContain("Marker 1 failing failed: could not stop well");
  });

  it("in a scope that is cancelled already makes no marker", async () => {
    const workflow = () =>
      CancellationScope.cancellable(async () => {
        CancellationScope.current().cancel();
        return await local()
          .echo("never")
          .catch((error: unknown) => error instanceof CancelledFailure);
      });
    expect(told((await new LocalActivityWorld(workflow, activities).task()).commands)).toEqual(["Complete true"]);
  });

  it("reaches one that a replay has left open, before it is run again", async () => {
    const started: string[] = [];
    const note = async () => {
      started.push("note");
      await Context.current().cancelled;
    };
    const workflow = async () => {
      const scope = new CancellationScope();
      const options = { startToCloseTimeout: "1 minute", cancellationType: "WAIT_CANCELLATION_COMPLETED" } as const;
      const promise = caught(scope.run(() => scheduleLocalActivity("note", [], options)));
      await sleep(1);
      scope.cancel();
      return await promise;
    };
    const world = new LocalActivityWorld(workflow, { note });
    await world.task(8_000);
    world.history.timerFired("1").task();
    world.open();
    expect(told((await world.task()).commands)).toEqual([
      "Marker 1 note failed: Activity cancelled",
      completeCancelled,
    ]);
    expect(started).toEqual(["note"]);
  });
});

describe("a workflow task with local activities", () => {
  const long: Workflow = async () => {
    const { historyLength } = workflowInfo();
    const text = await local().pause(20_000, "at last");
    return [text, historyLength, workflowInfo().historyLength];
  };

  it("ends at 80 % of its time, and the next one goes on waiting", async () => {
    const starts: number[] = [];
    const pause = (ms: number, text: string) => {
      starts.push(ms);
      return activities.pause(ms, text);
    };
    const world = new LocalActivityWorld(long, { pause });
    expect(await world.task(7_999, 1)).toMatchObject({ commands: [], forceNewWorkflowTask: true });
    expect(await world.task(8_000)).toMatchObject({ commands: [], forceNewWorkflowTask: true });
    const last = await world.task(4_000);
    expect(last).not.toHaveProperty("forceNewWorkflowTask");
    expect(told(last.commands)).toEqual(['Marker 1 pause "at last"', 'Complete ["at last",3,9]']);
    expect(starts).toEqual([20_000]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("sends the commands so far when it ends early, and takes in what happened meanwhile", async () => {
    const world = new LocalActivityWorld(async () => {
      const timer = sleep(500);
      const text = await local().pause(9_000);
      await timer;
      return text;
    }, activities);
    const first = await world.task(8_000);
    expect(told(first.commands)).toEqual(["StartTimer 1 500"]);
    await world.timers.advance(1_000);
    world.history.timerFired("1");
    expect(told((await world.task()).commands)).toEqual(['Marker 1 pause "rested"', 'Complete "rested"']);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("runs unfinished ones again when the session was lost, and no others", async () => {
    const starts: string[] = [];
    const pause = (ms: number, text: string) => {
      starts.push(text);
      return activities.pause(ms, text);
    };
    const world = new LocalActivityWorld(
      async () => {
        const { pause: rest } = local();
        return await Promise.all([rest(1_000, "short"), rest(9_000, "long")]);
      },
      { pause },
    );
    await world.task(8_000);
    world.session.session.dispose();
    world.open();
    expect(told((await world.task(8_000, 2_000)).commands)).toEqual([]);
    expect(told((await world.task(2_000)).commands).at(-1)).toBe('Complete ["short","long"]');
    expect(starts).toEqual(["short", "long", "long"]);
    expect(await replayedEnd(world)).toBe("answered");
  });

  it("stops them when the session is let go of, and when the workflow ends", async () => {
    const stopped: string[] = [];
    const watch = async () => {
      try {
        await Context.current().cancelled;
      } catch (error) {
        stopped.push((error as Error).message);
        throw error;
      }
    };
    const running = new LocalActivityWorld(() => scheduleLocalActivity("watch", [], { startToCloseTimeout: 60_000 }), {
      watch,
    });
    await running.task(8_000);
    running.session.session.dispose();
    await running.timers.advance(0);
    expect(stopped).toEqual(["CANCELLED"]);
    const ending = new LocalActivityWorld(
      async () => {
        void scheduleLocalActivity("watch", [], { startToCloseTimeout: 60_000 });
        await local().echo("a");
        return "ended";
      },
      { ...activities, watch },
    );
    expect(told((await ending.task()).commands).at(-1)).toBe('Complete "ended"');
    await ending.timers.advance(0);
    expect(stopped).toEqual(["CANCELLED", "CANCELLED"]);
  });

  it("fails when the history has a marker of an activity that the code does not know", async () => {
    const world = new LocalActivityWorld(() => local().echo("a"), activities);
    await world.task();
    const other = history("workflow");
    other.events.splice(0, 1, ...world.history.events);
    const session = new TestSession({ workflow: async () => await sleep(1) }, "workflow");
    const answer = await session.query(other.events, "__temporal_workflow_metadata");
    expect(answer.kind === "failed" && failureText(answer.failure)).toMatch(
      /Nondeterminism at event 5: the history recorded MarkerRecorded \(.*activityType "echo"\)/,
    );
  });

  it("fails when the history has a marker of another activity in its place", async () => {
    const world = new LocalActivityWorld(() => local().echo("a"), activities);
    await world.task();
    const session = new TestSession({ workflow: () => local().pause(1) }, "workflow");
    const answer = await session.query(world.history.events, "__temporal_workflow_metadata");
    expect(answer.kind === "failed" && failureText(answer.failure)).toMatch(/event 5: .*echo.* but .*pause/);
  });

  it("fails without a runner, once the activity would have to run", async () => {
    const workflow = () => local().echo("a");
    const replayed = history("workflow").task(ALL_FLAGS).taskStarted();
    const { cause, message } = await failureOf(workflow, replayed);
    expect(cause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect(message).toContain("'echo' cannot be run here");
  });
});
