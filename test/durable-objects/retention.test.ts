/** Retention over storage in memory, on a clock of the test's own: many runs, what is read and written, and crashes. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { rejected, accepted } from "../../src/core/rejection.ts";
import { AlarmClock } from "../../src/durable-objects/alarm-clock.ts";
import { EntryTable } from "../../src/durable-objects/entry-table.ts";
import { ExecutionTurn } from "../../src/durable-objects/execution-turn.ts";
import { type PayloadClearing, Retention } from "../../src/durable-objects/retention.ts";
import { RunStore } from "../../src/durable-objects/run-store.ts";
import * as make from "../core/requests.ts";
import { CommitRefused, MemoryStorage } from "../sim/memory-storage.ts";

const RETENTION_MS = 3 * 86_400_000;

/** An object that can be loaded again and again over the same storage. */
class Subject {
  readonly storage = new MemoryStorage();
  readonly writes = { rows: 0 };
  payloads: PayloadClearing | undefined;
  #parts = this.#load();
  #runs = 0;

  get turn(): ExecutionTurn {
    return this.#parts.turn;
  }

  get retention(): Retention {
    return this.#parts.retention;
  }

  /** Loads it anew; what was in memory is gone. */
  async reload(): Promise<this> {
    this.#parts = this.#load();
    await this.#parts.alarm.load(Date.now());
    this.turn.load();
    this.#parts.alarm.arm(this.turn.deadlineMs, Date.now());
    return this;
  }

  #load() {
    const storage = this.storage.asDurable();
    const table = new EntryTable(storage.sql, this.writes);
    const store = new RunStore(table);
    const alarm = new AlarmClock(storage, this.writes);
    let retention: Retention | undefined;
    const turn = new ExecutionTurn({
      storage,
      table,
      store,
      alarm,
      effects: {
        dispatch: () => undefined,
        foresee: () => undefined,
        changed: () => undefined,
        closed: () => undefined,
        drive: () => undefined,
        settled: () => void retention?.settled(),
      },
      defersCommits: false,
      abort: (reason) => {
        throw new Error(reason);
      },
      retentionDueMs: () => retention?.dueMs,
    });
    retention = new Retention({
      storage,
      turn,
      store,
      alarm,
      selected: ({ runId }) => {
        const run = runId === undefined || runId === turn.run?.state.identity.runId ? turn.run : store.loadById(runId);
        return run ? accepted(run) : rejected("WorkflowNotFound", "no such run");
      },
      retentionMs: () => RETENTION_MS,
      payloads: () => this.payloads,
    });
    return { turn, retention, store, alarm };
  }

  start(overrides: Parameters<typeof make.startRequest>[0] = {}): void {
    this.#runs += 1;
    const newRunId = `run-${this.#runs}`;
    const reply = this.turn.take("start", make.startRequest({ requestId: newRunId, newRunId, ...overrides }));
    expect(reply).toMatchObject({ ok: true, value: { started: true } });
  }

  close(): void {
    expect(this.turn.take("terminate", { version: 1 }).ok).toBe(true);
  }

  /** The platform's alarm: rings whenever it is set for the time up to this moment. */
  async pass(ms: number): Promise<number> {
    const untilMs = Date.now() + ms;
    let rings = 0;
    while (this.storage.alarmMs !== null && this.storage.alarmMs <= untilMs) {
      vi.setSystemTime(this.storage.alarmMs);
      this.storage.alarmMs = null;
      this.#parts.alarm.fired();
      try {
        const swept = this.retention.sweep();
        this.turn.tick();
        await swept;
      } catch (error) {
        // As the object's alarm does it.
        if (!(error instanceof CommitRefused)) throw error;
        this.#parts.alarm.arm(Date.now() + 30_000, Date.now());
      }
      rings += 1;
      if (rings > 10_000) throw new Error("the alarm never comes to rest");
    }
    vi.setSystemTime(untilMs);
    return rings;
  }

  finds(runId: string): boolean {
    return this.turn.run?.state.identity.runId === runId || this.#parts.store.loadById(runId) !== undefined;
  }

  /** Entries by run. */
  rows(): Readonly<Record<string, number>> {
    if (this.storage.tables.length === 0) return {};
    const rows = this.storage.sql.exec("SELECT run, count(*) AS n FROM entry GROUP BY run").toArray();
    return Object.fromEntries(rows.map((row) => [String(row["run"]), Number(row["n"])]));
  }
}

