/**
 * Waiting for the end of a run without keeping the object awake.
 *
 * Owns: two kinds of waiters. Short ones hold a call open while the object is at work anyway, and are told "pending"
 * when it comes to rest. Long ones are hibernating WebSockets: the object sleeps, and whichever turn ends the run sends
 * the outcome. A socket's tag is the run it waits for.
 */
import type { OutcomeRequest, PollUpdateRequest, WorkflowOutcome } from "../core/protocol.ts";
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

/** Tells a watcher what it has waited for. */
export function sendAndClose(socket: WebSocket, reply: Reply<unknown>): void {
  try {
    socket.send(JSON.stringify(reply));
    socket.close(1000, "done");
  } catch {
    // The watcher has gone; it will ask again if it still cares.
  }
}

/** What a watcher's URL asks for: `?request=` the end of a run, `?update=` an update. */
export type Watched =
  | { readonly kind: "outcome"; readonly request: OutcomeRequest }
  | { readonly kind: "update"; readonly request: PollUpdateRequest };

/** The request a watcher's URL carries, or undefined if it carries none. */
export function watched(url: string): Watched | undefined {
  const { searchParams } = new URL(url);
  const outcome = parsed(searchParams.get("request"));
  if (outcome) return { kind: "outcome", request: outcome as OutcomeRequest };
  const update = parsed(searchParams.get("update"));
  return update && { kind: "update", request: update as PollUpdateRequest };
}

/** An object in JSON. Its fields are the sender's word, to be checked by whoever uses them. */
function parsed(text: string | null): object | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
