// History in Temporal's JSON form: exact for every event type, by a file that was checked by hand.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type JsonEvent, duration, historyToJson, timestamp } from "../../src/core/history-json.ts";
import { EVENT_SAMPLES } from "./event-samples.ts";
import { given, signaled, started, taskCompleted } from "./given.ts";
import * as make from "./requests.ts";

const GOLDEN = join(import.meta.dirname, "..", "histories", "core-every-event.json");

const exported = JSON.parse(JSON.stringify(historyToJson(EVENT_SAMPLES))) as { readonly events: readonly JsonEvent[] };

describe("the export", () => {
  it("is what it was for every event type", () => {
    expect(exported).toEqual(JSON.parse(readFileSync(GOLDEN, "utf8")));
  });

  it("holds int64 as strings, enums by their full names, times and durations as proto JSON has them", () => {
    const text = JSON.stringify(exported);
    for (const [, value] of text.matchAll(/"\w*EventId":(["\d])/g)) expect(value).toBe('"');
    expect(text).not.toMatch(/"\w+Ms":[\d"]/);
    for (const event of exported.events) {
      expect(event.eventType).toMatch(/^EVENT_TYPE_[A-Z_]+$/);
      expect(Object.keys(event).filter((key) => key.endsWith("EventAttributes"))).toHaveLength(1);
    }
  });

  it("leaves payloads and the names of fields alone, whatever they are called", () => {
    const [first] = exported.events;
    const attributes = first?.["workflowExecutionStartedEventAttributes"] as { readonly memo: unknown };
    const payload = make.payloads("value").payloads[0];
    expect(attributes.memo).toEqual({ fields: { scheduledEventId: payload, someTimeMs: payload } });
  });

  it("has what a replay needs at the least", () => {
    const { events } = given(started(), taskCompleted(make.scheduleActivity("a")), signaled("s1"));
    expect(historyToJson(events).events.slice(0, 3)).toEqual([
      {
        eventId: "1",
        eventTime: "2026-11-21T05:00:00.000Z",
        eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
        taskId: "1",
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: "transfer" },
          workflowId: "transfer-1",
          taskQueue: { name: "transfers", kind: "TASK_QUEUE_KIND_NORMAL" },
          workflowTaskTimeout: "10s",
          originalExecutionRunId: "run-1",
          firstExecutionRunId: "run-1",
          attempt: 1,
          firstWorkflowTaskBackoff: "0s",
        },
      },
      {
        eventId: "2",
        eventTime: "2026-11-21T05:00:00.000Z",
        eventType: "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED",
        taskId: "2",
        workflowTaskScheduledEventAttributes: {
          taskQueue: { name: "transfers", kind: "TASK_QUEUE_KIND_NORMAL" },
          startToCloseTimeout: "10s",
          attempt: 1,
        },
      },
      {
        eventId: "3",
        eventTime: "2026-11-21T05:00:00.000Z",
        eventType: "EVENT_TYPE_WORKFLOW_TASK_STARTED",
        taskId: "3",
        workflowTaskStartedEventAttributes: { scheduledEventId: "2", historySizeBytes: "0" },
      },
    ]);
  });
});

describe("a timestamp", () => {
  it("is what a Date makes of it, from 1970 to 9999", () => {
    const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    const check = (ms: number): void => {
      expect(timestamp(ms)).toBe(new Date(ms).toISOString());
    };
    fc.assert(fc.property(fc.integer({ min: 0, max: latest }), check), { numRuns: 1_000 });
    fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }), check), { numRuns: 1_000 });
    for (const ms of [0, latest, Date.UTC(2000, 1, 29), Date.UTC(2100, 1, 28, 23, 59, 59, 999), Date.UTC(2100, 2, 1)])
      check(ms);
    expect(timestamp(1.75)).toBe("1970-01-01T00:00:00.001Z");
  });
});

describe("a duration", () => {
  it.each([
    [0, "0s"],
    [1, "0.001s"],
    [50, "0.050s"],
    [999, "0.999s"],
    [1_000, "1s"],
    [1_500, "1.500s"],
    [-1_500, "-1.500s"],
    [33.75, "0.034s"],
    [999.9, "1s"],
    [315_576_000_000_000, "315576000000s"],
  ])("of %d milliseconds is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("comes back as it went", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (ms) => {
        const [, sign, seconds, millis] = /^(-?)(\d+)(?:\.(\d{3}))?s$/.exec(duration(ms)) ?? [];
        const back = BigInt(seconds ?? "0") * 1_000n + BigInt(millis ?? "0");
        expect(sign === "-" ? -back : back).toBe(BigInt(ms));
      }),
    );
  });
});
