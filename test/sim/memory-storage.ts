/**
 * A Durable Object's storage in memory: SQLite and one alarm, which survive when the process of the object dies.
 *
 * Owns: as much of the platform's interface as the service uses, and the place where a commit can be made to fail.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

export class CommitRefused extends Error {
  override readonly name = "CommitRefused";
}

/** The process that this came from has ended: nothing that it still tries reaches the storage. */
export class StorageLost extends Error {
  override readonly name = "StorageLost";
}

/** The platform's limit for a string, a blob or a row. */
const MAX_ROW_BYTES = 2_000_000;

export class MemoryStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  alarmMs: number | null = null;
  /** Asked before each commit; true makes it fail and leaves nothing of it. */
  refusesCommit: () => boolean = () => false;
  /** Set while there is no process, so that what one that has ended leaves running comes to nothing. */
  isCutOff = false;

  /** The storage as the service's classes take it. */
  asDurable(): DurableObjectStorage {
    return this as unknown as DurableObjectStorage;
  }

  readonly sql = {
    exec: (query: string, ...bindings: SQLInputValue[]): Cursor => {
      this.#mustBeConnected();
      if (query.includes("CREATE TABLE")) {
        this.#database.exec(query);
        return new Cursor([], 2);
      }
      const known = this.#statements.get(query);
      const statement = known ?? this.#database.prepare(query);
      this.#statements.set(query, statement);
      const bytes = bindings.reduce<number>(
        (sum, value) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 8),
        0,
      );
      if (bytes > MAX_ROW_BYTES) throw new Error(`string or blob too big: SQLITE_TOOBIG (${bytes} bytes)`);
      if (query.startsWith("SELECT")) return new Cursor(statement.all(...bindings), 0);
      return new Cursor([], Number(statement.run(...bindings).changes));
    },
  };

  transactionSync<T>(closure: () => T): T {
    this.#mustBeConnected();
    this.#database.exec("BEGIN");
    try {
      const value = closure();
      if (this.refusesCommit()) throw new CommitRefused("the storage refused the commit");
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  getAlarm(): Promise<number | null> {
    return Promise.resolve(this.alarmMs);
  }

  setAlarm(atMs: number): Promise<void> {
    this.#mustBeConnected();
    this.alarmMs = atMs;
    return Promise.resolve();
  }

  deleteAlarm(): Promise<void> {
    this.#mustBeConnected();
    this.alarmMs = null;
    return Promise.resolve();
  }

  /** As the platform does it: at once and as a whole, the alarm included. */
  deleteAll(): Promise<void> {
    this.#mustBeConnected();
    this.#statements.clear();
    this.#database.exec("DROP TABLE IF EXISTS entry");
    this.alarmMs = null;
    return Promise.resolve();
  }

  /** Names of all tables. */
  get tables(): readonly unknown[] {
    return this.#database
      .prepare("SELECT name FROM sqlite_schema")
      .all()
      .map((row) => row["name"]);
  }

  close(): void {
    this.#database.close();
  }

  #mustBeConnected(): void {
    if (this.isCutOff) throw new StorageLost("the process has ended");
  }
}

class Cursor {
  readonly #rows: readonly Record<string, unknown>[];
  readonly rowsWritten: number;

  constructor(rows: readonly Record<string, unknown>[], rowsWritten: number) {
    this.#rows = rows;
    this.rowsWritten = rowsWritten;
  }

  one(): Record<string, unknown> {
    const [row] = this.#rows;
    if (!row || this.#rows.length > 1) throw new Error(`expected one row, got ${this.#rows.length}`);
    return row;
  }

  toArray(): readonly Record<string, unknown>[] {
    return this.#rows;
  }

  [Symbol.iterator](): Iterator<Record<string, unknown>> {
    return this.#rows[Symbol.iterator]();
  }
}
