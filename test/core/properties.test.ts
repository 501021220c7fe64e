// Whatever is asked of a run, in whatever order: the invariants hold, what is stored is enough to rebuild what is in
// memory, a decision only reads, and nothing that is due is forgotten.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { applyChanges } from "../../src/core/apply.ts";
import { toCheckpoint } from "../../src/core/checkpoint.ts";
import { nextDeadlineMs } from "../../src/core/deadlines.ts";
import { decide } from "../../src/core/decide.ts";
import { historyProblems, stateProblems } from "../../src/core/invariants.ts";
import { hasOutbox } from "../../src/core/outbox.ts";
import type { WorkflowState } from "../../src/core/state.ts";
import { ExecutionHost, durable, noEffects } from "../sim/execution-host.ts";
import { CommitRefused } from "../sim/memory-storage.ts";
import { frozenCopy } from "./frozen.ts";
import { type Action, type Made, action, actionTimeMs, requestOf } from "./random-requests.ts";
import * as make from "./requests.ts";

const RUNS = 300;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

class Play {
  readonly host = new ExecutionHost(noEffects);
  #nowMs = make.START_MS;
  #steps = 0;
  #refusesNext = false;
  /** A checkpoint taken along the way, with the run it is of. */
  #checkpoint: { readonly text: string; readonly run: number } | undefined;

  async begin(): Promise<void> {
    vi.setSystemTime(this.#nowMs);
    this.host.storage.refusesCommit = () => {
      const refuses = this.#refusesNext;
      this.#refusesNext = false;
      return refuses;
    };
    await this.host.boot();
    this.#take({ kind: "start", request: make.startRequest({ requestId: "start-0", newRunId: "run-0" }) });
  }

  async step(plan: Action): Promise<void> {
    this.#steps += 1;
    const situation = this.host.situation(`run-${this.#steps}`);
    this.#nowMs = actionTimeMs(plan, situation);
    vi.setSystemTime(this.#nowMs);
    const { run } = this.host;
    this.#ringIfDue();
    if (plan.kind === "reload") {
      await this.host.boot();
      this.#quietly(() => this.host.wake());
    }
    if (plan.kind === "refusedCommit") this.#refusesNext = true;
    if (plan.kind === "checkpoint" && run) this.#checkpoint = { text: toCheckpoint(run.state), run: run.number };
    const made = requestOf(plan, situation);
    if (made) this.#take(made);
    this.#check();
  }

  /** Alarms come when they are due; a refused commit makes them come again. */
  #ringIfDue(): void {
    const { alarmMs } = this.host.storage;
    if (alarmMs === null || alarmMs > this.#nowMs) return;
    if (!this.#quietly(() => this.host.ring())) this.host.storage.alarmMs = this.#nowMs + 1;
  }

  /** Whether the action went through; false if the storage refused its commit. */
  #quietly(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (error instanceof CommitRefused) return false;
      throw error;
    }
  }

  #take(made: Made): void {
    const { kind, request } = made;
    const before = this.host.run;
    const { reading, decided } = readOnly(before?.state, made, this.#nowMs);
    try {
      const { turn } = this.host;
      const reply = kind === "deleteExecution" ? turn.deleteCurrent(request) : turn.take(kind, request);
      // The turn came to the same decision as the one that was only allowed to read.
      expect(reply.ok).toBe(decided);
    } catch (error) {
      if (!(error instanceof CommitRefused)) throw error;
      expect(this.host.run).toBe(before);
      expect(before?.state).toEqual(reading);
    }
    if (before) expect(historyProblems(this.host.history(before.number))).toEqual([]);
  }

  #check(): void {
    const { run } = this.host;
    if (!run) return;
    expect(stateProblems(run.state, this.host.history(run.number))).toEqual([]);
    expect(durable(this.host.reloaded())).toEqual(durable(run.state));
    if (this.#checkpoint?.run === run.number) {
      const rebuilt = this.host.reloadedFrom(this.#checkpoint.text, run.number);
      expect(durable({ ...rebuilt, historyBytes: run.state.historyBytes })).toEqual(durable(run.state));
    }
    checkDeadlines(run.state, this.#nowMs, this.host.storage.alarmMs);
  }
}

/** Decides on a frozen copy: a decision that writes throws. */
function readOnly(
  state: WorkflowState | undefined,
  { kind, request }: Made,
  nowMs: number,
): { readonly reading: WorkflowState | undefined; readonly decided: boolean } {
  const reading = frozenCopy(state);
  return { reading, decided: decide(reading, kind, frozenCopy(request), nowMs).ok };
}

function checkDeadlines(state: WorkflowState, nowMs: number, alarmMs: number | null): void {
  const deadlineMs = nextDeadlineMs(state);
  if (state.status !== "RUNNING" && !hasOutbox(state)) return expect(deadlineMs).toBeUndefined();
  // What a pause holds back waits for nobody but who unpauses it.
  const waitsForTime = [
    ...Object.values(state.timers).map((timer) => timer.fireTimeMs),
    ...Object.values(state.activities)
      .filter(({ progress }) => !progress.paused && (!state.paused || progress.startedTimeMs !== undefined))
      .map(({ progress }) => (progress.startedTimeMs ?? progress.attemptScheduledTimeMs) + 300_000),
    ...(state.workflowTask && (!state.paused || state.workflowTask.startedEventId !== undefined)
      ? [Math.max(nowMs, state.workflowTask.notBeforeMs) + 120_000]
      : []),
  ].filter((ms) => ms > nowMs - 300_000);
  for (const ms of waitsForTime) expect(deadlineMs).toBeLessThanOrEqual(Math.max(ms, nowMs + 300_000));
  if (deadlineMs === undefined) return;
  // The platform would wake the object in time, and never finds nothing to do at that time.
  expect(alarmMs).not.toBeNull();
  expect(alarmMs).toBeLessThanOrEqual(Math.max(Math.ceil(deadlineMs), nowMs + 1));
  const at = Math.max(deadlineMs, nowMs);
  const copy = structuredClone(state);
  const decision = decide(copy, "tick", { newRunId: "run-after" }, at);
  if (!decision.ok) throw new Error(decision.rejection.message);
  applyChanges(copy, decision.changes);
  const laterMs = nextDeadlineMs(copy);
  if (laterMs !== undefined) expect(laterMs).toBeGreaterThan(at);
}

async function play(actions: readonly Action[]): Promise<void> {
  const game = new Play();
  await game.begin();
  for (const plan of actions) await game.step(plan);
  game.host.storage.close();
}

describe("any sequence of requests", () => {
  it("keeps the invariants, can be rebuilt from storage and from a checkpoint, and forgets nothing that is due", async () => {
    await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 60, size: "max" }), play), { numRuns: RUNS });
  }, 60_000);
});
