/**
 * The platform's AsyncLocalStorage under a type of our own.
 *
 * Owns: the type. Declarations that name `node:async_hooks` would ask every user for Node's types, and workerd has the
 * class without them.
 */
import { AsyncLocalStorage as PlatformAsyncLocalStorage } from "node:async_hooks";

/** Values that follow asynchronous calls. */
export interface AsyncLocalStorage<T> {
  /** The value of the `run` this is called within, or undefined. */
  getStore(): T | undefined;
  /** Calls a function; `store` is the value for all that follows from it. */
  run<R, Args extends unknown[]>(store: T, callback: (...args: Args) => R, ...args: Args): R;
  /** Calls a function without a value. */
  exit<R, Args extends unknown[]>(callback: (...args: Args) => R, ...args: Args): R;
}

/**
 * Makes a storage.
 *
 * @example
 * const requestIds = new AsyncLocalStorage<string>();
 * requestIds.run("r-1", () => requestIds.getStore()); // "r-1"
 */
export const AsyncLocalStorage: new <T>() => AsyncLocalStorage<T> = PlatformAsyncLocalStorage;
