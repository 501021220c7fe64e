// Every limit at its edge: the largest that is taken, the smallest that is refused, and that a refusal changes nothing.
import { describe, expect, it } from "vitest";

import type { Command } from "../../src/core/command.ts";
import { decide, type RequestKind, type Requests } from "../../src/core/decide.ts";
import { withinMessage } from "../../src/core/description-size.ts";
import { describeRun } from "../../src/core/description.ts";
import * as limits from "../../src/core/limits.ts";
import type { Payload, Payloads } from "../../src/core/payload.ts";
import type { RejectionCode } from "../../src/core/rejection.ts";
import { characters } from "../../src/core/text-size.ts";
import { encodeTaskToken } from "../../src/core/activity-task.ts";
import { type Scenario, type Step, claimed, given, started, taskCompleted, updateSent } from "./given.ts";
import * as make from "./requests.ts";

const { MAX_ID_BYTES, MAX_MEMO_BYTES, MAX_PAYLOADS_BYTES, MAX_SEARCH_ATTRIBUTES_BYTES } = limits;

/** A payload that decodes to this many bytes. */
function payload(count: number): Payload {
  const rest = count % 3;
  const tail = rest === 0 ? "" : rest === 1 ? "AA==" : "AAA=";
  return { data: "AAAA".repeat((count - rest) / 3) + tail };
}

function list(count: number): Payloads {
  return { payloads: [payload(count)] };
}

/** An id of this many bytes of UTF-8. */
function id(bytes: number): string {
  return "é".repeat(Math.floor(bytes / 2)) + "x".repeat(bytes % 2);
}

/** A map with one name of one character: its length counts. */
function map(bytes: number): { readonly fields: Readonly<Record<string, Payload>> } {
  return { fields: { m: payload(bytes - 1) } };
}

interface RequestLimit {
  readonly what: string;
  readonly given: readonly Step[];
  readonly kind: RequestKind;
  /** The request with so much of what is limited. */
  readonly request: (amount: number) => unknown;
  readonly limit: number;
  readonly code: RejectionCode;
}

const running: readonly Step[] = [started()];
const withActivity: readonly Step[] = [started(), taskCompleted(make.scheduleActivity("a")), claimed(5)];
const { start, signal } = make.signalWithStartRequest("s");

function of(
  what: string,
  steps: readonly Step[],
  kind: RequestKind,
  limit: number,
  code: RejectionCode,
  request: (amount: number) => unknown,
): RequestLimit {
  return { what, given: steps, kind, request, limit, code };
}

const PAYLOADS: readonly RequestLimit[] = [
  of("input of a start", [], "start", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.startRequest({ input: list(n) }),
  ),
  of("header of a start", [], "start", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.startRequest({ header: map(n) }),
  ),
  of("summary and details of a start", [], "start", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.startRequest({ userMetadata: { summary: payload(10), details: payload(n - 10) } }),
  ),
  of("memo of a start", [], "start", MAX_MEMO_BYTES, "PayloadTooLarge", (n) => make.startRequest({ memo: map(n) })),
  of("search attributes of a start", [], "start", MAX_SEARCH_ATTRIBUTES_BYTES, "PayloadTooLarge", (n) =>
    make.startRequest({ searchAttributes: { indexedFields: { a: payload(n - 1) } } }),
  ),
  of("input of a signal", running, "signal", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.signalRequest("s", { input: list(n) }),
  ),
  of("input of a signal with start", [], "signalWithStart", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) => ({
    version: 1,
    start,
    signal: { ...signal, input: list(n) },
    newRunId: "r",
  })),
  of("arguments of an update", running, "update", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.updateRequest("u", { args: list(n) }),
  ),
  of("details of a termination", running, "terminate", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) => ({
    version: 1,
    details: list(n),
  })),
  of("result of an activity", withActivity, "respondActivity", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.completed(5, {}, list(n)),
  ),
  of("failure of an activity", withActivity, "respondActivity", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) =>
    make.failed(5, {
      message: "x".repeat(n - 2),
      applicationFailureInfo: { type: "T", nonRetryable: true },
      source: "s",
    }),
  ),
  of("details of a heartbeat", withActivity, "heartbeatActivity", MAX_PAYLOADS_BYTES, "PayloadTooLarge", (n) => ({
    version: 1,
    taskToken: make.taskToken(5),
    details: list(n),
  })),
];

