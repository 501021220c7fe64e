import { describe, expect, it } from "vitest";

import { SessionOutOfDateError } from "../../src/replay/index.ts";
import {
  ApplicationFailure,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { ALL_FLAGS, brief, commandsOf, failureOf, history, replay, TestSession } from "./history-builder.ts";

const { greet, notify } = proxyActivities<{ greet(name: string): string; notify(): void }>({ startToCloseTimeout: 1 });
const add = defineSignal<[number]>("add");
const threeSteps = async () => {
  const greeting = await greet("Ada");
  await sleep(10);
  await notify();
  return greeting;
};
const threeStepsRecorded = () =>
  history("workflow")
    .task()
    .activityScheduled("1", "greet", "Ada")
    .activityCompleted("1", "Hello")
    .task()
    .timerStarted("1")
    .timerFired("1")
    .task()
    .activityScheduled("2", "notify")
    .activityCompleted("2")
    .taskStarted();

describe("a workflow task", () => {
  it("replays what is recorded and returns only what is new", async () => {
    expect(brief(await replay(threeSteps, threeStepsRecorded()))).toEqual(['Complete "Hello"']);
  });

  it("goes on in a live session with the new events alone", async () => {
    const session = new TestSession({ workflow: threeSteps }, "workflow");
    const builder = history("workflow").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["ScheduleActivityTask 1 greet"]);
    builder.taskCompleted(ALL_FLAGS).activityScheduled("1", "greet", "Ada").activityCompleted("1", "Hi").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["StartTimer 1"]);
  });

  it("can be given its history in pages", async () => {
    const session = new TestSession({ workflow: threeSteps }, "workflow");
    const { events } = threeStepsRecorded();
    for (let index = 0; index < 12; index += 5) await session.session.append(events.slice(index, index + 5));
    const result = await session.session.runTask({
      events: events.slice(15),
      startedEventId: events.length,
      attempt: 1,
    });
    expect(brief(commandsOf(result))).toEqual(['Complete "Hello"']);
  });

  it("records its flags once", async () => {
    const session = new TestSession({ workflow: threeSteps }, "workflow");
    const builder = history("workflow").taskStarted();
    expect(await session.run(builder.events)).toMatchObject({ sdkMetadata: ALL_FLAGS });
    builder.taskCompleted(ALL_FLAGS).activityScheduled("1", "greet", "Ada").activityCompleted("1", "Hi").taskStarted();
    expect(await session.run(builder.events)).not.toHaveProperty("sdkMetadata");
  });

  it("that failed or timed out is skipped, and its events merge into the next", async () => {
    const lengths: number[] = [];
    const workflow = async () => {
      let sum = 0;
      setHandler(add, (value) => {
        lengths.push(workflowInfo().historyLength);
        sum += value;
      });
      await condition(() => sum >= 3);
      return sum;
    };
    const builder = history("workflow").taskStarted().taskFailed().taskStarted().taskTimedOut().task();
    builder.signaled("add", 1).taskStarted().taskFailed().signaled("add", 2).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete 3"]);
    expect(lengths).toEqual([builder.events.length, builder.events.length]);
  });

  it("gets what arrived while the one before it ran", async () => {
    const workflow = async () => {
      let sum = 0;
      setHandler(add, (value) => void (sum += value));
      await sleep(10);
      return sum;
    };
    const builder = history("workflow").task().timerStarted("1").signaled("add", 5).timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete 5"]);
  });

  it("in which nothing happened belongs to the one before", async () => {
    const builder = history("workflow").task().task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(() => sleep(10), builder))).toEqual(["Complete undefined"]);
  });

  it("runs signals as a batch of their own where the history has no flag", async () => {
    const order: string[] = [];
    const workflow = async () => {
      setHandler(add, async () => {
        for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
        order.push("signal");
      });
      await sleep(10);
      order.push("timer");
      await sleep(10);
      return order.splice(0).join();
    };
    const rest = (sdkMetadata?: typeof ALL_FLAGS) =>
      history("workflow")
        .taskStarted()
        .taskCompleted(sdkMetadata)
        .timerStarted("1")
        .timerFired("1")
        .signaled("add", 1)
        .taskStarted()
        .taskCompleted(sdkMetadata)
        .timerStarted("2")
        .timerFired("2")
        .taskStarted();
    expect(brief(await replay(workflow, rest(ALL_FLAGS)))).toEqual(['Complete "timer,signal"']);
    expect(brief(await replay(workflow, rest()))).toEqual(['Complete "signal,timer"']);
  });

  it("sends nothing after a close command, and moves other commands before it", async () => {
    const workflow = () => {
      const rest = async () => {
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        await sleep(10);
      };
      void rest();
      return Promise.resolve("done");
    };
    const commands = await replay(workflow, history("workflow").taskStarted());
    expect(brief(commands)).toEqual(["StartTimer 1", 'Complete "done"']);
  });
});

