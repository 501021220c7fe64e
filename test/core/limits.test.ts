// Limits: at the limit it works, one over it is refused and nothing is half-written (reference: limits).
import { describe, expect, it } from "vitest";

import type { Command } from "../../src/core/command.ts";
import type { Requests } from "../../src/core/decide.ts";
import {
  MAX_HISTORY_BYTES,
  MAX_HISTORY_EVENTS,
  MAX_ID_BYTES,
  MAX_PAYLOADS_BYTES,
  MAX_PENDING_ACTIVITIES,
  MAX_SIGNALS,
  MAX_UPDATES,
  SUGGEST_CONTINUE_AS_NEW_BYTES,
  SUGGEST_CONTINUE_AS_NEW_EVENTS,
} from "../../src/core/limits.ts";
import type { Payloads } from "../../src/core/payload.ts";
import { taskStarted } from "../../src/core/workflow-task-event.ts";
import { decodeTaskToken } from "../../src/core/activity-task.ts";
import { type Scenario, type Step, claimed, given, passed, started, taskCompleted } from "./given.ts";
import * as make from "./requests.ts";

/** Payloads that decode to this many bytes. */
function bytes(count: number): Payloads {
  const rest = count % 3;
  const tail = rest === 0 ? "" : rest === 1 ? "AA==" : "AAA=";
  return { payloads: [{ data: "AAAA".repeat((count - rest) / 3) + tail }] };
}

/** A run whose history is said to have this many events or bytes already. */
function grownTo(size: { readonly events?: number; readonly bytes?: number }, ...steps: readonly Step[]): Scenario {
  const scenario = given(
    started(),
    taskCompleted(make.startTimer("t"), make.startTimer("u"), make.scheduleActivity("a")),
    ...steps,
  );
  if (size.bytes !== undefined) scenario.run.historyBytes = size.bytes;
  if (size.events === undefined) return scenario;
  const timeMs = scenario.run.lastEventTimeMs;
  while (scenario.events.length < size.events) {
    const eventId = scenario.events.length + 1;
    const attributes = { signalName: "s", requestId: `filler-${eventId}` };
    scenario.events.push({ eventId, eventTimeMs: timeMs, eventType: "WorkflowExecutionSignaled", attributes });
  }
  scenario.run.nextEventId = scenario.events.length + 1;
  return scenario;
}

const oversized = bytes(MAX_PAYLOADS_BYTES + 1);
const largest = bytes(MAX_PAYLOADS_BYTES);

describe("payloads", () => {
  it("may have two mebibytes in a request, and not one byte more", () => {
    given()
      .when("start", make.startRequest({ input: largest }))
      .thenReplies({ started: true });
    given()
      .when("start", make.startRequest({ input: oversized }))
      .thenRejected("PayloadTooLarge", /2097153 bytes/);
    const header = { fields: { trace: { data: "AAAA" } } };
    given()
      .when("start", make.startRequest({ input: largest, header }))
      .thenRejected("PayloadTooLarge");
    const memo = { fields: { m: oversized.payloads[0] ?? {} } };
    given().when("start", make.startRequest({ memo })).thenRejected("PayloadTooLarge", /memo/);
    given(started())
      .when("signal", make.signalRequest("s1", { input: largest }))
      .thenReplies({ runId: "run-1" });
    given(started())
      .when("signal", make.signalRequest("s1", { input: oversized }))
      .thenRejected("PayloadTooLarge");
    given(started()).when("terminate", { version: 1, details: oversized }).thenRejected("PayloadTooLarge");
  });

  it("may have two mebibytes in what an activity says", () => {
    const running = (): Scenario => given(started(), taskCompleted(make.scheduleActivity("a")), claimed(5));
    const token = make.taskToken(5);
    running()
      .when("respondActivity", make.completed(5, {}, largest))
      .thenReplies({ accepted: true });
    running()
      .when("respondActivity", make.completed(5, {}, oversized))
      .thenRejected("PayloadTooLarge");
    const nested = { ...make.failureOf("Outer"), cause: make.failureOf("Inner", { details: oversized }) };
    running().when("respondActivity", make.failed(5, nested)).thenRejected("PayloadTooLarge");
    running()
      .when("heartbeatActivity", { version: 1, taskToken: token, details: oversized })
      .thenRejected("PayloadTooLarge");
  });

  it.each<Command>([
    make.scheduleActivity("a", { input: oversized }),
    { commandType: "CompleteWorkflowExecution", result: oversized },
    { commandType: "CancelWorkflowExecution", details: oversized },
    { commandType: "FailWorkflowExecution", failure: make.failureOf("Big", { details: oversized }) },
  ])("beyond it in a command fail the task: $commandType", (command) => {
    given(started())
      .whenCompleted(command)
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }]);
  });
});