const IDS: readonly RequestLimit[] = [
  ...(["workflowId", "workflowType", "taskQueue", "requestId", "identity"] as const).map((field) =>
    of(`${field} of a start`, [], "start", MAX_ID_BYTES, "InvalidArgument", (n) =>
      make.startRequest({ [field]: id(n) }),
    ),
  ),
  ...(["signalName", "requestId", "identity"] as const).map((field) =>
    of(`${field} of a signal`, running, "signal", MAX_ID_BYTES, "InvalidArgument", (n) =>
      make.signalRequest("s", { [field]: id(n) }),
    ),
  ),
  of("identity of the signal of a signal with start", [], "signalWithStart", MAX_ID_BYTES, "InvalidArgument", (n) => ({
    version: 1,
    start,
    signal: { ...signal, identity: id(n) },
    newRunId: "r",
  })),
  ...(["updateId", "updateName", "identity"] as const).map((field) =>
    of(`${field} of an update`, running, "update", MAX_ID_BYTES, "InvalidArgument", (n) =>
      make.updateRequest("u", { [field]: id(n) }),
    ),
  ),
  of("reason of a termination", running, "terminate", MAX_ID_BYTES, "InvalidArgument", (n) => ({
    version: 1,
    reason: id(n),
  })),
  of("reason of a cancellation", running, "requestCancel", MAX_ID_BYTES, "InvalidArgument", (n) => ({
    version: 1,
    requestId: "c",
    reason: id(n),
  })),
  of(
    "identity of a claim",
    [started(), taskCompleted(make.scheduleActivity("a"))],
    "claimActivity",
    MAX_ID_BYTES,
    "InvalidArgument",
    (n) => ({
      ...make.claimRequest(5),
      identity: id(n),
    }),
  ),
  of("identity of a response", withActivity, "respondActivity", MAX_ID_BYTES, "InvalidArgument", (n) => ({
    ...make.completed(5),
    identity: id(n),
  })),
  of("namespace", [], "start", limits.MAX_NAMESPACE_CHARACTERS, "InvalidArgument", (n) =>
    make.startRequest({ namespace: "n".repeat(n) }),
  ),
  of("error types of a retry policy", [], "start", limits.MAX_ERROR_TYPES_CHARACTERS, "InvalidArgument", (n) =>
    make.startRequest({ retryPolicy: { nonRetryableErrorTypes: ["a", "b".repeat(n - 1)] } }),
  ),
];

describe.each([...PAYLOADS, ...IDS])("$what", ({ given: steps, kind, request, limit, code }) => {
  const ask = (amount: number) => given(...steps).when(kind, request(amount) as Requests[typeof kind]);

  it("is taken at the limit", () => {
    expect(ask(limit).decision).toMatchObject({ ok: true });
  });

  it("is refused beyond it, and nothing has changed", () => {
    const scenario = given(...steps);
    const before = JSON.stringify([scenario.state, scenario.events]);
    scenario.when(kind, request(limit + 1) as Requests[typeof kind]).thenRejected(code);
    expect(JSON.stringify([scenario.state, scenario.events])).toBe(before);
  });
});

describe("a command", () => {
  const big = (n: number): readonly (readonly [string, Command])[] => [
    ["input of an activity", make.scheduleActivity("a", { input: list(n) })],
    ["header of an activity", make.scheduleActivity("a", { header: map(n) })],
    ["summary of an activity", make.scheduleActivity("a", { userMetadata: { summary: payload(n) } })],
    ["summary of a timer", { ...make.startTimer("t"), userMetadata: { summary: payload(n) } }],
    ["input of a child", make.startChild("c", { input: list(n) })],
    ["memo of a child", make.startChild("c", { memo: map(n) })],
    ["input of a signal", make.signalExternal("w", { input: list(n) })],
    ["result", { commandType: "CompleteWorkflowExecution", result: list(n) }],
    ["failure", { commandType: "FailWorkflowExecution", failure: { message: "x".repeat(n) } }],
    ["details of a cancellation", { commandType: "CancelWorkflowExecution", details: list(n) }],
    ["details of a marker", { commandType: "RecordMarker", markerName: "m", details: { d: list(n - 1) } }],
  ];

  it.each(big(MAX_PAYLOADS_BYTES))("may carry two mebibytes: %s", (_, command) => {
    given(started()).whenCompleted(command).thenReplies({ kept: true });
  });

  it.each(big(MAX_PAYLOADS_BYTES + 1))("may carry no more, or its task fails and nothing else: %s", (_, command) => {
    given(started())
      .whenCompleted(make.startTimer("before"), command)
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }])
      .thenDispatches();
  });
});

