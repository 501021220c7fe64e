/**
 * What the platform would bill: rows written, requests, queue operations. Counted, never estimated.
 *
 * Owns: one counter for each Worker (locally a Worker is one isolate, so its objects, its queue consumer and its
 * routes share this module), and the wrappers that count. They replace methods on the objects that the runtime hands
 * out, so that the code under measurement is the code that is published. Only the Workers that count import this; the
 * ones that are timed do not.
 *
 * What is counted: for each `sql.exec`, the cursor's rowsWritten (index rows included, deletions too); one row for each
 * `setAlarm` and each key written or deleted through the key-value methods; one request for each call from outside of a
 * method of the object, and for each alarm; one Worker request for each batch of the queue consumer; three queue
 * operations for a message (written, read, deleted) and one more for each redelivery.
 */

export interface Usage {
  rowsWritten: number;
  objectRequests: number;
  workerRequests: number;
  queueOperations: number;
}

export const usage: Usage = { rowsWritten: 0, objectRequests: 0, workerRequests: 0, queueOperations: 0 };

/** Route on which a Worker that counts tells what it has counted. */
export const USAGE_ROUTE = "/usage";

const FIRST_DELIVERY_OPERATIONS = 3;

/**
 * Counts every write of one Durable Object. Called before the class under measurement sees its storage.
 *
 * @example
 * constructor(ctx: DurableObjectState, env: Env) {
 *   countWrites(ctx.storage);
 *   super(ctx, env);
 * }
 */
export function countWrites(storage: DurableObjectStorage): void {
  const { sql, kv } = storage;
  const exec = sql.exec.bind(sql);
  const counted: SqlStorage["exec"] = (query, ...bindings) => {
    const cursor = exec<never>(query, ...bindings);
    usage.rowsWritten += cursor.rowsWritten;
    return cursor;
  };
  // The cursor of several statements tells the rows of the last one only, so each is run by itself.
  sql.exec = (query, ...bindings) => {
    const statements = bindings.length > 0 ? [query] : query.split(";").filter((statement) => statement.trim() !== "");
    for (const statement of statements.slice(0, -1)) counted(statement);
    return counted(statements.at(-1) ?? query, ...bindings);
  };
  countRow(storage, "setAlarm");
  countRow(storage, "put");
  countRow(storage, "delete");
  countRow(kv, "put");
  countRow(kv, "delete");
}

/** Makes each call of `method` count as one row written, or as one per key for a map of keys. */
function countRow<Name extends string>(target: Record<Name, unknown>, method: Name): void {
  const original = target[method] as (...args: unknown[]) => unknown;
  target[method] = (...args: unknown[]): unknown => {
    const [keys] = args;
    usage.rowsWritten +=
      typeof keys === "object" && keys !== null && !(keys instanceof Date) ? Object.keys(keys).length : 1;
    return original.apply(target, args);
  };
}

/**
 * Makes every call of the named methods count as a request of a Durable Object. The methods are those that are called
 * from outside; a method that the object also calls itself would count too often.
 *
 * @example
 * countRequests(CountedFloor.prototype, ["step", "signal", "result", "sleep", "alarm"]);
 */
export function countRequests<Prototype extends object>(
  prototype: Prototype,
  methods: readonly (keyof Prototype & string)[],
): void {
  for (const method of methods) {
    const original = prototype[method] as (...args: unknown[]) => unknown;
    Object.defineProperty(prototype, method, {
      configurable: true,
      value(this: unknown, ...args: unknown[]): unknown {
        usage.objectRequests += 1;
        return original.apply(this, args);
      },
    });
  }
}

/** Counts one batch of the queue consumer and its messages. */
export function countBatch(batch: MessageBatch): void {
  usage.workerRequests += 1;
  for (const message of batch.messages) usage.queueOperations += message.attempts === 1 ? FIRST_DELIVERY_OPERATIONS : 1;
}

/** Answers the usage route, and counts every other request as one of the Worker. */
export async function countFetch(request: Request, next: () => Response | Promise<Response>): Promise<Response> {
  if (new URL(request.url).pathname === USAGE_ROUTE) return Response.json(usage);
  usage.workerRequests += 1;
  return next();
}
