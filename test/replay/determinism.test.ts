import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { RandomSource } from "../../src/replay/random-source.ts";
import { randomnessSeed } from "../../src/replay/siphash13.ts";
import {
  AsyncLocalStorage,
  inWorkflowContext,
  IllegalStateError,
  log,
  sleep,
  uuid4,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { brief, failureOf, history, replay, RUN_ID, START_MS, TestSession, valuesOf } from "./history-builder.ts";

/** What a workflow returns from its first task. */
async function resultOf(workflow: () => unknown): Promise<unknown> {
  const [command] = await replay(workflow, history("workflow").taskStarted());
  return command && "result" in command ? valuesOf(command.result)[0] : command;
}

describe("inside a workflow", () => {
  it("time is when the workflow task started, and stands still", async () => {
    const workflow = async () => {
      const times = [Date.now(), new Date().getTime(), Date.parse(Date()), new Date(5).getTime()];
      await Promise.resolve();
      return [...times, Date.now(), new Date() instanceof Date, Date.UTC(1970, 0, 2)];
    };
    const startedMs = START_MS + 3_000;
    const expected = [startedMs, startedMs, startedMs, 5, startedMs, true, 86_400_000];
    expect(await resultOf(workflow)).toEqual(expected);
  });

  it("time goes on with the workflow tasks", async () => {
    const workflow = async () => {
      const before = Date.now();
      await sleep(1);
      return Date.now() - before;
    };
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete 5000"]);
  });

  it("Date can be subclassed", async () => {
    class Stamp extends Date {
      label = "stamp";
    }
    const stamp = () => {
      const now = new Stamp();
      return [now instanceof Stamp, now instanceof Date, now.getTime(), now.label];
    };
    expect(await resultOf(stamp)).toEqual([true, true, START_MS + 3_000, "stamp"]);
  });

  it("randomness comes from the run's seed", async () => {
    const expected = new RandomSource(randomnessSeed(RUN_ID));
    const bytes = new Uint8Array(6);
    const draws = [expected.next(), expected.uuid4(), expected.uuid4()];
    expected.fillBytes(bytes);
    const workflow = () => {
      const draws = [Math.random(), uuid4(), crypto.randomUUID()];
      return [draws, [...crypto.getRandomValues(new Uint8Array(6))]];
    };
    expect(await resultOf(workflow)).toEqual([draws, [...bytes]]);
  });

  it.each<[string, () => unknown]>([
    ["fetch", () => fetch("http://localhost")],
    ["setInterval", () => setIntervalNow()],
    ["setImmediate", () => setImmediate(() => undefined)],
    ["WeakRef", () => new WeakRef({})],
    ["FinalizationRegistry", () => new FinalizationRegistry(() => undefined)],
    ["performance.now", () => performance.now()],
    ["crypto.subtle", () => crypto.subtle.digest("SHA-256", new Uint8Array())],
    ["WebSocket", () => new WebSocket("ws://localhost")],
    ["AbortSignal.timeout", () => AbortSignal.timeout(1)],
    ["MessageChannel", () => new MessageChannel()],
  ])("%s is refused with what to do instead", async (name, use) => {
    const { cause, message, failure } = await failureOf(() => use(), history("workflow").taskStarted());
    expect(cause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect(message).toContain(name);
    expect(message).toMatch(/cannot be used in workflow code\. [A-Z]/);
    expect(failure.applicationFailureInfo?.type).toBe("DeterminismViolationError");
  });

  it("asking for a refused class by name does no harm", async () => {
    expect(await resultOf(() => [typeof WeakRef, {} instanceof WeakRef])).toEqual(["function", false]);
  });

  it("what is deterministic works", async () => {
    const workflow = async () => {
      const storage = new AsyncLocalStorage<string>();
      const stored = await storage.run("mine", async () => {
        await Promise.resolve();
        return storage.getStore();
      });
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      return [stored, structuredClone({ a: 1 }), new URL("http://x/y").pathname, inWorkflowContext()];
    };
    expect(await resultOf(workflow)).toEqual(["mine", { a: 1 }, "/y", true]);
  });

  it("what escapes the guards is found out when it comes back", async () => {
    const workflow = async () => {
      await new Response("body").text();
      await realTurns();
      await sleep(1);
    };
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").taskStarted();
    expect(await session.run(builder.events)).toMatchObject({ kind: "completed", commands: [] });
    await realTurns();
    await realTurns();
    const result = await session.run(builder.taskCompleted().signaled("wake").taskStarted().events);
    expect(result).toMatchObject({ kind: "failed" });
  });
});

const setIntervalNow = () => globalThis["setInterval"](() => undefined, 1);
const realSetImmediate = setImmediate;

/** Turns of the event loop that the workflow cannot see: taken through the queue of a file read. */
async function realTurns(): Promise<void> {
  const { readFile } = await import("node:fs/promises");
  await readFile(import.meta.filename);
}

describe("outside of workflows", () => {
  it("everything answers as before", async () => {
    expect(Math.abs(Date.now() - performance.timeOrigin - performance.now())).toBeLessThan(5_000);
    expect(new Date().getFullYear()).toBeGreaterThan(2000);
    expect(typeof Date()).toBe("string");
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
    expect(Math.random()).not.toBe(Math.random());
    expect(new WeakRef(realSetImmediate).deref()).toBe(realSetImmediate);
    expect(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array()))).toHaveLength(32);
    expect(await promisify(setImmediate)("turned")).toBe("turned");
    expect(inWorkflowContext()).toBe(false);
  });

  it("the workflow API says that there is no workflow", () => {
    expect(() => workflowInfo()).toThrow(IllegalStateError);
    expect(() => sleep(1)).toThrow(IllegalStateError);
    expect(() => log.info("hello")).toThrow(IllegalStateError);
  });
});