describe("a workflow task", () => {
  const activities = (count: number, bytes: number): readonly Command[] =>
    Array.from({ length: count }, (_, index) => make.scheduleActivity(`a${index}`, { input: list(bytes) }));

  it("may answer with what fits a message, however many commands that are", () => {
    const commands = activities(8, MAX_PAYLOADS_BYTES);
    const last = (length: number): Command =>
      make.scheduleActivity("last", { input: { payloads: [{ data: "A".repeat(length) }] } });
    const room = limits.MAX_MESSAGE_CHARACTERS - characters([...commands, last(0)]);
    given(started())
      .whenCompleted(...commands, last(room))
      .thenReplies({ kept: true });
    given(started())
      .whenCompleted(...commands, last(room + 1))
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }])
      .thenDispatches();
  });

  it("has failed with what it failed with, unless that is too large to keep", () => {
    const fail = (bytes: number) => {
      const scenario = given(started());
      const failure = { message: "x".repeat(bytes) };
      const cause = "WORKFLOW_WORKER_UNHANDLED_FAILURE";
      return scenario.when("failWorkflowTask", { ...scenario.task, cause, failure, identity: "w" }).changes.events[0];
    };
    const message = (bytes: number) => {
      const event = fail(bytes);
      return event?.eventType === "WorkflowTaskFailed" ? (event.attributes.failure?.message ?? "") : "";
    };
    expect(message(MAX_PAYLOADS_BYTES)).toHaveLength(MAX_PAYLOADS_BYTES);
    expect(message(MAX_PAYLOADS_BYTES + 1)).toMatch(/2097153 bytes is over the limit of 2097152/);
  });
});

describe("what is open at once", () => {
  const two = limits.MAX_PENDING_ACTIVITIES;
  it.each([
    [
      "activities",
      limits.MAX_PENDING_ACTIVITIES,
      (i: number) => make.scheduleActivity(`a${i}`),
      "PENDING_ACTIVITIES_LIMIT_EXCEEDED",
    ],
    [
      "children",
      limits.MAX_PENDING_CHILD_WORKFLOWS,
      (i: number) => make.startChild(`c${i}`),
      "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED",
    ],
    [
      "signals",
      limits.MAX_PENDING_SIGNALS,
      (i: number) => make.signalExternal(`w${i}`),
      "PENDING_SIGNALS_LIMIT_EXCEEDED",
    ],
    [
      "cancellations",
      limits.MAX_PENDING_CANCELS,
      (i: number) => make.cancelExternal(`w${i}`),
      "PENDING_REQUEST_CANCEL_LIMIT_EXCEEDED",
    ],
  ] as const)("%s: two thousand, over all tasks", (_, limit, command, cause) => {
    expect(limit).toBe(two);
    const some = (from: number, to: number) => Array.from({ length: to - from }, (__, index) => command(from + index));
    const nearly = (): Scenario => given(started(), taskCompleted(...some(0, limit - 1)));
    const again = (scenario: Scenario): Scenario => {
      scenario.take("signal", make.signalRequest("again"));
      return scenario;
    };
    again(nearly()).whenCompleted(command(limit)).thenReplies({ kept: true });
    again(nearly())
      .whenCompleted(command(limit), command(limit + 1))
      .thenReplies({ kept: false })
      .thenEvents(["WorkflowTaskFailed", { cause }])
      .thenDispatches();
  });

  it("updates: ten in flight, two thousand in all", () => {
    const ten = Array.from({ length: limits.MAX_UPDATES_IN_FLIGHT }, (_, index) => `u${index}`);
    const full = given(started(), taskCompleted(), ...ten.map((updateId) => updateSent(updateId)));
    full.when("update", make.updateRequest("one more")).thenRejected("ResourceExhausted", /10 updates/);
    const { run, nowMs } = given(started(), taskCompleted());
    const taken = (count: number): typeof run => ({
      ...run,
      updates: Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`past-${index}`, { acceptedEventId: 1, completedEventId: 1 }]),
      ),
    });
    const request = make.updateRequest("u");
    expect(decide(taken(limits.MAX_UPDATES - 1), "update", request, nowMs)).toMatchObject({ ok: true });
    expect(decide(taken(limits.MAX_UPDATES), "update", request, nowMs)).toMatchObject({
      ok: false,
      rejection: { code: "ResourceExhausted", message: expect.stringContaining("2000 updates") },
    });
  });
});

