/** Where a page of history ends: between rows if it can, inside of one if it must, and always where the next begins. */
import * as fc from "fast-check";
import { expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { MAX_MESSAGE_CHARACTERS } from "../../src/core/limits.ts";
import { characters } from "../../src/core/text-size.ts";
import { type HistoryPage, HistoryPageBuilder } from "../../src/durable-objects/history-page.ts";

interface Row {
  readonly place: number;
  readonly events: readonly HistoryEvent[];
}

/** Rows of events whose inputs have these sizes. */
function rowsOf(sizes: readonly (readonly number[])[]): readonly Row[] {
  let eventId = 0;
  return sizes.map((row) => {
    const place = eventId + 1;
    const events = row.map((size) => {
      eventId += 1;
      const attributes = { signalName: "s", requestId: "", input: { payloads: [{ data: "A".repeat(size) }] } };
      return { eventId, eventTimeMs: 0, eventType: "WorkflowExecutionSignaled" as const, attributes };
    });
    return { place, events };
  });
}

function pageOf(rows: readonly Row[], fromEventId: number, limit: number): HistoryPage {
  const page = new HistoryPageBuilder(fromEventId, limit);
  const first = rows.findLastIndex((row) => row.place <= fromEventId);
  for (const { place, events } of rows.slice(first))
    if (!page.add(place, JSON.stringify(events).length, () => events)) break;
  return page.finished;
}

const anySizes = fc.array(fc.array(fc.nat(400), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });

it("gives every event once, in order, whatever the rows and the limit", () => {
  fc.assert(
    fc.property(anySizes, fc.nat(1_500), fc.nat(5), (sizes, limit, skipped) => {
      const rows = rowsOf(sizes);
      const all = rows.flatMap(({ events }) => events);
      const from = Math.min(1 + skipped, all.length);
      const read: HistoryEvent[] = [];
      for (let next: number | undefined = from; next !== undefined;) {
        const page = pageOf(rows, next, limit);
        expect(page.events.length).toBeGreaterThan(0);
        if (page.events.length > 1) expect(characters(page.events)).toBeLessThanOrEqual(Math.max(limit, 0));
        read.push(...page.events);
        next = page.nextEventId;
      }
      expect(read).toEqual(all.slice(from - 1));
    }),
  );
});

it("ends between two rows where each of them fits", () => {
  const rows = rowsOf([[10, 10], [10]]);
  expect(pageOf(rows, 1, 400).nextEventId).toBe(3);
});

it("never holds more than a message does, whatever is asked for", () => {
  const rows = rowsOf([[MAX_MESSAGE_CHARACTERS / 2, MAX_MESSAGE_CHARACTERS / 2]]);
  expect(pageOf(rows, 1, Number.MAX_SAFE_INTEGER)).toMatchObject({ nextEventId: 2 });
});
