// The outbox: what waits to be delivered, derived from the state alone; what it becomes; what an answer means.
import { describe, expect, it } from "vitest";

import { nextDeadlineMs } from "../../src/core/deadlines.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import {
  FIRST_REDELIVERY_MS,
  type OutboxItem,
  REDELIVERY_MAXIMUM_MS,
  deliveryOf,
  hasOutbox,
  mayLeaveOutbox,
  outboxOf,
  redeliveryBackoffMs,
  resultOf,
} from "../../src/core/outbox.ts";
import { rejected } from "../../src/core/rejection.ts";
import { type Scenario, type Step, given, passed, started, taskCompleted, terminated } from "./given.ts";
import * as make from "./requests.ts";

const parent = { namespace: "default", workflowId: "parent", runId: "parent-run", initiatedEventId: 5 };
const policies = ["TERMINATE", "REQUEST_CANCEL", "ABANDON"] as const;
/** Children 5 (terminated with the parent), 6 (asked to cancel) and 7 (abandoned). */
const children: Step[] = [
  started(),
  taskCompleted(...policies.map((parentClosePolicy) => make.startChild(parentClosePolicy, { parentClosePolicy }))),
];
const allStarted: Step[] = [5, 6, 7].map(
  (id): Step =>
    (scenario) =>
      void scenario.take("recordChildStart", make.childStarted(id, `run-of-${id}`)),
);

function keys(scenario: Scenario): string[] {
  expect(hasOutbox(scenario.run)).toBe(outboxOf(scenario.run).length > 0);
  return outboxOf(scenario.run).map((item) => item.key);
}

function delivery(scenario: Scenario, key: string) {
  const item = outboxOf(scenario.run).find((waiting) => waiting.key === key);
  if (!item) throw new Error(`nothing waits as ${key}`);
  return deliveryOf(scenario.run, item, (eventId): HistoryEvent | undefined => scenario.events[eventId - 1]);
}

describe("an open run", () => {
  it("has its unanswered children, signals and cancellations to deliver, in order", () => {
    const commands = [make.signalExternal("b"), make.startChild("a"), make.cancelExternal("b"), make.startChild("b")];
    const scenario = given(started({ parent }), taskCompleted(...commands));
    expect(keys(scenario)).toEqual(["signal/5", "startChild/6", "cancel/7", "startChild/8"]);
    scenario.take("recordChildStart", make.childStarted(6));
    scenario.take("recordExternalResult", make.externalDelivered(7));
    expect(keys(scenario)).toEqual(["signal/5", "startChild/8"]);
    scenario.take("recordExternalResult", make.externalNotFound(5));
    scenario.take("childClosed", make.childClosed(8, { child: { workflowId: "b", runId: "r" } }));
    expect(keys(scenario)).toEqual([]);
  });

  it("is looked at again until what waits is delivered, and not beyond", () => {
    const scenario = given(...children);
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + FIRST_REDELIVERY_MS);
    scenario.atDeadline().whenTicked();
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + FIRST_REDELIVERY_MS + REDELIVERY_MAXIMUM_MS);
    for (const step of [...allStarted, taskCompleted(), taskCompleted()]) step(scenario);
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
  });
});