describe("ids", () => {
  const longest = "é".repeat(MAX_ID_BYTES / 2);

  it("may have a thousand bytes of UTF-8", () => {
    given()
      .when("start", make.startRequest({ workflowId: longest }))
      .thenReplies({ started: true });
    given()
      .when("start", make.startRequest({ workflowId: `${longest}!` }))
      .thenRejected("InvalidArgument", /workflowId/);
    given(started())
      .when("signal", make.signalRequest(`${longest}!`))
      .thenRejected("InvalidArgument", /requestId/);
    given(started())
      .whenCompleted(make.startTimer(`${longest}!`))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_START_TIMER_ATTRIBUTES" }]);
  });

  it.each(["", "line\nbreak", "\u007f", "\ud800", "\udc00x"])("must be proper text: %j", (id) => {
    for (const field of ["workflowId", "workflowType", "taskQueue", "requestId"])
      given()
        .when("start", make.startRequest({ [field]: id }))
        .thenRejected("InvalidArgument", new RegExp(field));
    given(started())
      .when("signal", make.signalRequest("s1", { signalName: id }))
      .thenRejected("InvalidArgument", /signalName/);
  });

  it("of namespaces have their own alphabet", () => {
    for (const namespace of ["", "a/b", "-a", "a b", "x".repeat(65)])
      given()
        .when("start", make.startRequest({ namespace }))
        .thenRejected("InvalidArgument", /namespace/);
    given()
      .when("start", make.startRequest({ namespace: "x".repeat(64) }))
      .thenReplies({ started: true });
  });
});

describe("the protocol version", () => {
  it("must be one the service knows, in every request from outside", () => {
    const version = 2 as unknown as 1;
    const scenario = given(started(), taskCompleted(make.scheduleActivity("a")), claimed(5));
    const requests: Partial<{ readonly [K in keyof Requests]: Requests[K] }> = {
      start: { ...make.startRequest({ requestId: "2" }), version },
      signal: { ...make.signalRequest("s"), version },
      requestCancel: { version, requestId: "c" },
      terminate: { version },
      claimActivity: { ...make.claimRequest(5), version },
      heartbeatActivity: { version, taskToken: make.taskToken(5) },
      respondActivity: { ...make.completed(5), version },
      respondActivityById: { version, activityId: "a", outcome: { kind: "completed" }, identity: "outside" },
      heartbeatActivityById: { version, activityId: "a" },
      reportDeadLetter: { version, runId: "run-1", scheduledEventId: 5, attempt: 1 },
    };
    for (const [kind, request] of Object.entries(requests))
      scenario.when(kind as keyof Requests, request).thenRejected("ProtocolVersionUnsupported");
    const { start, signal } = make.signalWithStartRequest("s");
    scenario
      .when("signalWithStart", { version: 1, start: { ...start, version }, signal, newRunId: "x" })
      .thenRejected("ProtocolVersionUnsupported");
    scenario
      .when("signalWithStart", { version: 1, start, signal: { ...signal, version }, newRunId: "x" })
      .thenRejected("ProtocolVersionUnsupported");
  });
});

describe("task tokens", () => {
  it("come back as they went, and nothing else is one", () => {
    const token = {
      namespace: "n",
      workflowId: "ключ/é%",
      runId: "r",
      scheduledEventId: 5,
      activityId: 'a"b',
      attempt: 2,
    };
    const text = make.taskToken(5, token);
    expect(text).toMatch(/^[\u0021-\u007e]+$/);
    expect(decodeTaskToken(text)).toEqual(token);
    const ofReset = { ...token, originalExecutionRunId: "r0" };
    expect(decodeTaskToken(make.taskToken(5, ofReset))).toEqual(ofReset);
    for (const wrong of [
      undefined,
      7,
      "",
      "hf1.",
      'hf1.["n","w","r",5,"a",1,2]',
      'hf1.["n","w","r",5,"a",1,"r0","r1"]',
      "hf1.%E0%A4%A",
      "hf1.[]",
      "hf2.x",
      'hf1.[1,"a","b",5,"c",1]',
      "hf1.null",
    ])
      expect(decodeTaskToken(wrong)).toBeUndefined();
  });
});

