import { describe, expect, test } from "vitest";

import {
  ApplicationFailure,
  encodeError,
  encodeValues,
  type PayloadChannel,
  PayloadDecryptionError,
  PayloadEncoding,
  toWireMap,
  toWirePayloads,
} from "../../src/codec/index.ts";
import { timeoutFailure } from "../../src/core/failure.ts";
import type { EventAttributes, EventType, HistoryEvent, UserMetadata } from "../../src/core/history-event.ts";
import { historyToJson } from "../../src/core/history-json.ts";
import type { PayloadMap, Payloads } from "../../src/core/payload.ts";
import type { HistoryRequest } from "../../src/core/protocol.ts";
import { accepted } from "../../src/core/rejection.ts";
import { decodeHistory } from "../../src/sdk/client/index.ts";
import { dataConverter, encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";

const RUN_ID = "run-0";

async function sealed(channel: PayloadChannel, value: unknown, by = encoding): Promise<Payloads> {
  const payloads = await encodeValues(by, channel, [value]);
  if (!payloads) throw new Error("a test payload needs a value");
  return payloads;
}

function event<T extends EventType>(eventId: number, eventType: T, attributes: EventAttributes[T]): HistoryEvent {
  return { eventId, eventTimeMs: 1_000 * eventId, eventType, attributes } as unknown as HistoryEvent;
}

function failure(text: string): ApplicationFailure {
  return ApplicationFailure.create({ message: text, details: [`${text} details`] });
}

async function map(kind: "memo" | "header", text: string, by = encoding): Promise<PayloadMap> {
  const clear = toWireMap(dataConverter.payloadConverter, { key: text });
  return (await by.encodeMap(clear, kind)) ?? { fields: {} };
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

const CHILD_RUN = "run-c";
const TASK = { workflowTaskCompletedEventId: 4 };

/** What goes to a child or another workflow, and comes back from a child, under that workflow's place. */
async function eventsOfOthers(): Promise<HistoryEvent[]> {
  const child = new PayloadEncoding(dataConverter, { namespace: "ledger", workflowId: "child-1" });
  const target = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "target-1" });
  const ofChild = {
    namespace: "ledger",
    workflowExecution: { workflowId: "child-1", runId: CHILD_RUN },
    workflowType: { name: "post" },
    initiatedEventId: 2,
  };
  const closed = { ...ofChild, startedEventId: 3 };
  const sent = { kind: "signal", signalName: "go", requestId: "run-0/signal/1" } as const;
  const childFailure = { kind: "workflow-failure", runId: "run-c0" } as const;
  const summary = await metadata("child/child-1", "clear: child summary");
  return [
    withMetadata(
      event(2, "StartChildWorkflowExecutionInitiated", {
        namespace: "ledger",
        workflowId: "child-1",
        workflowType: { name: "post" },
        taskQueue: { name: "default" },
        input: await sealed({ kind: "workflow-input" }, "clear: child input", child),
        header: await map("header", "clear: child header", child),
        memo: await map("memo", "clear: child memo", child),
        parentClosePolicy: "TERMINATE",
        ...TASK,
      }),
      summary,
    ),
    event(3, "ChildWorkflowExecutionStarted", {
      ...ofChild,
      header: await map("header", "clear: child started", child),
    }),
    event(4, "ChildWorkflowExecutionCompleted", {
      ...closed,
      result: await sealed({ kind: "workflow-result", runId: CHILD_RUN }, "clear: child result", child),
    }),
    event(5, "ChildWorkflowExecutionFailed", {
      ...closed,
      childOriginalExecutionRunId: "run-c0",
      failure: await encodeError(child, childFailure, failure("clear: child failure")),
      retryState: "RETRY_POLICY_NOT_SET",
    }),
    event(6, "ChildWorkflowExecutionCanceled", {
      ...closed,
      details: await sealed({ kind: "workflow-cancellation", runId: CHILD_RUN }, "clear: child canceled", child),
    }),
    event(7, "SignalExternalWorkflowExecutionInitiated", {
      namespace: "default",
      workflowExecution: { workflowId: "target-1" },
      signalName: "go",
      signalRequestId: sent.requestId,
      input: await sealed(sent, "clear: sent signal", target),
      header: await map("header", "clear: sent header", target),
      ...TASK,
    }),
  ];
}

