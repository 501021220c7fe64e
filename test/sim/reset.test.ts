// Resets over the real turn and store: what is written, in which rows, and that a commit happens as a whole or not.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EVENTS_PER_CHECKPOINT } from "../../src/core/checkpoint.ts";
import { historyProblems, stateProblems } from "../../src/core/invariants.ts";
import type { ResetRequest } from "../../src/core/control-requests.ts";
import { EntryTable } from "../../src/durable-objects/entry-table.ts";
import { foundForReset } from "../../src/durable-objects/reset-reader.ts";
import * as make from "../core/requests.ts";
import { ExecutionHost, durable, noEffects } from "./execution-host.ts";
import { CommitRefused } from "./memory-storage.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(make.START_MS);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A run with so many signals, each of them followed by a task that starts a timer. */
async function running(signals: number, input?: ReturnType<typeof make.payloads>): Promise<ExecutionHost> {
  const host = new ExecutionHost(noEffects);
  await host.boot();
  host.turn.take("start", make.startRequest());
  for (let round = 0; round <= signals; round += 1) {
    vi.setSystemTime(make.START_MS + round);
    complete(host, [make.startTimer(`t${round}`, 1_000_000)]);
    if (round < signals) host.turn.take("signal", make.signalRequest(`s${round}`, input ? { input } : {}));
  }
  return host;
}

function complete(host: ExecutionHost, commands: Parameters<typeof commandsRequest>[1]): void {
  host.turn.take("completeWorkflowTask", commandsRequest(host, commands));
}

function commandsRequest(host: ExecutionHost, commands: readonly ReturnType<typeof make.startTimer>[]) {
  const { identity, workflowTask } = host.run!.state;
  const { startedEventId = 0, attempt = 1 } = workflowTask ?? {};
  const worker = { identity: "workflow-worker", newRunId: make.NEXT_RUN_ID };
  return { runId: identity.runId, startedEventId, attempt, commands, ...worker };
}

/** As the object does it: read and decided in one go. */
function reset(
  host: ExecutionHost,
  resetPoint: ResetRequest["resetPoint"],
  requestId = "reset-1",
  newRunId = "run-reset",
) {
  const request: ResetRequest = { version: 1, resetPoint, reason: "mended", requestId };
  return host.turn.take("reset", foundForReset(host.store, host.run!, request, newRunId));
}

function rowsOf(host: ExecutionHost, run: number): readonly string[] {
  const table = new EntryTable(host.storage.asDurable().sql, { rows: 0 });
  return table.all(run, "history").map(({ text }) => text);
}

describe("an alarm", () => {
  it("is never further away than the platform takes, and comes again", async () => {
    for (const far of [{ startDelayMs: 1e300 }, { workflowExecutionTimeoutMs: 1_000 * 365 * 86_400_000 }]) {
      const host = new ExecutionHost(noEffects);
      await host.boot();
      host.turn.take("start", make.startRequest(far));
      if ("workflowExecutionTimeoutMs" in far) complete(host, [make.startTimer("t", 1e17)]);
      const { alarmMs } = host.storage;
      // The workers' platform refuses what is after the year 2189.
      expect(alarmMs).toBeLessThan(Date.UTC(2100, 0));
      vi.setSystemTime(alarmMs ?? 0);
      host.ring();
      expect(host.run?.state.status).toBe("RUNNING");
      expect(host.storage.alarmMs).toBeGreaterThan(alarmMs ?? Number.POSITIVE_INFINITY);
      vi.setSystemTime(make.START_MS);
    }
  });
});

