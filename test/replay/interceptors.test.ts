import { describe, expect, it } from "vitest";

import {
  defaultPayloadConverter,
  EncryptionCodec,
  keyRingFromText,
  loadDataConverter,
  type Payload,
  PayloadEncoding,
  payloadToWire,
} from "../../src/codec/index.ts";
import type { PayloadMap } from "../../src/core/payload.ts";
import {
  condition,
  CancellationScope,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setHandler,
  sleep,
  workflowInfo,
  type WorkflowInterceptorsFactory,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureText, history, TestSession, updateMessage, valuesOf, wire } from "./history-builder.ts";
import { bothWays } from "./test-service.ts";

const tell = defineSignal<[string]>("tell");
const add = defineUpdate<number, [number]>("add");
const total = defineQuery<number, [number]>("total");

const headerOf = (value: unknown): PayloadMap => ({
  fields: { "x-trace": payloadToWire(defaultPayloadConverter.toPayload(value)) },
});
const textOf = (payload: Payload | undefined) => payload && defaultPayloadConverter.fromPayload<string>(payload);

function sessionOf(workflow: (...args: never[]) => Promise<unknown>, ...interceptors: WorkflowInterceptorsFactory[]) {
  return new TestSession({ workflow }, "workflow", loadDataConverter(), { interceptors });
}

