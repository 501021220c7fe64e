import { describe, expect, it } from "vitest";

import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  HandlerUnfinishedPolicy,
  setDefaultQueryHandler,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
  setHandler,
  sleep,
  workflowMetadataQuery,
} from "../../src/sdk/workflow/index.ts";
import {
  brief,
  failureOf,
  failureText,
  history,
  replay,
  TestSession,
  updateMessage,
  valuesOf,
} from "./history-builder.ts";
import { bothWays } from "./test-service.ts";

const tell = defineSignal<[string]>("tell");
const add = defineUpdate<number, [number]>("add");
const total = defineQuery<number>("total");

const forever = () => condition(() => false);

describe("a default signal handler", () => {
  it("gets what nobody else handles, with its name, in order of arrival", async () => {
    const workflow = async () => {
      const seen: unknown[] = [];
      await sleep(10);
      setHandler(tell, (text) => void seen.push(`tell ${text}`));
      setDefaultSignalHandler((name, ...args) => void seen.push([name, ...args]));
      await condition(() => seen.length === 5);
      return seen;
    };
    const [live, fresh] = await bothWays(workflow, async (service) => {
      service.history.signaled("other", 1).signaled("tell", "a").signaled("another", 2, 3);
      await service.runTask();
      service.fireTimer("1");
      service.history.signaled("third").signaled("tell", "b");
      await service.runTask();
    });
    const result = 'Complete ["tell a","tell b",["other",1],["another",2,3],["third"]]';
    expect([live.commands.at(-1), fresh.commands.at(-1)]).toEqual([result, result]);
  });

  it("gets nothing any more once it is removed", async () => {
    const workflow = async () => {
      const seen: string[] = [];
      setDefaultSignalHandler((name) => {
        seen.push(name);
        setDefaultSignalHandler(undefined);
      });
      return Promise.resolve(seen);
    };
    const builder = history("workflow").signaled("a").signaled("b").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete ["a"]']);
  });

  it("never gets a signal of a reserved name", async () => {
    const workflow = async () => {
      setDefaultSignalHandler(() => undefined);
      await forever();
    };
    expect(await failureOf(workflow, history("workflow").task().signaled("__temporal_x").taskStarted())).toMatchObject({
      message: "Cannot use signal name: '__temporal_x', with reserved prefix: '__temporal_'",
    });
  });

  it("gets a signal named like a built-in query past the interceptors, and the default update handler likewise", async () => {
    const workflow = async () => {
      const seen: string[] = [];
      setDefaultSignalHandler((name) => void seen.push(name));
      setDefaultUpdateHandler((name) => void seen.push(name));
      await condition(() => seen.length === 2);
      return seen;
    };
    const refuse = () => Promise.reject(new Error("not to be asked"));
    const interceptors = [() => ({ inbound: [{ handleSignal: refuse, handleUpdate: refuse }] })];
    const session = new TestSession({ workflow }, "workflow", undefined, { interceptors });
    const builder = history("workflow").signaled("__stack_trace").taskStarted();
    const result = await session.run(builder.events, [updateMessage("u1", "__enhanced_stack_trace")]);
    expect(result.kind === "completed" && brief(result.commands).at(-1)).toBe(
      'Complete ["__stack_trace","__enhanced_stack_trace"]',
    );
  });

  it("must be a function", async () => {
    const workflow = async () => {
      setDefaultSignalHandler("handler" as never);
      await forever();
    };
    expect(await failureOf(workflow, history("workflow").taskStarted())).toMatchObject({
      message: "Expected handler to be either a function or 'undefined'. Got: 'string'",
    });
  });
});

describe("a default update handler", () => {
  it("accepts what nobody else handles, and is never asked to validate", async () => {
    const workflow = async () => {
      const seen: unknown[] = [];
      setHandler(add, (value) => value, { validator: () => void seen.push("validated") });
      setDefaultUpdateHandler((name, ...args) => {
        seen.push(name);
        return args.length;
      });
      await condition(() => seen.includes("last"));
    };
    const [live, fresh] = await bothWays(workflow, async (service) => {
      await service.runTask([], [updateMessage("u1", "any", 1, 2)]);
      await service.runTask([], [updateMessage("u2", "add", 7), updateMessage("u3", "last")]);
    });
    expect(fresh.commands).toEqual(live.commands);
    expect(live.commands).toEqual([
      "AcceptUpdate u1",
      "CompleteUpdate u1 2",
      "AcceptUpdate u2",
      "AcceptUpdate u3",
      "CompleteUpdate u2 7",
      "CompleteUpdate u3 0",
      "Complete undefined",
    ]);
  });
});