describe("a history that grows while a task is with the worker", () => {
  const signalOf = (index: number) => make.signalRequest(`s${index}`, { input: list(MAX_PAYLOADS_BYTES) });

  it("ends its run as soon as what waits is too much, and has all of it", () => {
    const scenario = given(started());
    let count = 0;
    while (scenario.run.status === "RUNNING") {
      scenario.when("signal", signalOf(count)).thenReplies({});
      count += 1;
    }
    // Two mebibytes are 2.67 of base64: nineteen are below fifty mebibytes, what comes with them excepted.
    expect(count).toBe(Math.ceil(limits.MAX_HISTORY_BYTES / ((MAX_PAYLOADS_BYTES / 3) * 4)));
    expect(scenario.events.filter((event) => event.eventType === "WorkflowExecutionSignaled")).toHaveLength(count);
    const [failed] = scenario.events.filter((event) => event.eventType === "WorkflowTaskFailed");
    expect(failed?.attributes).toMatchObject({ cause: "FORCE_CLOSE_COMMAND" });
    expect(scenario.events.at(-1)).toMatchObject({
      eventType: "WorkflowExecutionTerminated",
      attributes: { reason: "Workflow history size exceeds limit of 52428800 bytes." },
    });
  });

  it("counts what waits among its events", () => {
    const { run, nowMs } = given(started());
    const request = make.signalRequest("s");
    const last = decide({ ...run, nextEventId: limits.MAX_HISTORY_EVENTS }, "signal", request, nowMs);
    expect(last.ok && [last.changes.events.length, last.changes.buffered.length]).toEqual([0, 1]);
    const over = decide({ ...run, nextEventId: limits.MAX_HISTORY_EVENTS + 1 }, "signal", request, nowMs);
    expect(over.ok && over.changes.events.map((event) => event.eventType)).toEqual([
      "WorkflowTaskFailed",
      "WorkflowExecutionSignaled",
      "WorkflowExecutionTerminated",
    ]);
    expect(over.ok && over.changes.events.at(-1)?.attributes).toMatchObject({
      reason: "Workflow history count exceeds limit of 51200 events.",
    });
  });
});

describe("what the platform carries", () => {
  const longest = { namespace: "n".repeat(64), workflowId: `"\\`.repeat(MAX_ID_BYTES / 2) };

  it("takes a hundred queue messages with the longest ids: below 128 KB each, 256 KB together", () => {
    const runId = crypto.randomUUID();
    const message = { version: 1, ...longest, runId, scheduledEventId: limits.MAX_HISTORY_EVENTS, attempt: 2 ** 31 };
    const bytes = new TextEncoder().encode(JSON.stringify(message)).length + 100;
    expect(bytes).toBeLessThan(128_000);
    expect(bytes * 100).toBeLessThan(256_000);
  });

  it("takes task tokens with the longest ids in an address", () => {
    const token = encodeTaskToken({
      ...longest,
      runId: crypto.randomUUID(),
      scheduledEventId: limits.MAX_HISTORY_EVENTS,
      activityId: `"\\`.repeat(MAX_ID_BYTES / 2),
      attempt: 2 ** 31,
    });
    expect(encodeURIComponent(token).length).toBeLessThan(32_000);
  });

  it("describes a run whose activities have said more than a message holds", () => {
    const count = 12;
    const some = Array.from({ length: count }, (_, index) => make.scheduleActivity(`a${index}`));
    const scenario = given(started(), taskCompleted(...some));
    for (let index = 0; index < count; index += 1) {
      const scheduledEventId = 5 + index;
      claimed(scheduledEventId)(scenario);
      const taskToken = make.taskToken(scheduledEventId, { activityId: `a${index}` });
      scenario.when("heartbeatActivity", { version: 1, taskToken, details: list(MAX_PAYLOADS_BYTES) }).thenReplies({});
    }
    const described = withinMessage(describeRun(scenario.run, scenario.nowMs));
    expect(described.pendingActivities).toHaveLength(count);
    expect(characters(described)).toBeLessThanOrEqual(limits.MAX_MESSAGE_CHARACTERS);
    const told = described.pendingActivities.filter((activity) => activity.heartbeatDetails);
    expect(told.length).toBe(8);
  });
});