describe("inbound interceptors", () => {
  it("wrap the workflow function, the first one outermost, and may change what goes in and out", async () => {
    const order: string[] = [];
    const named =
      (name: string): WorkflowInterceptorsFactory =>
      () => ({
        inbound: [
          {
            async execute(input, next) {
              order.push(`${name} in`);
              const result = await next({ ...input, args: [...input.args, name] });
              order.push(`${name} out`);
              return [result, name];
            },
          },
        ],
      });
    const workflow = (...args: unknown[]) => Promise.resolve(args.join(" "));
    const result = await sessionOf(workflow, named("a"), named("b")).run(history("workflow", "x").taskStarted().events);
    expect(result.kind === "completed" && brief(result.commands)).toEqual(['Complete [["x a b","b"],"a"]']);
    expect(order).toEqual(["a in", "b in", "b out", "a out"]);
  });

  it("see the headers of start, signal, query and update", async () => {
    const seen: string[] = [];
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [
        {
          execute: (input, next) => (seen.push(`execute ${textOf(input.headers["x-trace"])}`), next(input)),
          handleSignal: (input, next) => (
            seen.push(`${input.signalName} ${textOf(input.headers["x-trace"])}`),
            next(input)
          ),
          handleQuery: (input, next) => (
            seen.push(`${input.queryName} ${input.queryId} ${textOf(input.headers["x-trace"])}`),
            next(input)
          ),
          validateUpdate: (input, next) => (
            seen.push(`validate ${input.name} ${textOf(input.headers["x-trace"])}`),
            next(input)
          ),
          handleUpdate: (input, next) => (
            seen.push(`${input.name} ${input.updateId} ${textOf(input.headers["x-trace"])}`),
            next(input)
          ),
        },
      ],
    });
    const workflow = async () => {
      setHandler(tell, () => undefined);
      setHandler(add, (value) => value, { validator: () => undefined });
      setHandler(total, (factor) => factor);
      await condition(() => false);
    };
    const builder = history("workflow");
    Object.assign(builder.events[0]!.attributes, { header: headerOf("start") });
    builder.with("WorkflowExecutionSignaled", {
      signalName: "tell",
      input: wire("a")!,
      requestId: "r1",
      header: headerOf("signal"),
    });
    const session = sessionOf(workflow, interceptors);
    const update = { ...updateMessage("u1", "add", 1), header: headerOf("update") };
    await session.run(builder.taskStarted().events, [update]);
    builder.taskCompleted().updateAccepted("u1", "add", 1).updateCompleted("u1", 1);
    const query = { queryId: "q1", queryType: "total", args: wire(4)!, header: headerOf("query") };
    const answer = await session.session.query({ ...query, events: builder.events.slice(4) });
    expect(answer).toMatchObject({ kind: "answered" });
    expect(seen).toEqual(["execute start", "tell signal", "validate add update", "add u1 update", "total q1 query"]);
  });

  it("see the headers of a query decoded", async () => {
    const seen: unknown[] = [];
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [{ handleQuery: (input, next) => (seen.push(textOf(input.headers["x-trace"])), next(input)) }],
    });
    const key = `k1:${btoa("0123456789abcdef0123456789abcdef")}`;
    const converter = loadDataConverter({ payloadCodecs: [new EncryptionCodec(keyRingFromText(key))] });
    const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "wf-1" });
    const header = await encoding.encodeMap(headerOf("secret"), "header");
    const ask = defineQuery<number>("ask");
    const workflow = async () => {
      setHandler(ask, () => 1);
      await condition(() => false);
    };
    const session = new TestSession({ workflow }, "workflow", converter, { interceptors: [interceptors] });
    const query = { queryId: "q1", queryType: "ask", events: history("workflow").task().events };
    const answer = await session.session.query({ ...query, ...(header ? { header } : {}) });
    expect(answer.kind).toBe("answered");
    expect(seen).toEqual(["secret"]);
  });

  it("are made once for each run, in its context, before anything of it runs", async () => {
    const made: string[] = [];
    const factory: WorkflowInterceptorsFactory = () => {
      made.push(`${workflowInfo().workflowType} ${new Date().toISOString()}`);
      return {};
    };
    const [live, fresh] = await bothWays(
      () => sleep(10),
      async (service) => {
        await service.runTask();
        service.fireTimer("1");
        await service.runTask();
      },
      { interceptors: [factory] },
    );
    expect(live.commands).toEqual(fresh.commands);
    // One live run, then two replays; the time is that of the first workflow task in all of them.
    expect(made).toEqual(Array.from({ length: 3 }, () => made[0]));
  });

  it("may refuse a signal's or update's way to its handler", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [
        {
          handleSignal: () => Promise.resolve(),
          handleUpdate: () => Promise.resolve("intercepted"),
        },
      ],
    });
    const workflow = async () => {
      setHandler(tell, () => Promise.reject(new Error("not to be called")));
      setHandler(add, () => Promise.reject(new Error("not to be called")));
      await condition(() => false);
    };
    const [live, fresh] = await bothWays(
      workflow,
      async (service) => {
        await service.runTask();
        service.history.signaled("tell", "a");
        await service.runTask([], [updateMessage("u1", "add", 1)]);
        await service.runTask([], [updateMessage("u2", "add", 1)]);
      },
      { interceptors: [interceptors] },
    );
    expect(fresh.commands).toEqual(live.commands);
    expect(live.commands).toEqual([
      "AcceptUpdate u1",
      'CompleteUpdate u1 "intercepted"',
      "AcceptUpdate u2",
      'CompleteUpdate u2 "intercepted"',
    ]);
  });

  it("may give a signal or query another name", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [
        {
          handleSignal: (input, next) => next({ ...input, signalName: "tell" }),
          handleQuery: (input, next) => next({ ...input, queryName: "missing" }),
        },
      ],
    });
    const workflow = async () => {
      const seen: string[] = [];
      setHandler(defineSignal("alias"), () => undefined);
      setHandler(tell, (text) => void seen.push(text));
      setHandler(total, () => 1);
      await condition(() => seen.length === 1);
      return seen;
    };
    const session = sessionOf(workflow, interceptors);
    const builder = history("workflow").task().signaled("alias", "renamed").taskStarted();
    const result = await session.run(builder.events);
    expect(result.kind === "completed" && brief(result.commands)).toEqual(['Complete ["renamed"]']);
    const answer = await session.query(builder.taskCompleted().workflowCompleted(["renamed"]).events, "total", 1);
    expect(answer.kind === "failed" && failureText(answer.failure)).toContain("did not register a handler for missing");
  });

  it("that refuse an update in validation reject it, and are asked only where there is a validator", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [
        {
          validateUpdate: () => {
            throw new Error("refused");
          },
        },
      ],
    });
    const other = defineUpdate<number, [number]>("other");
    const workflow = async () => {
      setHandler(add, (value) => value, { validator: () => undefined });
      setHandler(other, (value) => value);
      await condition(() => false);
    };
    const session = sessionOf(workflow, interceptors);
    const updates = [updateMessage("u1", "add", 1), updateMessage("u2", "other", 2)];
    const result = await session.run(history("workflow").taskStarted().events, updates);
    expect(result.kind === "completed" && brief(result.commands)).toEqual([
      "RejectUpdate u1 refused",
      "AcceptUpdate u2",
      "CompleteUpdate u2 2",
    ]);
  });

  it("are not asked about the built-in queries", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [{ handleQuery: () => Promise.reject(new Error("not to be called")) }],
    });
    const session = sessionOf(() => condition(() => false), interceptors);
    const answer = await session.query(history("workflow").task().events, "__temporal_workflow_metadata");
    expect(answer.kind === "answered" && valuesOf(answer.result)).toMatchObject([{ definition: { type: "workflow" } }]);
  });

  it("that wait for something else fail the query", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [{ handleQuery: () => new Promise(() => undefined) }],
    });
    const workflow = async () => {
      setHandler(total, () => 1);
      await condition(() => false);
    };
    const answer = await sessionOf(workflow, interceptors).query(history("workflow").task().events, "total", 1);
    expect(answer.kind === "failed" && failureText(answer.failure)).toBe(
      "An interceptor of queries waited for something else than the query.",
    );
  });

  it("may start operations of their own, which replay repeats", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [
        {
          execute: (input, next) =>
            CancellationScope.cancellable(async () => {
              await sleep(1_000);
              return next(input);
            }),
        },
      ],
    });
    const [live, fresh] = await bothWays(
      () => Promise.resolve("late"),
      async (service) => {
        await service.runTask();
        service.fireTimer("1");
        await service.runTask();
      },
      { interceptors: [interceptors] },
    );
    expect([live.commands, fresh.commands]).toEqual([
      ["StartTimer 1", 'Complete "late"'],
      ["StartTimer 1", 'Complete "late"'],
    ]);
  });

  it("that throw when they are made fail the workflow task", async () => {
    const broken: WorkflowInterceptorsFactory = () => {
      throw new Error("no interceptor today");
    };
    const result = await sessionOf(() => Promise.resolve(), broken).run(history("workflow").taskStarted().events);
    expect(result.kind === "failed" && failureText(result.failure)).toBe("no interceptor today");
  });
});

