/**
 * given(steps).when(kind, request): one decision about a batch operation, told as a story.
 *
 * Owns: a scenario (the job, its list and its report), the checks that hold for every decision, and which cells of the
 * job's transition table a decision under test was about. Steps drive the real `decideBatch`, so a job that tests begin
 * from is always one that can be reached.
 */
import { expect } from "vitest";

import {
  type BatchDecision,
  type BatchJob,
  type BatchOutcome,
  type BatchRequestKind,
  type BatchRequests,
  type BatchValues,
  batchDeadlineMs,
  decideBatch,
  nextChunk,
} from "../../../src/core/batch-operation.ts";
import type { BatchFailure, BatchState, BatchTarget } from "../../../src/core/batch-protocol.ts";
import type { RejectionCode } from "../../../src/core/rejection.ts";
import { frozenCopy } from "../frozen.ts";

export const START_MS = Date.UTC(2026, 10, 21, 5, 0, 0);
export const RETENTION_MS = 60_000;

export const JOB_STATES = ["none", "created", "running", "stopped", "completed"] as const;
export type JobState = "none" | BatchState;

const REQUEST_KINDS: Readonly<Record<BatchRequestKind, true>> = {
  begin: true,
  add: true,
  run: true,
  settle: true,
  stop: true,
  expire: true,
};
export const JOB_REQUEST_KINDS = Object.keys(REQUEST_KINDS) as readonly BatchRequestKind[];

const tried = new Set<string>();

/** Cells of the transition table that no decision under test was about. */
export function untriedJobCells(): string[] {
  return JOB_STATES.flatMap((state) => JOB_REQUEST_KINDS.map((kind) => `${state}: ${kind}`)).filter(
    (cell) => !tried.has(cell),
  );
}

export function beginRequest(overrides: Partial<BatchRequests["begin"]> = {}): BatchRequests["begin"] {
  return {
    version: 1,
    namespace: "default",
    jobId: "job-1",
    action: { kind: "cancel" },
    reason: "the bank is closed",
    newRequestId: "batch/1",
    ...overrides,
  };
}

export function targets(count: number, from = 0): BatchTarget[] {
  return Array.from({ length: count }, (_, index) => ({ workflowId: `transfer-${from + index}` }));
}

export type Step = (scenario: JobScenario) => void;

export function given(...steps: readonly Step[]): JobScenario {
  const scenario = new JobScenario();
  for (const step of steps) step(scenario);
  return scenario;
}

export class JobScenario {
  job: BatchJob | undefined;
  readonly list: BatchTarget[] = [];
  readonly failures: BatchFailure[] = [];
  nowMs = START_MS;

  /** The job, for a scenario that has one. */
  get open(): BatchJob {
    if (!this.job) throw new Error("the scenario has no job");
    return this.job;
  }

  get state(): JobState {
    return this.job?.state ?? "none";
  }

  /** Places of the executions to act on now. */
  get chunk(): readonly number[] {
    return nextChunk(this.open, this.nowMs).map(({ index }) => index);
  }

