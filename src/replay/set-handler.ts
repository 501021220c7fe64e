/**
 * Names of signals, queries and updates, with the types of what they carry, and the handlers behind them.
 *
 * Owns: the definitions and `setHandler`. `default-handlers.ts` has the handlers of messages that are not named.
 */
import { HandlerUnfinishedPolicy } from "./handler-executions.ts";
import type { SignalHandler } from "./messages.ts";
import { assertNameIsFree } from "./reserved-names.ts";
import { requireActivatingFrame } from "./run-context.ts";

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

/** An update's name, the types of its arguments, and the type of its result. */
export interface UpdateDefinition<Result, Args extends readonly unknown[] = [], Name extends string = string> {
  readonly type: "update";
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

/**
 * Defines an update, for the workflow that handles it and for those who send it.
 *
 * Throws `TypeError` for a reserved name.
 *
 * @example
 * export const deposit = defineUpdate<number, [amountCents: number]>("deposit");
 */
export function defineUpdate<Result, Args extends readonly unknown[] = [], Name extends string = string>(
  name: Name,
): UpdateDefinition<Result, Args, Name> {
  assertNameIsFree("update", name);
  return { type: "update", name };
}

/** What goes with a handler. */
export interface QueryHandlerOptions {
  /** Shown by tools that list the workflow's handlers. */
  readonly description?: string | undefined;
}

export interface SignalHandlerOptions extends QueryHandlerOptions {
  /** What happens when the workflow ends while the handler runs. Default WARN_AND_ABANDON. */
  readonly unfinishedPolicy?: HandlerUnfinishedPolicy | undefined;
}

export interface UpdateHandlerOptions<Args extends readonly unknown[]> extends SignalHandlerOptions {
  /**
   * Refuses an update by throwing, before it is accepted. It must be synchronous and only read state: what it asks of
   * the workflow API is refused. A replay does not run it again.
   */
  readonly validator?: ((...args: Args) => void) | undefined;
}

export function setHandler<Result, Args extends readonly unknown[], Name extends string>(
  definition: UpdateDefinition<Result, Args, Name>,
  handler: ((...args: NoInfer<Args>) => NoInfer<Result> | Promise<NoInfer<Result>>) | undefined,
  options?: UpdateHandlerOptions<NoInfer<Args>>,
): void;
export function setHandler<Args extends readonly unknown[], Name extends string>(
  definition: SignalDefinition<Args, Name>,
  handler: ((...args: NoInfer<Args>) => void | Promise<void>) | undefined,
  options?: SignalHandlerOptions,
): void;
export function setHandler<Result, Args extends readonly unknown[], Name extends string>(
  definition: QueryDefinition<Result, Args, Name>,
  handler: ((...args: NoInfer<Args>) => NoInfer<Result>) | undefined,
  options?: QueryHandlerOptions,
): void;
/**
 * Sets, replaces or, with `undefined`, removes the handler of a signal, query or update. Setting the handler of a
 * signal or update delivers what arrived before, at once and in order. An update that has no handler by the end of
 * the activation it came with is rejected; a signal waits as long as the workflow lives.
 *
 * Throws `TypeError` for a handler that is no function and for a reserved name.
 *
 * @example
 * setHandler(deposit, (amountCents) => (balance += amountCents), {
 *   validator: (amountCents) => {
 *     if (amountCents <= 0) throw new Error("Nothing to deposit");
 *   },
 * });
 */
export function setHandler(
  definition: { readonly type: "signal" | "query" | "update"; readonly name: string },
  handler: unknown,
  options: UpdateHandlerOptions<never[]> = {},
): void {
  const run = requireActivatingFrame("setHandler").workflowRun;
  assertHandler(handler);
  const { type, name } = definition;
  assertNameIsFree(type, name);
  const { description, unfinishedPolicy = HandlerUnfinishedPolicy.WARN_AND_ABANDON, validator } = options;
  switch (type) {
    case "signal":
      return run.signals.set(name, handler && { handler: handler as SignalHandler, description, unfinishedPolicy });
    case "query":
      return run.queries.setHandler(name, handler, description);
    case "update": {
      return run.updates.set(name, handler && { handler, description, unfinishedPolicy, validator });
    }
    default:
      throw new TypeError(`Invalid definition type: ${String(type satisfies never)}`);
  }
}

type AnyHandler = (...args: never[]) => unknown;

/** Throws `TypeError` for what is neither a function nor undefined. */
export function assertHandler(handler: unknown): asserts handler is AnyHandler | undefined {
  if (handler !== undefined && typeof handler !== "function")
    throw new TypeError(`Expected handler to be either a function or 'undefined'. Got: '${typeof handler}'`);
}
