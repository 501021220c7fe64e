import { describe, expect, it } from "vitest";

import { CancellationScope, condition, defineSignal, setHandler, sleep } from "../../src/sdk/workflow/index.ts";
import { brief, commandsOf, failureOf, history, replay, TestSession } from "./history-builder.ts";

describe("timers", () => {
  it("start with the duration, in milliseconds", async () => {
    const commands = await replay(() => sleep("30 days"), history("workflow").taskStarted());
    expect(commands).toEqual([
      { commandType: "StartTimer", timerId: "1", startToFireTimeoutMs: 30 * 24 * 60 * 60 * 1000 },
    ]);
  });

  it.each([0, -5, 0.3])("last at least a millisecond (%d)", async (ms) => {
    const [command] = await replay(() => sleep(ms), history("workflow").taskStarted());
    expect(command).toMatchObject({ startToFireTimeoutMs: 1 });
  });

  it.each([NaN, "soon"])("refuse %s by failing the workflow task", async (duration) => {
    const { cause, message } = await failureOf(() => sleep(duration as number), history("workflow").taskStarted());
    expect(cause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect(message).toContain("Invalid duration");
  });

  it("let the code go on when they fire", async () => {
    const workflow = async () => {
      await sleep(1_000);
      return "rested";
    };
    const builder = history("workflow").taskStarted().taskCompleted().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "rested"']);
  });

  it("leave nothing but their number when cancelled before they were sent", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const first = scope.run(() => sleep(1_000));
      scope.cancel();
      await first.catch(() => undefined);
      await sleep(2_000);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["StartTimer 2"]);
  });

  it("are cancelled by a command once they were sent", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const slow = scope.run(() => sleep(60_000)).catch(() => "cancelled");
      await sleep(1_000);
      scope.cancel();
      return slow;
    };
    const builder = history("workflow").task().timerStarted("1").timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["CancelTimer 1", 'Complete "cancelled"']);
  });

  it("cannot be cancelled after they fired", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      await scope.run(() => sleep(1_000));
      scope.cancel();
      return "done";
    };
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "done"']);
  });

  it("cannot be cancelled by a signal of the activation that fires them, in histories without the flag", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      setHandler(defineSignal("cancel"), () => scope.cancel());
      return scope.run(() => sleep(1_000)).catch(() => "cancelled");
    };
    const builder = history("workflow").taskStarted().taskCompleted().timerStarted("1").timerFired("1");
    builder.signaled("cancel").taskStarted().taskCompleted().workflowCompleted("cancelled");
    const session = new TestSession({ workflow }, "workflow");
    expect(await session.query(builder.events, "any")).toMatchObject({ kind: "notRegistered" });
  });

  it("do not keep a workflow open", async () => {
    const workflow = () => {
      void sleep(60_000);
      return Promise.resolve("done");
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      "StartTimer 1",
      'Complete "done"',
    ]);
  });
});

describe("setTimeout in workflow code", () => {
  const wake = (): Promise<string> =>
    new Promise((resolve) => globalThis["setTimeout"]((text: string) => resolve(text), 500, "woken"));

  it("is a durable timer that passes its arguments on", async () => {
    const started = await replay(wake, history("workflow").taskStarted());
    expect(started).toEqual([{ commandType: "StartTimer", timerId: "1", startToFireTimeoutMs: 500 }]);
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(wake, builder))).toEqual(['Complete "woken"']);
  });

  it("answers the timer's number, with which clearTimeout cancels it", async () => {
    const workflow = async () => {
      const handle = globalThis["setTimeout"](() => undefined, 1_000) as unknown as number;
      await sleep(10);
      clearTimeout(handle);
      return handle;
    };
    const builder = history("workflow").task().timerStarted("1").timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["CancelTimer 1", "Complete 1"]);
  });

  it("takes a number even when cleared at once", async () => {
    const workflow = async () => {
      clearTimeout(globalThis["setTimeout"](() => undefined, 1_000));
      await sleep(10);
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["StartTimer 2"]);
  });

  it("fails the workflow task with what the callback throws", async () => {
    const workflow = () => {
      globalThis["setTimeout"](() => {
        throw new Error("in callback");
      }, 1);
      return sleep("1 day");
    };
    const builder = history("workflow").task().timerStarted("1").timerStarted("2").timerFired("1").taskStarted();
    expect((await failureOf(workflow, builder)).message).toBe("Unhandled Promise rejection: Error: in callback");
  });
});

