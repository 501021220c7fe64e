/**
 * Those who follow a run: each on a hibernating WebSocket that is sent events as they become durable, or its end alone.
 *
 * Owns: the subscribers. What one has been sent is written on its socket, so the object may sleep, or be loaded anew,
 * and know it again. Nothing is kept for a subscriber in memory: what it lacks is read from the store when it is sent,
 * from its own cursor on, so that nothing is left out or sent twice whoever wakes the object and why. There are no
 * timers.
 *
 * A subscriber of events is sent a page; while there is more, or when it has been sent a window's worth, it must
 * acknowledge that page before it gets the next one. Its own pace, not the object's memory, bears a long history.
 */
import type { HistoryEvent } from "../core/history-event.ts";
import { type EventsMessage, type RunEnd, acknowledgedEventId, eventsText } from "../core/live-events.ts";
import type { RunSelector, WorkflowOutcome } from "../core/protocol.ts";
import { type Reply, accepted, rejected } from "../core/rejection.ts";
import { sendAndClose } from "./outcome-watch.ts";
import type { LoadedRun } from "./run-store.ts";

/** Characters that a subscriber is sent before it must acknowledge; no message of several events is longer. */
const WINDOW_CHARACTERS = 1_000_000;
/** What a subscriber may send to keep its connection in use. The platform answers, and the object sleeps on. */
export const KEEP_ALIVE = { request: "ping", response: "pong" } as const;
/** The tag of all sockets that are kept here. */
const TAG = "stream";

/** What is written on a socket. */
type Subscriber =
  | { readonly kind: "end"; readonly runId: string }
  | {
      readonly kind: "events";
      readonly runId: string;
      /** The first event that was not sent yet. */
      readonly nextEventId: number;
      /** Characters sent since the last acknowledgement. */
      readonly unacknowledged: number;
      /** Whether nothing is sent until it acknowledges. */
      readonly isHeld: boolean;
    };

/** The part of a WebSocket that is used. */
export type StreamSocket = Pick<WebSocket, "send" | "close" | "serializeAttachment" | "deserializeAttachment">;

/** The part of an object's state that is used. */
export interface StreamSockets {
  acceptWebSocket(socket: StreamSocket, tags: string[]): void;
  getWebSockets(tag: string): StreamSocket[];
}

