/**
 * What a WorkflowExecution remembers of its runs, as texts in its table.
 *
 * Owns: the stored form (format version 1 in every text), and how a run is rebuilt from it: the newest checkpoint, the
 * commits after it, then progress and waiting events that are still current. Runs are numbered from 1 under one
 * workflow id; the highest is the current one. An entry whose subject is gone is reused by the next, and told from a
 * live one by what it says (see `apply.ts`).
 */
import { type StoredBuffered, type StoredProgress, restore, stateFromEvents } from "../core/apply.ts";
import { EVENTS_PER_CHECKPOINT, fromCheckpoint, toCheckpoint } from "../core/checkpoint.ts";
import { evolve } from "../core/evolve.ts";
import type { NewRun } from "../core/draft.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { hasOutbox } from "../core/outbox.ts";
import type { BufferedEvent, ProgressChange, RunIdentity, WorkflowState } from "../core/state.ts";
import type { HistoryRow } from "../core/reset-source.ts";
import type { EntryTable } from "./entry-table.ts";
import { type HistoryPage, HistoryPageBuilder } from "./history-page.ts";
import { eventsUpTo, rowsOfEvents } from "./history-copy.ts";

/** One commit as stored. The first of a run also says which run it is. */
interface StoredCommit {
  readonly version: 1;
  readonly identity?: RunIdentity;
  readonly events: readonly HistoryEvent[];
}

interface RecentCommit {
  readonly run: number;
  readonly events: readonly HistoryEvent[];
  readonly characters: number;
}

/** Characters of commits kept in memory. */
const MAX_RECENT_CHARACTERS = 200_000;
/** Place of the retried workflow task's progress; activities have the places above. */
const TASK_PLACE = 0;
/** Place of the mark that a closed run has nothing more to deliver. */
const OUTBOX_PLACE = -1;

/** One run in memory: its number in the store and its state. */
export interface LoadedRun {
  readonly number: number;
  readonly state: WorkflowState;
}

export class RunStore {
  readonly #table: EntryTable;
  /** Which place holds an activity's progress. */
  readonly #places = new Map<number, number>();
  /** The newest commits of the current run, so that going on with an open session reads nothing. */
  #recent: RecentCommit[] = [];
  #recentCharacters = 0;
  #eventsSinceCheckpoint = 0;
  /** Runs that nobody finds any more, though they may have entries still. */
  readonly #deleted: Set<number>;

  constructor(table: EntryTable) {
    this.#table = table;
    this.#deleted = new Set(table.all(0, "deleted").map(({ place }) => place));
  }

