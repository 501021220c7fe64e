import { describe, expect, test } from "vitest";

import {
  ApplicationFailure,
  encodeError,
  encodeValues,
  type PayloadChannel,
  PayloadDecryptionError,
  PayloadEncoding,
  toWireMap,
} from "../../src/codec/index.ts";
import { timeoutFailure } from "../../src/core/failure.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import { historyToJson } from "../../src/core/history-json.ts";
import type { PayloadMap, Payloads } from "../../src/core/payload.ts";
import type { HistoryRequest } from "../../src/core/protocol.ts";
import { accepted } from "../../src/core/rejection.ts";
import { decodeHistory } from "../../src/sdk/client/index.ts";
import { dataConverter, encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";

const RUN_ID = "run-0";

async function sealed(channel: PayloadChannel, ...values: unknown[]): Promise<Payloads> {
  const payloads = await encodeValues(encoding, channel, values);
  if (!payloads) throw new Error("a test payload needs a value");
  return payloads;
}

function event<T extends EventType>(eventId: number, eventType: T, attributes: EventAttributes[T]): HistoryEvent {
  return { eventId, eventTimeMs: 1_000 * eventId, eventType, attributes } as unknown as HistoryEvent;
}

function failure(text: string): ApplicationFailure {
  return ApplicationFailure.create({ message: text, details: [`${text} details`] });
}

async function map(kind: "memo" | "header", text: string): Promise<PayloadMap> {
  const clear = toWireMap(dataConverter.payloadConverter, { key: text });
  return (await encoding.encodeMap(clear, kind)) ?? { fields: {} };
}

/** A history with a payload in every place that holds one. Each clear text occurs once, as "clear: <place>". */
async function history(): Promise<HistoryEvent[]> {
  const activity = (activityId: string) => ({ runId: RUN_ID, activityId });
  const timeouts = {
    scheduleToCloseTimeoutMs: 0,
    scheduleToStartTimeoutMs: 0,
    startToCloseTimeoutMs: 1_000,
    heartbeatTimeoutMs: 0,
    retryPolicy: {},
    workflowTaskCompletedEventId: 4,
  };
  const scheduled = async (eventId: number, activityId: string) =>
    event(eventId, "ActivityTaskScheduled", {
      activityId,
      activityType: { name: "withdraw" },
      taskQueue: { name: "default" },
      input: await sealed({ kind: "activity-input", ...activity(activityId) }, `clear: input ${activityId}`),
      header: await map("header", `clear: activity header ${activityId}`),
      ...timeouts,
    });
  const lastFailure = await encodeError(
    encoding,
    { kind: "activity-failure", ...activity("b") },
    failure("clear: last failure"),
  );
  return [
    event(1, "WorkflowExecutionStarted", {
      workflowType: { name: "transfer" },
      workflowId: WORKFLOW_ID,
      taskQueue: { name: "default" },
      input: await sealed({ kind: "workflow-input" }, "clear: input"),
      header: await map("header", "clear: header"),
      memo: await map("memo", "clear: memo"),
      workflowTaskTimeoutMs: 10_000,
      originalExecutionRunId: RUN_ID,
      firstExecutionRunId: RUN_ID,
      attempt: 1,
    }),
    event(2, "WorkflowExecutionSignaled", {
      signalName: "approve",
      requestId: "request-1",
      input: await sealed({ kind: "signal", signalName: "approve", requestId: "request-1" }, "clear: signal"),
      header: await map("header", "clear: signal header"),
    }),
    event(3, "WorkflowTaskFailed", {
      scheduledEventId: 0,
      startedEventId: 0,
      cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
      failure: await encodeError(encoding, { kind: "workflow-task-failure", runId: RUN_ID }, failure("clear: task")),
    }),
    await scheduled(4, "a"),
    await scheduled(5, "b"),
    await scheduled(6, "c"),
    await scheduled(7, "d"),
    event(8, "ActivityTaskStarted", { scheduledEventId: 5, attempt: 2, lastFailure }),
    event(9, "ActivityTaskCompleted", {
      scheduledEventId: 4,
      startedEventId: 8,
      result: await sealed({ kind: "activity-result", ...activity("a") }, "clear: result a"),
    }),
    event(10, "ActivityTaskFailed", {
      scheduledEventId: 5,
      startedEventId: 8,
      retryState: "MAXIMUM_ATTEMPTS_REACHED",
      failure: await encodeError(encoding, { kind: "activity-failure", ...activity("b") }, failure("clear: failed")),
    }),
    event(11, "ActivityTaskTimedOut", {
      scheduledEventId: 6,
      startedEventId: 8,
      retryState: "TIMEOUT",
      failure: timeoutFailure("HEARTBEAT", "activity heartbeat timeout", {
        lastHeartbeatDetails: await sealed({ kind: "heartbeat", ...activity("c") }, "clear: heartbeat"),
      }),
    }),
    event(12, "ActivityTaskCanceled", {
      scheduledEventId: 7,
      startedEventId: 8,
      latestCancelRequestedEventId: 8,
      details: await sealed({ kind: "activity-cancellation", ...activity("d") }, "clear: canceled d"),
    }),
    event(13, "WorkflowExecutionTerminated", { details: await sealed({ kind: "termination" }, "clear: terminated") }),
    event(14, "WorkflowExecutionCompleted", {
      workflowTaskCompletedEventId: 4,
      result: await sealed({ kind: "workflow-result", runId: RUN_ID }, "clear: result"),
    }),
    event(15, "WorkflowExecutionFailed", {
      workflowTaskCompletedEventId: 4,
      retryState: "RETRY_POLICY_NOT_SET",
      failure: await encodeError(encoding, { kind: "workflow-failure", runId: RUN_ID }, failure("clear: workflow")),
    }),
    event(16, "WorkflowExecutionCanceled", {
      workflowTaskCompletedEventId: 4,
      details: await sealed({ kind: "workflow-cancellation", runId: RUN_ID }, "clear: cancellation"),
    }),
    event(17, "TimerStarted", { timerId: "1", startToFireTimeoutMs: 5, workflowTaskCompletedEventId: 4 }),
  ];
}

/** All texts in base64 data anywhere in a value. */
function clearTexts(value: unknown): string[] {
  const texts: string[] = [];
  JSON.stringify(value, (key, item: unknown) => {
    if (key === "data" && typeof item === "string") texts.push(...(atob(item).match(/clear: [a-z ]+/g) ?? []));
    return item;
  });
  return texts;
}

/** A service that gives `size` events a page. */
function paged(events: readonly HistoryEvent[], size: number) {
  return ({ fromEventId = 1 }: HistoryRequest) => {
    const page = events.slice(fromEventId - 1, fromEventId - 1 + size);
    const nextEventId = fromEventId + size;
    return accepted({ runId: "run-1", events: page, ...(nextEventId <= events.length ? { nextEventId } : {}) });
  };
}

describe("fetchHistory", () => {
  test("gives the history as it is stored, however many pages it takes", async () => {
    const events = await history();
    const { client, service } = scriptedClient({ history: [paged(events, 5)] });
    const fetched = await client.workflow.getHandle(WORKFLOW_ID).fetchHistory();
    expect(fetched).toEqual(historyToJson(events));
    expect(clearTexts(fetched)).toEqual([]);
    expect(service.requests("history").map(({ fromEventId, runId }) => [fromEventId, runId])).toEqual([
      [1, undefined],
      [6, "run-1"],
      [11, "run-1"],
      [16, "run-1"],
    ]);
  });

  test("decoded, shows every payload in its place", async () => {
    const events = await history();
    const { client } = scriptedClient({ history: [paged(events, 100)] });
    const fetched = await client.workflow.getHandle(WORKFLOW_ID).fetchHistory({ decoded: true });
    expect(fetched.events.map(({ eventType }) => eventType)).toEqual(
      historyToJson(events).events.map(({ eventType }) => eventType),
    );
    const inClear = new Set(clearTexts(fetched));
    expect([...inClear].toSorted()).toEqual(
      [
        ...["a", "b", "c", "d"].flatMap((id) => [`clear: input ${id}`, `clear: activity header ${id}`]),
        ...["input", "header", "memo", "signal", "signal header", "task", "task details"].map((t) => `clear: ${t}`),
        ...["last failure", "last failure details", "result a", "failed", "failed details"].map((t) => `clear: ${t}`),
        ...["heartbeat", "canceled d", "terminated", "result", "workflow", "workflow details"].map(
          (t) => `clear: ${t}`,
        ),
        "clear: cancellation",
      ].toSorted(),
    );
  });
});

describe("decodeHistory", () => {
  test("refuses a payload that was moved to another activity", async () => {
    const events = await history();
    const moved = events.map((item) =>
      item.eventType === "ActivityTaskCompleted"
        ? event(9, item.eventType, { ...item.attributes, scheduledEventId: 5 })
        : item,
    );
    await expect(decodeHistory(encoding, moved)).rejects.toBeInstanceOf(PayloadDecryptionError);
  });

  test("refuses a history of another workflow", async () => {
    const elsewhere = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "transfer-2" });
    await expect(decodeHistory(elsewhere, await history())).rejects.toBeInstanceOf(PayloadDecryptionError);
  });

  test("says what is wrong with a history that has no beginning", async () => {
    await expect(decodeHistory(encoding, (await history()).slice(1))).rejects.toThrow("from its first event on");
  });

  test("says what is wrong with a history that closes an activity it never scheduled", async () => {
    const events = (await history()).filter(({ eventId }) => eventId !== 4);
    await expect(decodeHistory(encoding, events)).rejects.toThrow("Event 9 closes an activity");
  });
});
