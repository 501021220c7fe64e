/**
 * How the interceptors of workflow code are called.
 *
 * Owns: what distinguishes them from those of clients and activities: a stream of randomness that an interceptor chose
 * for itself ends where it calls `next`.
 */
import { composeInterceptors, type Next } from "./interceptors.ts";
import { bindToRandomScope } from "./random-scope.ts";

/** The chain of all interceptors of workflow code that have the method, around `terminal`. Call it where it is made. */
export function composeWorkflowInterceptors<I extends object, M extends keyof I>(
  interceptors: readonly I[],
  method: M,
  terminal: Next<I, M>,
): Next<I, M> {
  return composeInterceptors(interceptors, method, terminal, bindToRandomScope);
}
