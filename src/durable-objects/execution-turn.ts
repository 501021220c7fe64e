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
import { applyChanges, stateFromEvents } from "../core/apply.ts";
import { nextDeadlineMs } from "../core/deadlines.ts";
import { type RequestKind, type Requests, type Values, decide } from "../core/decide.ts";
import { type Changes, NO_CHANGES } from "../core/draft.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import type { RunIdentity } from "../core/state.ts";
import type { AlarmClock } from "./alarm-clock.ts";
import type { EntryTable } from "./entry-table.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";

/** What a turn leaves to be done once it is committed. */
export interface TurnEffects {
  /** Activity tasks are to be sent, through the queue or straight to a worker. */
  dispatch(run: LoadedRun, changes: Changes): void;
  /** A commit with these events is about to be made; what needs no durability may begin. */
  foresee(run: LoadedRun, events: readonly HistoryEvent[]): void;
  /** The run has ended. */
  closed(run: LoadedRun): void;
  /** A workflow task may be waiting for its worker. */
  drive(run: LoadedRun): void;
}

/** Longest wait of a commit for the workflow task it has started. */
const DEFERRAL_MS = 5;

/** Requests that start a workflow task and whose callers wait for the commit. */
const DEFERRABLE: ReadonlySet<RequestKind> = new Set<RequestKind>([
  "start",
  "signal",
  "signalWithStart",
  "respondActivity",
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
  /** Whether a commit may wait for the workflow task it starts. Callers must then await `committed`. */
  readonly defersCommits: boolean;
}

export class ExecutionTurn {
  readonly #options: ExecutionTurnOptions;
  #run: LoadedRun | undefined;
  #deferred: Deferred | undefined;

  constructor(options: ExecutionTurnOptions) {
    this.#options = options;
  }

  /** Brings back the current run from storage. Called once, before the first turn. */
  load(): void {
    this.#run = this.#options.store.loadCurrent(Date.now());
  }

  /** The current run, or undefined if the workflow id was never used. */
  get run(): LoadedRun | undefined {
    return this.#run;
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

  /** Does what is due now; what was missed while the object did not run, above all. Sets the alarm for the rest. */
  tick(): void {
    if (this.#run) this.take("tick", {});
  }

  /** Commits what has been deferred. Whatever reads or changes the run next calls this first. */
  flush(): void {
    const run = this.#run;
    if (!this.#deferred || !run) return;
    const nowMs = Date.now();
    this.#settle(run, this.#commit(run, NO_CHANGES, nowMs), nowMs);
    this.#options.effects.drive(run);
  }

  #carryOut(kind: RequestKind, changes: Changes, nowMs: number): void {
    const { effects } = this.#options;
    const before = this.#run;
    const wasOpen = before?.state.status === "RUNNING";
    if (isEmpty(changes)) return;
    const next = nextRun(before, changes);
    if (next) effects.foresee(next, changes.newRun?.events ?? changes.events);
    if (this.#options.defersCommits && DEFERRABLE.has(kind) && isDeferrable(changes)) {
      this.#defer(before, next, changes);
      return;
    }
    const bytes = this.#commit(before, changes, nowMs);
    this.#evolve(before, next, changes);
    const run = this.#run;
    if (!run) return;
    this.#settle(run, bytes, nowMs);
    if (before && wasOpen && before.state.status !== "RUNNING") effects.closed(before);
    if (changes.dispatch.length + changes.eagerDispatch.length > 0) effects.dispatch(run, changes);
    effects.drive(run);
  }

  /** What follows every commit, once the state in memory is up to date with it. */
  #settle(run: LoadedRun, bytes: number, nowMs: number): void {
    run.state.historyBytes += bytes;
    this.#options.store.checkpointWhenDue(run.number, run.state);
    this.#options.alarm.arm(nextDeadlineMs(run.state), nowMs);
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
    }
    if (!changes.newRun) return bytes;
    const { events, identity } = changes.newRun;
    return store.appendEvents((run?.number ?? 0) + 1, events, identity);
  }

  #evolve(before: LoadedRun | undefined, next: LoadedRun | undefined, changes: Changes): void {
    try {
      if (before) applyChanges(before.state, changes);
      this.#run = next;
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
function nextRun(run: LoadedRun | undefined, changes: Changes): LoadedRun | undefined {
  if (!changes.newRun) return run;
  const { identity, events } = changes.newRun;
  return { number: (run?.number ?? 0) + 1, state: stateFromEvents(identity, events) };
}

function isEmpty(changes: Changes): boolean {
  return (
    changes.events.length === 0 &&
    changes.buffered.length === 0 &&
    changes.progress.length === 0 &&
    changes.newRun === undefined &&
    changes.dispatchedUpToMs === undefined
  );
}
