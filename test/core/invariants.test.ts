// The invariants themselves: each of them is seen to be broken when it is.
import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { historyProblems, stateProblems } from "../../src/core/invariants.ts";
import { type Scenario, claimed, given, responded, signaled, started, taskCompleted } from "./given.ts";
import * as make from "./requests.ts";

/** Timer `t` (5) is open, `a` (6) is open, `b` (7) has completed (8 and 9), a task is started (10 and 11). */
function sound(): Scenario {
  return given(
    started(),
    taskCompleted(make.startTimer("t"), make.scheduleActivity("a"), make.scheduleActivity("b")),
    claimed(7),
    responded(make.completed(7, { activityId: "b" })),
  );
}

/** The sound history with some events replaced or added. */
function history(change: (events: readonly HistoryEvent[]) => readonly unknown[]): readonly HistoryEvent[] {
  return change(sound().events) as readonly HistoryEvent[];
}

const at = (events: readonly HistoryEvent[], eventId: number, replacement: object): unknown[] =>
  events.map((event) => (event.eventId === eventId ? { ...event, ...replacement } : event));
const appended = (events: readonly HistoryEvent[], ...more: readonly object[]): unknown[] => [
  ...events,
  ...more.map((event, index) => ({ eventId: events.length + 1 + index, eventTimeMs: make.START_MS, ...event })),
];

describe("a history", () => {
  it("without a fault has no problems", () => {
    expect(historyProblems(sound().events)).toEqual([]);
  });

  it.each<[string, readonly HistoryEvent[]]>([
    ["I1 event 9", history((events) => at(events, 5, { eventId: 9 }))],
    ["I1 time goes back at event 4", history((events) => at(events, 4, { eventTimeMs: 1 }))],
    ["I2 event 12", history((events) => appended(events, { eventType: "WorkflowTaskStarted", attributes: {} }))],
    ["I2 event 3", history((events) => at(events, 3, { eventType: "WorkflowTaskCompleted" }))],
    [
      "I3 event 12 closes",
      history((events) => appended(events, { eventType: "ActivityTaskFailed", attributes: { scheduledEventId: 7 } })),
    ],
    [
      "I3 event 12 starts",
      history((events) => appended(events, { eventType: "ActivityTaskStarted", attributes: { scheduledEventId: 3 } })),
    ],
    [
      "I4 event 12",
      history((events) =>
        appended(events, { eventType: "TimerFired", attributes: { timerId: "u", startedEventId: 5 } }),
      ),
    ],
    [
      "I5 event 13",
      history((events) =>
        appended(
          events,
          { eventType: "WorkflowExecutionTerminated", attributes: {} },
          { eventType: "WorkflowExecutionSignaled", attributes: { requestId: "s" } },
        ),
      ),
    ],
    [
      "I10 event 13 starts",
      history((events) =>
        appended(
          events,
          { eventType: "ChildWorkflowExecutionStarted", attributes: { initiatedEventId: 5 } },
          { eventType: "ChildWorkflowExecutionStarted", attributes: { initiatedEventId: 5 } },
        ),
      ),
    ],
    [
      "I10 event 14 ends",
      history((events) =>
        appended(
          events,
          { eventType: "StartChildWorkflowExecutionInitiated", attributes: {} },
          { eventType: "ChildWorkflowExecutionStarted", attributes: { initiatedEventId: 12 } },
          {
            eventType: "ChildWorkflowExecutionCompleted",
            attributes: { initiatedEventId: 12, startedEventId: 0 },
          },
        ),
      ),
    ],
    [
      "I11 event 14 answers",
      history((events) =>
        appended(
          events,
          { eventType: "SignalExternalWorkflowExecutionInitiated", attributes: {} },
          { eventType: "ExternalWorkflowExecutionSignaled", attributes: { initiatedEventId: 12 } },
          { eventType: "SignalExternalWorkflowExecutionFailed", attributes: { initiatedEventId: 12 } },
        ),
      ),
    ],
    [
      "I12 event 13 changes nothing",
      history((events) =>
        appended(
          events,
          { eventType: "WorkflowExecutionPaused", attributes: { requestId: "p" } },
          { eventType: "WorkflowExecutionPaused", attributes: { requestId: "q" } },
        ),
      ),
    ],
    [
      "I12 event 14 begins in a paused run",
      history((events) =>
        appended(
          events,
          { eventType: "WorkflowTaskCompleted", attributes: {} },
          { eventType: "WorkflowExecutionPaused", attributes: { requestId: "p" } },
          { eventType: "WorkflowTaskScheduled", attributes: {} },
        ),
      ),
    ],
    [
      "I7 event 13",
      history((events) =>
        appended(
          events,
          { eventType: "WorkflowExecutionSignaled", attributes: { requestId: "s" } },
          { eventType: "WorkflowExecutionSignaled", attributes: { requestId: "s" } },
        ),
      ),
    ],
  ])("with a fault is told so: %s", (problem, events) => {
    expect(historyProblems(events).join("\n")).toContain(problem);
  });
});

