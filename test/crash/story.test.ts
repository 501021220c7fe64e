/** The judge is judged: each kind of broken promise, made by hand, is found. */
import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { Story } from "./evidence.ts";
import type { Execution } from "./sink.ts";
import { problemsOf } from "./story.ts";

const WORKFLOW_ID = "alarm-1";
const RUN_ID = "run-1";

/** Events with the numbers and times of their places, ten milliseconds apart. */
function numbered(events: readonly { readonly eventType: string; readonly attributes: object }[]): HistoryEvent[] {
  return events.map(
    (event, index) => ({ ...event, eventId: index + 1, eventTimeMs: 1_000 + index * 10 }) as unknown as HistoryEvent,
  );
}

function task(): { eventType: string; attributes: object }[] {
  return ["Scheduled", "Started", "Completed"].map((what) => ({ eventType: `WorkflowTask${what}`, attributes: {} }));
}

/** An `alarmClock` from start to end. */
const EVENTS = numbered([
  { eventType: "WorkflowExecutionStarted", attributes: {} },
  ...task(),
  { eventType: "TimerStarted", attributes: { timerId: "1", startToFireTimeoutMs: 5 } },
  { eventType: "TimerFired", attributes: { timerId: "1", startedEventId: 5 } },
  ...task(),
  { eventType: "ActivityTaskScheduled", attributes: { activityId: "1", activityType: { name: "announce" } } },
  { eventType: "ActivityTaskStarted", attributes: { scheduledEventId: 10, attempt: 1 } },
  { eventType: "ActivityTaskCompleted", attributes: { scheduledEventId: 10, startedEventId: 11 } },
  ...task(),
  { eventType: "WorkflowExecutionCompleted", attributes: {} },
]);

const EXECUTION: Execution = {
  workflowId: WORKFLOW_ID,
  activityId: "1",
  activityType: "announce",
  attempt: 1,
  argument: "rang",
  atMs: 1_105,
  receipt: 4,
};

const GOOD: Story = {
  promised: {
    workflowId: WORKFLOW_ID,
    workflow: "alarmClock",
    args: [5],
    runId: RUN_ID,
    signals: [],
    cancel: undefined,
  },
  kills: 1,
  before: [{ runId: RUN_ID, events: EVENTS.slice(0, 5) }],
  history: { runId: RUN_ID, events: EVENTS },
  ending: { kind: "completed", result: 4 },
  executions: [EXECUTION],
};

/** The good story with one event's attributes or time changed. */
function withEvent(eventId: number, change: object): Story {
  const events = EVENTS.map((event) => (event.eventId === eventId ? { ...event, ...change } : event));
  return { ...GOOD, before: [], history: { runId: RUN_ID, events } };
}

const broken: readonly { readonly what: string; readonly story: Story; readonly found: string }[] = [
  { what: "another run is there", story: { ...GOOD, promised: { ...GOOD.promised, runId: "run-0" } }, found: "S1" },
  {
    what: "the past has changed",
    story: { ...GOOD, before: [{ runId: RUN_ID, events: EVENTS.slice(0, 4).toReversed() }] },
    found: "S2",
  },
  { what: "an event is missing", story: { ...GOOD, history: { runId: RUN_ID, events: EVENTS.slice(1) } }, found: "S2" },
  {
    what: "an accepted signal is lost",
    story: {
      ...GOOD,
      promised: { ...GOOD.promised, signals: [{ name: "note", text: "note 1", delivery: "accepted" }] },
    },
    found: "S3",
  },
  { what: "one attempt ran twice", story: { ...GOOD, executions: [EXECUTION, EXECUTION] }, found: "S4" },
  {
    what: "a completed activity ran again",
    story: { ...GOOD, executions: [EXECUTION, { ...EXECUTION, attempt: 2, atMs: 1_200 }] },
    found: "S4",
  },
  { what: "a completed activity never ran", story: { ...GOOD, executions: [] }, found: "S4" },
  {
    what: "there were more attempts than kills",
    story: withEvent(11, { attributes: { scheduledEventId: 10, attempt: 3 } }),
    found: "S5",
  },
  {
    what: "a timer fired early",
    story: withEvent(5, { attributes: { timerId: "1", startToFireTimeoutMs: 500 } }),
    found: "S6",
  },
  { what: "the result is another", story: { ...GOOD, ending: { kind: "completed", result: 5 } }, found: "S7" },
  { what: "it failed", story: { ...GOOD, ending: { kind: "failed", error: "broken", cause: "" } }, found: "S7" },
];

describe("the judge of a story", () => {
  it("finds nothing wrong with a good one", () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it.each(broken)("sees that $what", ({ story, found }) => {
    expect(problemsOf(story)).toContainEqual(expect.stringMatching(new RegExp(`^${found} `)));
  });
});