describe("errors of workflow code", () => {
  const start = () => history("workflow").taskStarted();

  it("fail the workflow when they are failures", async () => {
    const commands = await replay(() => Promise.reject(ApplicationFailure.retryable("no", "Refused", 1)), start());
    expect(brief(commands)).toEqual(["Fail no"]);
    expect(commands[0]).toMatchObject({
      failure: { applicationFailureInfo: { type: "Refused", nonRetryable: false } },
    });
  });

  it.each<[string, () => unknown, string]>([
    ["thrown at once", () => thrown(new TypeError("bug")), "bug"],
    ["thrown later", () => Promise.reject(new Error("bug")), "bug"],
    ["thrown without being errors", () => thrown("text"), "text"],
    ["nobody handles", () => void Promise.reject(new Error("lost")), "Unhandled Promise rejection: Error: lost"],
  ])("%s fail the workflow task when they are none", async (_, body, message) => {
    const workflow = async () => {
      await body();
      await condition(() => false);
    };
    const failed = await failureOf(workflow, start());
    expect(failed.cause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect(failed.message).toContain(message);
  });

  it("handled later in the same turn are handled", async () => {
    const workflow = async () => {
      const failing = Promise.reject(new Error("handled"));
      await Promise.resolve();
      return failing.catch((error: unknown) => (error as Error).message);
    };
    expect(brief(await replay(workflow, start()))).toEqual(['Complete "handled"']);
  });

  it("that nobody handles are given to the right one of many runs", async () => {
    const workflow = async (fails: boolean) => {
      await sleep(1);
      if (fails) void Promise.reject(new Error("lost"));
      await condition(() => false);
    };
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const builder = history("workflow", index % 3 === 0)
          .task()
          .timerStarted("1")
          .timerFired("1")
          .taskStarted();
        return new TestSession({ workflow }, "workflow").run(builder.events);
      }),
    );
    expect(results.map((result) => result.kind === "failed")).toEqual(results.map((_, index) => index % 3 === 0));
  });

  it("name a workflow type that is not exported", async () => {
    const result = await new TestSession({ other: threeSteps, value: 1 }, "workflow").run(start().events);
    expect(result).toMatchObject({ kind: "failed" });
    const { message } = await failureOf(undefined as never, start());
    expect(message).toBe(
      "Failed to initialize workflow of type 'workflow': no such function is exported by the workflow bundle",
    );
  });

  it("do not include a type that the default export stands in for", async () => {
    const workflows = { default: () => Promise.resolve(workflowInfo().workflowType) };
    const result = await new TestSession(workflows, "anything").run(history("anything").taskStarted().events);
    expect(brief(commandsOf(result))).toEqual(['Complete "anything"']);
  });
});

function thrown(value: unknown): never {
  throw value;
}

