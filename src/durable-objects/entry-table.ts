/**
 * The one table of a WorkflowExecution, or of a BatchOperation, and the only code that speaks SQL.
 *
 * Owns: the schema (version 1). An entry is a text under (run, kind, place); it is one row unless it is over the
 * platform's row limit. One table, because creating a second costs each workflow two more rows written; a composite
 * key without rowid, because any other shape writes two rows for one entry. Nothing is deleted before retention ends or somebody asks
 * for it: deletes are billed as writes. A later schema adds an entry of kind 'schema' to run 0 and a migration; a stored entry never
 * changes meaning.
 */

/** Characters in one row: at most three bytes each in UTF-8, so below the platform's 2 MB a row. */
const MAX_PART_CHARACTERS = 600_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (
    run INTEGER NOT NULL, kind TEXT NOT NULL, place INTEGER NOT NULL,
    part INTEGER NOT NULL, parts INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run, kind, place, part)
  ) WITHOUT ROWID
`;

/**
 *   history     place = first event id of the commit; never overwritten
 *   progress    place = 0 for the workflow task, from 1 for activities, -1 for the outbox; overwritten in place
 *   buffered    place = position among the events that wait; overwritten in place
 *   checkpoint  place = 0
 *   deleted     of run 0, place = a run that nobody finds any more; until its entries are gone
 *
 * Of a BatchOperation, all under run 1:
 *
 *   job         place = 0; overwritten in place
 *   targets     place = position of the page's first target in the list; never overwritten
 *   failures    place = position of the page's first failure in the report; never overwritten
 */
export type EntryKind = "history" | "progress" | "buffered" | "checkpoint" | "deleted" | "job" | "targets" | "failures";

export interface Entry {
  readonly place: number;
  readonly text: string;
}

/** Rows written so far; a seam for tests and benchmarks, since rows are what the platform bills. */
export interface WriteCount {
  rows: number;
}

export class EntryTable {
  readonly #sql: SqlStorage;
  readonly #writes: WriteCount;
  #exists: boolean;

  constructor(sql: SqlStorage, writes: WriteCount) {
    this.#sql = sql;
    this.#writes = writes;
    // Looking must not create anything: a describe of an unknown id leaves no trace.
    const tables = sql.exec<{ n: number }>("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'entry'");
    this.#exists = tables.one().n > 0;
  }

  /**
   * Creates the table if it is not there. Call before the transaction that writes to it, not in it: one that is rolled
   * back takes its tables with it.
   */
  ensure(): void {
    if (this.#exists) return;
    this.#write(SCHEMA);
    this.#exists = true;
  }

  /** Number of the newest run, 0 if there is none. */
  newestRun(): number {
    if (!this.#exists) return 0;
    return this.#sql.exec<{ run: number | null }>("SELECT max(run) AS run FROM entry").one().run ?? 0;
  }

  /** The next run that has entries, after `run` or before it; undefined if there is none. */
  neighbour(run: number, direction: "after" | "before"): number | undefined {
    if (!this.#exists) return undefined;
    const query =
      direction === "after"
        ? "SELECT min(run) AS run FROM entry WHERE run > ?"
        : "SELECT max(run) AS run FROM entry WHERE run > 0 AND run < ?";
    return this.#sql.exec<{ run: number | null }>(query, run).one().run ?? undefined;
  }

  /** Removes every entry of a run. */
  removeRun(run: number): void {
    if (this.#exists) this.#write("DELETE FROM entry WHERE run = ?", run);
  }

  /** Removes one entry. */
  remove(run: number, kind: EntryKind, place: number): void {
    if (this.#exists) this.#write("DELETE FROM entry WHERE run = ? AND kind = ? AND place = ?", run, kind, place);
  }

  /** The storage was emptied: the table is gone. */
  forget(): void {
    this.#exists = false;
  }

  /** Writes an entry that must not exist yet. Throws if it does. */
  insert(run: number, kind: EntryKind, place: number, text: string): void {
    const parts = cut(text);
    for (const [part, data] of parts.entries())
      this.#write("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", run, kind, place, part, parts.length, data);
  }

  /** Writes an entry over whatever stood in its place. */
  put(run: number, kind: EntryKind, place: number, text: string): void {
    const parts = cut(text);
    for (const [part, data] of parts.entries())
      this.#write("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", run, kind, place, part, parts.length, data);
  }

  /** All entries of a kind, by place. */
  all(run: number, kind: EntryKind): readonly Entry[] {
    if (!this.#exists) return [];
    return joined(
      this.#sql.exec<Row>(
        "SELECT place, part, parts, data FROM entry WHERE run = ? AND kind = ? ORDER BY place, part",
        run,
        kind,
      ),
    );
  }

  /** Entries of a kind, from the last one whose place is not above `place`; read one at a time. */
  *from(run: number, kind: EntryKind, place: number): Generator<Entry> {
    // No cursor stays open between two entries: the reader may take its time, and the table may change meanwhile.
    let next = this.#place(
      "SELECT max(place) AS place FROM entry WHERE run = ? AND kind = ? AND place <= ?",
      run,
      kind,
      place,
    );
    while (next !== undefined) {
      yield* joined(
        this.#sql.exec<Row>(
          "SELECT place, part, parts, data FROM entry WHERE run = ? AND kind = ? AND place = ? ORDER BY part",
          run,
          kind,
          next,
        ),
      );
      next = this.#place(
        "SELECT min(place) AS place FROM entry WHERE run = ? AND kind = ? AND place > ?",
        run,
        kind,
        next,
      );
    }
  }

  #place(query: string, run: number, kind: EntryKind, place: number): number | undefined {
    if (!this.#exists) return undefined;
    return this.#sql.exec<{ place: number | null }>(query, run, kind, place).one().place ?? undefined;
  }

  #write(statement: string, ...bindings: SqlStorageValue[]): void {
    this.#writes.rows += this.#sql.exec(statement, ...bindings).rowsWritten;
  }
}

type Row = { place: number; part: number; parts: number; data: string };

/** Entries of rows that come in order. Parts that a longer text has left behind are passed over. */
function joined(rows: Iterable<Row>): readonly Entry[] {
  const texts = new Map<number, string>();
  let parts = 0;
  for (const row of rows) {
    if (row.part === 0) parts = row.parts;
    if (row.part < parts) texts.set(row.place, (texts.get(row.place) ?? "") + row.data);
  }
  return Array.from(texts, ([place, text]) => ({ place, text }));
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
