/**
 * Which update the code that executes now belongs to.
 *
 * Owns: the asynchronous context of update handlers, beside that of the run.
 */
import { AsyncLocalStorage } from "node:async_hooks";

/** What a handler may know of the update it handles. */
export interface UpdateInfo {
  readonly id: string;
  readonly name: string;
}

const storage = new AsyncLocalStorage<UpdateInfo>();

/** Runs `body`, and everything it awaits, as part of an update. */
export function runInUpdate(info: UpdateInfo, body: () => void): void {
  storage.run(Object.freeze(info), body);
}

/** The update of the code that executes, or undefined outside of update handlers. */
export function currentUpdate(): UpdateInfo | undefined {
  return storage.getStore();
}
