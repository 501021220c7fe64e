/**
 * What a WorkflowExecution keeps in SQLite, and the only code that speaks SQL.
 *
 * Owns: the schema (version 1) and the stored form of rows.
 *
 *   history(run, first_event_id, part, data)  one row per commit, JSON; a commit over the row limit is cut into parts
 *   record(key, value)                        what is overwritten in place: progress, events that wait, checkpoint
 *
 * Runs are numbered from 1 under one workflow id; the highest is the current one. No secondary index, and no row that
 * is deleted in normal work: rows written are the bill. A `record` row whose subject is gone is reused by the next,
 * and told from a live one by what it says (see `apply.ts`). A later schema adds a `record` row 'schema' and a
 * migration; a stored event never changes meaning.
 */
import { type StoredBuffered, type StoredProgress, restore, stateFromEvents } from "../core/apply.ts";
import { EVENTS_PER_CHECKPOINT, fromCheckpoint, toCheckpoint } from "../core/checkpoint.ts";
import { evolve } from "../core/evolve.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { BufferedEvent, ProgressChange, RunIdentity, WorkflowState } from "../core/state.ts";

/** Characters of JSON in one row: at most three bytes each, so below the platform's 2 MB a row. */
const MAX_PART_CHARACTERS = 600_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS history (
    run INTEGER NOT NULL, first_event_id INTEGER NOT NULL, part INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run, first_event_id, part)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

/** One commit as stored. The first of a run also says which run it is. */
interface StoredCommit {
  readonly version: 1;
  readonly identity?: RunIdentity;
  readonly events: readonly HistoryEvent[];
}

interface StoredRecord {
  readonly version: 1;
  readonly run: number;
}
type ProgressRecord = StoredRecord & StoredProgress;
type BufferedRecord = StoredRecord & StoredBuffered;
interface CheckpointRecord extends StoredRecord {
  readonly checkpoint: string;
}

/** Rows written so far; a seam for tests and benchmarks, since rows are what the platform bills. */
export interface WriteCount {
  rows: number;
}

/** One run in memory: its number in the store and its state. */
export interface LoadedRun {
  readonly number: number;
  readonly state: WorkflowState;
}

export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  readonly nextEventId?: number;
}

export class RunStore {
  readonly #storage: DurableObjectStorage;
  readonly #writes: WriteCount;
  /** Which `record` row holds an activity's progress. */
  readonly #slots = new Map<number, number>();
  #hasSchema: boolean;
  #eventsSinceCheckpoint = 0;

  constructor(storage: DurableObjectStorage, writes: WriteCount) {
    this.#storage = storage;
    this.#writes = writes;
    // Looking must not create anything: a describe of an unknown id leaves no trace.
    const tables = storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'history'");
    this.#hasSchema = tables.one().n > 0;
  }

