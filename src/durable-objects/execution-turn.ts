/**
 * One turn of a WorkflowExecution: decide, commit, evolve. Everything that changes a run goes through here.
 *
 * Owns: the current run in memory and its order with storage. A turn is synchronous from reading the state to setting
 * the alarm, so turns never interleave; what it leaves to be done afterwards is handed to `effects`.
 *
 * The steps: (1) the state, from memory; (2) decide; (3) one transaction: events as one row, waiting events, progress;
 * (4) evolve, checkpoint when due, alarm; (5) effects. If (3) throws nothing has changed. If (4) throws, memory and
 * storage differ: the object is aborted and reloads. One thing leaves before (3), because it has no effect until its
 * answer comes back: the workflow task. The answer to one that was not committed finds no such task.
 *
 * A request that starts a workflow task waits for it a few milliseconds before it is committed, so that both are one
 * commit and one row. Its caller is answered only then; until then nothing outside knows of it, and if the object dies
 * it has not happened and the caller asks again.
 */
import { applyChanges, stateOfNewRun } from "../core/apply.ts";
import { earliest, nextDeadlineMs } from "../core/deadlines.ts";
import { type RequestKind, type Requests, type Values, decide } from "../core/decide.ts";
import { type Changes, NO_CHANGES } from "../core/draft.ts";
import { evolveRedelivery } from "../core/evolve.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { NextRunFacts } from "../core/next-run.ts";
import { REDELIVERY_MAXIMUM_MS, hasOutbox, mayLeaveOutbox } from "../core/outbox.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import { type RunIdentity, admittedAfter, carriedUpdates } from "../core/state.ts";
import type { UpdateMessage } from "../core/workflow-task.ts";
import type { AlarmClock } from "./alarm-clock.ts";
import type { EntryTable } from "./entry-table.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";

/** What a turn leaves to be done once it is committed. */
export interface TurnEffects {
  /** Activity tasks are to be sent, through the queue or straight to a worker. */
  dispatch(run: LoadedRun, changes: Changes): void;
  /**
   * A commit with these events is about to be made; what needs no durability may begin. `updates` are those that a
   * workflow task carries which they start.
   */
  foresee(run: LoadedRun, events: readonly HistoryEvent[], updates: readonly UpdateMessage[]): void;
  /** These changes of the run are made, and what was deferred before them. */
  changed(run: LoadedRun, changes: Changes): void;
  /** The run has ended. */
  closed(run: LoadedRun): void;
  /** A workflow task of the current run, or a delivery, may be waiting to be taken up. */
  drive(run: LoadedRun | undefined): void;
  /** A run is through with its deliveries. */
  settled?(): void;
}

/** Longest wait of a commit for the workflow task it has started. */
const DEFERRAL_MS = 5;

/** Requests that start a workflow task and whose callers wait for the commit. */
const DEFERRABLE: ReadonlySet<RequestKind> = new Set<RequestKind>([
  "start",
  "signal",
  "signalWithStart",
  "updateWithStart",
  "respondActivity",
  "respondActivityById",
  "childClosed",
  "recordChildStart",
  "recordExternalResult",
]);

/** Events that memory has and storage does not: nobody has been told of them. */
interface Deferred {
  readonly events: readonly HistoryEvent[];
  /** Set when they begin a run. */
  readonly identity: RunIdentity | undefined;
  readonly committed: PromiseWithResolvers<void>;
  readonly timer: ReturnType<typeof setTimeout>;
}

export interface ExecutionTurnOptions {
  readonly storage: DurableObjectStorage;
  readonly table: EntryTable;
  readonly store: RunStore;
  readonly alarm: AlarmClock;
  readonly effects: TurnEffects;
  readonly abort: (reason: string) => void;
  /** Least time between the beginnings of two runs, in milliseconds; absent is the default. */
  readonly minimumRunIntervalMs?: () => number;
  /** Whether a commit may wait for the workflow task it starts. Callers must then await `committed`. */
  readonly defersCommits: boolean;
  /** When a closed run is to be deleted, for the alarm; see `retention.ts`. */
  readonly retentionDueMs?: () => number | undefined;
}