/** A chain whose runs have lived for this long each; the last is open. */
async function chain(runs: number, livesMs: number): Promise<Subject> {
  const subject = await new Subject().reload();
  subject.start();
  for (let run = 1; run < runs; run += 1) {
    vi.setSystemTime(Date.now() + livesMs);
    subject.close();
    subject.start();
  }
  return subject;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(make.START_MS);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a workflow that has closed", () => {
  it("is kept until the last moment of its retention, and then is nothing", async () => {
    const subject = await new Subject().reload();
    subject.start();
    subject.close();
    await subject.pass(RETENTION_MS - 1);
    expect(subject.rows()).toEqual({ 1: 2 });
    await subject.pass(1);
    expect(subject.storage.tables).toEqual([]);
    expect(subject.storage.alarmMs).toBeNull();
    expect(subject.turn.run).toBeUndefined();
    expect(subject.turn.deadlineMs).toBeUndefined();
    subject.start();
    expect(subject.turn.run?.number).toBe(1);
  });

  it("wakes its object at most twice more, whatever alarm is set", async () => {
    const subject = await new Subject().reload();
    subject.start();
    subject.close();
    expect(await subject.pass(2 * RETENTION_MS)).toBeLessThanOrEqual(2);
  });

  it("is not deleted while it has something to deliver", async () => {
    const subject = await new Subject().reload();
    subject.start({ parent: { namespace: "default", workflowId: "parent", runId: "p", initiatedEventId: 5 } });
    subject.close();
    await subject.pass(RETENTION_MS + 3_600_000);
    expect(Object.keys(subject.rows())).toEqual(["1"]);
    const run = subject.turn.run;
    if (run) subject.turn.settleOutbox(run);
    await subject.pass(10);
    expect(subject.storage.tables).toEqual([]);
  });
});

describe("a chain", () => {
  it("of thousands of runs is deleted in pieces, while its last run stays", async () => {
    const subject = await chain(1_801, 1_000);
    expect(Object.keys(subject.rows())).toHaveLength(1_801);
    const rings = await subject.pass(2 * RETENTION_MS);
    expect(Object.keys(subject.rows())).toEqual(["1801"]);
    // Its task's timeout wakes it, besides.
    expect(rings).toBeLessThan(2 * (RETENTION_MS / 10_000));
    expect(subject.turn.run?.state.status).toBe("RUNNING");
  });

  it("wakes its object once an hour at most for the runs before the open one", async () => {
    const subject = await chain(601, 60_000);
    subject.turn.take("completeWorkflowTask", {
      runId: "run-601",
      startedEventId: 3,
      attempt: 1,
      commands: [],
      identity: "worker",
      newRunId: "none",
    });
    const rings = await subject.pass(2 * RETENTION_MS);
    expect(subject.rows()).toEqual({ 601: 2 });
    // Ten hours of runs; the rest are the alarms of workflow tasks that were set already.
    expect(rings).toBeLessThanOrEqual(10 + 2);
  });

  it("that goes on for ever holds no more than its retention's worth", async () => {
    const subject = await chain(1, 0);
    for (let day = 0; day < 30; day += 1) {
      for (let run = 0; run < 4; run += 1) {
        await subject.pass(6 * 3_600_000);
        subject.close();
        subject.start();
      }
      expect(Object.keys(subject.rows()).length).toBeLessThanOrEqual(3 * 4 + 2);
    }
  });

  it("reads one row to know when the next run goes, however many there are", async () => {
    const subject = await chain(200, 1_000);
    await subject.reload();
    const exec = vi.spyOn(subject.storage.sql, "exec");
    expect(subject.turn.deadlineMs).toBeDefined();
    expect(exec.mock.calls.length).toBeLessThanOrEqual(4);
    exec.mockClear();
    expect(subject.turn.deadlineMs).toBeDefined();
    expect(exec).not.toHaveBeenCalled();
  });

  it("whose current run was deleted keeps the numbers of its runs", async () => {
    const subject = await chain(3, 1_000);
    expect(subject.retention.delete({ version: 1 })).toMatchObject({ ok: true, value: { runId: "run-3" } });
    await subject.retention.sweep();
    expect(Object.keys(subject.rows())).toEqual(["0", "1", "2"]);
    await subject.reload();
    expect(subject.turn.run).toBeUndefined();
    subject.start();
    expect(subject.turn.run?.number).toBe(4);
    subject.close();
    await subject.pass(2 * RETENTION_MS);
    expect(subject.storage.tables).toEqual([]);
  });

  it("whose current run was deleted ends with the last of the earlier ones", async () => {
    const subject = await chain(3, 1_000);
    subject.retention.delete({ version: 1 });
    await subject.retention.sweep();
    await subject.pass(2 * RETENTION_MS);
    expect(subject.storage.tables).toEqual([]);
    expect(subject.storage.alarmMs).toBeNull();
  });
});

