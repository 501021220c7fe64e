/**
 * A workflow's events as they happen, decoded: each once and in order, over as many connections as it takes.
 *
 * Owns: the cursor, the connections and what follows a run's end. The service says from which event to go on, so a lost
 * connection is followed by one that asks for exactly what is lacking. A page is acknowledged only when all of it was
 * taken: whoever takes events slowly is sent them slowly.
 */
import { type PayloadEncoding, ValueError } from "../../codec/index.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { EventsMessage, EventSubscription } from "../../core/live-events.ts";
import { PROTOCOL_VERSION, type RunSelector, type WorkflowService } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { eventDecoder } from "./history-decoding.ts";
import { valueOf } from "./rejection-errors.ts";
import { type ServiceCaller, unreachable } from "./service-caller.ts";
import { isTransient, retryTransient, type RetryTiming, transportDelayMs } from "./transient-retry.ts";

export interface SubscribeOptions {
  /** First event wanted, from 1. Default: 1. */
  readonly fromEventId?: number | undefined;
  /** The cursor of the last event that is known; goes on with the one after it. In place of `fromEventId`. */
  readonly cursor?: string | undefined;
  /** Whether to go on with the run that continues the one followed. Default: as the handle's `result` does. */
  readonly followRuns?: boolean | undefined;
  /** Ends the subscription, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An event in clear, with the run it belongs to. Payloads are decoded, not yet values. */
export type LiveEvent = HistoryEvent & {
  readonly runId: string;
  /** Where to go on after this event, in a later subscription too. Of no meaning but that. */
  readonly cursor: string;
};

/** A running subscription. `return` ends it at once, and closes its connection. */
export interface LiveEvents extends AsyncIterableIterator<LiveEvent, undefined> {
  return(): Promise<IteratorResult<LiveEvent, undefined>>;
}

/** What a subscription works with. */
export interface LiveEventsSource {
  readonly service: WorkflowService;
  readonly caller: ServiceCaller;
  readonly timing: RetryTiming;
  readonly namespace: string;
  readonly workflowId: string;
  readonly encoding: PayloadEncoding;
}

/** Bytes of a page that is read only to learn the ids of activities. */
const LOOK_UP_BYTES = 100_000;

/**
 * Follows a run, and those that continue it if `followRuns`. Nothing is asked before the first `next`.
 *
 * Throws `ValueError` for a malformed `fromEventId` or `cursor`; the iteration rejects as `fetchHistory` does.
 */
export function liveEvents(
  source: LiveEventsSource,
  run: RunSelector,
  { followRuns, ...options }: SubscribeOptions & { readonly followRuns: boolean },
): LiveEvents {
  const follower = new Follower(source, startOf(run, options), followRuns, options.signal);
  const events = follower.events();
  return {
    next: () => events.next(),
    return: async () => {
      follower.stop();
      return await events.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface Start {
  readonly run: RunSelector;
  readonly fromEventId: number;
}

function startOf(
  run: RunSelector,
  { fromEventId = 1, cursor }: Pick<SubscribeOptions, "fromEventId" | "cursor">,
): Start {
  if (!Number.isSafeInteger(fromEventId) || fromEventId < 1)
    throw new ValueError(`fromEventId must be a whole number above zero, not ${String(fromEventId)}`);
  if (cursor === undefined) return { run, fromEventId };
  const [, runId, eventId] = /^([^/]+)\/([1-9]\d{0,14})$/.exec(cursor) ?? [];
  if (runId === undefined) throw new ValueError(`${JSON.stringify(cursor)} is not the cursor of an event`);
  if (fromEventId !== 1) throw new ValueError("a subscription begins at fromEventId or at a cursor, not at both");
  return { run: { runId }, fromEventId: Number(eventId) };
}

function cursorAfter(runId: string, eventId: number): string {
  return `${runId}/${eventId + 1}`;
}

class Follower {
  readonly #source: LiveEventsSource;
  readonly #followRuns: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.stop();
  #run: RunSelector;
  #fromEventId: number;
  #subscription: EventSubscription | undefined;
  #isStopped = false;
  /** The ids of the run's activities, by the events that scheduled them. */
  #activityIds = new Map<number, string>();

  constructor(source: LiveEventsSource, start: Start, followRuns: boolean, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#run = start.run;
    this.#fromEventId = start.fromEventId;
    this.#followRuns = followRuns;
    this.#signal = signal;
  }

  /** Ends the iteration; whoever waits for its next event is told so. */
  stop(): void {
    this.#isStopped = true;
    this.#subscription?.close();
  }

  async *events(): AsyncGenerator<LiveEvent, undefined, undefined> {
    this.#signal?.throwIfAborted();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    try {
      for (;;) {
        const message = await this.#message();
        if (message?.kind === "events") yield* this.#taken(message);
        else if (!message || !this.#follows(message)) break;
      }
      this.#signal?.throwIfAborted();
      return undefined;
    } finally {
      this.#signal?.removeEventListener("abort", this.#onAbort);
      this.#disconnect();
    }
  }

  /** Hands out a page, and asks for the next when all of it was taken. */
  async *#taken(message: Extract<EventsMessage, { kind: "events" }>): AsyncGenerator<LiveEvent, void, undefined> {
    for (const event of await this.#decoded(message)) {
      if (this.#isStopped) return;
      yield event;
    }
    this.#fromEventId = message.nextEventId;
    if (message.acknowledge) this.#subscription?.acknowledge(message.nextEventId);
  }

  /** Goes over to the run that continues the one that has ended, if that is wanted. */
  #follows({ newExecutionRunId }: Extract<EventsMessage, { kind: "end" }>): boolean {
    this.#disconnect();
    if (!this.#followRuns || newExecutionRunId === undefined) return false;
    this.#run = { runId: newExecutionRunId };
    this.#fromEventId = 1;
    this.#activityIds = new Map();
    return true;
  }

  /** The next message, over a new connection when the last was lost; undefined once stopped. */
  async #message(): Promise<EventsMessage | undefined> {
    const { timing, workflowId } = this.#source;
    for (let lost = 1; !this.#isStopped; lost += 1) {
      const subscription = this.#subscription ?? (await this.#connect());
      let reply: Reply<EventsMessage> | undefined;
      try {
        reply = await subscription.next();
      } catch (error) {
        this.#disconnect();
        if (this.#isStopped) break;
        if (!isTransient(error)) throw unreachable(error);
      }
      if (reply) return valueOf(reply, { workflowId, runId: this.#run.runId });
      await timing.sleep(transportDelayMs(lost, timing.random));
    }
    return undefined;
  }

  async #connect(): Promise<EventSubscription> {
    const { service, namespace, workflowId, timing } = this.#source;
    const request = { version: PROTOCOL_VERSION, ...this.#run, fromEventId: this.#fromEventId } as const;
    try {
      const subscription = await retryTransient(() => service.watchEvents(namespace, workflowId, request), timing);
      this.#subscription = subscription;
      // From here on this run is meant, even if a later one takes the workflow id while the connection is down.
      if (subscription.runId !== undefined) this.#run = { runId: subscription.runId };
      if (this.#isStopped) subscription.close();
      return subscription;
    } catch (error) {
      throw unreachable(error);
    }
  }

  #disconnect(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  async #decoded(message: Extract<EventsMessage, { kind: "events" }>): Promise<readonly LiveEvent[]> {
    const { runId, originalExecutionRunId } = message;
    const events = message.events.filter((event) => event.eventId >= this.#fromEventId);
    await this.#learnActivityIds(runId, events);
    const decode = eventDecoder(this.#source.encoding, originalExecutionRunId, this.#activityIds);
    return await Promise.all(
      events.map(async (event) => ({ ...(await decode(event)), runId, cursor: cursorAfter(runId, event.eventId) })),
    );
  }

  /** What an activity has left is bound to its id, which an event before the first one wanted may have told. */
  async #learnActivityIds(runId: string, events: readonly HistoryEvent[]): Promise<void> {
    this.#remember(events);
    const unknown = (event: HistoryEvent): readonly number[] =>
      event.eventType.startsWith("ActivityTask") && "scheduledEventId" in event.attributes
        ? [event.attributes.scheduledEventId].filter((id) => !this.#activityIds.has(id))
        : [];
    const missing = new Set(events.flatMap(unknown));
    while (missing.size > 0) {
      const fromEventId = Math.min(...missing);
      // A page that does not hold what it was asked for would be asked for again for ever.
      missing.delete(fromEventId);
      const request = { version: PROTOCOL_VERSION, runId, fromEventId, maxBytes: LOOK_UP_BYTES } as const;
      const { caller, workflowId } = this.#source;
      const reply = await caller.call(workflowId, (execution) => execution.history(request));
      this.#remember(valueOf(reply, { workflowId, runId }).events);
      for (const id of missing) if (this.#activityIds.has(id)) missing.delete(id);
    }
  }

  #remember(events: readonly HistoryEvent[]): void {
    for (const event of events)
      if (event.eventType === "ActivityTaskScheduled")
        this.#activityIds.set(event.eventId, event.attributes.activityId);
  }
}
