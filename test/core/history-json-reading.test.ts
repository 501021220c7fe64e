// History from Temporal's JSON form: the way back of the export, and what other writers make of it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { historyToJson, timestamp } from "../../src/core/history-json.ts";
import { HistoryFormatError, historyFromJson } from "../../src/core/history-json-reading.ts";
import { EVENT_SAMPLES } from "./event-samples.ts";

const NOT_EXPORTED = [
  "eagerlyClaimed",
  "inheritedRequestIds",
  "removedMemoKeys",
  "childOriginalExecutionRunId",
  "continuedOriginalExecutionRunId",
  "lastCompletionRunId",
  "resetRunId",
  "childrenHandedOver",
  "handedOverChildren",
];

/** An event as a reader of the export can know it. */
function asExported(event: HistoryEvent): unknown {
  const known = Object.entries(event.attributes).filter(([name]) => !NOT_EXPORTED.includes(name));
  const attributes = Object.fromEntries(known.map(([name, value]) => [name, name === "signalRequestId" ? "" : value]));
  return { ...event, attributes };
}

const exported = JSON.stringify(historyToJson(EVENT_SAMPLES));

/** The same history as an older tool wrote it: names of types and enums in Pascal case, int64 as numbers. */
function inOldSpelling(json: string): string {
  return json
    .replaceAll(
      /"(EVENT_TYPE_|RETRY_STATE_|TIMEOUT_TYPE_|PARENT_CLOSE_POLICY_|CONTINUE_AS_NEW_INITIATOR_|WORKFLOW_ID_REUSE_POLICY_|TASK_QUEUE_KIND_|[A-Z_]+_CAUSE_)([A-Z_]+)"/g,
      (_, __, name: string) => `"${pascal(name)}"`,
    )
    .replaceAll(/("\w*EventId"):"(\d+)"/g, "$1:$2");
}