describe("a default query handler", () => {
  const workflow = async () => {
    setHandler(total, () => 3);
    setDefaultQueryHandler((name, ...args) => [name, ...args]);
    await forever();
  };
  const ask = async (name: string, ...args: unknown[]) => {
    const answer = await new TestSession({ workflow }, "workflow").query(
      history("workflow").task().events,
      name,
      ...args,
    );
    return answer.kind === "answered" ? valuesOf(answer.result)[0] : answer;
  };

  it("answers what nobody else does", async () => {
    expect(await ask("total")).toBe(3);
    expect(await ask("unknown", 1, 2)).toEqual(["unknown", 1, 2]);
  });

  it("never answers for the built-in queries", async () => {
    expect(await ask("__stack_trace")).toEqual({
      kind: "notRegistered",
      message: "Workflow stack traces are not enabled on this worker",
    });
    const refused = await ask("__temporal_other");
    expect(refused).toMatchObject({ kind: "failed" });
    const { failure } = refused as { readonly failure: Parameters<typeof failureText>[0] };
    expect(failureText(failure)).toBe("Cannot use query name: '__temporal_other', with reserved prefix: '__temporal_'");
  });
});

describe("the metadata of a workflow", () => {
  it("lists the handlers that have a name, the built-in queries first", async () => {
    const workflow = async () => {
      setHandler(tell, () => undefined, { description: "Tells." });
      setHandler(total, () => 0);
      setHandler(add, (value) => value, { description: "Adds." });
      setDefaultSignalHandler(() => undefined);
      setDefaultQueryHandler(() => undefined);
      setDefaultUpdateHandler(() => undefined);
      await forever();
    };
    const session = new TestSession({ workflow }, "workflow");
    const answer = await session.query(history("workflow").task().events, workflowMetadataQuery.name);
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([
      {
        definition: {
          type: "workflow",
          queryDefinitions: [
            { name: "__stack_trace", description: "Returns a sensible stack trace." },
            { name: "__enhanced_stack_trace", description: "Returns a stack trace annotated with source information." },
            { name: "__temporal_workflow_metadata", description: "Returns metadata associated with this workflow." },
            { name: "total" },
          ],
          signalDefinitions: [{ name: "tell", description: "Tells." }],
          updateDefinitions: [{ name: "add", description: "Adds." }],
        },
        currentDetails: "",
      },
    ]);
  });
});

describe("handlers that are running when the workflow ends", () => {
  interface Setting {
    readonly policy?: HandlerUnfinishedPolicy;
    readonly end?: () => unknown;
    readonly wait?: boolean;
  }

  const workflowOf = ({ policy, end = () => "over", wait }: Setting) => {
    const options = policy === undefined ? {} : { unfinishedPolicy: policy };
    return async () => {
      let begun = 0;
      const handle = async () => {
        begun += 1;
        await sleep("1 hour");
      };
      setHandler(tell, handle, options);
      setHandler(add, async (value) => (await handle(), value), options);
      await condition(() => begun === 3);
      if (wait) await condition(allHandlersFinished);
      return end();
    };
  };
  const linesOf = async (setting: Setting) => {
    const [live, fresh] = await bothWays(workflowOf(setting), async (service) => {
      await service.runTask();
      service.history.signaled("tell", "a").signaled("tell", "b");
      await service.runTask([], [updateMessage("u1", "add", 1)]);
    });
    const warnings = live.lines.map(({ level, message }) => `${level} ${message}`);
    expect(fresh.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(warnings);
    return warnings;
  };

  it("are warned of, by name", async () => {
    const [update, signal, ...more] = await linesOf({});
    expect(update).toMatch(/^WARN \[TMPRL1102\] Workflow finished while an update handler was still running\./);
    expect(update).toContain('[{"name":"add","id":"u1"}]');
    expect(signal).toMatch(/^WARN \[TMPRL1102\] Workflow finished while a signal handler was still running\./);
    expect(signal).toContain('[{"name":"tell","count":2}]');
    expect(more).toEqual([]);
  });

  it("are not warned of where their policy says so", async () => {
    expect(await linesOf({ policy: HandlerUnfinishedPolicy.ABANDON })).toEqual([]);
  });

  it("are not warned of when the workflow fails", async () => {
    const end = () => {
      throw ApplicationFailure.nonRetryable("failed");
    };
    expect(await linesOf({ end })).toEqual([]);
  });

  it("can be waited for", async () => {
    const [live] = await bothWays(workflowOf({ wait: true }), async (service) => {
      await service.runTask();
      service.history.signaled("tell", "a").signaled("tell", "b");
      await service.runTask([], [updateMessage("u1", "add", 1)]);
      service.fireTimer("1");
      service.fireTimer("2");
      await service.runTask();
      expect(service.closed).toBe(false);
      service.fireTimer("3");
      await service.runTask();
      expect(service.lines).toEqual([]);
    });
    expect(live.commands.slice(-2)).toEqual(["CompleteUpdate u1 1", 'Complete "over"']);
  });
});