describe("internals interceptors", () => {
  it("see every activation, its jobs and its commands, and the end of the session", async () => {
    const seen: string[] = [];
    const interceptors: WorkflowInterceptorsFactory = () => ({
      internals: [
        {
          activate(input, next) {
            seen.push(`activate ${input.batchIndex} ${input.jobs.join(" ")}`);
            next(input);
            seen.push("jobs have run");
          },
          concludeActivation(input, next) {
            seen.push(`conclude ${input.commands.join(" ")}`);
            return next(input);
          },
          dispose(input, next) {
            seen.push("dispose");
            next(input);
          },
        },
      ],
    });
    const workflow = async () => {
      setHandler(tell, () => undefined);
      await sleep(10);
    };
    const session = sessionOf(workflow, interceptors);
    const builder = history("workflow").task().timerStarted("1").timerFired("1").signaled("tell", "a").taskStarted();
    await session.run(builder.events);
    session.session.dispose();
    session.session.dispose();
    await expect(session.session.append([])).rejects.toThrow("was disposed");
    expect(seen).toEqual([
      "activate 0 initializeWorkflow",
      "jobs have run",
      "conclude StartTimer",
      "activate 0 signalWorkflow fireTimer",
      "jobs have run",
      "conclude CompleteWorkflowExecution",
      "dispose",
    ]);
  });

  it("that fail on disposal are logged", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      internals: [
        {
          dispose() {
            throw new Error("will not go");
          },
        },
      ],
    });
    const session = sessionOf(() => condition(() => false), interceptors);
    await session.run(history("workflow").taskStarted().events);
    session.session.dispose();
    await expect(session.session.append([])).rejects.toThrow("was disposed");
    expect(session.lines).toMatchObject([{ level: "ERROR" }]);
  });
});

describe("outbound interceptors", () => {
  it("add attributes to the lines of the workflow's logger", async () => {
    const interceptors: WorkflowInterceptorsFactory = () => ({
      outbound: [{ getLogAttributes: (input, next) => ({ ...next(input), tenant: "t-1" }) }],
    });
    const session = sessionOf(async () => {
      log.info("hello", { amount: 1 });
      return Promise.resolve();
    }, interceptors);
    await session.run(history("workflow").taskStarted().events);
    expect(session.lines).toMatchObject([
      { message: "hello", metadata: { tenant: "t-1", amount: 1, workflowId: "wf-1", workflowType: "workflow" } },
    ]);
  });
});
