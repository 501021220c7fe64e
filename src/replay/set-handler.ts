/**
 * Names of signals and queries, with the types of what they carry, and the handlers behind them.
 *
 * Owns: the definitions and `setHandler`. Updates join here when they come: one more kind of definition, one more case.
 */
import type { QueryHandler } from "./queries.ts";
import { ENHANCED_STACK_TRACE_QUERY, STACK_TRACE_QUERY } from "./queries.ts";
import { requireActivatingFrame } from "./run-context.ts";
import type { SignalHandler } from "./signals.ts";

declare const argumentTypes: unique symbol;
declare const resultType: unique symbol;

/** A signal's name and the types of its arguments. The name may be checked as a literal type. */
export interface SignalDefinition<Args extends readonly unknown[] = [], Name extends string = string> {
  readonly type: "signal";
  readonly name: Name;
  /** Exists in types only. */
  readonly [argumentTypes]?: Args;
}

/** A query's name, the types of its arguments, and the type of its answer. */
export interface QueryDefinition<Result, Args extends readonly unknown[] = [], Name extends string = string> {
  readonly type: "query";
  readonly name: Name;
  /** Exists in types only. */
  readonly [argumentTypes]?: Args;
  /** Exists in types only. */
  readonly [resultType]?: Result;
}

/**
 * Defines a signal, for the workflow that handles it and for those who send it.
 *
 * Throws `TypeError` for a reserved name.
 *
 * @example
 * export const approve = defineSignal<[who: string]>("approve");
 */
export function defineSignal<Args extends readonly unknown[] = [], Name extends string = string>(
  name: Name,
): SignalDefinition<Args, Name> {
  assertNameIsFree("signal", name);
  return { type: "signal", name };
}

/**
 * Defines a query, for the workflow that answers it and for those who ask.
 *
 * Throws `TypeError` for a reserved name.
 *
 * @example
 * export const balance = defineQuery<number>("balance");
 */
export function defineQuery<Result, Args extends readonly unknown[] = [], Name extends string = string>(
  name: Name,
): QueryDefinition<Result, Args, Name> {
  assertNameIsFree("query", name);
  return { type: "query", name };
}

function assertNameIsFree(kind: string, name: string): void {
  if (name.startsWith("__temporal_"))
    throw new TypeError(`Cannot use ${kind} name: '${name}', with reserved prefix: '__temporal_'`);
  if (name === STACK_TRACE_QUERY || name === ENHANCED_STACK_TRACE_QUERY)
    throw new TypeError(`Cannot use ${kind} name: '${name}', which is a reserved name`);
}

/** What goes with a handler. */
export interface HandlerOptions {
  /** Shown by tools that list the workflow's handlers. */
  readonly description?: string;
}

export function setHandler<Args extends readonly unknown[], Name extends string>(
  definition: SignalDefinition<Args, Name>,
  handler: ((...args: NoInfer<Args>) => void | Promise<void>) | undefined,
  options?: HandlerOptions,
): void;
export function setHandler<Result, Args extends readonly unknown[], Name extends string>(
  definition: QueryDefinition<Result, Args, Name>,
  handler: ((...args: NoInfer<Args>) => NoInfer<Result>) | undefined,
  options?: HandlerOptions,
): void;
/**
 * Sets, replaces or, with `undefined`, removes the handler of a signal or query. Setting a signal's handler delivers
 * the signals that arrived before, at once and in order.
 *
 * @example
 * setHandler(approve, (who) => void approvals.add(who));
 */
export function setHandler(
  definition: { readonly type: "signal" | "query"; readonly name: string },
  handler: unknown,
  options?: HandlerOptions,
): void {
  const run = requireActivatingFrame("setHandler").workflowRun;
  if (handler !== undefined && typeof handler !== "function")
    throw new TypeError(`The handler of ${definition.name} must be a function or undefined`);
  assertNameIsFree(definition.type, definition.name);
  switch (definition.type) {
    case "signal":
      return run.signals.setHandler(definition.name, handler as SignalHandler | undefined, options?.description);
    case "query":
      return run.queries.setHandler(definition.name, handler as QueryHandler | undefined, options?.description);
    default:
      throw new TypeError(`setHandler knows no definition of type ${String(definition.type satisfies never)}`);
  }
}