export interface EventStreamOptions {
  readonly sockets: StreamSockets;
  /** The run with this id. */
  readonly selected: (selector: RunSelector) => Reply<LoadedRun>;
  readonly outcomeOf: (run: LoadedRun) => WorkflowOutcome;
  /** Stored events of a run from one on: some, or all that are left. */
  readonly readEvents: (run: LoadedRun, fromEventId: number, maxCharacters: number) => readonly HistoryEvent[];
  /** Characters that a subscriber is sent before it must acknowledge. Default: a million. */
  readonly windowCharacters?: number;
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #windowCharacters: number;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#windowCharacters = options.windowCharacters ?? WINDOW_CHARACTERS;
  }

  /** Takes a socket that follows a run from an event on. What is there already is sent at once. */
  follow(socket: StreamSocket, run: LoadedRun, fromEventId: number): void {
    const { runId } = run.state.identity;
    if (fromEventId > run.state.nextEventId) {
      const message = `fromEventId is ${fromEventId}, and run ${runId} goes on with event ${run.state.nextEventId}`;
      this.refuse(socket, rejected("InvalidArgument", message));
      return;
    }
    this.#join(socket, run, {
      kind: "events",
      runId,
      nextEventId: fromEventId,
      unacknowledged: 0,
      isHeld: false,
    });
  }

  /** Takes a socket that is told the outcome of a run, once there is one, and nothing else. */
  awaitEnd(socket: StreamSocket, run: LoadedRun): void {
    this.#join(socket, run, { kind: "end", runId: run.state.identity.runId });
  }

  /** Tells a socket why it is not taken. */
  refuse(socket: StreamSocket, reply: Reply<never>): void {
    this.#options.sockets.acceptWebSocket(socket, []);
    sendAndClose(socket, reply);
  }

  /** Changes of a run are committed. */
  committed(run: LoadedRun): void {
    const { runId } = run.state.identity;
    const { sockets, outcomeOf } = this.#options;
    for (const socket of sockets.getWebSockets(eventsTag(runId))) this.#advance(socket, run);
    if (outcomeOf(run).kind === "pending") return;
    for (const socket of sockets.getWebSockets(endTag(runId))) this.#advance(socket, run);
  }

  /** The object has been loaded: whoever was not sent all that the store has is sent it now. */
  loaded(): void {
    for (const socket of this.#options.sockets.getWebSockets(TAG)) {
      const { runId, ...subscriber } = subscriberOf(socket);
      if (subscriber.kind === "events" && subscriber.isHeld) continue;
      this.#goOn(socket, runId);
    }
  }

  /** A message has come from a socket. Those that wait for something else have nothing to say and are not answered. */
  received(socket: StreamSocket, message: string | ArrayBuffer): void {
    const subscriber = attached(socket);
    if (subscriber?.kind !== "events") return;
    const acknowledged = typeof message === "string" ? acknowledgedEventId(message) : undefined;
    if (!subscriber.isHeld || acknowledged !== subscriber.nextEventId) {
      sendAndClose(socket, rejected("InvalidArgument", "this acknowledges nothing that was to be acknowledged"));
      return;
    }
    socket.serializeAttachment({ ...subscriber, isHeld: false, unacknowledged: 0 } satisfies Subscriber);
    this.#goOn(socket, subscriber.runId);
  }

  #join(socket: StreamSocket, run: LoadedRun, subscriber: Subscriber): void {
    const { kind, runId } = subscriber;
    this.#options.sockets.acceptWebSocket(socket, [TAG, kind === "events" ? eventsTag(runId) : endTag(runId)]);
    socket.serializeAttachment(subscriber);
    this.#advance(socket, run);
  }

  #goOn(socket: StreamSocket, runId: string): void {
    const run = this.#options.selected({ runId });
    if (run.ok) this.#advance(socket, run.value);
    else sendAndClose(socket, run);
  }

  /** Sends a socket what it lacks, as far as it may be sent, and the end if that is all. */
  #advance(socket: StreamSocket, run: LoadedRun): void {
    const subscriber = subscriberOf(socket);
    const outcome = this.#options.outcomeOf(run);
    if (subscriber.kind === "end") {
      if (outcome.kind !== "pending") sendAndClose(socket, accepted(outcome));
      return;
    }
    const { isHeld, nextEventId } = this.#sendEvents(socket, run, subscriber);
    if (!isHeld && outcome.kind !== "pending") sendAndClose(socket, accepted(endMessage(outcome, nextEventId)));
  }

  #sendEvents(
    socket: StreamSocket,
    run: LoadedRun,
    subscriber: Extract<Subscriber, { kind: "events" }>,
  ): Pick<typeof subscriber, "isHeld" | "nextEventId"> {
    const { nextEventId: from, unacknowledged } = subscriber;
    const { state } = run;
    if (subscriber.isHeld || from >= state.nextEventId) return subscriber;
    const { runId } = state.identity;
    const { originalExecutionRunId } = state.start;
    const events = this.#options.readEvents(run, from, this.#windowCharacters);
    let sent: Pick<typeof subscriber, "isHeld" | "unacknowledged"> = subscriber;
    const mustAcknowledge = (characters: number, next: number): boolean => {
      const total = unacknowledged + characters;
      sent = { unacknowledged: total, isHeld: next < state.nextEventId || total >= this.#windowCharacters };
      return sent.isHeld;
    };
    const { text, nextEventId } = eventsText(
      { runId, originalExecutionRunId },
      events,
      this.#windowCharacters,
      mustAcknowledge,
    );
    send(socket, text);
    const { isHeld } = sent;
    socket.serializeAttachment({ ...subscriber, ...sent, nextEventId } satisfies Subscriber);
    return { isHeld, nextEventId };
  }
}

function eventsTag(runId: string): string {
  return `events ${runId}`;
}

function endTag(runId: string): string {
  return `end ${runId}`;
}

/** What is written on a socket, if it is one of those that are kept here. */
function attached(socket: StreamSocket): Subscriber | undefined {
  const attachment = socket.deserializeAttachment() as Partial<Subscriber> | null | undefined;
  const isSubscriber = attachment?.kind === "events" || attachment?.kind === "end";
  return isSubscriber ? (attachment as Subscriber) : undefined;
}

function subscriberOf(socket: StreamSocket): Subscriber {
  const subscriber = attached(socket);
  if (!subscriber) throw new Error("a socket of the event stream does not say what it follows");
  return subscriber;
}

function endMessage(
  outcome: WorkflowOutcome & { readonly kind: RunEnd },
  nextEventId: number,
): Extract<EventsMessage, { kind: "end" }> {
  const next = "newExecutionRunId" in outcome ? outcome.newExecutionRunId : undefined;
  const { kind, runId } = outcome;
  return {
    kind: "end",
    runId,
    nextEventId,
    outcome: kind,
    ...(next === undefined ? {} : { newExecutionRunId: next }),
  };
}

function send(socket: StreamSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // The subscriber has gone; it will ask again, from where it was, if it still cares.
  }
}
