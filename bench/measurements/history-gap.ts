/**
 * Does a long history slow a workflow down? The gap between two activities at event 5,000 against the gap at event 10.
 *
 * Owns: one workflow grown to that length, and short ones beside it. The two are measured in turns (a segment of the
 * long one, a segment of a fresh one, …), so that the state of the machine does not make the difference.
 */
import { settle } from "../interleaving.ts";
import type { Subject } from "../runtime.ts";
import { summarize, type Summary } from "../statistics.ts";
import type { SegmentAnswer } from "../workers/history-segments.ts";

export interface HistoryGap {
  /** Mean gaps of segments, in milliseconds. */
  readonly shortMs: Summary;
  readonly longMs: Summary;
  /** The long workflow's events when measuring began and when it ended. */
  readonly fromEvent: number;
  readonly toEvent: number;
  /** Median gap of the long workflow over the median gap of the short ones. */
  readonly ratio: number;
}

const EVENTS = 5000;
/** One activity after the other costs three events of its own and three of the workflow task that follows. */
const EVENTS_PER_ACTIVITY = 6;
const ACTIVITIES_PER_GROWTH = 100;
/** Ten activities of a fresh workflow span the events 4 to 65. */
const ACTIVITIES_PER_SEGMENT = 10;
const PAUSE_MS = 20;

/**
 * Measures the two gaps on the Holdfast subject.
 *
 * @example
 * const gap = await measureHistoryGap(holdfast, false);
 */
export async function measureHistoryGap(subject: Subject, quick: boolean): Promise<HistoryGap> {
  const segments = quick ? 10 : 40;
  const run = crypto.randomUUID();
  const longId = `history-long-${run}`;
  const fromEvent = await grow(subject, longId);
  const shortMs: number[] = [];
  const longMs: number[] = [];
  let toEvent = fromEvent;
  for (let index = 0; index <= segments; index += 1) {
    const long = await segment(subject, "more", longId);
    await settle(subject, PAUSE_MS);
    const shortId = `history-short-${run}-${index}`;
    const short = await segment(subject, "start", shortId);
    await subject.ask("/history/finish", { id: shortId, activities: 0 });
    await settle(subject, PAUSE_MS);
    toEvent = long.historyLength;
    // The first pair warms up what only segments do.
    if (index === 0) continue;
    longMs.push(long.meanGapMs);
    shortMs.push(short.meanGapMs);
  }
  await subject.ask("/history/finish", { id: longId, activities: 0 });
  const [short, long] = [summarize(shortMs), summarize(longMs)];
  return { shortMs: short, longMs: long, fromEvent, toEvent, ratio: long.p50 / short.p50 };
}

/** Runs activities until the history has the length wanted. Resolves with its length. */
async function grow(subject: Subject, id: string): Promise<number> {
  let { historyLength } = await segment(subject, "start", id, ACTIVITIES_PER_GROWTH);
  while (historyLength < EVENTS) {
    const missing = Math.ceil((EVENTS - historyLength) / EVENTS_PER_ACTIVITY);
    ({ historyLength } = await segment(subject, "more", id, Math.max(2, Math.min(missing, ACTIVITIES_PER_GROWTH))));
  }
  return historyLength;
}

async function segment(
  subject: Subject,
  action: "start" | "more",
  id: string,
  activities: number = ACTIVITIES_PER_SEGMENT,
): Promise<SegmentAnswer> {
  return (await subject.ask(`/history/${action}`, { id, activities })) as SegmentAnswer;
}