describe("a state", () => {
  it("that fits its history has no problems, with things waiting as well", () => {
    const scenario = sound();
    signaled("s1")(scenario);
    claimed(6)(scenario);
    responded(make.completed(6))(scenario);
    scenario.after(5_000).take("tick", scenario.nextRunFacts);
    expect(scenario.run.buffered.map((event) => event.eventType)).toEqual([
      "WorkflowExecutionSignaled",
      "ActivityTaskStarted",
      "ActivityTaskCompleted",
      "TimerFired",
    ]);
    expect(stateProblems(scenario.run, scenario.events)).toEqual([]);
  });

  it.each<[string, (scenario: Scenario) => unknown]>([
    ["I1 nextEventId", ({ run }) => (run.nextEventId += 1)],
    ["I6 activity 6 is missing", ({ run }) => delete run.activities[6]],
    ["I12 the state says", ({ run }) => (run.paused = { pausedTimeMs: 0, requestId: "p" })],
    ["I6 timer t is missing", ({ run }) => delete run.timers["t"]],
    ["I6 activity 7 is open only in the state", ({ run }) => (run.activities[7] = { ...run.activities[6]! })],
    ["I6 timer u is open only", ({ run }) => (run.timers["u"] = { timerId: "u", startedEventId: 5, fireTimeMs: 0 })],
  ])("that does not is told so: %s", (problem, spoil) => {
    const scenario = sound();
    spoil(scenario);
    expect(stateProblems(scenario.run, scenario.events).join("\n")).toContain(problem);
  });

  it("of a closed run keeps nothing waiting", () => {
    const scenario = sound();
    const waiting = given(started(), signaled("s1")).run.buffered;
    scenario.take("terminate", { version: 1 });
    scenario.run.buffered = waiting;
    expect(stateProblems(scenario.run, scenario.events)).toEqual(["I8 events wait in a closed run"]);
  });

  it.each<[string, (scenario: Scenario) => unknown]>([
    ["I10 child 5 is not what history says", ({ run }) => delete run.children[5]],
    ["I10 child 5 is not what history says", ({ run }) => (run.children[5]!.startedEventId = 9)],
    ["I10 child 9 is open only in the state", ({ run }) => (run.children[9] = { ...run.children[5]! })],
    ["I11 6 is under way but", ({ run }) => delete run.externals[6]],
    ["I11 9 is under way only in the state", ({ run }) => (run.externals[9] = { ...run.externals[6]! })],
  ])("that is wrong about other executions is told so: %s", (problem, spoil) => {
    const scenario = given(started(), taskCompleted(make.startChild("child"), make.signalExternal("other")));
    expect(stateProblems(scenario.run, scenario.events)).toEqual([]);
    spoil(scenario);
    expect(stateProblems(scenario.run, scenario.events).join("\n")).toContain(problem);
  });
});
