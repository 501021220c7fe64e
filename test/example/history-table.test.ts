// A history as lines: the same renderer over readable payloads and over ciphertext.
import { expect, test } from "vitest";

import { historyLines, historyTable, type JsonEvent } from "../../examples/money-transfer/demo/history-table.ts";

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function payloads(encoding: string, ...data: readonly string[]) {
  return { payloads: data.map((text) => ({ metadata: { encoding: base64(encoding) }, data: base64(text) })) };
}

function event(eventId: number, type: string, field: string, attributes: object): JsonEvent {
  const eventTime = new Date(Date.UTC(2026, 0, 1) + eventId * 1_000).toISOString();
  return {
    eventId: String(eventId),
    eventTime,
    eventType: `EVENT_TYPE_${type}`,
    [`${field}EventAttributes`]: attributes,
  };
}

const events: readonly JsonEvent[] = [
  event(1, "WORKFLOW_EXECUTION_STARTED", "workflowExecutionStarted", {
    workflowType: { name: "transfer" },
    input: payloads("json/plain", '{"from":"alice"}'),
  }),
  event(2, "WORKFLOW_TASK_SCHEDULED", "workflowTaskScheduled", { attempt: 1 }),
  event(3, "TIMER_STARTED", "timerStarted", { timerId: "1", startToFireTimeout: "8s" }),
  event(4, "TIMER_FIRED", "timerFired", { timerId: "1", startedEventId: "3" }),
  event(5, "ACTIVITY_TASK_STARTED", "activityTaskStarted", { scheduledEventId: "4", attempt: 2 }),
  event(6, "ACTIVITY_TASK_FAILED", "activityTaskFailed", {
    failure: { message: "Encoded failure", encodedAttributes: payloads("binary/encrypted", "\u0001").payloads[0] },
    scheduledEventId: "4",
  }),
  event(7, "WORKFLOW_EXECUTION_COMPLETED", "workflowExecutionCompleted", { result: payloads("binary/null", "") }),
];

test("one line says what happened, in values or in ciphertext", () => {
  expect(historyLines(events).map((line) => `${line.eventId} ${line.event}: ${line.what}`)).toEqual([
    '1 WorkflowExecutionStarted: transfer({"from":"alice"})',
    "2 WorkflowTaskScheduled: ",
    "3 TimerStarted: fires after 8s",
    "4 TimerFired: of event 3",
    "5 ActivityTaskStarted: of event 4, attempt 2",
    "6 ActivityTaskFailed: Encoded failure: <binary/encrypted> AQ==",
    "7 WorkflowExecutionCompleted: result undefined",
  ]);
});

test("the table marks where the process was killed and cuts long rows", () => {
  const lines = historyLines(events);
  const table = historyTable(lines, { killedAtMs: (lines[2]?.timeMs ?? 0) + 500, width: 60 }).split("\n");
  expect(table.findIndex((row) => row.includes("killed"))).toBe(4);
  expect(table[3]).toContain("+2.000");
  expect(table.every((row) => row.length <= 60)).toBe(true);
  expect(table.filter((row) => row.endsWith("…")).length).toBeGreaterThan(0);
});
