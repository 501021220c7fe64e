/**
 * Query handlers of one run.
 *
 * Owns: the handler table and the text for a query nobody registered. Running a handler, with everything it must not
 * do, is the activator's.
 */

import type { DefaultHandler } from "./message-handlers.ts";
import {
  assertNotReserved,
  ENHANCED_STACK_TRACE_QUERY,
  STACK_TRACE_QUERY,
  WORKFLOW_METADATA_QUERY,
} from "./reserved-names.ts";

export type QueryHandler = (...args: never[]) => unknown;

interface RegisteredQueryHandler {
  readonly handler: QueryHandler;
  readonly description: string | undefined;
}

/** What the handlers of the built-in queries stand for in the list of names. */
const BUILT_IN_QUERIES: readonly { readonly name: string; readonly description: string }[] = [
  { name: STACK_TRACE_QUERY, description: "Returns a sensible stack trace." },
  { name: ENHANCED_STACK_TRACE_QUERY, description: "Returns a stack trace annotated with source information." },
  { name: WORKFLOW_METADATA_QUERY, description: "Returns metadata associated with this workflow." },
];

const BUILT_IN_NAMES: ReadonlySet<string> = new Set(BUILT_IN_QUERIES.map(({ name }) => name));

export class Queries {
  readonly #handlers = new Map<string, RegisteredQueryHandler>();
  #default: DefaultHandler | undefined;

  setHandler(name: string, handler: QueryHandler | undefined, description: string | undefined): void {
    if (handler === undefined) this.#handlers.delete(name);
    else this.#handlers.set(name, { handler, description });
  }

  setDefault(handler: DefaultHandler | undefined): void {
    this.#default = handler;
  }

  /**
   * The handler of a name, or the default one with the name as its first argument. Throws `TypeError` if only the
   * default handler would get a query of a reserved name.
   */
  handler(name: string): QueryHandler | undefined {
    const named = this.#handlers.get(name)?.handler;
    const fallback = this.#default;
    if (named !== undefined || fallback === undefined || BUILT_IN_NAMES.has(name)) return named;
    assertNotReserved("query", name);
    return (...args: unknown[]) => fallback(name, ...args);
  }

  /** All names that answer, the built-in ones first. */
  describe(): readonly { readonly name: string; readonly description: string | undefined }[] {
    const own = Array.from(this.#handlers, ([name, { description }]) => ({ name, description }));
    return [...BUILT_IN_QUERIES, ...own];
  }

  notRegisteredMessage(name: string): string {
    if (name === STACK_TRACE_QUERY || name === ENHANCED_STACK_TRACE_QUERY)
      return "Workflow stack traces are not enabled on this worker";
    const names = this.describe().map((query) => query.name);
    return `Workflow did not register a handler for ${name}. Registered queries: [${names.join(" ")}]`;
  }
}
