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
 */
import { applyChanges, stateFromEvents } from "../core/apply.ts";
import { nextDeadlineMs } from "../core/deadlines.ts";
import { type RequestKind, type Requests, type Values, decide } from "../core/decide.ts";
import type { Changes } from "../core/draft.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { type Reply, accepted } from "../core/rejection.ts";
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

export class ExecutionTurn {
  readonly #store: RunStore;
  readonly #storage: DurableObjectStorage;
  readonly #table: EntryTable;
  readonly #alarm: AlarmClock;
  readonly #effects: TurnEffects;
  readonly #abort: (reason: string) => void;
  #run: LoadedRun | undefined;

  constructor(options: {
    readonly storage: DurableObjectStorage;
    readonly table: EntryTable;
    readonly store: RunStore;
    readonly alarm: AlarmClock;
    readonly effects: TurnEffects;
    readonly abort: (reason: string) => void;
  }) {
    this.#storage = options.storage;
    this.#table = options.table;
    this.#store = options.store;
    this.#alarm = options.alarm;
    this.#effects = options.effects;
    this.#abort = options.abort;
  }

  /** Brings back the current run from storage. Called once, before the first turn. */
  load(): void {
    this.#run = this.#store.loadCurrent(Date.now());
  }

  /** The current run, or undefined if the workflow id was never used. */
  get run(): LoadedRun | undefined {
    return this.#run;
  }

  /** Decides a request and makes the decision last. */
  take<K extends RequestKind>(kind: K, request: Requests[K]): Reply<Values[K]> {
    const nowMs = Math.max(Date.now(), this.#run?.state.lastEventTimeMs ?? 0);
    const decision = decide(this.#run?.state, kind, request, nowMs);
    if (!decision.ok) return decision;
    this.#carryOut(decision.changes, nowMs);
    return accepted(decision.value);
  }

  /** Does what is due now; what was missed while the object did not run, above all. */
  tick(): void {
    if (!this.#run) return;
    this.take("tick", {});
    this.#alarm.arm(nextDeadlineMs(this.#run.state), Date.now());
  }

  #carryOut(changes: Changes, nowMs: number): void {
    const before = this.#run;
    const wasOpen = before?.state.status === "RUNNING";
    if (isEmpty(changes)) return;
    const next = nextRun(before, changes);
    if (next) this.#effects.foresee(next, changes.newRun?.events ?? changes.events);
    const bytes = this.#commitOrForget(before, changes, nowMs);
    try {
      this.#evolve(before, next, changes, bytes);
    } catch (error) {
      this.#abort(`memory and storage differ after a commit: ${String(error)}`);
      throw error;
    }
    const run = this.#run;
    if (!run) return;
    this.#alarm.arm(nextDeadlineMs(run.state), nowMs);
    if (before && wasOpen && before.state.status !== "RUNNING") this.#effects.closed(before);
    if (changes.dispatch.length + changes.eagerDispatch.length > 0) this.#effects.dispatch(run, changes);
    this.#effects.drive(run);
  }

  #commitOrForget(run: LoadedRun | undefined, changes: Changes, nowMs: number): number {
    try {
      return this.#commit(run, changes, nowMs);
    } catch (error) {
      this.#store.forgetUncommitted(run);
      throw error;
    }
  }

  #commit(run: LoadedRun | undefined, changes: Changes, nowMs: number): number {
    this.#table.ensure();
    return this.#storage.transactionSync(() => {
      let bytes = 0;
      if (run) {
        const { state, number } = run;
        bytes = this.#store.appendEvents(number, changes.events);
        const nextEventId = (changes.events.at(-1)?.eventId ?? state.nextEventId - 1) + 1;
        this.#store.putBuffered(number, changes.flushed ? 0 : state.buffered.length, changes.buffered, nextEventId);
        for (const change of changes.progress) this.#store.putProgress(number, change, state, nowMs);
      }
      if (changes.newRun) {
        const { events, identity } = changes.newRun;
        bytes = this.#store.appendEvents((run?.number ?? 0) + 1, events, identity);
      }
      return bytes;
    });
  }

  #evolve(before: LoadedRun | undefined, next: LoadedRun | undefined, changes: Changes, bytes: number): void {
    if (next) next.state.historyBytes += bytes;
    if (before) {
      applyChanges(before.state, changes);
      this.#store.checkpointWhenDue(before.number, before.state);
    }
    this.#run = next;
  }
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