describe("counts", () => {
  it("of signals end at ten thousand, known ones excepted", () => {
    const scenario = given(started(), taskCompleted());
    scenario.run.signalCount = MAX_SIGNALS - 1;
    scenario.when("signal", make.signalRequest("last")).thenReplies({ runId: "run-1" });
    scenario.when("signal", make.signalRequest("one more")).thenRejected("ResourceExhausted");
    scenario.when("signalWithStart", make.signalWithStartRequest("one more")).thenRejected("ResourceExhausted");
    scenario.when("signal", make.signalRequest("last")).thenReplies({ runId: "run-1" }).thenNothing();
  });

  it("of open activities end at two thousand", () => {
    const some = Array.from({ length: MAX_PENDING_ACTIVITIES }, (_, index) => make.scheduleActivity(`a${index}`));
    given(started())
      .whenCompleted(...some)
      .thenReplies({ kept: true });
    given(started())
      .whenCompleted(...some, make.scheduleActivity("one more"))
      .thenEvents(["WorkflowTaskFailed", { cause: "PENDING_ACTIVITIES_LIMIT_EXCEEDED" }])
      .thenDispatches();
  });
});

describe("history", () => {
  const signal = make.signalRequest("s1");

  it("tells the workflow in good time to continue as new", () => {
    for (const [size, reasons] of [
      [{ events: SUGGEST_CONTINUE_AS_NEW_EVENTS - 3 }, undefined],
      [{ events: SUGGEST_CONTINUE_AS_NEW_EVENTS - 2 }, ["TOO_MANY_HISTORY_EVENTS"]],
      [{ bytes: SUGGEST_CONTINUE_AS_NEW_BYTES - 1 }, undefined],
      [{ bytes: SUGGEST_CONTINUE_AS_NEW_BYTES }, ["HISTORY_SIZE_TOO_LARGE"]],
    ] as const) {
      const last = grownTo(size).when("signal", signal).changes.events.at(-1);
      if (last?.eventType !== "WorkflowTaskStarted") throw new Error("the signal started no workflow task");
      expect(last.attributes.suggestContinueAsNew).toBe(reasons && true);
      expect(last.attributes.suggestContinueAsNewReasons).toEqual(reasons);
    }
  });

  it("tells it so before updates run out", () => {
    const { run } = given(started());
    for (const [count, reasons] of [
      [0.9 * MAX_UPDATES - 1, undefined],
      [0.9 * MAX_UPDATES, ["TOO_MANY_UPDATES"]],
    ] as const) {
      const accepted = Array.from(
        { length: count },
        (_, index) => [`u${index}`, { acceptedEventId: index + 5 }] as const,
      );
      const state = { ...run, updates: Object.fromEntries(accepted) };
      expect(taskStarted(state, 4).suggestContinueAsNewReasons).toEqual(reasons);
    }
  });

  it("that is too long or too large ends the run instead of starting another task", () => {
    grownTo({ events: MAX_HISTORY_EVENTS - 1 })
      .when("signal", signal)
      .thenEvents("WorkflowExecutionSignaled", [
        "WorkflowExecutionTerminated",
        { reason: "Workflow history count exceeds limit of 51200 events." },
      ]);
    grownTo({ events: MAX_HISTORY_EVENTS - 2 })
      .when("signal", signal)
      .thenEvents("WorkflowExecutionSignaled", "WorkflowTaskScheduled", "WorkflowTaskStarted");
    grownTo({ bytes: MAX_HISTORY_BYTES + 1 })
      .when("signal", signal)
      .thenEvents("WorkflowExecutionSignaled", [
        "WorkflowExecutionTerminated",
        { reason: "Workflow history size exceeds limit of 52428800 bytes." },
      ]);
  });

  it("gets nothing after such an end, though more is due", () => {
    // The activity nobody has claimed would be sent again by now.
    grownTo({ events: MAX_HISTORY_EVENTS }, passed(10_000))
      .whenTicked()
      .thenEvents("TimerFired", "TimerFired", "WorkflowExecutionTerminated")
      .thenDispatches();
  });
});