describe("conditions", () => {
  const go = defineSignal<[number]>("go");

  it("cost nothing when true at once", async () => {
    const workflow = async () => {
      await condition(() => true);
      return "done";
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(['Complete "done"']);
  });

  it("with a timeout take a timer's number even when true at once", async () => {
    const workflow = async () => {
      const met = await condition(() => true, "1 minute");
      await sleep(10);
      return met;
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(["StartTimer 2"]);
  });

  it("answer false when the time passes first", async () => {
    const workflow = () => condition(() => false, "1 minute");
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete false"]);
  });

  it("with no time at all still wait for a timer", async () => {
    const commands = await replay(() => condition(() => false, 0), history("workflow").taskStarted());
    expect(brief(commands)).toEqual([
      'RecordMarker core_patch {"id":"__sdk_internal_patch_number:1","deprecated":false}',
      'UpsertSearchAttributes {"TemporalChangeVersion":["__sdk_internal_patch_number:1"]}',
      "StartTimer 1",
    ]);
    expect(commands.at(-1)).toEqual({ commandType: "StartTimer", timerId: "1", startToFireTimeoutMs: 1 });
  });

  it("with no time at all have no limit in histories from before that was one", async () => {
    const workflow = async () => {
      let gone = false;
      setHandler(go, () => void (gone = true));
      return [await condition(() => gone, 0), await sleep(1)];
    };
    const builder = history("workflow").task().signaled("go", 1).task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete [null,null]"]);
  });

  it("see a signal before the timer of the same activation", async () => {
    const workflow = () => {
      let gone = false;
      setHandler(go, () => void (gone = true));
      return condition(() => gone, "1 minute");
    };
    const builder = history("workflow").task().timerStarted("1").timerFired("1").signaled("go", 1).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete true"]);
  });

  it("cancel their timer when met later", async () => {
    const workflow = () => {
      let gone = false;
      setHandler(go, () => void (gone = true));
      return condition(() => gone, "1 minute");
    };
    const builder = history("workflow").task().timerStarted("1").signaled("go", 1).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["CancelTimer 1", "Complete true"]);
  });

  it("are evaluated after every job, so that a passing state is seen", async () => {
    const seen: number[] = [];
    const workflow = async () => {
      let value = 0;
      setHandler(go, (next) => void (value = next));
      void condition(() => value === 1).then(() => seen.push(1));
      await condition(() => value === 2);
      return seen.length;
    };
    const builder = history("workflow").task().signaled("go", 1).signaled("go", 2).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete 1"]);
  });

  it("unblock one another in order of creation, until nothing moves", async () => {
    const order: string[] = [];
    const workflow = async () => {
      let step = 0;
      const when = async (wanted: number, name: string) => {
        await condition(() => step === wanted);
        order.push(name);
        step += 1;
      };
      await Promise.all([when(2, "c"), when(1, "b"), when(0, "a")]);
      return order.join("");
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(['Complete "abc"']);
  });

  it("of one round are unblocked together, before any code goes on", async () => {
    const order: string[] = [];
    const workflow = async () => {
      let [gone, seen] = [false, false];
      setHandler(go, () => void (gone = true));
      const first = condition(() => seen).then(() => order.push("first"));
      const second = condition(() => gone && (seen = true))
        .then(() => order.push("second"))
        .then(() => order.push("after second"));
      await Promise.all([first, second]);
      return order.join();
    };
    const builder = history("workflow").task().signaled("go", 1).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "second,first,after second"']);
  });

  it("fail the workflow task when the predicate throws", async () => {
    let broken = false;
    const workflow = async () => {
      await condition(() => {
        if (broken) throw new Error("predicate broke");
        broken = true;
        return false;
      });
    };
    const result = await new TestSession({ workflow }, "workflow").run(history("workflow").taskStarted().events);
    expect(result).toMatchObject({ kind: "failed", cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE" });
  });

  it("are cancelled with their scope", async () => {
    const workflow = async () => {
      await condition(() => false);
    };
    const builder = history("workflow").task().cancelRequested().taskStarted();
    expect(brief(commandsOf(await new TestSession({ workflow }, "workflow").run(builder.events)))).toEqual(["Cancel"]);
  });
});