function pascal(name: string): string {
  return name.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function read(...events: readonly Record<string, unknown>[]): readonly HistoryEvent[] {
  return historyFromJson({ events: events.map((event, index) => ({ eventId: String(index + 1), ...event })) });
}

describe("reading", () => {
  it("gives back what was exported, of every event", () => {
    expect(historyFromJson(exported)).toEqual(EVENT_SAMPLES.map(asExported));
    expect(historyFromJson(JSON.parse(exported))).toEqual(EVENT_SAMPLES.map(asExported));
  });

  it("understands the old spelling of types and enums", () => {
    const old = inOldSpelling(exported);
    expect(old).toContain('"WorkflowExecutionStarted"');
    expect(old).not.toContain("EVENT_TYPE_");
    expect(old).not.toContain("RETRY_STATE_");
    expect(historyFromJson(old)).toEqual(EVENT_SAMPLES.map(asExported));
  });

  it("reads every moment that the export writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) }), (ms) => {
        expect(read({ eventType: "TimerFired", eventTime: timestamp(ms) })[0]?.eventTimeMs).toBe(ms);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["2022-07-06T00:33:05Z", Date.UTC(2022, 6, 6, 0, 33, 5)],
    ["2022-07-06T00:33:05.998999999Z", Date.UTC(2022, 6, 6, 0, 33, 5, 998)],
    ["2022-07-06T00:33:05.1Z", Date.UTC(2022, 6, 6, 0, 33, 5, 100)],
    ["2022-07-06T02:33:05+02:00", Date.UTC(2022, 6, 6, 0, 33, 5)],
    ["2024-02-29T23:59:59.5-00:30", Date.UTC(2024, 2, 1, 0, 29, 59, 500)],
  ])("takes the time %s", (eventTime, ms) => {
    expect(read({ eventType: "TimerFired", eventTime })[0]?.eventTimeMs).toBe(ms);
  });

  it.each([
    ["10s", 10_000],
    ["0.050s", 50],
    ["1.999999999s", 1_999],
    ["-1.5s", -1_500],
  ])("takes the duration %s", (startToFireTimeout, ms) => {
    const [event] = read({
      eventType: "TimerStarted",
      timerStartedEventAttributes: { timerId: "1", startToFireTimeout },
    });
    expect(event?.attributes).toMatchObject({ startToFireTimeoutMs: ms });
  });

  it("gives what was not written the meaning that Temporal gives it", () => {
    const [started, task, completed, child] = read(
      {
        eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
        workflowExecutionStartedEventAttributes: {
          workflowType: { name: "w" },
          workflowExecutionTimeout: "0s",
          parentWorkflowNamespace: "",
          parentInitiatedEventId: "0",
          continuedExecutionRunId: "",
          initiator: "Unspecified",
          input: { payloads: [] },
          header: {},
          memo: { fields: {} },
          cronSchedule: "",
          parentWorkflowExecution: null,
        },
      },
      { eventType: "EVENT_TYPE_WORKFLOW_TASK_SCHEDULED" },
      { eventType: "EVENT_TYPE_WORKFLOW_TASK_COMPLETED", workflowTaskCompletedEventAttributes: { startedEventId: 3 } },
      { eventType: "EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED" },
    );
    expect(started).toEqual({
      eventId: 1,
      eventTimeMs: 0,
      eventType: "WorkflowExecutionStarted",
      attributes: {
        workflowType: { name: "w" },
        workflowId: "",
        taskQueue: { name: "" },
        workflowTaskTimeoutMs: 0,
        originalExecutionRunId: "",
        firstExecutionRunId: "",
        attempt: 1,
      },
    });
    expect(task?.attributes).toEqual({ taskQueue: { name: "" }, startToCloseTimeoutMs: 0, attempt: 1 });
    expect(completed?.attributes).toEqual({ scheduledEventId: 0, startedEventId: 3 });
    expect(child?.attributes).toMatchObject({ parentClosePolicy: "TERMINATE", workflowId: "" });
  });

  it("takes bytes in either alphabet, and payloads without data", () => {
    const payloads = [{ metadata: { encoding: "_-8" }, data: null }, { data: "YQ" }];
    const [event] = read(
      { eventType: "TimerFired", activityTaskCompletedEventAttributes: {} },
      {
        eventType: "ActivityTaskCompleted",
        activityTaskCompletedEventAttributes: { result: { payloads } },
      },
    ).slice(1);
    expect(event?.attributes).toMatchObject({
      result: { payloads: [{ metadata: { encoding: "/+8=" } }, { data: "YQ==" }] },
    });
  });

  it("leaves out what Temporal lets a worker ignore, and the numbers keep the gap", () => {
    const events = read(
      { eventType: "TimerFired" },
      { eventType: "EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED" },
      { eventType: "EVENT_TYPE_SOMETHING_OF_TOMORROW", workerMayIgnore: true },
      { eventType: "TimerFired" },
    );
    expect(events.map(({ eventId }) => eventId)).toEqual([1, 4]);
  });

  it("finds the request of an admitted update where it is", () => {
    const request = { meta: { updateId: "u" }, input: { name: "raise", args: { payloads: [{ data: "MQ==" }] } } };
    const [admitted, accepted] = read(
      { eventType: "WorkflowExecutionUpdateAdmitted", workflowExecutionUpdateAdmittedEventAttributes: { request } },
      {
        eventType: "WorkflowExecutionUpdateAccepted",
        workflowExecutionUpdateAcceptedEventAttributes: { protocolInstanceId: "u" },
      },
    );
    expect(admitted?.attributes).toEqual({ request, origin: "UNSPECIFIED" });
    expect(accepted?.attributes).toMatchObject({ acceptedRequest: request });
  });

  it("knows of the versions that used flags before they recorded them", () => {
    const flagsOf = (buildId: string) =>
      read({
        eventType: "WorkflowTaskCompleted",
        workflowTaskCompletedEventAttributes: { workerVersion: { buildId } },
      })[0]?.attributes;
    expect(flagsOf("@temporalio/worker@1.11.1+86b18936")).toMatchObject({ sdkMetadata: { langUsedFlags: [1, 2] } });
    expect(flagsOf("@temporalio/worker@1.11.2+86b18936")).not.toHaveProperty("sdkMetadata");
  });

  it("shows a failure of a reset as Temporal's SDK does", () => {
    const failure = { message: "reset", resetWorkflowFailureInfo: {} };
    const [event] = read({ eventType: "ActivityTaskFailed", activityTaskFailedEventAttributes: { failure } });
    expect(event?.attributes).toMatchObject({
      failure: { message: "reset", applicationFailureInfo: { type: "ResetWorkflow", nonRetryable: false } },
    });
  });

  it.each<[string, unknown, number | undefined, RegExp]>([
    ["no JSON", "{", undefined, /must be JSON/],
    ["no events", {}, undefined, /list of events/],
    ["an event without number", { events: [{}] }, undefined, /without number/],
    ["an event of no type", { events: [{ eventId: "1" }] }, 1, /Event 1 is of a type that cannot be replayed: none/],
    [
      "an event of another product",
      { events: [{ eventId: "7", eventType: "EVENT_TYPE_NEXUS_OPERATION_SCHEDULED" }] },
      7,
      /Event 7 .* NEXUS_OPERATION_SCHEDULED/,
    ],
    [
      "a malformed duration",
      {
        events: [
          { eventId: 2, eventType: "TimerStarted", timerStartedEventAttributes: { startToFireTimeout: "soon" } },
        ],
      },
      2,
      /Event 2: startToFireTimeout must be a duration such as "10s", but is "soon"/,
    ],
  ])("refuses %s", (_, history, eventId, message) => {
    try {
      historyFromJson(history);
    } catch (error) {
      expect(error).toBeInstanceOf(HistoryFormatError);
      expect(error).toMatchObject({ eventId, message: expect.stringMatching(message) as unknown });
      return;
    }
    throw new Error("It was not refused.");
  });
});
