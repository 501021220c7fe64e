/**
 * Which run the code that executes now belongs to, and which scope its operations are cancelled with.
 *
 * Owns: the asynchronous context. It follows every await of workflow code, so that any number of runs can take turns
 * in one isolate; code outside of workflows has none.
 */
import { AsyncLocalStorage } from "node:async_hooks";

import { IllegalStateError } from "../codec/index.ts";
import { ignoreRejection } from "./settlement.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** The current cancellation scope, as far as operations need to know it. */
export interface RunFrame {
  readonly workflowRun: WorkflowRun;
  readonly cancellable: boolean;
  /** Cancelled, and minds it. */
  readonly consideredCancelled: boolean;
  /** Rejects when the scope is cancelled; never resolves. */
  readonly cancelRequested: Promise<never>;
}

const storage = new AsyncLocalStorage<RunFrame>();

/** Runs `body`, and everything it awaits, inside a frame. */
export function runInFrame<T>(frame: RunFrame, body: () => T): T {
  return storage.run(frame, body);
}

/** The run of the code that executes, or undefined outside of workflows. */
export function currentRun(): WorkflowRun | undefined {
  return storage.getStore()?.workflowRun;
}

/** The frame of the code that executes. Throws `IllegalStateError` outside of workflows; `what` names the caller. */
export function requireFrame(what: string): RunFrame {
  const frame = storage.getStore();
  if (frame === undefined)
    throw new IllegalStateError(`${what} can only be used in workflow code: there is no workflow here.`);
  return frame;
}

/** The frame for an operation that a replay must repeat. Throws where none would. */
export function requireActivatingFrame(what: string): RunFrame {
  const frame = requireFrame(what);
  frame.workflowRun.assertActivating(what);
  return frame;
}

/**
 * Binds an operation to its scope. True if the scope is cancelled already: the operation must not start, and `cancel`
 * is told why. Otherwise `cancel` is told when the scope is cancelled.
 */
export function bindToScope(frame: RunFrame, cancel: (error: unknown) => void): boolean {
  if (frame.cancellable) ignoreRejection(frame.cancelRequested.catch(cancel));
  return frame.consideredCancelled;
}
