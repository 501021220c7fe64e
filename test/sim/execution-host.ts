/**
 * A WorkflowExecution without its platform: the real turn, store and alarm clock over storage in memory.
 *
 * Owns: booting (and booting again, after the process died), and reading back what is stored.
 */
import { type StoredBuffered, type StoredProgress, restore } from "../../src/core/apply.ts";
import { fromCheckpoint } from "../../src/core/checkpoint.ts";
import { evolve } from "../../src/core/evolve.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { WorkflowState } from "../../src/core/state.ts";
import { AlarmClock } from "../../src/durable-objects/alarm-clock.ts";
import { ExecutionTurn, type TurnEffects } from "../../src/durable-objects/execution-turn.ts";
import { EntryTable } from "../../src/durable-objects/entry-table.ts";
import { type LoadedRun, RunStore } from "../../src/durable-objects/run-store.ts";
import { MemoryStorage } from "./memory-storage.ts";

export class ExecutionHost {
  readonly storage = new MemoryStorage();
  readonly #effects: TurnEffects;
  #turn: ExecutionTurn | undefined;
  #store: RunStore | undefined;
  #alarm: AlarmClock | undefined;

  constructor(effects: TurnEffects) {
    this.#effects = effects;
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
      effects: this.#effects,
      defersCommits: false,
      abort: (reason) => {
        throw new Error(reason);
      },
    });
    await this.#alarm.load(Date.now());
    this.#turn.load();
  }

  /** What the object does at the first call after it was loaded. */
  wake(): void {
    const { run } = this;
    const { deadlineMs } = this.turn;
    if (!run || (run.state.status !== "RUNNING" && deadlineMs === undefined)) return;
    this.alarm.arm(deadlineMs, Date.now());
    if (deadlineMs !== undefined && deadlineMs <= Date.now()) this.turn.tick();
    this.#effects.drive(run);
  }

  /** The platform's alarm has come. */
  ring(): void {
    this.storage.alarmMs = null;
    this.alarm.fired();
    this.turn.tick();
  }

  /** The whole history of a run, as stored. */
  history(run: number): readonly HistoryEvent[] {
    return this.store.readPage(run, 1, Number.POSITIVE_INFINITY).events;
  }

  /** What a process that started now would know of the current run. */
  reloaded(): WorkflowState | undefined {
    return new RunStore(new EntryTable(this.storage.asDurable().sql, { rows: 0 })).loadCurrent(Date.now())?.state;
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