export class ExecutionTurn {
  readonly #options: ExecutionTurnOptions;
  #run: LoadedRun | undefined;
  /** The highest number that a run was given: runs before it, and it too, may have been deleted. */
  #newestRun = 0;
  /** Runs before the current one that still have something to deliver to other executions. */
  #earlier: readonly LoadedRun[] = [];
  #deferred: Deferred | undefined;

  constructor(options: ExecutionTurnOptions) {
    this.#options = options;
  }

  /** Brings back the current run from storage. Called once, before the first turn. */
  load(): void {
    const { store } = this.#options;
    const nowMs = Date.now();
    this.#newestRun = store.newestRun;
    this.#run = store.loadCurrent(nowMs);
    const unsettled = store.mayBeUnsettled(this.#run);
    this.#earlier = unsettled.flatMap((number) => store.loadUnsettled(number, nowMs) ?? []);
  }

  /** The current run, or undefined if the workflow id was never used. */
  get run(): LoadedRun | undefined {
    return this.#run;
  }

  /** The runs that have something to deliver to other executions, oldest first. */
  get unsettled(): readonly LoadedRun[] {
    const runs = this.#run ? [...this.#earlier, this.#run] : this.#earlier;
    return runs.filter((run) => hasOutbox(run.state));
  }

  /** When the object must be awake though nobody calls, or undefined. */
  get deadlineMs(): number | undefined {
    const runs = [this.#run, ...this.#earlier].map((run) => run && nextDeadlineMs(run.state));
    return earliest([...runs, this.#options.retentionDueMs?.()]);
  }

  /** Deletes the current run for all who ask for it; open, it is terminated in the same commit. */
  deleteCurrent(request: Requests["deleteExecution"]): Reply<Values["deleteExecution"]> {
    const reply = this.take("deleteExecution", request);
    if (reply.ok) this.hideCurrent();
    return reply;
  }

  /** The current run is marked as deleted: there is none now. What it has to deliver is delivered still. */
  hideCurrent(): void {
    const run = this.#run;
    if (run && hasOutbox(run.state)) this.#earlier = [...this.#earlier, run];
    this.#run = undefined;
  }

  /** The storage was emptied: the workflow id is as if it had never been used. */
  forget(): void {
    this.#run = undefined;
    this.#earlier = [];
    this.#newestRun = 0;
  }

  /** A delivery of this run has failed and is to be made again at this time, by the alarm if the object sleeps. */
  redeliverAt(run: LoadedRun, atMs: number): void {
    evolveRedelivery(run.state, atMs);
    this.#options.alarm.arm(atMs, Date.now());
  }

  /** Everybody who had to hear of the end of this run has heard of it: it is written down, so that none is told again. */
  settleOutbox(run: LoadedRun): void {
    this.flush();
    const decision = decide(run.state, "settleOutbox", {}, Date.now());
    if (!decision.ok || isEmpty(decision.changes)) return;
    const { progress } = decision.changes;
    const { storage, store } = this.#options;
    storage.transactionSync(() => {
      for (const change of progress) store.putProgress(run.number, change, run.state, Date.now());
    });
    applyChanges(run.state, decision.changes);
    this.#earlier = this.#earlier.filter((earlier) => earlier !== run);
    this.#options.effects.settled?.();
  }

  /** Resolves when everything decided so far is in storage; undefined if it is. Rejects if it never will be. */
  get committed(): Promise<void> | undefined {
    return this.#deferred?.committed.promise;
  }

  /** Decides a request and makes the decision last, at once or with the workflow task that it starts. */
  take<K extends RequestKind>(kind: K, request: Requests[K]): Reply<Values[K]> {
    if (kind !== "completeWorkflowTask") this.flush();
    const nowMs = Math.max(Date.now(), this.#run?.state.lastEventTimeMs ?? 0);
    const decision = decide(this.#run?.state, kind, request, nowMs);
    if (!decision.ok) return decision;
    this.#carryOut(kind, decision.changes, nowMs);
    return accepted(decision.value);
  }

  /** What a request brings along that may begin another run of the chain. */
  nextRunFacts(): NextRunFacts {
    const minimumRunIntervalMs = this.#options.minimumRunIntervalMs?.();
    return { newRunId: crypto.randomUUID(), ...(minimumRunIntervalMs === undefined ? {} : { minimumRunIntervalMs }) };
  }

  /** Does what is due now; what was missed while the object did not run, above all. Sets the alarm for the rest. */
  tick(): void {
    const nowMs = Date.now();
    for (const { state } of this.#earlier)
      if (state.redeliverMs <= nowMs) evolveRedelivery(state, nowMs + REDELIVERY_MAXIMUM_MS);
    if (this.#run) this.take("tick", this.nextRunFacts());
    // The alarm may have come though nothing of the current run was due, or for the sake of an earlier one.
    this.#options.alarm.arm(this.deadlineMs, nowMs);
    if (this.#earlier.length > 0) this.#options.effects.drive(this.#run);
  }

  /** Commits what has been deferred. Whatever reads or changes the run next calls this first. */
  flush(): void {
    const run = this.#run;
    if (!this.#deferred || !run) return;
    const nowMs = Date.now();
    this.#settle(run, this.#commit(run, NO_CHANGES, nowMs), nowMs);
    this.#options.effects.changed(run, NO_CHANGES);
    this.#options.effects.drive(run);
  }

  #carryOut(kind: RequestKind, decided: Changes, nowMs: number): void {
    const { effects } = this.#options;
    const before = this.#run;
    const wasOpen = before?.state.status === "RUNNING";
    if (isEmpty(decided)) return;
    const changes = this.#withUnsettled(before, decided);
    const next = nextRun(before, changes, this.#newestRun);
    // A session reads what a run has taken over from the store, where that is only after the commit.
    if (next && !changes.newRun?.copied) {
      const updates = changes.newRun ? carriedUpdates(next.state) : admittedAfter(next.state, changes);
      effects.foresee(next, changes.newRun?.events ?? changes.events, updates);
    }
    if (this.#options.defersCommits && DEFERRABLE.has(kind) && isDeferrable(changes)) {
      this.#defer(before, next, changes);
      return;
    }
    const bytes = this.#commit(before, changes, nowMs);
    this.#evolve(before, next, changes);
    const run = this.#run;
    if (!run) return;
    this.#settle(run, bytes, nowMs);
    if (before) effects.changed(before, changes);
    if (before && wasOpen && before.state.status !== "RUNNING") effects.closed(before);
    if (changes.dispatch.length + changes.eagerDispatch.length > 0) effects.dispatch(run, changes);
    effects.drive(run);
  }

  /** A run that begins remembers which runs before it are not through with their deliveries. */
  #withUnsettled(before: LoadedRun | undefined, changes: Changes): Changes {
    if (!changes.newRun) return changes;
    const runs = this.#earlier.filter((run) => hasOutbox(run.state)).map((run) => run.number);
    if (before && mayLeaveOutbox(before.state, changes.events)) runs.push(before.number);
    const { unsettledRuns: _, ...rest } = changes.newRun.identity;
    const identity = runs.length > 0 ? { ...rest, unsettledRuns: runs } : rest;
    return { ...changes, newRun: { ...changes.newRun, identity } };
  }

  /** What follows every commit, once the state in memory is up to date with it. */
  #settle(run: LoadedRun, bytes: number, nowMs: number): void {
    run.state.historyBytes += bytes;
    this.#options.store.checkpointWhenDue(run.number, run.state);
    this.#options.alarm.arm(this.deadlineMs, nowMs);
  }

  /** Goes on in memory. Storage follows with the workflow task's result, or soon. */
  #defer(before: LoadedRun | undefined, next: LoadedRun | undefined, changes: Changes): void {
    this.#evolve(before, next, changes);
    const committed = Promise.withResolvers<void>();
    // Whoever waits hears of a failure; that nobody does is no failure of its own.
    committed.promise.catch(() => undefined);
    this.#deferred = {
      events: changes.newRun?.events ?? changes.events,
      identity: changes.newRun?.identity,
      committed,
      timer: setTimeout(() => this.flush(), DEFERRAL_MS),
    };
  }

  /** Writes changes, after what was deferred and in the same transaction. Returns the bytes of history. */
  #commit(run: LoadedRun | undefined, changes: Changes, nowMs: number): number {
    const { table, storage } = this.#options;
    const deferred = this.#deferred;
    this.#deferred = undefined;
    clearTimeout(deferred?.timer);
    try {
      table.ensure();
      const bytes = storage.transactionSync(() => this.#write(run, deferred, changes, nowMs));
      deferred?.committed.resolve();
      return bytes;
    } catch (error) {
      this.#options.store.forgetUncommitted(run);
      deferred?.committed.reject(error);
      // Memory has gone on without storage: only a reload brings them together again.
      if (deferred) this.#options.abort(`a deferred commit failed: ${String(error)}`);
      throw error;
    }
  }

  #write(run: LoadedRun | undefined, deferred: Deferred | undefined, changes: Changes, nowMs: number): number {
    const { store } = this.#options;
    let bytes = 0;
    if (run) {
      const { state, number } = run;
      bytes = store.appendEvents(number, [...(deferred?.events ?? []), ...changes.events], deferred?.identity);
      const nextEventId = (changes.events.at(-1)?.eventId ?? state.nextEventId - 1) + 1;
      store.putBuffered(number, changes.flushed ? 0 : state.buffered.length, changes.buffered, nextEventId);
      for (const change of changes.progress) store.putProgress(number, change, state, nowMs);
      if (changes.deleted) store.markDeleted(number);
    }
    if (!changes.newRun) return bytes;
    return store.beginRun(this.#newestRun + 1, changes.newRun);
  }

  #evolve(before: LoadedRun | undefined, next: LoadedRun | undefined, changes: Changes): void {
    try {
      if (before) applyChanges(before.state, changes);
      if (before && before !== next && hasOutbox(before.state)) this.#earlier = [...this.#earlier, before];
      this.#run = next;
      this.#newestRun = Math.max(this.#newestRun, next?.number ?? 0);
    } catch (error) {
      this.#options.abort(`memory and storage differ: ${String(error)}`);
      throw error;
    }
  }
}

/** Whether changes are nothing but events that end with the start of a workflow task. */
function isDeferrable(changes: Changes): boolean {
  const { events, newRun } = changes;
  if (changes.buffered.length + changes.progress.length + changes.dispatch.length + changes.eagerDispatch.length > 0)
    return false;
  if (changes.flushed || (newRun && events.length > 0)) return false;
  return (newRun?.events ?? events).at(-1)?.eventType === "WorkflowTaskStarted";
}

/** The run that will be the current one: a new one if the changes begin it. */
function nextRun(run: LoadedRun | undefined, changes: Changes, newestRun: number): LoadedRun | undefined {
  if (!changes.newRun) return run;
  return { number: newestRun + 1, state: stateOfNewRun(changes.newRun) };
}

function isEmpty(changes: Changes): boolean {
  return (
    changes.events.length === 0 &&
    changes.buffered.length === 0 &&
    changes.progress.length === 0 &&
    changes.newRun === undefined &&
    changes.updates === undefined &&
    changes.deleted === undefined &&
    changes.redeliverMs === undefined &&
    changes.dispatchedUpToMs === undefined
  );
}