describe("a crash", () => {
  it.each([1, 2, 3, 4, 5, 6, 7])("at commit %i leaves nothing behind that is never deleted", async (fatal) => {
    const subject = await chain(3, 1_000);
    subject.payloads = {
      clearRun: async () => ({ kind: "cleared" }),
      clearExecution: async () => ({ kind: "cleared" }),
    };
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    let commits = 0;
    subject.storage.refusesCommit = () => (commits += 1) === fatal;
    const steps = [
      () => void subject.retention.delete({ version: 1, runId: "run-1" }),
      () => subject.retention.sweep(),
      () => void subject.retention.delete({ version: 1 }),
      () => subject.retention.sweep(),
    ];
    for (const step of steps) {
      const before = commits;
      try {
        await step();
      } catch (error) {
        expect(error).toBeInstanceOf(CommitRefused);
      }
      if (commits >= fatal && before < fatal) await subject.reload();
    }
    if (subject.turn.run) subject.retention.delete({ version: 1 });
    await subject.pass(2 * RETENTION_MS);
    expect(subject.storage.tables).toEqual([]);
    expect(subject.storage.alarmMs).toBeNull();
  });

  it.each(["run-2", "run-1"])("of the storage leaves a deletion undone that was not committed: %s", async (runId) => {
    const subject = await chain(2, 1_000);
    subject.storage.refusesCommit = () => true;
    expect(() => subject.retention.delete({ version: 1, runId })).toThrow(CommitRefused);
    subject.storage.refusesCommit = () => false;
    expect(subject.finds(runId)).toBe(true);
    await subject.retention.sweep();
    expect(Object.keys(subject.rows())).toEqual(["1", "2"]);
    expect(subject.retention.delete({ version: 1, runId }).ok).toBe(true);
    expect(subject.finds(runId)).toBe(false);
  });

  it("among the payloads of the last run is made good by the alarm", async () => {
    const subject = await new Subject().reload();
    const cleared: number[] = [];
    let isFirst = true;
    subject.payloads = {
      clearRun: async (_place, run) => {
        cleared.push(run);
        if (isFirst) await new Promise(() => undefined);
        return { kind: "cleared" };
      },
      clearExecution: async () => ({ kind: "cleared" }),
    };
    subject.start();
    subject.close();
    subject.retention.delete({ version: 1 });
    void subject.retention.sweep();
    expect(cleared).toEqual([1]);
    isFirst = false;
    await subject.reload();
    expect(subject.turn.run).toBeUndefined();
    await subject.pass(60_000);
    expect(cleared).toEqual([1, 1]);
    expect(subject.storage.tables).toEqual([]);
  });
});

describe("payloads kept elsewhere", () => {
  it("that take long to clear have an alarm all the time, in case the object dies at it", async () => {
    const subject = await chain(2, 1_000);
    subject.payloads = {
      clearRun: () => new Promise(() => undefined),
      clearExecution: async () => ({ kind: "cleared" }),
    };
    subject.retention.delete({ version: 1, runId: "run-1" });
    void subject.retention.sweep();
    // The workflow task, which has an alarm of its own, is out of the way.
    subject.close();
    for (let minute = 0; minute < 3; minute += 1) {
      await subject.pass(60_000);
      expect(subject.storage.alarmMs).not.toBeNull();
    }
    subject.payloads.clearRun = async () => ({ kind: "cleared" });
    await subject.reload();
    await subject.pass(60_000);
    expect(Object.keys(subject.rows())).toEqual(["2"]);
  });

  it("go before the entries that name them, with the runs that stay beside", async () => {
    const subject = await chain(2, 1_000);
    const seen: string[] = [];
    const note = (what: string): void => void seen.push(`${what} (${Object.keys(subject.rows()).join()})`);
    subject.payloads = {
      clearRun: async (place, run, remaining) => {
        note(`${place.workflowId} ${run} beside ${[...remaining].join()}`);
        return { kind: "cleared" };
      },
      clearExecution: async ({ workflowId }) => {
        note(`all of ${workflowId}`);
        return { kind: "cleared" };
      },
    };
    subject.close();
    await subject.pass(2 * RETENTION_MS);
    expect(seen).toEqual(["transfer-1 1 beside 2 (0,1,2)", "transfer-1 2 beside  (0,2)", "all of transfer-1 (0,2)"]);
    expect(subject.storage.tables).toEqual([]);
  });

  it("that must stay longer hold up their own run only, and are asked for when it is time", async () => {
    const subject = await chain(3, 1_000);
    const asked: [number, number][] = [];
    const laterMs = Date.now() + 5_000;
    subject.payloads = {
      clearRun: async (_place, run) => {
        asked.push([run, Date.now()]);
        return run === 1 && Date.now() < laterMs ? { kind: "later", atMs: laterMs } : { kind: "cleared" };
      },
      clearExecution: async () => ({ kind: "cleared" }),
    };
    for (const runId of ["run-1", "run-2"]) subject.retention.delete({ version: 1, runId });
    await subject.retention.sweep();
    expect(Object.keys(subject.rows())).toEqual(["0", "1", "3"]);
    await subject.pass(60_000);
    expect(Object.keys(subject.rows())).toEqual(["3"]);
    expect(asked.map(([run]) => run)).toEqual([1, 2, 1]);
    expect(asked[2]?.[1]).toBe(laterMs);
  });
});

