import { describe, expect, it } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import type { InjectedSinks } from "../../src/replay/sinks.ts";
import {
  condition,
  defineQuery,
  defineSignal,
  inWorkflowContext,
  log,
  proxySinks,
  setHandler,
  type Sinks,
  sleep,
  type WorkflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { history, type SessionOptions, TestSession } from "./history-builder.ts";

interface AuditSinks extends Sinks {
  audit: {
    record(entry: string, details?: { readonly amounts: number[] }): void;
    trace(entry: string): void;
  };
}

const { audit } = proxySinks<AuditSinks>();

interface Recorded {
  readonly entry: string;
  readonly info: WorkflowInfo;
  readonly amounts?: readonly number[] | undefined;
}

class Audit {
  readonly records: Recorded[] = [];
  readonly traces: string[] = [];
  readonly sinks: InjectedSinks<AuditSinks> = {
    audit: {
      record: { fn: (info, entry, details) => void this.records.push({ entry, info, amounts: details?.amounts }) },
      trace: { fn: (_, entry) => void this.traces.push(entry), callDuringReplay: true },
    },
  };

  get entries(): readonly string[] {
    return this.records.map(({ entry }) => entry);
  }
}

function sessionOf(workflow: () => Promise<unknown>, options: SessionOptions): TestSession {
  return new TestSession({ workflow }, "workflow", loadDataConverter(), options);
}

describe("a sink", () => {
  const workflow = async () => {
    audit.record("begun");
    audit.trace("begun");
    await sleep(10);
    audit.record("woken");
    audit.trace("woken");
    return "over";
  };

  it("is called after the activation, in order, outside of the workflow", async () => {
    const outside: boolean[] = [];
    const counting = async () => {
      const amounts = [1];
      audit.record("first", { amounts });
      amounts.push(2);
      audit.record("second", { amounts });
      return Promise.resolve();
    };
    const seen: (readonly number[] | undefined)[] = [];
    const sinks: InjectedSinks<AuditSinks> = {
      audit: {
        record: {
          fn: (_, __, details) => {
            outside.push(inWorkflowContext());
            seen.push(details?.amounts);
          },
        },
        trace: { fn: () => undefined },
      },
    };
    await sessionOf(counting, { sinks }).run(history("workflow").taskStarted().events);
    // The arguments are as they were when the call was made.
    expect(seen).toEqual([[1], [1, 2]]);
    expect(outside).toEqual([false, false]);
  });

  it("is told of the run that calls it", async () => {
    const auditOf = new Audit();
    await sessionOf(workflow, { sinks: auditOf.sinks }).run(history("workflow").taskStarted().events);
    expect(auditOf.records[0]?.info).toMatchObject({ workflowId: "wf-1", workflowType: "workflow", historyLength: 3 });
  });

  it("is silent while history is replayed, unless it wants to hear that too", async () => {
    const auditOf = new Audit();
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    await sessionOf(workflow, { sinks: auditOf.sinks }).run(builder.events);
    expect(auditOf.entries).toEqual(["woken"]);
    expect(auditOf.traces).toEqual(["begun", "woken"]);
  });

  it("hears queries, though they follow a replay", async () => {
    const total = defineQuery<number>("total");
    const asked = async () => {
      setHandler(total, () => {
        audit.record("asked");
        return 1;
      });
      await condition(() => false);
    };
    const auditOf = new Audit();
    await sessionOf(asked, { sinks: auditOf.sinks }).query(history("workflow").task().events, "total");
    expect(auditOf.entries).toEqual(["asked"]);
  });

  it("is called for a task that fails as well", async () => {
    const failing = async () => {
      audit.record("before the bug");
      await Promise.resolve();
      throw new Error("bug");
    };
    const auditOf = new Audit();
    const result = await sessionOf(failing, { sinks: auditOf.sinks }).run(history("workflow").taskStarted().events);
    expect(result.kind).toBe("failed");
    expect(auditOf.entries).toEqual(["before the bug"]);
  });

  it("that throws or rejects is logged, and hinders nobody", async () => {
    const sinks: InjectedSinks<AuditSinks> = {
      audit: {
        record: {
          fn: () => {
            throw new Error("audit is full");
          },
        },
        trace: { fn: () => Promise.reject(new Error("audit is away")) },
      },
    };
    const session = sessionOf(workflow, { sinks });
    const result = await session.run(history("workflow").taskStarted().events);
    expect(result.kind).toBe("completed");
    expect(session.lines).toMatchObject([
      { level: "ERROR", message: "External sink function threw an error", metadata: { fnName: "record" } },
      { level: "ERROR", message: "External sink function threw an error", metadata: { fnName: "trace" } },
    ]);
  });

  it("that the worker does not have is logged", async () => {
    const session = sessionOf(workflow, {});
    const result = await session.run(history("workflow").taskStarted().events);
    expect(result.kind).toBe("completed");
    expect(session.lines[0]).toMatchObject({
      level: "ERROR",
      message: "Workflow referenced an unregistered external sink",
      metadata: { ifaceName: "audit", fnName: "record", workflowId: "wf-1" },
    });
  });

  it("is waited for before the task is answered", async () => {
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const sinks: InjectedSinks<AuditSinks> = {
      audit: { record: { fn: () => promise.then(() => void order.push("sink")) }, trace: { fn: () => undefined } },
    };
    const running = sessionOf(workflow, { sinks }).run(history("workflow").taskStarted().events);
    void running.then(() => order.push("answered"));
    resolve();
    await running;
    await Promise.resolve();
    expect(order).toEqual(["sink", "answered"]);
  });
});

it("cannot be called outside of workflow code", () => {
  expect(() => audit.record("nowhere")).toThrow("The sink audit can only be used in workflow code");
});

describe("log", () => {
  it("is silent while history is replayed", async () => {
    const tell = defineSignal("tell");
    const talking = async () => {
      log.info("begun");
      let told = 0;
      setHandler(tell, () => {
        told += 1;
        log.info(`told ${told}`);
      });
      await condition(() => told === 2);
    };
    const session = sessionOf(talking, {});
    await session.run(history("workflow").task().signaled("tell").task().signaled("tell").taskStarted().events);
    expect(session.lines.map(({ message }) => message)).toEqual(["told 2"]);
  });
});