  /** The current run as of the last commit, ready to go on at `nowMs`; undefined if the id was never used. */
  loadCurrent(nowMs: number): LoadedRun | undefined {
    const number = this.#currentNumber();
    if (number === 0) return undefined;
    const { state, eventsSinceCheckpoint } = this.#replayRun(number);
    this.#eventsSinceCheckpoint = eventsSinceCheckpoint;
    restore(state, this.#readRecords(number, state), nowMs);
    return { number, state };
  }

  /** A run by its id, current or not; for reading only. */
  loadById(runId: string): LoadedRun | undefined {
    for (let number = this.#currentNumber(); number > 0; number -= 1) {
      if (this.#identity(number).runId === runId) return { number, state: this.#replayRun(number).state };
    }
    return undefined;
  }

  /** Events of a run from `fromEventId`, as many rows as fit into `maxCharacters` of JSON but at least one. */
  readPage(run: number, fromEventId: number, maxCharacters: number): HistoryPage {
    const events: HistoryEvent[] = [];
    let characters = 0;
    for (const commit of this.#commitsFrom(run, fromEventId)) {
      if (events.length > 0 && characters + commit.text.length > maxCharacters)
        return { events, nextEventId: commit.firstEventId };
      characters += commit.text.length;
      for (const event of parseCommit(commit.text).events) if (event.eventId >= fromEventId) events.push(event);
    }
    return { events };
  }

  /** One event of a run. */
  readEvent(run: number, eventId: number): HistoryEvent | undefined {
    for (const commit of this.#commitsFrom(run, eventId))
      return parseCommit(commit.text).events.find((event) => event.eventId === eventId);
    return undefined;
  }

  /** Appends a commit's events as one row (more only if they exceed the row limit). Returns the bytes it takes. */
  appendEvents(run: number, events: readonly HistoryEvent[], identity?: RunIdentity): number {
    const [first] = events;
    if (!first) return 0;
    this.#ensureSchema();
    const commit: StoredCommit = { version: 1, ...(identity ? { identity } : {}), events };
    const text = JSON.stringify(commit);
    for (const [part, data] of cut(text).entries())
      this.#write("INSERT INTO history VALUES (?, ?, ?, ?)", run, first.eventId, part, data);
    this.#eventsSinceCheckpoint = identity ? events.length : this.#eventsSinceCheckpoint + events.length;
    if (identity) this.#slots.clear();
    return text.length;
  }

  /** Stores events that wait for their number, after the `position` that wait already. */
  putBuffered(run: number, position: number, events: readonly BufferedEvent[], nextEventId: number): void {
    for (const [index, event] of events.entries()) {
      const record: BufferedRecord = { version: 1, run, event, nextEventId };
      this.#putRecord(`buffered/${position + index}`, record);
    }
  }

  /** Overwrites the progress of an activity or of the retried workflow task. */
  putProgress(run: number, change: ProgressChange, state: Readonly<WorkflowState>, atMs: number): void {
    if (change.kind === "workflowTask" && change.volatile) return;
    const slot = change.kind === "workflowTask" ? "task" : String(this.#slotOf(change.scheduledEventId, state));
    const record: ProgressRecord = { version: 1, run, change, atMs };
    this.#putRecord(`progress/${slot}`, record);
  }

  /** Writes a checkpoint when enough events have come since the last. Call with the state up to date. */
  checkpointWhenDue(run: number, state: Readonly<WorkflowState>): void {
    if (this.#eventsSinceCheckpoint < EVENTS_PER_CHECKPOINT) return;
    const checkpoint = toCheckpoint(state);
    // One that does not fit a row is left out; reloading then reads more events, which is slower and as right.
    this.#eventsSinceCheckpoint = 0;
    if (checkpoint.length > MAX_PART_CHARACTERS) return;
    const record: CheckpointRecord = { version: 1, run, checkpoint };
    this.#putRecord("checkpoint", record);
  }

  #currentNumber(): number {
    if (!this.#hasSchema) return 0;
    const { run } = this.#storage.sql.exec<{ run: number | null }>("SELECT max(run) AS run FROM history").one();
    return run ?? 0;
  }

  #identity(run: number): RunIdentity {
    for (const commit of this.#commitsFrom(run, 1)) {
      const { identity } = parseCommit(commit.text);
      if (identity) return identity;
    }
    throw new Error(`run ${run}: its first row is missing`);
  }

  #replayRun(run: number): { readonly state: WorkflowState; readonly eventsSinceCheckpoint: number } {
    const fromCheckpointed = this.#checkpointed(run);
    if (fromCheckpointed) {
      let count = 0;
      for (const commit of this.#commitsFrom(run, fromCheckpointed.nextEventId)) {
        fromCheckpointed.historyBytes += commit.text.length;
        for (const event of parseCommit(commit.text).events) {
          evolve(fromCheckpointed, event);
          count += 1;
        }
      }
      return { state: fromCheckpointed, eventsSinceCheckpoint: count };
    }
    let state: WorkflowState | undefined;
    let bytes = 0;
    for (const commit of this.#commitsFrom(run, 1)) {
      const { identity, events } = parseCommit(commit.text);
      bytes += commit.text.length;
      if (state) for (const event of events) evolve(state, event);
      else if (identity) state = stateFromEvents(identity, events);
    }
    if (!state) throw new Error(`run ${run}: its first row is missing`);
    state.historyBytes = bytes;
    return { state, eventsSinceCheckpoint: state.nextEventId - 1 };
  }

  #checkpointed(run: number): WorkflowState | undefined {
    const [row] = this.#storage.sql
      .exec<{ value: string }>("SELECT value FROM record WHERE key = 'checkpoint'")
      .toArray();
    if (!row) return undefined;
    const record = JSON.parse(row.value) as CheckpointRecord;
    return record.run === run ? fromCheckpoint(record.checkpoint) : undefined;
  }

  #readRecords(
    run: number,
    state: Readonly<WorkflowState>,
  ): { readonly progress: readonly StoredProgress[]; readonly buffered: readonly StoredBuffered[] } {
    const progress: ProgressRecord[] = [];
    const buffered: { readonly position: number; readonly record: BufferedRecord }[] = [];
    const rows = this.#storage.sql.exec<{ key: string; value: string }>(
      "SELECT key, value FROM record WHERE key <> 'checkpoint'",
    );
    for (const row of rows) {
      const [kind, place] = row.key.split("/");
      const record = JSON.parse(row.value) as ProgressRecord | BufferedRecord;
      if (record.run !== run) continue;
      if (kind === "buffered" && "event" in record) buffered.push({ position: Number(place), record });
      if (kind !== "progress" || !("change" in record)) continue;
      progress.push(record);
      const { change } = record;
      if (change.kind === "activity" && state.activities[change.scheduledEventId])
        this.#slots.set(change.scheduledEventId, Number(place));
    }
    buffered.sort((a, b) => a.position - b.position);
    return { progress, buffered: buffered.map((entry) => entry.record) };
  }

