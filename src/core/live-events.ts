/**
 * A run's events as they happen: what a subscriber asks for, and the messages it is sent.
 *
 * Owns: the wire shapes (protocol version 1), and how events become messages of bounded size. Each message is a
 * `Reply<EventsMessage>` in JSON and says from which event to go on, so that a subscriber that lost its connection asks
 * for exactly what it lacks. A message that says `acknowledge` is the last until the subscriber has answered it: one
 * that reads slowly is waited for, and what it has not read stays in storage.
 */
import type { HistoryEvent } from "./history-event.ts";
import type { Reply } from "./rejection.ts";

/** Subscribes to the events of one run. Without `runId` the run that is current now; never one that follows it. */
export interface EventsRequest {
  readonly version: 1;
  readonly runId?: string;
  /** Guards against another chain of runs. */
  readonly firstExecutionRunId?: string;
  /** First event wanted, from 1; 1 when absent. One above the last is right for whoever has them all. */
  readonly fromEventId?: number;
}

/** How a run ended. */
export type RunEnd = "completed" | "failed" | "canceled" | "terminated" | "timedOut" | "continuedAsNew";

export type EventsMessage =
  | {
      readonly kind: "events";
      readonly runId: string;
      /** The run that payloads of these events are bound to. */
      readonly originalExecutionRunId: string;
      /** In order, none left out. */
      readonly events: readonly HistoryEvent[];
      /** The event to go on from. */
      readonly nextEventId: number;
      /** Set when nothing more is sent before this message is acknowledged. */
      readonly acknowledge?: true;
    }
  | {
      /** The last message: the run has ended and all its events were sent. What it ended with is in its last event. */
      readonly kind: "end";
      readonly runId: string;
      readonly nextEventId: number;
      readonly outcome: RunEnd;
      /** The run that follows in the chain. */
      readonly newExecutionRunId?: string;
    };

/** What a subscriber answers to a message that says `acknowledge`. */
export interface EventsAcknowledgement {
  /** The `nextEventId` of that message. */
  readonly acknowledged: number;
}

/** A subscription as the application holds it. */
export interface EventSubscription {
  /** The run that is followed, where the service has named it. */
  readonly runId?: string;
  /** The next message. Rejects when the connection was lost, or closed by `close`. */
  next(): Promise<Reply<EventsMessage>>;
  /** Asks for what follows a message that says `acknowledge`. */
  acknowledge(nextEventId: number): void;
  /** Ends the subscription. May be called at any time and more than once. */
  close(): void;
}

/** A message of events as it is sent, with how far it goes and how long it is. */
export interface EventsText {
  readonly text: string;
  readonly nextEventId: number;
}

/**
 * The message that holds the first of these events: as many as fit into `maxCharacters` of JSON, but at least one.
 *
 * `mustAcknowledge` says whether a message of that length which ends before that event asks for an acknowledgement.
 *
 * @example
 * const { text, nextEventId } = eventsText({ runId, originalExecutionRunId }, events, 1_000_000, () => false);
 */
export function eventsText(
  run: { readonly runId: string; readonly originalExecutionRunId: string },
  events: readonly HistoryEvent[],
  maxCharacters: number,
  mustAcknowledge: (characters: number, nextEventId: number) => boolean,
): EventsText {
  const texts: string[] = [];
  let characters = 0;
  let nextEventId = 0;
  for (const event of events) {
    const text = JSON.stringify(event);
    if (texts.length > 0 && characters + text.length > maxCharacters) break;
    texts.push(text);
    characters += text.length;
    nextEventId = event.eventId + 1;
  }
  const message = {
    kind: "events",
    ...run,
    nextEventId,
    ...(mustAcknowledge(characters, nextEventId) ? { acknowledge: true } : {}),
  } satisfies Omit<Extract<EventsMessage, { kind: "events" }>, "events">;
  // Put together by hand, so that what was written out to be measured is not written out again.
  const fields = JSON.stringify(message).slice(1, -1);
  return { text: `{"ok":true,"value":{${fields},"events":[${texts.join(",")}]}}`, nextEventId };
}

/** Which event an acknowledgement names, or undefined if it is none. */
export function acknowledgedEventId(text: string): number | undefined {
  try {
    const { acknowledged } = JSON.parse(text) as Partial<EventsAcknowledgement>;
    return typeof acknowledged === "number" ? acknowledged : undefined;
  } catch {
    return undefined;
  }
}
