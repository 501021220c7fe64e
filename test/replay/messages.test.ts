import { describe, expect, it } from "vitest";

import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  setHandler,
  sleep,
  uuid4,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureOf, failureText, history, replay, TestSession, valuesOf } from "./history-builder.ts";

const add = defineSignal<[number]>("add");
const stop = defineSignal("stop");
const total = defineQuery<number, [number]>("total");

describe("signals", () => {
  it("that come with the first task wait for their handler, which gets them in order", async () => {
    const workflow = async () => {
      const seen: number[] = [];
      await Promise.resolve();
      setHandler(add, (value) => void seen.push(value));
      return seen;
    };
    const builder = history("workflow").signaled("add", 1).signaled("add", 2).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete [1,2]"]);
  });

  it("are delivered inside setHandler, before it returns", async () => {
    const workflow = () => {
      let value = 0;
      setHandler(add, (next) => void (value = next));
      return Promise.resolve(value);
    };
    const builder = history("workflow").signaled("add", 7).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete 7"]);
  });

  it("stay buffered when the handler removes itself", async () => {
    const workflow = () => {
      const seen: number[] = [];
      const once = (value: number) => {
        seen.push(value);
        setHandler(add, undefined);
      };
      setHandler(add, once);
      const first = [...seen];
      setHandler(add, once);
      return Promise.resolve([first, seen]);
    };
    const builder = history("workflow").signaled("add", 1).signaled("add", 2).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete [[1],[1,2]]"]);
  });

  it("run the synchronous part of every handler before any microtask", async () => {
    const order: string[] = [];
    const workflow = async () => {
      setHandler(add, async (value) => {
        order.push(`sync ${value}`);
        await Promise.resolve();
        order.push(`then ${value}`);
      });
      await condition(() => order.length === 4);
      return order;
    };
    const builder = history("workflow").task().signaled("add", 1).signaled("add", 2).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete ["sync 1","sync 2","then 1","then 2"]']);
  });

  it("come before timers of the same activation, whatever the order in history", async () => {
    const order: string[] = [];
    const workflow = async () => {
      setHandler(add, () => void order.push("signal"));
      await sleep(10);
      order.push("timer");
      return order;
    };
    const builder = history("workflow").task().timerStarted("1").timerFired("1").signaled("add", 1).taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete ["signal","timer"]']);
  });

  it("nobody handles are no error", async () => {
    const builder = history("workflow").signaled("unknown", 1).taskStarted();
    expect(brief(await replay(() => Promise.resolve(1), builder))).toEqual(["Complete 1"]);
  });

  it("fail the workflow when the handler throws a failure", async () => {
    const workflow = () => {
      setHandler(stop, () => {
        throw ApplicationFailure.nonRetryable("stopped");
      });
      return sleep("1 day");
    };
    const builder = history("workflow").task().timerStarted("1").signaled("stop").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Fail stopped"]);
  });

  it("fail the workflow task when the handler throws anything else", async () => {
    const workflow = () => {
      setHandler(stop, () => Promise.reject(new Error("bug")));
      return sleep("1 day");
    };
    const builder = history("workflow").task().timerStarted("1").signaled("stop").taskStarted();
    expect(await failureOf(workflow, builder)).toMatchObject({
      cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
      message: "bug",
    });
  });

  it.each(["__temporal_x", "__stack_trace", "__enhanced_stack_trace"])("cannot be named %s", (name) => {
    expect(() => defineSignal(name)).toThrow(TypeError);
    expect(() => defineQuery(name)).toThrow(TypeError);
  });
});

