/**
 * A WorkflowExecution without its platform: the real turn, store and alarm clock over storage in memory.
 *
 * Owns: booting (and booting again, after the process died), and reading back what is stored. With `retention` runs go
 * as they do from the object.
 */
import { type StoredBuffered, type StoredProgress, restore } from "../../src/core/apply.ts";
import { fromCheckpoint } from "../../src/core/checkpoint.ts";
import { evolve } from "../../src/core/evolve.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import type { WorkflowState } from "../../src/core/state.ts";
import { AlarmClock } from "../../src/durable-objects/alarm-clock.ts";
import { ExecutionTurn, type TurnEffects } from "../../src/durable-objects/execution-turn.ts";
import { EntryTable } from "../../src/durable-objects/entry-table.ts";
import { foundForReset } from "../../src/durable-objects/reset-reader.ts";
import { Retention, type RetentionOptions } from "../../src/durable-objects/retention.ts";
import { type LoadedRun, RunStore } from "../../src/durable-objects/run-store.ts";
import type { Situation } from "../core/random-requests.ts";
import { MemoryStorage, StorageLost } from "./memory-storage.ts";

/** For those to whom it is enough what is decided and stored. */
export const noEffects: TurnEffects = {
  foresee: () => undefined,
  changed: () => undefined,
  dispatch: () => undefined,
  closed: () => undefined,
  drive: () => undefined,
};

export interface HostOptions {
  /** Whether a commit may wait for the workflow task it starts. Default: no. */
  readonly defersCommits?: boolean;
  /** The platform would end the process. Default: throws, because nothing else may make a turn ask for it. */
  readonly abort?: (reason: string) => void;
  /** Default: nothing is ever deleted. */
  readonly retention?: Pick<RetentionOptions, "retentionMs" | "payloads">;
}

export class ExecutionHost {
  readonly storage = new MemoryStorage();
  readonly #effects: TurnEffects;
  readonly #options: HostOptions;
  #retention: Retention | undefined;
  #turn: ExecutionTurn | undefined;
  #store: RunStore | undefined;
  #alarm: AlarmClock | undefined;

  constructor(effects: TurnEffects, options: HostOptions = {}) {
    this.#effects = effects;
    this.#options = options;
  }

