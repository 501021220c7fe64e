// Which events of a history a run may be reset to, and what each keeps.
import { describe, expect, it } from "vitest";

import type { ResetPoint } from "../../src/core/control-requests.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { WorkflowTaskIndex } from "../../src/core/reset-point.ts";
import { given, passed, signaled, started, taskCompleted, taskFailed, terminated, type Step } from "./given.ts";
import * as make from "./requests.ts";

function resolve(events: readonly HistoryEvent[], point: ResetPoint) {
  const tasks = new WorkflowTaskIndex();
  for (const event of events) tasks.take(event);
  return tasks.resolve(point);
}

/** Events that are points, with the last event that each keeps. */
function pointsOf(...steps: readonly Step[]): Record<number, number> {
  const { events } = given(...steps);
  const points: Record<number, number> = {};
  for (let eventId = -1; eventId <= events.length + 2; eventId += 1) {
    const resolved = resolve(events, { kind: "event", eventId });
    if (resolved.ok) points[eventId] = resolved.keptEventId;
    else expect(resolved.message).toContain(`event ${eventId} is no point to reset to`);
  }
  return points;
}

describe("the points of a run", () => {
  it.each<readonly [string, readonly Step[], Record<number, number>]>([
    ["whose first task is with the worker", [started()], { 3: 2 }],
    ["whose first task has completed", [started(), taskCompleted()], { 3: 2, 4: 3 }],
    [
      "that has done something since",
      [started(), taskCompleted(make.startTimer("t")), signaled("s1"), taskCompleted()],
      { 3: 2, 4: 3, 8: 7, 9: 8 },
    ],
    ["whose task has failed", [started(), taskFailed(), taskFailed()], { 3: 2, 4: 3 }],
    ["whose task was cut short by its end", [started(), terminated()], { 3: 2, 4: 3 }],
    ["that waits for its first task", [started({ startDelayMs: 60_000 }), passed(1)], {}],
  ])("%s", (_name, steps, points) => {
    expect(pointsOf(...steps)).toEqual(points);
  });

  it("are named by a refusal, the nearest where there are many", () => {
    const { events } = given(
      started(),
      taskCompleted(),
      ...Array.from({ length: 40 }, (_, index) => [signaled(`s${index}`), taskCompleted()]).flat(),
    );
    const few = resolve(events.slice(0, 4), { kind: "event", eventId: 2 });
    expect(few).toMatchObject({ ok: false, message: expect.stringMatching(/those of the run are 3, 4$/) as string });
    const many = resolve(events, { kind: "event", eventId: 82 });
    expect(many).toMatchObject({
      ok: false,
      message: expect.stringMatching(/the nearest.*are (\d+, ){19}\d+$/) as string,
    });
  });
});

describe("the first and the last workflow task", () => {
  it("are those that have completed", () => {
    const { events } = given(started(), taskFailed(), taskCompleted(), signaled("s1"), taskCompleted(), signaled("s2"));
    const completed = events
      .filter((event) => event.eventType === "WorkflowTaskCompleted")
      .map((event) => event.eventId);
    const [first = 0, last = 0] = completed;
    expect(resolve(events, { kind: "firstWorkflowTask" })).toEqual({ ok: true, keptEventId: first - 1 });
    expect(resolve(events, { kind: "lastWorkflowTask" })).toEqual({ ok: true, keptEventId: last - 1 });
  });

  it.each(["firstWorkflowTask", "lastWorkflowTask"] as const)(
    "%s: the first that was scheduled, where none has",
    (kind) => {
      const { events } = given(started(), taskFailed(), taskFailed());
      expect(resolve(events, { kind })).toEqual({ ok: true, keptEventId: 2 });
    },
  );

  it.each(["firstWorkflowTask", "lastWorkflowTask"] as const)("%s: refused where there was none", (kind) => {
    const { events } = given(started());
    expect(resolve(events.slice(0, 1), { kind })).toMatchObject({ ok: false });
  });
});