  get deadlineMs(): number | undefined {
    return batchDeadlineMs(this.open, RETENTION_MS, this.nowMs);
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** Decides and applies, as the object does. */
  take<K extends BatchRequestKind>(kind: K, request: BatchRequests[K]): BatchDecision<BatchValues[K]> {
    const decision = decideBatch(this.job && frozenCopy(this.job), kind, request, this.nowMs);
    if (!decision.ok) return decision;
    if (decision.targets) {
      expect(decision.targets.from).toBe(this.list.length);
      this.list.push(...decision.targets.targets);
    }
    this.failures.push(...(decision.failures ?? []));
    this.job = decision.job;
    if (this.job) checkJob(this.job, this);
    return decision;
  }

  /** The decision under test. */
  when<K extends BatchRequestKind>(kind: K, request: BatchRequests[K]): JobTaken<BatchValues[K]> {
    tried.add(`${this.state}: ${kind}`);
    const before = JSON.stringify(this.job);
    return new JobTaken(this, this.take(kind, request), before);
  }

  /** The chunk that is due is acted on, with this outcome for each place. */
  settle(outcomeAt: (index: number) => BatchOutcome, only?: number): JobTaken<undefined> {
    const chunk = nextChunk(this.open, this.nowMs).slice(0, only);
    return this.when("settle", { begunMs: this.nowMs, results: this.results(chunk, outcomeAt) });
  }

  results(
    chunk: readonly { readonly index: number; readonly attempts: number }[],
    outcomeAt: (index: number) => BatchOutcome,
  ): BatchRequests["settle"]["results"] {
    return chunk.map(({ index, attempts }) => ({
      index,
      target: this.list[index] ?? { workflowId: "not in the list" },
      attempts: attempts + 1,
      outcome: outcomeAt(index),
    }));
  }
}

/** What holds for every job. */
function checkJob(job: BatchJob, { list, failures }: JobScenario): void {
  expect(job.received).toBe(list.length);
  expect(job.failed).toBe(failures.length);
  // Every execution that was tried is in exactly one of three places.
  expect(job.completed + job.failed + job.retries.length).toBe(job.next);
  expect(job.next).toBeLessThanOrEqual(job.received);
  expect(new Set(job.retries.map(({ index }) => index)).size).toBe(job.retries.length);
  expect(job.closedMs !== undefined).toBe(job.state === "stopped" || job.state === "completed");
  if (job.state === "completed") expect(job.completed + job.failed).toBe(job.received);
}

/** A decision that was taken, and what can be said about it. */
export class JobTaken<T> {
  readonly scenario: JobScenario;
  readonly decision: BatchDecision<T>;
  readonly #before: string | undefined;

  constructor(scenario: JobScenario, decision: BatchDecision<T>, before: string | undefined) {
    this.scenario = scenario;
    this.decision = decision;
    this.#before = before;
  }

  thenState(state: JobState): this {
    expect(this.decision).toMatchObject({ ok: true });
    expect(this.scenario.state).toBe(state);
    return this;
  }

  thenReplies(value: Partial<T>): this {
    expect(this.decision).toMatchObject({ ok: true, value });
    return this;
  }

  thenJob(job: Partial<BatchJob>): this {
    expect(this.scenario.open).toMatchObject(job);
    return this;
  }

  thenNothing(): this {
    expect(this.decision).toMatchObject({ ok: true });
    expect(JSON.stringify(this.scenario.job)).toBe(this.#before);
    return this;
  }

  thenRejected(code: RejectionCode, message?: RegExp): this {
    expect(this.decision).toMatchObject({ ok: false, rejection: { code } });
    if (message && !this.decision.ok) expect(this.decision.rejection.message).toMatch(message);
    expect(JSON.stringify(this.scenario.job)).toBe(this.#before);
    return this;
  }
}

// Steps

function accepted<T>(decision: BatchDecision<T>): T {
  if (!decision.ok) throw new Error(`a step of the scenario was rejected: ${decision.rejection.message}`);
  return decision.value;
}

export function begun(overrides: Partial<BatchRequests["begin"]> = {}): Step {
  return (scenario) => void accepted(scenario.take("begin", beginRequest(overrides)));
}

export function listed(count: number): Step {
  return (scenario) => {
    const from = scenario.list.length;
    accepted(scenario.take("add", { version: 1, from, targets: targets(count, from) }));
  };
}

export function running(count: number, overrides: Partial<BatchRequests["begin"]> = {}): Step {
  return (scenario) => {
    begun(overrides)(scenario);
    if (count > 0) listed(count)(scenario);
    accepted(scenario.take("run", { version: 1, total: count }));
  };
}

export function stopped(): Step {
  return (scenario) => void accepted(scenario.take("stop", { version: 1, reason: "the wrong list" }));
}

export const done = (): BatchOutcome => ({ kind: "done" });
export const refused = (): BatchOutcome => ({ kind: "failed", code: "WorkflowNotFound", message: "no such workflow" });
export const unanswered = (): BatchOutcome => ({ kind: "unanswered", message: "connection lost", overloaded: false });
export const overloaded = (): BatchOutcome => ({ kind: "unanswered", message: "too many requests", overloaded: true });

export function settled(outcomeAt: (index: number) => BatchOutcome): Step {
  return (scenario) => {
    const results = scenario.results(nextChunk(scenario.open, scenario.nowMs), outcomeAt);
    accepted(scenario.take("settle", { begunMs: scenario.nowMs, results }));
  };
}