describe("workflowInfo", () => {
  it("tells what is known of the run", async () => {
    const builder = history("workflow");
    builder.events.length = 0;
    builder.started("workflow", [], {
      memo: { fields: { owner: { metadata: { encoding: btoa("json/plain") }, data: btoa('"Ada"') } } },
      workflowRunTimeoutMs: 60_000,
      workflowExecutionTimeoutMs: 90_000,
      workflowExecutionExpirationTimeMs: START_MS + 90_000,
    });
    const workflow = () => {
      const { unsafe, ...info } = workflowInfo();
      return { ...info, frozen: Object.isFrozen(info.memo), replaying: unsafe.isReplaying, real: unsafe.now() > 0 };
    };
    const [command] = await replay(workflow, builder.taskStarted());
    expect(command && "result" in command && valuesOf(command.result)[0]).toEqual({
      namespace: "default",
      workflowId: "wf-1",
      runId: RUN_ID,
      workflowType: "workflow",
      taskQueue: "default",
      memo: { owner: "Ada" },
      searchAttributes: {},
      typedSearchAttributes: [],
      historyLength: 3,
      historySize: 200,
      continueAsNewSuggested: false,
      targetWorkerDeploymentVersionChanged: false,
      firstExecutionRunId: RUN_ID,
      originalExecutionRunId: RUN_ID,
      startTime: new Date(START_MS + 2_000).toISOString(),
      runStartTime: new Date(START_MS + 4_000).toISOString(),
      executionTimeoutMs: 90_000,
      executionExpirationTime: new Date(START_MS + 90_000).toISOString(),
      runTimeoutMs: 60_000,
      taskTimeoutMs: 10_000,
      attempt: 1,
      frozen: true,
      replaying: false,
      real: true,
    });
  });
});

describe("logging", () => {
  const workflow = async () => {
    log.info("first", { n: 1 });
    await sleep(1);
    log.warn("second");
  };

  it("is silent while replaying, and names the run", async () => {
    const session = new TestSession({ workflow }, "workflow");
    await session.run(history("workflow").task().timerStarted("1").timerFired("1").taskStarted().events);
    expect(session.lines).toMatchObject([
      { level: "WARN", message: "second", metadata: { workflowId: "wf-1", runId: RUN_ID, workflowType: "workflow" } },
    ]);
  });

  it("of a live task appears once, with its metadata", async () => {
    const session = new TestSession({ workflow }, "workflow");
    await session.run(history("workflow").taskStarted().events);
    expect(session.lines).toMatchObject([{ level: "INFO", message: "first", metadata: { n: 1 } }]);
  });
});
