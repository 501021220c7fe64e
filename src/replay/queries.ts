/**
 * Query handlers of one run.
 *
 * Owns: the handler table and the text for a query nobody registered. Running a handler, with everything it must not
 * do, is the activator's.
 */

export type QueryHandler = (...args: never[]) => unknown;

export const STACK_TRACE_QUERY = "__stack_trace";
export const ENHANCED_STACK_TRACE_QUERY = "__enhanced_stack_trace";
export const WORKFLOW_METADATA_QUERY = "__temporal_workflow_metadata";

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

export class Queries {
  readonly #handlers = new Map<string, RegisteredQueryHandler>();

  setHandler(name: string, handler: QueryHandler | undefined, description: string | undefined): void {
    if (handler === undefined) this.#handlers.delete(name);
    else this.#handlers.set(name, { handler, description });
  }

  handler(name: string): QueryHandler | undefined {
    return this.#handlers.get(name)?.handler;
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