describe("a closed run", () => {
  it("sees to its children by their policies and tells its parent, until it has noted that it has", () => {
    const scenario = given(...children, ...allStarted, terminated());
    expect(keys(scenario)).toEqual(["terminateChild/5", "cancelChild/6"]);
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + FIRST_REDELIVERY_MS);
    scenario.atDeadline().whenTicked();
    expect(nextDeadlineMs(scenario.run)).toBe(make.START_MS + FIRST_REDELIVERY_MS + REDELIVERY_MAXIMUM_MS);
    scenario.take("settleOutbox", {});
    expect(keys(scenario)).toEqual([]);
    expect(nextDeadlineMs(scenario.run)).toBeUndefined();
    expect(keys(given(started({ parent }), terminated()))).toEqual(["tellParent/5"]);
    expect(keys(given(started(), terminated()))).toEqual([]);
  });

  it("still starts a child that is to be abandoned, and still signals", () => {
    const scenario = given(...children, terminated());
    expect(keys(scenario)).toEqual(["startChild/7", "terminateChild/5", "cancelChild/6"]);
    expect(keys(given(started(), taskCompleted(make.signalExternal("b"), make.COMPLETE)))).toEqual(["signal/5"]);
  });

  it("delivers what its code asked for before what the close policy does", () => {
    const signalled = given(
      started(),
      taskCompleted(make.startChild("a", { parentClosePolicy: "REQUEST_CANCEL" })),
      (scenario) => void scenario.take("recordChildStart", make.childStarted(5)),
      taskCompleted(make.signalExternal("a", { childWorkflowOnly: true }), make.COMPLETE),
    );
    expect(outboxOf(signalled.run).map((item) => item.kind)).toEqual(["signal", "cancelChild"]);
  });

  it("is looked at again when its delivery may have been lost, not at once", () => {
    const closed = given(started({ parent }), passed(60_000), taskCompleted(make.COMPLETE));
    expect(nextDeadlineMs(closed.run)).toBe(closed.nowMs + FIRST_REDELIVERY_MS);
  });

  it("that another follows is remembered if it may have something to deliver", () => {
    const plain = given(started());
    expect(mayLeaveOutbox(plain.run, [])).toBe(false);
    expect(mayLeaveOutbox(given(started({ parent })).run, [])).toBe(true);
    expect(mayLeaveOutbox(given(...children).run, [])).toBe(true);
    expect(mayLeaveOutbox(given(...children, terminated()).run, [])).toBe(true);
    expect(mayLeaveOutbox(given(started(), terminated()).run, [])).toBe(false);
    const attributes = { newExecutionRunId: make.NEXT_RUN_ID };
    const continued = { eventType: "WorkflowExecutionContinuedAsNew", attributes } as HistoryEvent;
    expect(mayLeaveOutbox(given(started({ parent })).run, [continued])).toBe(false);
    const initiated = { eventType: "StartChildWorkflowExecutionInitiated" } as HistoryEvent;
    expect(mayLeaveOutbox(plain.run, [initiated, continued])).toBe(true);
  });
});