  /** The row of an activity: the one it has, or the first that no open activity uses. */
  #slotOf(scheduledEventId: number, state: Readonly<WorkflowState>): number {
    const known = this.#slots.get(scheduledEventId);
    if (known !== undefined) return known;
    // What this very commit schedules is not in the state yet, and keeps the row it was just given.
    for (const id of this.#slots.keys()) if (id < state.nextEventId && !state.activities[id]) this.#slots.delete(id);
    const used = new Set(this.#slots.values());
    let slot = 0;
    while (used.has(slot)) slot += 1;
    this.#slots.set(scheduledEventId, slot);
    return slot;
  }

  /** Commits of a run from the one that holds `eventId`, parts joined. */
  *#commitsFrom(run: number, eventId: number): Generator<{ readonly firstEventId: number; readonly text: string }> {
    // Rows are read one commit at a time: a cursor must not stay open across whatever the reader does in between.
    let firstEventId = this.#storage.sql
      .exec<{ id: number | null }>(
        "SELECT max(first_event_id) AS id FROM history WHERE run = ? AND first_event_id <= ?",
        run,
        eventId,
      )
      .one().id;
    while (firstEventId !== null) {
      const parts = this.#storage.sql
        .exec<{
          data: string;
        }>("SELECT data FROM history WHERE run = ? AND first_event_id = ? ORDER BY part", run, firstEventId)
        .toArray();
      yield { firstEventId, text: parts.map((row) => row.data).join("") };
      firstEventId = this.#storage.sql
        .exec<{ id: number | null }>(
          "SELECT min(first_event_id) AS id FROM history WHERE run = ? AND first_event_id > ?",
          run,
          firstEventId,
        )
        .one().id;
    }
  }

  #putRecord(key: string, record: StoredRecord): void {
    this.#ensureSchema();
    this.#write("INSERT OR REPLACE INTO record VALUES (?, ?)", key, JSON.stringify(record));
  }

  #ensureSchema(): void {
    if (this.#hasSchema) return;
    this.#write(SCHEMA);
    this.#hasSchema = true;
  }

  #write(statement: string, ...bindings: SqlStorageValue[]): void {
    this.#writes.rows += this.#storage.sql.exec(statement, ...bindings).rowsWritten;
  }
}

function parseCommit(text: string): StoredCommit {
  const commit = JSON.parse(text) as StoredCommit;
  if (commit.version !== 1) throw new Error(`history row of unknown version ${String(commit.version)}`);
  return commit;
}

/** Cuts a text into pieces that fit a row, never through a surrogate pair. */
function cut(text: string): readonly string[] {
  if (text.length <= MAX_PART_CHARACTERS) return [text];
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + MAX_PART_CHARACTERS);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last < 0xdc00) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}
