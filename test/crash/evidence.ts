/**
 * What is known of a workflow when all is over: what was promised, what is stored, what the outside world saw.
 *
 * Owns: the shape. `story.ts` judges it.
 */
import type { EventOf, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import type { Ending, StoredHistory } from "./app/routes.ts";
import type { Promised } from "./application.ts";
import type { Execution } from "./sink.ts";

export interface Story {
  readonly promised: Promised;
  readonly kills: number;
  /** The history as it was at some moments before the end. */
  readonly before: readonly StoredHistory[];
  readonly history: StoredHistory;
  readonly ending: Ending;
  readonly executions: readonly Execution[];
}

/** Events of one type. */
export function eventsOf<T extends EventType>(events: readonly HistoryEvent[], eventType: T): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> & HistoryEvent => event.eventType === eventType);
}