describe("a reset", () => {
  it.each([0, 3, EVENTS_PER_CHECKPOINT])(
    "is found again as it was by a process that starts anew (%i signals)",
    async (signals) => {
      const host = await running(signals);
      const before = host.history(1);
      expect(reset(host, { kind: "lastWorkflowTask" })).toMatchObject({ ok: true, value: { runId: "run-reset" } });
      const { run } = host;
      const events = host.history(2);
      expect(run?.number).toBe(2);
      expect(historyProblems(events)).toEqual([]);
      expect(stateProblems(run!.state, events)).toEqual([]);
      expect(durable(host.reloaded())).toEqual(durable(run?.state));
      const kept = events.findIndex((event) => event.eventType === "WorkflowTaskFailed");
      expect(events.slice(0, kept)).toEqual(before.slice(0, kept));
      expect(host.history(1).at(-1)?.eventType).toBe("WorkflowExecutionTerminated");
      // And it goes on.
      complete(host, [make.startTimer("next")]);
      host.turn.take("signal", make.signalRequest("after"));
      expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
    },
  );

  it("is written in few rows, none of them much larger than half a megabyte", async () => {
    const host = await running(60, make.payloads("x".repeat(40_000)));
    const before = rowsOf(host, 1);
    reset(host, { kind: "lastWorkflowTask" });
    const rows = rowsOf(host, 2);
    const characters = (texts: readonly string[]) => texts.reduce((sum, text) => sum + text.length, 0);
    expect(characters(before)).toBeGreaterThan(2_500_000);
    expect(rows.length).toBeLessThan(12);
    expect(before.length).toBeGreaterThan(60);
    for (const row of rows) expect(row.length).toBeLessThan(600_000);
    expect(host.run?.state.historyBytes).toBe(characters(rows));
    // Read page by page, nothing is missing.
    const paged: number[] = [];
    for (let from: number | undefined = 1; from !== undefined;) {
      const page = host.store.readPage(2, from, 700_000);
      paged.push(...page.events.map((event) => event.eventId));
      from = page.nextEventId;
    }
    expect(paged).toEqual(Array.from(paged, (_, index) => index + 1));
    expect(paged).toHaveLength(host.run!.state.nextEventId - 1);
  });

  it("is what its history is known by after the run that it came from has gone, also through a second one", async () => {
    const host = await running(3);
    reset(host, { kind: "lastWorkflowTask" }, "first", "run-a");
    complete(host, []);
    reset(host, { kind: "lastWorkflowTask" }, "second", "run-b");
    for (const number of [1, 2]) host.store.removeRun(number);
    for (const runId of [make.RUN_ID, "run-a", "run-b"]) expect(host.store.keepsHistoryOf(runId)).toBe(true);
    expect(host.store.keepsHistoryOf("run-c")).toBe(false);
    host.store.markDeleted(3);
    for (const runId of [make.RUN_ID, "run-a", "run-b"]) expect(host.store.keepsHistoryOf(runId)).toBe(false);
  });

  it("and the runs after it may share any event with others, a run that was started only its first", async () => {
    const host = await running(3);
    const shared = (run: number) => [...host.store.sharedEventsOf(run)].length;
    expect(shared(1)).toBe(1);
    reset(host, { kind: "lastWorkflowTask" });
    expect(shared(2)).toBe(host.history(2).length);
    const next = { commandType: "ContinueAsNewWorkflowExecution", workflowType: "transfer", taskQueue: "q" } as const;
    host.turn.take("completeWorkflowTask", { ...commandsRequest(host, []), commands: [next] });
    expect(host.run?.number).toBe(3);
    expect(shared(3)).toBe(host.history(3).length);
    host.turn.take("terminate", { version: 1 });
    host.turn.take("start", make.startRequest({ requestId: "anew", newRunId: "run-anew" }));
    expect([shared(1), shared(4)]).toEqual([1, 1]);
  });

  it("that the storage refuses has not happened, neither in memory nor there, and may be asked for again", async () => {
    const host = await running(5);
    const [state, history] = [durable(structuredClone(host.run?.state)), host.history(1)];
    host.storage.refusesCommit = () => true;
    expect(() => reset(host, { kind: "firstWorkflowTask" })).toThrow(CommitRefused);
    expect(durable(host.run?.state)).toEqual(state);
    expect(durable(host.reloaded())).toEqual(state);
    expect(host.history(1)).toEqual(history);
    host.storage.refusesCommit = () => false;
    expect(reset(host, { kind: "firstWorkflowTask" }).ok).toBe(true);
    expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
    expect(host.history(2).filter((event) => event.eventType === "WorkflowExecutionSignaled")).toHaveLength(5);
  });

  it("is answered with the run that it began, after others, resets among them, and after the process has died", async () => {
    const host = await running(2);
    expect(reset(host, { kind: "firstWorkflowTask" }, "first", "run-a")).toMatchObject({ value: { runId: "run-a" } });
    complete(host, []);
    expect(reset(host, { kind: "firstWorkflowTask" }, "second", "run-b")).toMatchObject({ value: { runId: "run-b" } });
    await host.boot();
    for (const [requestId, runId] of [
      ["first", "run-a"],
      ["second", "run-b"],
    ] as const)
      expect(reset(host, { kind: "firstWorkflowTask" }, requestId, "never")).toMatchObject({ value: { runId } });
    expect(host.run?.state.identity.runId).toBe("run-b");
  });

  it("of a run that has outlived the current one begins the current run again", async () => {
    const host = await running(1);
    host.turn.take("terminate", { version: 1 });
    host.turn.take("start", make.startRequest({ requestId: "start-2", newRunId: "run-2" }));
    host.turn.take("deleteExecution", { version: 1 });
    await host.boot();
    expect(host.run).toBeUndefined();
    const base = host.store.loadById(make.RUN_ID);
    const request = {
      version: 1,
      resetPoint: { kind: "firstWorkflowTask" },
      reason: "mended",
      requestId: "r",
    } as const;
    const taken = host.turn.take("reset", foundForReset(host.store, base!, request, "run-reset"));
    expect(taken).toMatchObject({ ok: true, value: { runId: "run-reset" } });
    expect(host.run).toMatchObject({ number: 3, state: { identity: { runId: "run-reset" }, status: "RUNNING" } });
    expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
  });

  it("of a waiting update keeps it over a checkpoint and a new process, until it is answered", async () => {
    const host = await running(EVENTS_PER_CHECKPOINT / 4);
    host.turn.take("update", make.updateRequest("u1"));
    reset(host, { kind: "lastWorkflowTask" });
    const waiting = () => host.run?.state.admittedUpdates.map(({ message }) => message.updateId);
    expect(waiting()).toEqual(["u1"]);
    await host.boot();
    expect(waiting()).toEqual(["u1"]);
    host.turn.take("completeWorkflowTask", {
      ...commandsRequest(host, []),
      commands: [make.rejectUpdate("u1")],
    });
    expect(waiting()).toEqual([]);
    await host.boot();
    expect(waiting()).toEqual([]);
  });
});
