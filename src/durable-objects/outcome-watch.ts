/**
 * Waiting for the end of a run while the object is at work anyway, and the last word to those who wait on sockets.
 *
 * Owns: the calls that are held open meanwhile. They are told "pending" when the object comes to rest: nobody keeps it
 * awake by waiting. Whoever waits longer does so on a hibernating WebSocket (`event-stream.ts`).
 */
import type { WorkflowOutcome } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";

export class OutcomeWatch {
  #waiters: { readonly runId: string; readonly resolve: (outcome: WorkflowOutcome) => void }[] = [];

  /** Resolves when the run ends or the object comes to rest, whichever is first. */
  whileBusy(runId: string): Promise<WorkflowOutcome> {
    const { promise, resolve } = Promise.withResolvers<WorkflowOutcome>();
    this.#waiters.push({ runId, resolve });
    return promise;
  }

  /** The object has nothing more to do for now: nobody is kept waiting on its account. */
  atRest(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { runId, resolve } of waiters) resolve({ kind: "pending", runId });
  }

  /** Tells everybody who waits for this run. */
  closed(outcome: WorkflowOutcome): void {
    const told = this.#waiters.filter((waiter) => waiter.runId === outcome.runId);
    this.#waiters = this.#waiters.filter((waiter) => waiter.runId !== outcome.runId);
    for (const { resolve } of told) resolve(outcome);
  }
}

/** Answers the close of a watcher. For a hibernating socket the platform does not do it by itself. */
export function answerClose(socket: WebSocket): void {
  try {
    socket.close(1000, "done");
  } catch {
    // It is closed on both sides already.
  }
}

/** Tells a watcher what it has waited for. */
export function sendAndClose(socket: Pick<WebSocket, "send" | "close">, reply: Reply<unknown>): void {
  try {
    socket.send(JSON.stringify(reply));
    socket.close(1000, "done");
  } catch {
    // The watcher has gone; it will ask again if it still cares.
  }
}