describe("queries", () => {
  const workflow = async () => {
    let sum = 0;
    setHandler(add, (value) => void (sum += value), { description: "Adds." });
    setHandler(total, (factor) => sum * factor);
    await condition(() => sum > 100);
    return sum;
  };
  const running = () => history("workflow").task().signaled("add", 3).task();

  it("are answered from what the workflow is after all that happened", async () => {
    const session = new TestSession({ workflow }, "workflow");
    const answer = await session.query(running().events, "total", 2);
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([6]);
  });

  it("can be asked of a live session, which goes on afterwards", async () => {
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").taskStarted();
    await session.run(builder.events);
    builder.taskCompleted().signaled("add", 3).taskStarted();
    await session.run(builder.events);
    builder.taskCompleted();
    const answer = await session.query(builder.events, "total", 1);
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([3]);
    const last = await session.run(builder.signaled("add", 100).taskStarted().events);
    expect(last.kind === "completed" && brief(last.commands)).toEqual(["Complete 103"]);
  });

  it("work on a workflow that has ended", async () => {
    const builder = history("workflow").task().signaled("add", 101).task().workflowCompleted(101);
    const answer = await new TestSession({ workflow }, "workflow").query(builder.events, "total", 1);
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([101]);
  });

  it("nobody registered are told what there is", async () => {
    const answer = await new TestSession({ workflow }, "workflow").query(running().events, "nothing");
    expect(answer).toEqual({
      kind: "notRegistered",
      message:
        "Workflow did not register a handler for nothing. Registered queries: " +
        "[__stack_trace __enhanced_stack_trace __temporal_workflow_metadata total]",
    });
  });

  it("for a stack trace are not offered", async () => {
    const answer = await new TestSession({ workflow }, "workflow").query(running().events, "__stack_trace");
    expect(answer).toEqual({
      kind: "notRegistered",
      message: "Workflow stack traces are not enabled on this worker",
    });
  });

  it("for metadata list the handlers", async () => {
    const answer = await new TestSession({ workflow }, "workflow").query(
      running().events,
      "__temporal_workflow_metadata",
    );
    expect(answer.kind === "answered" && valuesOf(answer.result)[0]).toMatchObject({
      definition: {
        type: "workflow",
        queryDefinitions: [{}, {}, {}, { name: "total" }],
        signalDefinitions: [{ name: "add", description: "Adds." }],
        updateDefinitions: [],
      },
    });
  });

  it.each([
    ["a promise", () => Promise.reject(new Error("ignored")), "Query handlers should not return a Promise"],
    ["an operation", () => void sleep(1), "must not be used in a query handler"],
    ["a draw", () => uuid4(), "must not be used in a query handler"],
    [
      "an error",
      () => {
        throw new Error("handler broke");
      },
      "handler broke",
    ],
  ])("refuse %s without harm to the workflow", async (_, handler, message) => {
    const workflow = async () => {
      setHandler(total, handler as unknown as () => number);
      await sleep(10);
      return Math.random();
    };
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").task().timerStarted("1");
    const answer = await session.query(builder.events, "total", 1);
    expect(answer.kind === "failed" && failureText(answer.failure)).toContain(message);
    builder.timerFired("1").taskStarted();
    const after = await session.run(builder.events);
    expect(after).toEqual(await new TestSession({ workflow }, "workflow").run(builder.events));
  });

  it("draw no randomness of the workflow's", async () => {
    const workflow = async () => {
      setHandler(total, () => Math.random());
      await sleep(10);
      return Math.random();
    };
    const builder = history("workflow").task().timerStarted("1");
    const asked = new TestSession({ workflow }, "workflow");
    const answers = [await asked.query(builder.events, "total", 1), await asked.query(builder.events, "total", 1)];
    expect(answers[0]).toEqual(answers[1]);
    builder.timerFired("1").taskStarted();
    const unasked = new TestSession({ workflow }, "workflow");
    expect(await asked.run(builder.events)).toEqual(await unasked.run(builder.events));
  });

  it("unblock no condition", async () => {
    const workflow = async () => {
      let [asked, unblocked] = [0, 0];
      setHandler(total, () => ((asked += 1), unblocked));
      await condition(() => asked > 0);
      unblocked = 1;
      await sleep(10);
    };
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").task();
    await session.query(builder.events, "total", 1);
    const answer = await session.query(builder.events, "total", 1);
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([0]);
  });

  it("cannot be asked before the first task is completed", async () => {
    const answer = await new TestSession({ workflow }, "workflow").query(history("workflow").events, "total", 1);
    expect(answer.kind === "failed" && failureText(answer.failure)).toContain("before its first workflow task");
  });
});
