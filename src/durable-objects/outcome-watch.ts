/**
 * Waiting for the end of a run without keeping the object awake.
 *
 * Owns: two kinds of waiters. Short ones hold a call open while the object is at work anyway, and are told "pending"
 * when it comes to rest. Long ones are hibernating WebSockets: the object sleeps, and whichever turn ends the run sends
 * the outcome. A socket's tag is the run it waits for.
 */
import type { OutcomeRequest, WorkflowOutcome } from "../core/protocol.ts";
import { type Reply, accepted } from "../core/rejection.ts";

export class OutcomeWatch {
  readonly #ctx: DurableObjectState;
  #waiters: { readonly runId: string; readonly resolve: (outcome: WorkflowOutcome) => void }[] = [];

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

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
    for (const socket of this.#ctx.getWebSockets(outcome.runId)) sendAndClose(socket, accepted(outcome));
  }

  /** Accepts a socket that waits for a run; `reply` is sent at once unless it says pending. */
  accept(reply: Reply<WorkflowOutcome>): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const isPending = reply.ok && reply.value.kind === "pending";
    this.#ctx.acceptWebSocket(server, isPending ? [reply.value.runId] : []);
    if (!isPending) sendAndClose(server, reply);
    return new Response(null, { status: 101, webSocket: client });
  }
}

function sendAndClose(socket: WebSocket, reply: Reply<WorkflowOutcome>): void {
  try {
    socket.send(JSON.stringify(reply));
    socket.close(1000, "done");
  } catch {
    // The watcher has gone; it will ask again if it still cares.
  }
}

/** The request a watcher's URL carries, or undefined if it carries none. */
export function watchedOutcome(url: string): OutcomeRequest | undefined {
  const text = new URL(url).searchParams.get("request");
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as OutcomeRequest;
  } catch {
    return undefined;
  }
}
