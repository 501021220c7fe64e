/**
 * A page of history: as much as is asked for, and never more than fits a message.
 *
 * Owns: where a page ends. Between two rows, because a row is read as a whole; inside of one only where the row alone is
 * too much, as the row of a commit with many large results is.
 */
import type { HistoryEvent } from "../core/history-event.ts";
import { MAX_MESSAGE_CHARACTERS } from "../core/limits.ts";
import { characters } from "../core/text-size.ts";

export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** Where the next page begins; absent on the last. */
  readonly nextEventId?: number;
}

export class HistoryPageBuilder {
  readonly #fromEventId: number;
  readonly #limit: number;
  readonly #events: HistoryEvent[] = [];
  #characters = 0;
  #nextEventId: number | undefined;

  /** A page from an event on. It has one event at least, whatever that takes. */
  constructor(fromEventId: number, maxCharacters: number) {
    this.#fromEventId = fromEventId;
    this.#limit = Math.min(maxCharacters, MAX_MESSAGE_CHARACTERS);
  }

  /** Takes the next row, whose first event is `place`. False when the page is full. */
  add(place: number, size: number, events: () => readonly HistoryEvent[]): boolean {
    const isFitting = this.#characters + size <= this.#limit;
    // A row that begins before the page is read for its rest.
    if (!isFitting && this.#events.length > 0 && size <= this.#limit) return this.#endAt(place);
    for (const event of events()) {
      if (event.eventId < this.#fromEventId) continue;
      const eventSize = isFitting ? 0 : characters(event);
      if (this.#events.length > 0 && this.#characters + eventSize > this.#limit) return this.#endAt(event.eventId);
      this.#events.push(event);
      this.#characters += eventSize;
    }
    if (isFitting) this.#characters += size;
    return true;
  }

  get finished(): HistoryPage {
    const nextEventId = this.#nextEventId;
    return { events: this.#events, ...(nextEventId === undefined ? {} : { nextEventId }) };
  }

  #endAt(eventId: number): false {
    this.#nextEventId = eventId;
    return false;
  }
}
