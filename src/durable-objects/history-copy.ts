/**
 * The beginning of one run's history, taken over by another.
 *
 * Owns: the rows it is written in. A run of many small commits becomes a run of few rows, since rows are what the
 * platform bills; no row is over the size that one read should have, unless a single event is, and no more than one row
 * of the source is in memory besides the one being put together.
 */
import type { HistoryEvent } from "../core/history-event.ts";

/** Characters of events after which a row is full. */
const ROW_CHARACTERS = 500_000;

/** Puts events into rows of bounded size, in order. */
export function* rowsOfEvents(events: Iterable<HistoryEvent>): Generator<readonly HistoryEvent[]> {
  let row: HistoryEvent[] = [];
  let characters = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    if (row.length > 0 && characters + size > ROW_CHARACTERS) {
      yield row;
      row = [];
      characters = 0;
    }
    row.push(event);
    characters += size;
  }
  if (row.length > 0) yield row;
}

/** The events of stored rows up to and with `upToEventId`. */
export function* eventsUpTo(
  rows: Iterable<{ readonly events: readonly HistoryEvent[] }>,
  upToEventId: number,
): Generator<HistoryEvent> {
  for (const { events } of rows)
    for (const event of events) {
      if (event.eventId > upToEventId) return;
      yield event;
    }
}
