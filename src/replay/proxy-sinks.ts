/**
 * Sinks as workflow code sees them.
 *
 * Owns: the proxy. A call is kept with the run until its activation is over; `sinks.ts` makes it then.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- Temporal's API lets the caller name the sinks. */
import { requireFrame } from "./run-context.ts";
import type { Sinks } from "./sinks.ts";

/**
 * The sinks as workflow code calls them. The worker must have been given a function for each; a call that finds none is
 * logged as an error.
 *
 * A call throws `IllegalStateError` outside of workflow code, and `DataCloneError` for arguments that cannot be copied.
 *
 * @example
 * interface AuditSinks extends Sinks {
 *   audit: { record(entry: string): void };
 * }
 * const { audit } = proxySinks<AuditSinks>();
 * audit.record("transfer accepted");
 */
export function proxySinks<T extends Sinks>(): T {
  return byName((ifaceName) =>
    byName(
      (fnName) =>
        (...args: unknown[]) =>
          callSink(ifaceName, fnName, args),
    ),
  ) as T;
}

function byName(make: (name: string) => unknown): object {
  return new Proxy(Object.freeze({}), {
    get: (_, name) => (typeof name === "string" && name !== "then" ? make(name) : undefined),
  });
}

function callSink(ifaceName: string, fnName: string, args: readonly unknown[]): void {
  const run = requireFrame(`The sink ${ifaceName}`).workflowRun;
  run.sinkCalls.push({ ifaceName, fnName, args: structuredClone(args), workflowInfo: run.info() });
}