describe("code that differs from its history", () => {
  const nondeterminism = async (workflow: () => unknown, builder: ReturnType<typeof history>) => {
    const failed = await failureOf(workflow, builder);
    expect(failed.cause).toBe("NON_DETERMINISTIC_ERROR");
    return failed.message;
  };

  it("in the kind of a command", async () => {
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(await nondeterminism(() => greet("Ada"), builder)).toBe(
      'Nondeterminism at event 5: the history recorded TimerStarted (timerId "1"), but the workflow code produced ' +
        'ScheduleActivityTask (activityId "1", activityType "greet"). ' +
        "The code must do on replay what it did when the history was made.",
    );
  });

  it("in the type or id of an activity", async () => {
    const builder = history("workflow").task().activityScheduled("1", "notify").activityCompleted("1").taskStarted();
    expect(await nondeterminism(() => greet("Ada"), builder)).toContain('activityType "notify"');
    const other = history("workflow").task().activityScheduled("7", "greet").activityCompleted("7").taskStarted();
    expect(await nondeterminism(() => greet("Ada"), other)).toContain('activityId "7"');
  });

  it("is not looked at that closely where the history has no flag", async () => {
    const builder = history("workflow").taskStarted().taskCompleted().activityScheduled("7", "notify");
    builder.activityCompleted("7", "Hello").taskStarted();
    expect(brief(await replay(() => greet("Ada"), builder))).toEqual(['Complete "Hello"']);
  });

  it("in a timer's id", async () => {
    const builder = history("workflow").task().timerStarted("2").timerFired("2").taskStarted();
    expect(await nondeterminism(() => sleep(1), builder)).toContain('StartTimer (timerId "1")');
  });

  it("by doing more", async () => {
    const workflow = () => Promise.all([sleep(1), sleep(2)]);
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(await nondeterminism(workflow, builder)).toContain("recorded nothing for it");
  });

  it("by doing less", async () => {
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(await nondeterminism(() => condition(() => false), builder)).toContain("produced no further command");
  });

  it("by ending another way", async () => {
    const builder = history("workflow").task().workflowCompleted("done");
    const session = new TestSession({ workflow: () => Promise.reject(ApplicationFailure.retryable("no")) }, "workflow");
    expect(await session.query(builder.events, "any")).toMatchObject({ kind: "failed" });
  });

  it("in the input of an activity is only warned of", async () => {
    const session = new TestSession({ workflow: () => greet("Bob") }, "workflow");
    const builder = history("workflow").task().activityScheduled("1", "greet", "Ada").activityCompleted("1", "Hi");
    expect(brief(commandsOf(await session.run(builder.taskStarted().events)))).toEqual(['Complete "Hi"']);
    expect(session.lines).toMatchObject([{ level: "WARN", metadata: { activityId: "1", eventId: 5 } }]);
  });
});

describe("a session", () => {
  it("whose events do not continue is out of date", async () => {
    const { events } = threeStepsRecorded();
    const { session } = new TestSession({ workflow: threeSteps }, "workflow");
    await session.append(events.slice(0, 3));
    await expect(session.append(events.slice(4))).rejects.toBeInstanceOf(SessionOutOfDateError);
  });

  it("whose own task was refused is out of date", async () => {
    const session = new TestSession({ workflow: threeSteps }, "workflow");
    const builder = history("workflow").taskStarted();
    await session.run(builder.events);
    builder.taskFailed().signaled("add", 1).taskStarted();
    await expect(session.run(builder.events)).rejects.toBeInstanceOf(SessionOutOfDateError);
  });

  it("whose own commands were recorded as others is out of date", async () => {
    const session = new TestSession({ workflow: threeSteps }, "workflow");
    const builder = history("workflow").taskStarted();
    await session.run(builder.events);
    builder.taskCompleted(ALL_FLAGS).timerStarted("1").timerFired("1").taskStarted();
    await expect(session.run(builder.events)).rejects.toBeInstanceOf(SessionOutOfDateError);
  });

  it("whose task does not end its events is out of date", async () => {
    const { session } = new TestSession({ workflow: threeSteps }, "workflow");
    const { events } = history("workflow").task();
    await expect(session.runTask({ events, startedEventId: 3, attempt: 1 })).rejects.toThrow("must end with");
  });

  it("that failed or was disposed is of no more use", async () => {
    const failed = new TestSession({}, "workflow");
    const builder = history("workflow").taskStarted();
    await failed.run(builder.events);
    await expect(failed.session.append([])).rejects.toThrow("open a new one");
    const { session } = new TestSession({ workflow: threeSteps }, "workflow");
    session.dispose();
    await expect(session.append([])).rejects.toThrow("was disposed");
  });
});
