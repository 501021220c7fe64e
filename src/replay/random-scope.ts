/**
 * Which stream of randomness `Math.random` and `uuid4` draw from in the code that executes now.
 *
 * Owns: the asynchronous context of that choice. It follows awaits, but not into what an interceptor calls with `next`:
 * what an interceptor chose for itself is not meant for the code behind it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** A choice of stream. */
export interface RandomScope {
  /** Undefined for the run's main stream. */
  readonly streamName: string | undefined;
}

const storage = new AsyncLocalStorage<RandomScope | undefined>();

/** Runs `body`, and everything it awaits, with a choice; undefined for none. */
export function runInRandomScope<T>(scope: RandomScope | undefined, body: () => T): T {
  return storage.run(scope, body);
}

/** The choice of the code that executes. */
export function currentRandomScope(): RandomScope | undefined {
  return storage.getStore();
}

/** A function that runs with the choice of now, whoever calls it. */
export function bindToRandomScope<Input, Output>(call: (input: Input) => Output): (input: Input) => Output {
  const scope = storage.getStore();
  return (input) => storage.run(scope, () => call(input));
}
