/**
 * Rejections that nobody handled, given to the run whose code made them.
 *
 * Owns: one listener for the whole isolate. On workerd the `unhandledrejection` event, on Node the process's own
 * event, arrive in the asynchronous context of the promise; so the current run is the right one, however many runs
 * take turns. Rejections of other code are left to whoever listens for them.
 */
import { UnhandledRejectionError } from "./determinism-errors.ts";
import { currentRun } from "./run-context.ts";

/** Records a rejection with its run. False if it belongs to no run. */
function claim(reason: unknown): boolean {
  const run = currentRun();
  if (run === undefined) return false;
  // What a query handler leaves behind must not touch the workflow.
  if (run.phase !== "querying")
    run.recordTaskError(
      new UnhandledRejectionError(`Unhandled Promise rejection: ${describe(reason)}`, { cause: reason }),
    );
  return true;
}

function describe(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return "a value that cannot be shown";
  }
}

interface EventPlatform {
  addEventListener?: (type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void) => void;
  process?: { emit?: (name: string, ...args: unknown[]) => boolean };
}

let installed = false;

/** Begins to observe. Doing it again changes nothing. */
export function observeRejections(platform: EventPlatform = globalThis as EventPlatform): void {
  if (installed) return;
  installed = true;
  if (typeof platform.addEventListener === "function") {
    platform.addEventListener("unhandledrejection", (event) => {
      if (!claim(event.reason)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    });
    return;
  }
  observeProcess(platform.process);
}

/**
 * Node stops the process for a rejection without listener, and a listener cannot keep others from being called. So the
 * event is taken before it is emitted, and only where it belongs to a run.
 */
function observeProcess(process: EventPlatform["process"]): void {
  const emit = process?.emit;
  if (process === undefined || emit === undefined) return;
  process.emit = function emitUnlessClaimed(this: unknown, name: string, ...args: unknown[]): boolean {
    if (name === "unhandledRejection" && claim(args[0])) return true;
    return emit.call(this, name, ...args);
  };
}