describe("rows written", () => {
  it("are those that are removed, and none when everything goes", async () => {
    const subject = await chain(2, 1_000);
    const { rows } = subject.writes;
    subject.retention.delete({ version: 1, runId: "run-1" });
    await subject.retention.sweep();
    const removed = subject.writes.rows - rows;
    // Two of the run; its mark, written and removed.
    expect(removed).toBe(2 + 2);
    subject.close();
    const closed = subject.writes.rows;
    await subject.pass(2 * RETENTION_MS);
    // The alarm for it.
    expect(subject.writes.rows - closed).toBeLessThanOrEqual(2);
  });
});

const action = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "start" } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: "close" } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: "delete" } as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("deleteEarlier" as const), pick: fc.nat({ max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), hours: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reload" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "refuse" } as const) },
);

/** What must be there, kept beside: when each run was closed, and which were deleted. */
interface Known {
  readonly runId: string;
  closedMs?: number;
  isDeleted?: true;
}

describe("whatever happens", () => {
  it("no run goes before its time or stays long after it, and a deleted one is never found again", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.boolean(), async (actions, hasBucket) => {
        vi.setSystemTime(make.START_MS);
        const subject = await new Subject().reload();
        if (hasBucket)
          subject.payloads = {
            clearRun: async () => ({ kind: "cleared" }),
            clearExecution: async () => ({ kind: "cleared" }),
          };
        const runs: Known[] = [];
        for (const taken of actions) await act(subject, runs, taken);
        if (subject.turn.run?.state.status === "RUNNING") subject.close();
        await subject.pass(2 * RETENTION_MS);
        expect(subject.storage.tables).toEqual([]);
        expect(subject.storage.alarmMs).toBeNull();
      }),
      { numRuns: 150 },
    );
  });
});

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

async function act(subject: Subject, runs: Known[], taken: Action): Promise<void> {
  const current = (): string | undefined => subject.turn.run?.state.identity.runId;
  const isOpen = subject.turn.run?.state.status === "RUNNING";
  const noted = (runId: string | undefined): Known | undefined => runs.find((run) => run.runId === runId);
  switch (taken.kind) {
    case "start":
      if (isOpen) return;
      subject.start();
      runs.push({ runId: current() ?? "" });
      break;
    case "close": {
      if (!isOpen) return;
      const run = noted(current());
      subject.close();
      if (run) run.closedMs = Date.now();
      break;
    }
    case "delete":
    case "deleteEarlier": {
      const meant = taken.kind === "delete" ? noted(current()) : runs[taken.pick];
      if (!meant) return;
      const wasFound = subject.finds(meant.runId);
      const reply = subject.retention.delete({ version: 1, runId: meant.runId });
      expect(reply.ok).toBe(wasFound);
      if (wasFound) meant.isDeleted = true;
      expect(subject.finds(meant.runId)).toBe(false);
      await subject.retention.sweep();
      break;
    }
    case "pass":
      await subject.pass(taken.hours * 3_600_000);
      break;
    case "reload":
      await subject.reload();
      break;
    case "refuse": {
      // The next thing that is removed is not, and the object is loaded anew.
      let isFirst = true;
      subject.storage.refusesCommit = () => isFirst && !(isFirst = false);
      await subject.pass(RETENTION_MS / 2);
      subject.storage.refusesCommit = () => false;
      await subject.reload();
      break;
    }
  }
  for (const { runId, closedMs = Number.POSITIVE_INFINITY, isDeleted } of runs) {
    if (isDeleted || Date.now() > closedMs + RETENTION_MS + 3_600_000 + 300_000)
      expect(subject.finds(runId)).toBe(false);
    else if (Date.now() < closedMs + RETENTION_MS) expect(subject.finds(runId)).toBe(true);
  }
}