/** What the newer events of a workflow's own hold. */
async function eventsOfItsOwn(): Promise<HistoryEvent[]> {
  const update = { updateName: "addItem", updateId: "u-1" } as const;
  const outcome = { runId: RUN_ID, updateId: "u-1" } as const;
  const local = { runId: RUN_ID, activityId: "7" } as const;
  const marked = toWirePayloads(dataConverter.payloadConverter, [{ seq: 1, activity_id: "7", activity_type: "post" }]);
  const data = marked ?? { payloads: [] };
  const failed = { kind: "update-failure", ...outcome } as const;
  const localFailed = { kind: "local-activity-failure", ...local } as const;
  return [
    event(2, "WorkflowExecutionUpdateAccepted", {
      protocolInstanceId: "u-1",
      acceptedRequestMessageId: "u-1/request",
      acceptedRequestSequencingEventId: 2,
      acceptedRequest: {
        meta: { updateId: "u-1" },
        input: {
          name: "addItem",
          args: await sealed({ kind: "update", ...update }, "clear: update input"),
          header: await map("header", "clear: update header"),
        },
      },
    }),
    event(3, "WorkflowExecutionUpdateCompleted", {
      meta: { updateId: "u-1" },
      acceptedEventId: 2,
      outcome: { success: await sealed({ kind: "update-result", ...outcome }, "clear: update result") },
    }),
    event(4, "WorkflowExecutionUpdateCompleted", {
      meta: { updateId: "u-1" },
      acceptedEventId: 2,
      outcome: { failure: await encodeError(encoding, failed, failure("clear: update failure")) },
    }),
    event(5, "MarkerRecorded", {
      markerName: "core_local_activity",
      details: { data, result: await sealed({ kind: "local-activity-result", ...local }, "clear: local result") },
      ...TASK,
    }),
    withMetadata(
      event(6, "MarkerRecorded", {
        markerName: "core_local_activity",
        details: { data },
        failure: await encodeError(encoding, localFailed, failure("clear: local failure")),
        ...TASK,
      }),
      await metadata("activity/7", "clear: local summary"),
    ),
    event(7, "MarkerRecorded", { markerName: "core_patch", details: { "patch-data": data }, ...TASK }),
    event(8, "WorkflowPropertiesModified", { upsertedMemo: await map("memo", "clear: new memo"), ...TASK }),
    withMetadata(
      event(9, "TimerStarted", { timerId: "1", startToFireTimeoutMs: 5, ...TASK }),
      await metadata("timer/1", "clear: timer summary"),
    ),
    event(10, "WorkflowExecutionContinuedAsNew", {
      newExecutionRunId: "run-2",
      workflowType: { name: "transfer" },
      taskQueue: { name: "default" },
      input: await sealed({ kind: "workflow-input" }, "clear: next input"),
      header: await map("header", "clear: next header"),
      memo: await map("memo", "clear: next memo"),
      workflowTaskTimeoutMs: 10_000,
      initiator: "WORKFLOW",
      ...TASK,
    }),
  ];
}

/** The first event of a run that follows another one. */
async function startedAgain(): Promise<HistoryEvent> {
  const [first] = await history();
  if (first?.eventType !== "WorkflowExecutionStarted") throw new Error("the history begins with its first event");
  const before = { runId: "run-before" } as const;
  const attributes = {
    ...first.attributes,
    continuedExecutionRunId: "run-before",
    initiator: "RETRY",
    continuedFailure: await encodeError(encoding, { kind: "workflow-failure", ...before }, failure("clear: before")),
    lastCompletionResult: await sealed({ kind: "workflow-result", ...before }, "clear: last result"),
  } as const;
  return withMetadata(event(1, first.eventType, attributes), await metadata("workflow", "clear: static summary", ""));
}

async function metadata(subject: string, text: string, runId = RUN_ID): Promise<UserMetadata> {
  const [summary] = (await sealed({ kind: "user-metadata", runId, subject, part: "summary" }, text)).payloads;
  return summary ? { summary } : {};
}

function withMetadata(item: HistoryEvent, userMetadata: UserMetadata): HistoryEvent {
  return { ...item, userMetadata };
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
  test("shows what was sent to other workflows and came back from children, each under its owner's place", async () => {
    const decoded = await decodeHistory(encoding, [...(await history()).slice(0, 1), ...(await eventsOfOthers())]);
    expect(new Set(clearTexts(decoded.slice(1)))).toEqual(
      new Set(
        [
          ...["input", "header", "memo", "started", "result", "failure", "failure details", "canceled", "summary"].map(
            (text) => `child ${text}`,
          ),
          "sent signal",
          "sent header",
        ].map((text) => `clear: ${text}`),
      ),
    );
  });

  test("shows updates, local activities, memos, summaries and what the next run is given", async () => {
    const events = [...(await history()).slice(0, 1), ...(await eventsOfItsOwn())];
    expect(clearTexts(events)).toEqual([]);
    const decoded = await decodeHistory(encoding, events);
    expect(new Set(clearTexts(decoded.slice(1)))).toEqual(
      new Set(
        [
          "update input",
          "update header",
          "update result",
          "update failure",
          "update failure details",
          "local result",
          "local failure",
          "local failure details",
          "local summary",
          "new memo",
          "timer summary",
          "next input",
          "next header",
          "next memo",
        ].map((text) => `clear: ${text}`),
      ),
    );
    expect(decoded[6]).toEqual(events[6]);
  });

  test("shows what the run before left behind, and the static summary", async () => {
    const decoded = await decodeHistory(encoding, [await startedAgain()]);
    expect(new Set(clearTexts(decoded))).toEqual(
      new Set(
        ["input", "header", "memo", "before", "before details", "last result", "static summary"].map(
          (text) => `clear: ${text}`,
        ),
      ),
    );
  });

  test("changes nothing but payloads", async () => {
    const bare = (events: readonly HistoryEvent[]) =>
      JSON.stringify(events, (key, value: unknown) =>
        key === "data" || key === "metadata" || key === "message" || key === "stackTrace" ? "…" : value,
      );
    const events = [await startedAgain(), ...(await eventsOfItsOwn()), ...(await eventsOfOthers())];
    expect(bare(await decodeHistory(encoding, events))).toBe(bare(events));
  });

  test("refuses what was sent to one workflow and is said to be for another", async () => {
    const moved = (await eventsOfOthers()).map((item) =>
      item.eventType === "SignalExternalWorkflowExecutionInitiated"
        ? event(7, item.eventType, { ...item.attributes, workflowExecution: { workflowId: "target-2" } })
        : item,
    );
    const [first] = await history();
    const events = first ? [first, ...moved] : [];
    await expect(decodeHistory(encoding, events)).rejects.toBeInstanceOf(PayloadDecryptionError);
  });

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