  get turn(): ExecutionTurn {
    if (!this.#turn) throw new Error("the object has not been booted");
    return this.#turn;
  }

  get store(): RunStore {
    if (!this.#store) throw new Error("the object has not been booted");
    return this.#store;
  }

  get alarm(): AlarmClock {
    if (!this.#alarm) throw new Error("the object has not been booted");
    return this.#alarm;
  }

  get retention(): Retention {
    if (!this.#retention) throw new Error("the object has not been booted, or deletes nothing");
    return this.#retention;
  }

  get run(): LoadedRun | undefined {
    return this.turn.run;
  }

  /** A fresh process over what is stored. */
  async boot(): Promise<void> {
    const storage = this.storage.asDurable();
    const table = new EntryTable(storage.sql, { rows: 0 });
    this.#store = new RunStore(table);
    this.#alarm = new AlarmClock(storage, { rows: 0 });
    this.#turn = new ExecutionTurn({
      storage,
      table,
      store: this.#store,
      alarm: this.#alarm,
      effects: { ...this.#effects, settled: () => this.#inBackground(this.#retention?.settled()) },
      defersCommits: this.#options.defersCommits ?? false,
      abort: this.#options.abort ?? refuseToAbort,
      retentionDueMs: () => this.#retention?.dueMs,
    });
    const { retention } = this.#options;
    this.#retention = retention && this.#newRetention(retention);
    await this.#alarm.load(Date.now());
    this.#turn.load();
  }

  /** What the object does at the first call after it was loaded. */
  wake(): void {
    const { run } = this;
    const { deadlineMs } = this.turn;
    if (run?.state.status !== "RUNNING" && deadlineMs === undefined) return;
    this.alarm.arm(deadlineMs, Date.now());
    if (deadlineMs !== undefined && deadlineMs <= Date.now()) this.turn.tick();
    if (run) this.#effects.drive(run);
  }

  /** The platform's alarm has come. */
  ring(): void {
    this.storage.alarmMs = null;
    this.alarm.fired();
    this.sweep();
    this.turn.flush();
    this.turn.tick();
  }

  /** Begins to delete what is due. Where payloads are cleared away it goes on after the call. */
  sweep(): void {
    this.#inBackground(this.#retention?.sweep());
  }

  /** What there is for a random request to be about. */
  situation(newRunId: string): Situation {
    const { run, store } = this;
    const history = run ? this.history(run.number) : [];
    const resetOf: Situation["resetOf"] = (base, request) => {
      const numbers = [...store.runsBeside(0)];
      const { runId } = store.identityOf(numbers[Math.min(base, numbers.length - 1)] ?? 0) ?? {};
      const found = runId === undefined ? undefined : store.loadById(runId);
      return found && foundForReset(store, found, request, newRunId);
    };
    return { state: run?.state, history, nowMs: Date.now(), newRunId, resetOf };
  }

  /** The whole history of a run, as stored. */
  history(run: number): readonly HistoryEvent[] {
    return this.store.readPage(run, 1, Number.POSITIVE_INFINITY).events;
  }

  /** The store that a process which started now would have. */
  storeAnew(): RunStore {
    return new RunStore(new EntryTable(this.storage.asDurable().sql, { rows: 0 }));
  }

  /** What a process that started now would know of the current run. */
  reloaded(): WorkflowState | undefined {
    return this.storeAnew().loadCurrent(Date.now())?.state;
  }

  /** The current run from a checkpoint taken earlier, whatever the store itself has kept. */
  reloadedFrom(checkpoint: string, run: number): WorkflowState {
    const state = fromCheckpoint(checkpoint);
    if (!state) throw new Error("the checkpoint is of another version");
    const after = this.history(run).filter((event) => event.eventId >= state.nextEventId);
    for (const event of after) evolve(state, event);
    restore(state, this.#records(run), Date.now());
    return state;
  }

  #newRetention(options: NonNullable<HostOptions["retention"]>): Retention {
    const { turn, store, alarm } = this;
    return new Retention({
      ...options,
      storage: this.storage.asDurable(),
      turn,
      store,
      alarm,
      selected: ({ runId }) => {
        const isCurrent = runId === undefined || runId === turn.run?.state.identity.runId;
        const run = isCurrent ? turn.run : store.loadById(runId);
        return run ? accepted(run) : rejected("WorkflowNotFound", "there is no such run");
      },
    });
  }

  /** Work that nobody waits for. It must not fail, unless its process has ended. */
  #inBackground(work: Promise<void> | undefined): void {
    void work?.catch((error: unknown) => {
      if (!(error instanceof StorageLost)) throw error;
    });
  }

  #records(run: number): {
    readonly progress: readonly StoredProgress[];
    readonly buffered: readonly StoredBuffered[];
  } {
    const progress: StoredProgress[] = [];
    const table = new EntryTable(this.storage.asDurable().sql, { rows: 0 });
    for (const { text } of table.all(run, "progress")) progress.push(JSON.parse(text) as StoredProgress);
    const buffered = table.all(run, "buffered").map(({ text }) => JSON.parse(text) as StoredBuffered);
    return { progress, buffered };
  }
}

function refuseToAbort(reason: string): never {
  throw new Error(reason);
}

/**
 * A state without what is not stored: how far dispatches have been acted on, from when the worker's time counts, and
 * that a retried task is under way (after a reload it begins anew).
 */
export function durable(state: WorkflowState | undefined): unknown {
  if (!state) return undefined;
  const { dispatchedUpToMs: _, redeliverMs: ______, workflowTask, admittedUpdates: _____, ...rest } = state;
  if (!workflowTask || workflowTask.speculative) return rest;
  const { timeoutFromMs: __, ...task } = workflowTask;
  if (task.inHistory) return { ...rest, workflowTask: task };
  const { startedEventId: ___, startedTimeMs: ____, ...waiting } = task;
  return { ...rest, workflowTask: { ...waiting, scheduledEventId: 0 } };
}
