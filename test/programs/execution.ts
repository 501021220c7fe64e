/**
 * One workflow id of a world of programs: the service's real decisions, and a real session for its code.
 *
 * Owns: the runs with their histories, and the session. With `keepsSession` off, the session is thrown away after every
 * single change of history, so that whatever is asked of the code next is answered by a replay from the first event.
 */
import { expect } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import { applyChanges, stateOfNewRun } from "../../src/core/apply.ts";
import { type RequestKind, type Requests, type Values, decide } from "../../src/core/decide.ts";
import type { Changes, Decision } from "../../src/core/draft.ts";
import { transientTaskEvents } from "../../src/core/workflow-task-event.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { stateProblems } from "../../src/core/invariants.ts";
import { WorkflowTaskIndex } from "../../src/core/reset-point.ts";
import { readResetSource } from "../../src/core/reset-source.ts";
import { type WorkflowState, carriedUpdates } from "../../src/core/state.ts";
import type { WorkflowQueryResult } from "../../src/core/workflow-task.ts";
import { WorkflowSession } from "../../src/replay/index.ts";
import type { LocalActivityRunner } from "../../src/replay/local-activity-runner.ts";
import { failureText } from "../replay/history-builder.ts";

/** One run with its history; the last of an execution is its current one. */
export interface Run {
  readonly state: WorkflowState;
  readonly events: HistoryEvent[];
}

export interface ExecutionOptions {
  readonly workflowId: string;
  readonly workflows: Readonly<Record<string, unknown>>;
  readonly localActivities: LocalActivityRunner;
  readonly keepsSession: boolean;
  readonly nowMs: () => number;
  readonly newRunId: () => string;
}

export class Execution {
  readonly workflowId: string;
  readonly runs: Run[] = [];
  /** What was answered to the query after each change, and which requests were decided how. */
  readonly answers: unknown[] = [];
  readonly #options: ExecutionOptions;
  #session: WorkflowSession | undefined;
  #seenEventId = 0;

  constructor(options: ExecutionOptions) {
    this.workflowId = options.workflowId;
    this.#options = options;
  }

  get run(): Run | undefined {
    return this.runs.at(-1);
  }

  get state(): WorkflowState | undefined {
    return this.run?.state;
  }

  get isOpen(): boolean {
    return this.state?.status === "RUNNING";
  }

  get hasTask(): boolean {
    return this.state?.workflowTask?.startedEventId !== undefined;
  }

  /** Decides a request and keeps what comes of it. */
  take<K extends RequestKind>(kind: K, request: Requests[K]): Decision<Values[K]> {
    const decision = decide(this.state, kind, request, this.#options.nowMs());
    if (!decision.ok) {
      this.answers.push(`${kind}: ${decision.rejection.code}`);
      return decision;
    }
    this.#apply(decision.changes);
    return decision;
  }

  #apply(changes: Changes): void {
    const { run } = this;
    if (run) {
      applyChanges(run.state, changes);
      run.events.push(...changes.events);
      expect(stateProblems(run.state, run.events)).toEqual([]);
    }
    const { newRun } = changes;
    if (newRun) {
      const { copied } = newRun;
      const base = this.runs.find(({ state }) => state.identity.runId === copied?.runId);
      const taken = base?.events.filter((event) => event.eventId <= (copied?.upToEventId ?? 0)) ?? [];
      const next = { state: stateOfNewRun(newRun), events: [...taken, ...newRun.events] };
      expect(stateProblems(next.state, next.events)).toEqual([]);
      this.runs.push(next);
      this.drop();
    }
    const isChanged = newRun !== undefined || changes.events.length + changes.buffered.length > 0;
    if (isChanged && !this.#options.keepsSession) this.drop();
  }

  /** Forgets what the code's memory holds. */
  drop(): void {
    this.#session?.dispose();
    this.#session = undefined;
    this.#seenEventId = 0;
  }

  #open({ state }: Run): WorkflowSession {
    const { workflows, localActivities } = this.#options;
    const { identity, start } = state;
    this.#session ??= new WorkflowSession({
      open: {
        version: 1,
        namespace: identity.namespace,
        workflowId: identity.workflowId,
        runId: identity.runId,
        workflowType: start.workflowType,
        taskQueue: start.taskQueue,
      },
      workflows,
      dataConverter: loadDataConverter(),
      logger: { log: () => undefined },
      localActivities,
    });
    return this.#session;
  }

  #unseen(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
    const unseen = events.filter((event) => event.eventId > this.#seenEventId);
    this.#seenEventId = events.at(-1)?.eventId ?? this.#seenEventId;
    return unseen;
  }

  /** Events that a run may be reset to. */
  pointsOf(run: Run): readonly number[] {
    const tasks = new WorkflowTaskIndex();
    for (const event of run.events) tasks.take(event);
    const isPoint = ({ eventId }: HistoryEvent) => tasks.resolve({ kind: "event", eventId }).ok;
    return run.events.filter(isPoint).map(({ eventId }) => eventId);
  }

  /** Begins a run in place of the current one, with the history of `base` before this event. */
  reset(base: Run, eventId: number): void {
    const newRunId = this.#options.newRunId();
    const { identity } = base.state;
    const requestId = `reset to ${eventId}, ${newRunId}`;
    const resetPoint = { kind: "event", eventId } as const;
    const readRun = (runId: string) => {
      const run = this.runs.find(({ state }) => state.identity.runId === runId);
      return run && [{ events: run.events, bytes: 1 }];
    };
    const next = { ...identity, runId: newRunId, reset: { requestId, runId: newRunId } };
    const reading = readResetSource({ runId: identity.runId, resetPoint }, next, readRun);
    const found = { kind: "read", reading } as const;
    const decision = this.take("reset", { version: 1, resetPoint, reason: "property", requestId, newRunId, found });
    if (!decision.ok) throw new Error(`the reset was refused: ${decision.rejection.message}`);
  }

  /** Does what is due. */
  tick(): void {
    this.take("tick", { newRunId: this.#options.newRunId() });
  }

  /** Lets the worker run the workflow task in flight; `meanwhile` happens before its answer is taken. */
  async runTask(meanwhile: () => void): Promise<void> {
    const { run } = this;
    const task = run?.state.workflowTask;
    if (!run || task?.startedEventId === undefined) throw new Error(`${this.workflowId} has no task to run`);
    const { startedEventId, attempt } = task;
    // A retry begins from scratch, as with the real service.
    if (attempt > 1) this.drop();
    const ref = { runId: run.state.identity.runId, startedEventId, attempt };
    const session = this.#open(run);
    const events = this.#unseen([...run.events, ...transientTaskEvents(run.state)]);
    const result = await session.runTask({ events, startedEventId, attempt, updates: carriedUpdates(run.state) });
    if (result.kind === "failed") throw new Error(`The workflow task failed: ${failureText(result.failure)}`);
    meanwhile();
    const request = { ...ref, ...result, identity: "workflow-worker", newRunId: this.#options.newRunId() };
    const decision = this.take("completeWorkflowTask", request);
    if (!decision.ok || !decision.value.kept) this.drop();
  }

  /** Asks the code what it is, if nothing keeps it from answering. */
  async query(queryType: string): Promise<void> {
    const { run } = this;
    if (!run || run.state.workflowTask || run.state.lastWorkflowTaskClosedEventId === 0) return;
    const session = this.#open(run);
    const answer: WorkflowQueryResult = await session.query({
      events: this.#unseen(run.events),
      queryId: `q${this.answers.length}`,
      queryType,
    });
    this.answers.push(answer);
  }
}