  /** The highest number that a run was given here, 0 if the id was never used. */
  get newestRun(): number {
    return Math.max(this.#table.newestRun(), ...this.#deleted);
  }

  /** Runs that are marked as deleted, the oldest first. */
  get deletedRuns(): readonly number[] {
    return [...this.#deleted].sort((a, b) => a - b);
  }

  /** The next run after `number` that has entries. */
  runAfter(number: number): number | undefined {
    return this.#table.neighbour(number, "after");
  }

  /** Nobody finds the run any more. Its number stays taken. */
  markDeleted(number: number): void {
    this.#table.put(0, "deleted", number, '{"version":1}');
    this.#deleted.add(number);
  }

  isDeleted(number: number): boolean {
    return this.#deleted.has(number);
  }

  /** Removes a run's entries; marks too that have nothing to mark, unless one keeps its number from being given again. */
  removeRun(number: number): void {
    const { newestRun } = this;
    this.#table.removeRun(number);
    this.#recent = this.#recent.filter((commit) => commit.run !== number);
    this.#recentCharacters = this.#recent.reduce((sum, commit) => sum + commit.characters, 0);
    for (const marked of this.#deleted) {
      if (marked === newestRun || this.runAfter(marked - 1) === marked) continue;
      this.#deleted.delete(marked);
      this.#table.remove(0, "deleted", marked);
    }
  }

  /** The storage was emptied: everything is as if the id had never been used. */
  forget(): void {
    this.#table.forget();
    this.#recent = [];
    this.#recentCharacters = 0;
    this.#places.clear();
    this.#eventsSinceCheckpoint = 0;
    this.#deleted.clear();
  }

  /** Which run this is, or undefined if it has no entries. */
  identityOf(number: number): RunIdentity | undefined {
    for (const { text } of this.#table.from(number, "history", 1)) return parseCommit(text).identity;
    return undefined;
  }

  /** When a closed run was closed: at its last event. Undefined if it has none. */
  closeTimeMs(number: number): number | undefined {
    for (const { text } of this.#table.from(number, "history", Number.MAX_SAFE_INTEGER))
      return parseCommit(text).events.at(-1)?.eventTimeMs;
    return undefined;
  }

  /** The other runs that have entries and are not marked as deleted. */
  *runsBeside(number: number): Generator<number> {
    for (const other of this.#foundBefore(Number.MAX_SAFE_INTEGER)) if (other !== number) yield other;
  }

  /** The events of a run, read row by row. */
  *eventsOf(number: number): Generator<HistoryEvent> {
    for (const { text } of this.#table.from(number, "history", 1)) yield* parseCommit(text).events;
  }

  /**
   * The events of a run that may hold what events of other runs hold: the first, which says what was handed on to it,
   * and all of a run that a reset has begun or that follows one. The others are many, and need not be read.
   */
  *sharedEventsOf(number: number): Generator<HistoryEvent> {
    const hasReset = this.identityOf(number)?.reset !== undefined;
    for (const event of this.eventsOf(number)) {
      yield event;
      if (!hasReset) return;
    }
  }

  /** The current run as of the last commit, ready to go on at `nowMs`; undefined if the id was never used. */
  loadCurrent(nowMs: number): LoadedRun | undefined {
    const number = this.newestRun;
    if (number === 0 || this.#deleted.has(number)) return undefined;
    const { state, eventsSinceCheckpoint } = this.#replayRun(number);
    this.#eventsSinceCheckpoint = eventsSinceCheckpoint;
    restore(state, this.#readRecords(number, state), nowMs);
    return { number, state };
  }

  /** Numbers of runs besides the current one that may have something to deliver still, the oldest first. */
  mayBeUnsettled(current: LoadedRun | undefined): readonly number[] {
    const numbers = new Set(current?.state.identity.unsettledRuns);
    // A run that was current until it was deleted is named by no later one, nor are those that it named.
    for (const number of this.#deleted)
      for (const named of [...(this.identityOf(number)?.unsettledRuns ?? []), number]) numbers.add(named);
    return [...numbers].sort((a, b) => a - b);
  }

  /** An earlier run that may have something to deliver still; undefined if it is known to have nothing. */
  loadUnsettled(number: number, nowMs: number): LoadedRun | undefined {
    if (!this.identityOf(number)) return undefined;
    if (this.#table.all(number, "progress").some(({ place }) => place === OUTBOX_PLACE)) return undefined;
    const { state } = this.#replayRun(number);
    restore(state, this.#readRecords(number, state), nowMs);
    return hasOutbox(state) ? { number, state } : undefined;
  }

  /** The first run of the chain that this request has started, if it was one before the current run. */
  startedBefore(requestId: string): { readonly runId: string } | undefined {
    for (const number of this.#foundBefore(this.newestRun)) {
      for (const { text } of this.#table.from(number, "history", 1)) {
        const { identity, events } = parseCommit(text);
        const [first] = events;
        if (identity?.startRequestId === requestId && first?.eventType === "WorkflowExecutionStarted")
          return { runId: first.attributes.firstExecutionRunId };
        break;
      }
    }
    return undefined;
  }

  /** The run that a reset with this request id has begun, if there was one. */
  begunByReset(requestId: string): string | undefined {
    for (const number of this.#foundBefore(Number.MAX_SAFE_INTEGER)) {
      // The runs that have followed it in its chain remember it as well.
      const reset = this.identityOf(number)?.reset;
      if (reset?.requestId === requestId) return reset.runId;
    }
    return undefined;
  }

  /** The history of a run as it is stored, read row by row; undefined if there is no such run. */
  rowsOf(runId: string): Iterable<HistoryRow> | undefined {
    const number = this.#numberOf(runId);
    return number === undefined ? undefined : this.#rows(number);
  }

  #numberOf(runId: string): number | undefined {
    for (const number of this.#foundBefore(Number.MAX_SAFE_INTEGER))
      if (this.identityOf(number)?.runId === runId) return number;
    return undefined;
  }

  *#rows(number: number): Generator<HistoryRow> {
    for (const { text } of this.#table.from(number, "history", 1))
      yield { events: parseCommit(text).events, bytes: text.length };
  }

  /** A run by its id, current or not; for reading only. */
  loadById(runId: string): LoadedRun | undefined {
    const number = this.#numberOf(runId);
    return number === undefined ? undefined : { number, state: this.#replayRun(number).state };
  }

  /** Whether the events of a run are still there: in itself, or in a run that a reset has begun with them. */
  keepsHistoryOf(runId: string): boolean {
    if (this.#numberOf(runId) !== undefined) return true;
    for (const number of this.#foundBefore(Number.MAX_SAFE_INTEGER)) {
      const identity = this.identityOf(number);
      if (!identity || identity.reset?.runId !== identity.runId) continue;
      if (this.#replayRun(number).state.copiedFrom?.some((copied) => copied.runId === runId)) return true;
    }
    return false;
  }

  /** Runs below a number that can be found, the newest first. */
  *#foundBefore(below: number): Generator<number> {
    let number = this.#table.neighbour(below, "before");
    while (number !== undefined) {
      if (!this.#deleted.has(number)) yield number;
      number = this.#table.neighbour(number, "before");
    }
  }

  /** Events of a run from `fromEventId`, as many rows as fit into `maxCharacters` of JSON but at least one. */
  readPage(run: number, fromEventId: number, maxCharacters: number): HistoryPage {
    const remembered = this.#remembered(run, fromEventId);
    if (remembered) return { events: remembered };
    const page = new HistoryPageBuilder(fromEventId, maxCharacters);
    for (const { place, text } of this.#table.from(run, "history", fromEventId))
      if (!page.add(place, text.length, () => parseCommit(text).events)) break;
    return page.finished;
  }

  /** One event of a run. */
  readEvent(run: number, eventId: number): HistoryEvent | undefined {
    const remembered = this.#remembered(run, eventId);
    if (remembered) return remembered[0];
    for (const { text } of this.#table.from(run, "history", eventId))
      return parseCommit(text).events.find((event) => event.eventId === eventId);
    return undefined;
  }

  /** Appends a commit's events as one row (more only if they exceed the row limit). Returns the bytes it takes. */
  appendEvents(run: number, events: readonly HistoryEvent[], identity?: RunIdentity): number {
    const [first] = events;
    if (!first) return 0;
    const commit: StoredCommit = { version: 1, ...(identity ? { identity } : {}), events };
    const text = JSON.stringify(commit);
    this.#table.insert(run, "history", first.eventId, text);
    this.#remember({ run, events, characters: text.length });
    this.#eventsSinceCheckpoint = identity ? events.length : this.#eventsSinceCheckpoint + events.length;
    if (identity) this.#places.clear();
    return text.length;
  }

  /** Writes the first commit of a run. Returns the bytes it takes. */
  beginRun(run: number, { identity, events, copied }: NewRun): number {
    if (!copied) return this.appendEvents(run, events, identity);
    const source = this.rowsOf(copied.runId);
    if (!source) throw new Error(`run ${copied.runId}: its history is missing`);
    let bytes = 0;
    // Only the first row says which run it is.
    let named: RunIdentity | undefined = identity;
    for (const rows of [rowsOfEvents(eventsUpTo(source, copied.upToEventId)), rowsOfEvents(events)])
      for (const row of rows) {
        bytes += this.appendEvents(run, row, named);
        named = undefined;
      }
    return bytes;
  }

  /** Stores events that wait for their number, after the `position` that wait already. */
  putBuffered(run: number, position: number, events: readonly BufferedEvent[], nextEventId: number): void {
    for (const [index, event] of events.entries()) {
      const record = { version: 1, event, nextEventId } satisfies StoredBuffered & { version: 1 };
      this.#table.put(run, "buffered", position + index, JSON.stringify(record));
    }
  }

  /** Overwrites the progress of an activity or of the retried workflow task. */
  putProgress(run: number, change: ProgressChange, state: Readonly<WorkflowState>, atMs: number): void {
    if (change.kind === "workflowTask" && change.volatile) return;
    const place = this.#progressPlace(change, state);
    const record = { version: 1, change, atMs } satisfies StoredProgress & { version: 1 };
    this.#table.put(run, "progress", place, JSON.stringify(record));
  }

  /** Writes a checkpoint when enough events have come since the last. Call with the state up to date. */
  checkpointWhenDue(run: number, state: Readonly<WorkflowState>): void {
    if (this.#eventsSinceCheckpoint < EVENTS_PER_CHECKPOINT) return;
    this.#eventsSinceCheckpoint = 0;
    this.#table.put(run, "checkpoint", 0, toCheckpoint(state));
  }

  /** Goes back to what the table holds: the commit of which memory already knows was not made after all. */
  forgetUncommitted(run: LoadedRun | undefined): void {
    this.#recent = [];
    this.#recentCharacters = 0;
    this.#places.clear();
    this.#deleted.clear();
    for (const { place } of this.#table.all(0, "deleted")) this.#deleted.add(place);
    if (run) this.#readRecords(run.number, run.state);
  }

  #remember(commit: RecentCommit): void {
    this.#recent.push(commit);
    this.#recentCharacters += commit.characters;
    while (this.#recentCharacters > MAX_RECENT_CHARACTERS) {
      const oldest = this.#recent.shift();
      if (!oldest) break;
      this.#recentCharacters -= oldest.characters;
    }
  }

  /** Every event of a run from `fromEventId` on, if they are all remembered. */
  #remembered(run: number, fromEventId: number): HistoryEvent[] | undefined {
    let index = this.#recent.length;
    while (index > 0) {
      index -= 1;
      const commit = this.#recent[index];
      const firstEventId = commit?.events[0]?.eventId;
      if (commit?.run !== run || firstEventId === undefined) return undefined;
      if (firstEventId > fromEventId) continue;
      return this.#recent.slice(index).flatMap((later) => later.events.filter((event) => event.eventId >= fromEventId));
    }
    return undefined;
  }

  #replayRun(run: number): { readonly state: WorkflowState; readonly eventsSinceCheckpoint: number } {
    const fromCheckpointed = this.#checkpointed(run);
    if (fromCheckpointed) {
      let count = 0;
      const { nextEventId } = fromCheckpointed;
      for (const { place, text } of this.#table.from(run, "history", nextEventId)) {
        // The row that holds the checkpoint's last event; all of it is in the checkpoint.
        if (place < nextEventId) continue;
        fromCheckpointed.historyBytes += text.length;
        for (const event of parseCommit(text).events) {
          evolve(fromCheckpointed, event);
          count += 1;
        }
      }
      return { state: fromCheckpointed, eventsSinceCheckpoint: count };
    }
    let state: WorkflowState | undefined;
    let bytes = 0;
    for (const { text } of this.#table.from(run, "history", 1)) {
      const { identity, events } = parseCommit(text);
      bytes += text.length;
      if (state) for (const event of events) evolve(state, event);
      else if (identity) state = stateFromEvents(identity, events);
    }
    if (!state) throw new Error(`run ${run}: its first row is missing`);
    state.historyBytes = bytes;
    return { state, eventsSinceCheckpoint: state.nextEventId - 1 };
  }

  #checkpointed(run: number): WorkflowState | undefined {
    const [entry] = this.#table.all(run, "checkpoint");
    return entry && fromCheckpoint(entry.text);
  }

  #readRecords(
    run: number,
    state: Readonly<WorkflowState>,
  ): { readonly progress: readonly StoredProgress[]; readonly buffered: readonly StoredBuffered[] } {
    const progress: StoredProgress[] = [];
    for (const { place, text } of this.#table.all(run, "progress")) {
      const record = JSON.parse(text) as StoredProgress;
      progress.push(record);
      const { change } = record;
      if (change.kind === "activity" && state.activities[change.scheduledEventId])
        this.#places.set(change.scheduledEventId, place);
    }
    const buffered = this.#table.all(run, "buffered").map(({ text }) => JSON.parse(text) as StoredBuffered);
    return { progress, buffered };
  }

  #progressPlace(change: ProgressChange, state: Readonly<WorkflowState>): number {
    switch (change.kind) {
      case "workflowTask":
        return TASK_PLACE;
      case "outboxSettled":
        return OUTBOX_PLACE;
      case "activity":
        return this.#placeOf(change.scheduledEventId, state);
    }
  }

  /** The place of an activity's progress: the one it has, or the first that no open activity uses. */
  #placeOf(scheduledEventId: number, state: Readonly<WorkflowState>): number {
    const known = this.#places.get(scheduledEventId);
    if (known !== undefined) return known;
    // What this very commit schedules is not in the state yet, and keeps the place it was just given.
    for (const id of this.#places.keys()) if (id < state.nextEventId && !state.activities[id]) this.#places.delete(id);
    const used = new Set(this.#places.values());
    let place = TASK_PLACE + 1;
    while (used.has(place)) place += 1;
    this.#places.set(scheduledEventId, place);
    return place;
  }
}

function parseCommit(text: string): StoredCommit {
  const commit = JSON.parse(text) as StoredCommit;
  if (commit.version !== 1) throw new Error(`history row of unknown version ${String(commit.version)}`);
  return commit;
}