describe("a delivery", () => {
  it("starts a child with all that the command said", () => {
    const options = {
      input: make.payloads("order"),
      memo: { fields: { note: {} } },
      searchAttributes: { indexedFields: { City: {} } },
      workflowRunTimeoutMs: 5_000,
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      retryPolicy: { maximumAttempts: 2 },
    } as const;
    const userMetadata = { summary: { data: "aGk=" } };
    const command = make.startChild("a", { ...options, userMetadata });
    const root = { workflowId: "root", runId: "root-run" };
    const { method, request } = delivery(given(started({ parent, root }), taskCompleted(command)), "startChild/5");
    expect(method).toBe("start");
    expect(request).toEqual({
      version: 1,
      namespace: "default",
      workflowId: "a",
      workflowType: "book",
      taskQueue: "transfers",
      ...options,
      retryPolicy: expect.objectContaining({ maximumAttempts: 2 }) as unknown,
      workflowIdConflictPolicy: "FAIL",
      requestId: "child/run-1/5",
      userMetadata,
      parent: { namespace: "default", workflowId: "transfer-1", runId: "run-1", initiatedEventId: 5 },
      root,
    });
    const top = delivery(given(started(), taskCompleted(make.startChild("a"))), "startChild/5");
    expect(top.request).toMatchObject({ root: { workflowId: "transfer-1", runId: "run-1" } });
  });

  it("signals and cancels with ids by which a repetition is told", () => {
    const target = { workflowExecution: { workflowId: "b", runId: "run-b" } };
    const commands = [
      make.signalExternal("b", { ...target, input: make.payloads("x"), childWorkflowOnly: true }),
      make.cancelExternal("b", { reason: "late" }),
    ];
    const scenario = given(started(), taskCompleted(...commands));
    const sender = { namespace: "default", workflowId: "transfer-1", runId: "run-1" };
    expect(delivery(scenario, "signal/5")).toEqual({
      method: "signal",
      request: {
        version: 1,
        runId: "run-b",
        signalName: "approve",
        input: make.payloads("x"),
        requestId: "run-1/signal/1",
        sender: { ...sender, initiatedEventId: 5, childWorkflowOnly: true },
      },
    });
    expect(delivery(scenario, "cancel/6")).toEqual({
      method: "requestCancel",
      request: {
        version: 1,
        requestId: "cancel/run-1/6",
        reason: "late",
        sender: { ...sender, initiatedEventId: 6 },
      },
    });
  });

  it("of a parent's end means its child in whichever run, known or not", () => {
    const sender = { workflowId: "transfer-1", childWorkflowOnly: true, isParentClosed: true };
    const known = given(...children, ...allStarted, terminated());
    expect(delivery(known, "terminateChild/5")).toMatchObject({
      method: "terminate",
      request: {
        reason: "by parent close policy",
        firstExecutionRunId: "run-of-5",
        sender: { ...sender, initiatedEventId: 5 },
      },
    });
    expect(delivery(known, "cancelChild/6")).toMatchObject({
      method: "requestCancel",
      request: { requestId: "close/run-1/6", sender: { ...sender, initiatedEventId: 6 } },
    });
    const unknown = delivery(given(...children, terminated()), "terminateChild/5");
    expect(unknown.request).not.toHaveProperty("firstExecutionRunId");
  });

  it.each([
    [make.COMPLETE, { kind: "completed" }],
    [
      { commandType: "FailWorkflowExecution", failure: { message: "no" } },
      { kind: "failed", failure: { message: "no" } },
    ],
    [{ commandType: "CancelWorkflowExecution" }, { kind: "canceled" }],
  ] as const)("tells the parent how %j ended it", (command, close) => {
    const { request } = delivery(given(started({ parent }), taskCompleted(command)), "tellParent/5");
    expect(request).toMatchObject({
      parentRunId: "parent-run",
      initiatedEventId: 5,
      child: { workflowId: "transfer-1", runId: "run-1" },
      childFirstExecutionRunId: "run-1",
      childWorkflowType: "transfer",
      close,
    });
  });

  it("tells the parent of what was imposed on the child", () => {
    expect(delivery(given(started({ parent }), terminated()), "tellParent/5").request).toMatchObject({
      close: { kind: "terminated" },
    });
    const timedOut = given(started({ parent, workflowRunTimeoutMs: 10 })).after(10);
    timedOut.take("tick", timedOut.nextRunFacts);
    expect(delivery(timedOut, "tellParent/5").request).toMatchObject({
      close: { kind: "timedOut", retryState: "RETRY_POLICY_NOT_SET" },
    });
  });

  it("is not made from a history that lacks it", () => {
    const scenario = given(...children);
    const [item] = outboxOf(scenario.run);
    expect(() => deliveryOf(scenario.run, item as OutboxItem, () => undefined)).toThrow(/event 5/);
  });

  it("that fails is made again, later each time", () => {
    expect([1, 2, 3, 6, 7, 100].map(redeliveryBackoffMs)).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000]);
  });
});

describe("an answer", () => {
  const item = (kind: OutboxItem["kind"]): OutboxItem => ({
    key: kind,
    kind,
    namespace: "default",
    workflowId: "b",
    initiatedEventId: 5,
  });
  const start = item("startChild");
  const signal = item("signal");
  it.each([
    [start, { ok: true, value: { runId: "r" } }, { kind: "childStarted", childRunId: "r" }],
    [start, { ok: true, value: {} }, { kind: "failed" }],
    [start, rejected("WorkflowAlreadyStarted", "taken"), { kind: "childNotStarted" }],
    [start, rejected("WorkflowNotFound", "?"), { kind: "failed" }],
    [start, rejected("InvalidArgument", "?"), { kind: "failed", message: "InvalidArgument: ?" }],
    [signal, { ok: true, value: { runId: "r" } }, { kind: "delivered" }],
    [signal, rejected("WorkflowNotFound", "none"), { kind: "notFound" }],
    [signal, rejected("WorkflowAlreadyCompleted", "ended"), { kind: "notFound" }],
    [signal, rejected("ResourceExhausted", "full"), { kind: "tooManySignals" }],
    [item("cancel"), rejected("ResourceExhausted", "full"), { kind: "failed" }],
    [item("tellParent"), rejected("WorkflowNotFound", "none"), { kind: "notFound" }],
    [item("terminateChild"), rejected("WorkflowAlreadyCompleted", "ended"), { kind: "notFound" }],
  ] as const)("to %o that says %j means %j", (waiting, reply, result) => {
    expect(resultOf(waiting, reply)).toMatchObject(result);
  });
});
