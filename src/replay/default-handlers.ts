/**
 * Handlers of the messages that no other handler takes.
 *
 * Owns: the three functions. A default handler is told the message's name, then its arguments.
 */
import { assertHandler } from "./set-handler.ts";
import { requireActivatingFrame } from "./run-context.ts";

export type DefaultSignalHandler = (signalName: string, ...args: unknown[]) => void | Promise<void>;
export type DefaultQueryHandler = (queryName: string, ...args: unknown[]) => unknown;
export type DefaultUpdateHandler = (updateName: string, ...args: unknown[]) => unknown;

/**
 * Sets or, with `undefined`, removes the handler of signals that have none. Setting it delivers all that wait, in order
 * of arrival.
 *
 * Throws `TypeError` for a handler that is no function.
 *
 * @example
 * setDefaultSignalHandler((name, ...args) => void received.push({ name, args }));
 */
export function setDefaultSignalHandler(handler: DefaultSignalHandler | undefined): void {
  const run = requireActivatingFrame("setDefaultSignalHandler").workflowRun;
  assertHandler(handler);
  run.signals.setDefault(handler);
}

/**
 * Sets or, with `undefined`, removes the handler of queries that have none.
 *
 * Throws `TypeError` for a handler that is no function.
 *
 * @example
 * setDefaultQueryHandler((name) => state.get(name));
 */
export function setDefaultQueryHandler(handler: DefaultQueryHandler | undefined): void {
  const run = requireActivatingFrame("setDefaultQueryHandler").workflowRun;
  assertHandler(handler);
  run.queries.setDefault(handler);
}

/**
 * Sets or, with `undefined`, removes the handler of updates that have none. Setting it delivers all that wait, in order
 * of arrival.
 *
 * Throws `TypeError` for a handler that is no function.
 *
 * @example
 * setDefaultUpdateHandler((name) => `nobody handles ${name}`);
 */
export function setDefaultUpdateHandler(handler: DefaultUpdateHandler | undefined): void {
  const run = requireActivatingFrame("setDefaultUpdateHandler").workflowRun;
  assertHandler(handler);
  run.updates.setDefault(handler);
}
