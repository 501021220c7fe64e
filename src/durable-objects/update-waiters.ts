/**
 * Waiting for an update to be accepted or to end.
 *
 * Owns: two kinds of waiters. Calls are held open while the object is at work anyway, and are told how far the update
 * has come when it rests, or after twenty seconds. Watchers are hibernating WebSockets: the object sleeps, and the turn
 * that brings the update to where they wait for it tells them. Both follow an update that moves to the next run.
 *
 * A rejected update is told to those who wait and is forgotten with that; every other answer is in state and history.
 */
import type { Changes } from "../core/draft.ts";
import type { PollUpdateRequest, UpdateReply } from "../core/protocol.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import { alreadyCompleted } from "../core/signal.ts";
import { hasReached, rejectedUpdateReply } from "../core/update.ts";
import { sendAndClose } from "./outcome-watch.ts";
import type { LoadedRun } from "./run-store.ts";

/** What somebody waits for: a stage of one update of one run. */
export interface AwaitedUpdate extends Pick<PollUpdateRequest, "updateId" | "waitForStage"> {
  readonly runId: string;
}

/** Longest time for which a call is held open. */
const LONGEST_CALL_MS = 20_000;
/** Tag of the sockets, which tells them from those that wait for the end of a run. */
const SOCKET_TAG = "update";

interface Call {
  awaited: AwaitedUpdate;
  readonly resolve: (reply: Reply<UpdateReply>) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A call or a socket, as those who tell it something see it. */
interface Waiter {
  readonly awaited: AwaitedUpdate;
  tell(reply: Reply<UpdateReply>): void;
  /** The update goes on in another run. */
  follow(runId: string): void;
}

export class UpdateWaiters {
  readonly #ctx: DurableObjectState;
  readonly #replyOf: (awaited: AwaitedUpdate) => UpdateReply | undefined;
  #calls: Call[] = [];

  /** `replyOf` says how far an update has come as far as state and history know it. */
  constructor(ctx: DurableObjectState, replyOf: (awaited: AwaitedUpdate) => UpdateReply | undefined) {
    this.#ctx = ctx;
    this.#replyOf = replyOf;
  }

  /** Resolves when the update has come far enough; sooner if the object is or comes to rest, or if that takes long. */
  answer(awaited: AwaitedUpdate, isBusy: boolean): Promise<Reply<UpdateReply>> {
    const reply = this.#current(awaited);
    if (!isBusy || isFinal(reply, awaited)) return Promise.resolve(reply);
    const { promise, resolve } = Promise.withResolvers<Reply<UpdateReply>>();
    const timer = setTimeout(() => this.#settle(call, this.#current(call.awaited)), LONGEST_CALL_MS);
    const call: Call = { awaited, resolve, timer };
    this.#calls.push(call);
    return promise;
  }

  /** Accepts a socket that waits for an update; it is told at once what there is nothing to wait for. */
  accept(awaited: AwaitedUpdate): Response {
    const reply = this.#current(awaited);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, [SOCKET_TAG]);
    server.serializeAttachment(awaited);
    if (isFinal(reply, awaited)) sendAndClose(server, reply);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** The object has nothing more to do for now: no call is kept waiting on its account. */
  atRest(): void {
    for (const call of this.#calls) this.#settle(call, this.#current(call.awaited));
  }

  /** The object has been loaded. Watchers of updates that it does not remember are told so, and send them again. */
  loaded(): void {
    for (const waiter of this.#sockets()) {
      const reply = this.#current(waiter.awaited);
      if (isFinal(reply, waiter.awaited)) waiter.tell(reply);
    }
  }

  /** Changes of a run are committed: tells everybody who has waited for them. */
  changed(run: LoadedRun, changes: Changes): void {
    const news = newsOf(run, changes);
    const hasClosed = changes.events.some((event) => event.eventId === run.state.closeEventId);
    if (news.size === 0 && !hasClosed) return;
    const moved = new Set(changes.newRun?.admitted?.map((update) => update.updateId));
    const { runId } = run.state.identity;
    for (const waiter of this.#waiters()) {
      const { awaited } = waiter;
      if (awaited.runId !== runId) continue;
      const told = news.get(awaited.updateId) ?? this.#replyOf(awaited);
      if (told && hasReached(told, awaited.waitForStage)) waiter.tell(accepted(told));
      else if (!hasClosed) continue;
      else if (changes.newRun && moved.has(awaited.updateId)) waiter.follow(changes.newRun.identity.runId);
      else waiter.tell(alreadyCompleted(run.state));
    }
  }

  #current(awaited: AwaitedUpdate): Reply<UpdateReply> {
    const reply = this.#replyOf(awaited);
    return reply ? accepted(reply) : updateNotFound(awaited);
  }

  #waiters(): Waiter[] {
    const calls = this.#calls.map((call) => ({
      awaited: call.awaited,
      tell: (reply: Reply<UpdateReply>) => this.#settle(call, reply),
      follow: (runId: string) => {
        call.awaited = { ...call.awaited, runId };
      },
    }));
    return [...calls, ...this.#sockets()];
  }

  #sockets(): Waiter[] {
    return this.#ctx.getWebSockets(SOCKET_TAG).map((socket) => {
      const awaited = socket.deserializeAttachment() as AwaitedUpdate;
      return {
        awaited,
        tell: (reply) => sendAndClose(socket, reply),
        follow: (runId) => socket.serializeAttachment({ ...awaited, runId }),
      };
    });
  }

  #settle(call: Call, reply: Reply<UpdateReply>): void {
    clearTimeout(call.timer);
    this.#calls = this.#calls.filter((other) => other !== call);
    call.resolve(reply);
  }
}

/** What changes say of updates that state and history do not: how the refused ones have ended. */
function newsOf(run: LoadedRun, changes: Changes): ReadonlyMap<string, UpdateReply | undefined> {
  const news = new Map<string, UpdateReply | undefined>();
  for (const { updateId, failure } of changes.updates?.rejected ?? [])
    news.set(updateId, rejectedUpdateReply(run.state, updateId, failure));
  for (const event of changes.events) {
    if (event.eventType === "WorkflowExecutionUpdateAccepted") news.set(event.attributes.protocolInstanceId, undefined);
    if (event.eventType === "WorkflowExecutionUpdateCompleted") news.set(event.attributes.meta.updateId, undefined);
  }
  return news;
}

function isFinal(reply: Reply<UpdateReply>, { waitForStage }: AwaitedUpdate): boolean {
  return !reply.ok || hasReached(reply.value, waitForStage);
}

export function updateNotFound({ updateId }: Pick<AwaitedUpdate, "updateId">): Extract<Reply<never>, { ok: false }> {
  return rejected("UpdateNotFound", `the run does not know of an update '${updateId}': if it was sent, send it again`);
}
