import { describe, expect, test } from "vitest";

import {
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  decodeValues,
  encodeSearchAttributes,
  encodeValues,
  type PayloadChannel,
  PayloadEncoding,
} from "../../src/codec/index.ts";
import type { StartRequest, WorkflowExecutionDescription } from "../../src/core/protocol.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  defineSearchAttributeKey,
  PayloadTooLargeError,
  SearchAttributeType,
  ServiceError,
  ValueError,
  WorkflowExecutionAlreadyStartedError,
} from "../../src/sdk/client/index.ts";
import { dataConverter, encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const started = accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true });

async function transfer(order: { readonly amountCents: number }): Promise<string> {
  return `moved ${order.amountCents}`;
}

const order = { amountCents: 100 };

const description: WorkflowExecutionDescription = {
  namespace: "default",
  workflowId: WORKFLOW_ID,
  runId: "run-1",
  firstExecutionRunId: "run-1",
  originalExecutionRunId: "run-1",
  workflowType: "transfer",
  taskQueue: "default",
  status: "RUNNING",
  startTimeMs: 1,
  executionTimeMs: 1,
  historyLength: 3,
  historySizeBytes: 3,
  pendingChildren: [],
  cancelRequested: false,
  pendingActivities: [],
  pendingTimers: [],
};

function userMetadataOf(request: StartRequest | undefined) {
  return request?.userMetadata ? { userMetadata: request.userMetadata } : {};
}

describe("start", () => {
  test("sends what the service needs, with arguments and memo encrypted", async () => {
    const { client, service } = scriptedClient({ start: [started] });
    const handle = await client.workflow.start(transfer, {
      workflowId: WORKFLOW_ID,
      taskQueue: "transfers",
      args: [order],
      memo: { customer: "alice" },
      workflowExecutionTimeout: "1 day",
      workflowRunTimeout: 60_000,
      workflowTaskTimeout: "10s",
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      workflowIdConflictPolicy: "USE_EXISTING",
    });

    expect(handle.workflowId).toBe(WORKFLOW_ID);
    expect(handle.firstExecutionRunId).toBe("run-1");
    const [request] = service.requests("start");
    expect(request).toMatchObject({
      version: 1,
      namespace: "default",
      workflowId: WORKFLOW_ID,
      workflowType: "transfer",
      taskQueue: "transfers",
      workflowExecutionTimeoutMs: 86_400_000,
      workflowRunTimeoutMs: 60_000,
      workflowTaskTimeoutMs: 10_000,
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      workflowIdConflictPolicy: "USE_EXISTING",
      requestId: "id-1",
      identity: "holdfast-client",
    });
    expect(JSON.stringify(request)).not.toContain(btoa("alice"));
    expect(await decodeValues(encoding, { kind: "workflow-input" }, request?.input)).toEqual([order]);
    expect(Object.keys(request?.memo?.fields ?? {})).toEqual(["customer"]);
  });

  test("tells whether the first workflow task has left with it, as an older service does not", async () => {
    const eager = accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true, eagerlyStarted: true });
    const { client } = scriptedClient({ start: [eager, started] });
    const options = { workflowId: WORKFLOW_ID, args: [order], requestEagerStart: true } as const;
    expect((await client.workflow.start(transfer, options)).eagerlyStarted).toBe(true);
    expect((await client.workflow.start(transfer, options)).eagerlyStarted).toBe(false);
  });

  test("leaves out what was not given; the task queue is the default one", async () => {
    const { client, service } = scriptedClient({ start: [started] });
    await client.workflow.start("ping", { workflowId: WORKFLOW_ID });
    expect(service.requests("start")).toEqual([
      {
        version: 1,
        namespace: "default",
        workflowId: WORKFLOW_ID,
        workflowType: "ping",
        taskQueue: "default",
        requestId: "id-1",
        identity: "holdfast-client",
      },
    ]);
  });

  test("a start whose answer was lost is sent again as the very same request", async () => {
    const lost = transportError("killed", { durableObjectReset: true });
    const { client, service, delaysMs } = scriptedClient({ start: [lost, lost, started] });
    await client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    const [first, second, third] = service.requests("start");
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(delaysMs).toHaveLength(2);
  });

  test("two starts are two requests", async () => {
    const { client, service } = scriptedClient({ start: [started] });
    await client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    const ids = service.requests("start").map((request) => request.requestId);
    expect(new Set(ids).size).toBe(2);
  });

  test("an overloaded object is not asked again", async () => {
    const overloaded = transportError("Too many requests queued", { overloaded: true, retryable: true });
    const { client, service } = scriptedClient({ start: [overloaded, started] });
    const attempt = client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await expect(attempt).rejects.toBeInstanceOf(ServiceError);
    await expect(attempt).rejects.toMatchObject({ code: undefined, cause: overloaded });
    expect(service.requests("start")).toHaveLength(1);
  });

  test("a service out of reach ends as a ServiceError after a bounded number of tries", async () => {
    const { client, service } = scriptedClient({ start: [new Error("Network connection lost.")] });
    const attempt = client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await expect(attempt).rejects.toThrow("The service could not be reached: Network connection lost.");
    expect(service.requests("start")).toHaveLength(8);
  });

  test("a taken workflow id is an error with its name and fields", async () => {
    const taken = rejected("WorkflowAlreadyStarted", "in the way", { runId: "run-0" });
    const { client } = scriptedClient({ start: [taken] });
    const attempt = client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await expect(attempt).rejects.toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    await expect(attempt).rejects.toMatchObject({
      name: "WorkflowExecutionAlreadyStartedError",
      message: "Workflow execution already started",
      workflowId: WORKFLOW_ID,
      workflowType: "transfer",
    });
  });

  test.each([
    ["InvalidArgument", ValueError],
    ["PayloadTooLarge", PayloadTooLargeError],
    ["ResourceExhausted", ServiceError],
    ["ProtocolVersionUnsupported", ServiceError],
  ] as const)("the rejection %s is an error of its class", async (code, expected) => {
    const { client } = scriptedClient({ start: [rejected(code, "the reason")] });
    const attempt = client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await expect(attempt).rejects.toBeInstanceOf(expected);
    await expect(attempt).rejects.toThrow("the reason");
  });

  test("a rejection that this client does not know still is an error with its text", async () => {
    const unknown = { ok: false, rejection: { code: "NamespaceFrozen", message: "thaw it first" } } as never;
    const { client } = scriptedClient({ start: [unknown] });
    const attempt = client.workflow.start(transfer, { workflowId: WORKFLOW_ID, args: [order] });
    await expect(attempt).rejects.toThrow("NamespaceFrozen: thaw it first");
  });
});

describe("the options of a start", () => {
  const customerId = defineSearchAttributeKey("CustomerId", SearchAttributeType.KEYWORD);

  test("search attributes travel in clear, with their types; the typed ones win", async () => {
    const { client, service } = scriptedClient({ start: [started] });
    await client.workflow.start("transfer", {
      workflowId: WORKFLOW_ID,
      typedSearchAttributes: [{ key: customerId, value: "c-17" }],
      searchAttributes: { CustomerId: ["other"], Amount: [5] },
    });
    const [request] = service.requests("start");
    expect(decodeSearchAttributes(request?.searchAttributes)).toEqual({ CustomerId: ["c-17"], Amount: [5] });
    expect(decodeTypedSearchAttributes(request?.searchAttributes).get(customerId)).toBe("c-17");
  });

  test("summary and details travel encrypted, and describe gives them back", async () => {
    const { client, service } = scriptedClient({
      start: [started],
      describe: [() => accepted({ ...description, ...userMetadataOf(service.requests("start")[0]) })],
    });
    const handle = await client.workflow.start("transfer", {
      workflowId: WORKFLOW_ID,
      staticSummary: "For Alice",
      staticDetails: "**All** of it",
    });
    expect(JSON.stringify(service.requests("start"))).not.toContain(btoa('"For Alice"'));
    const described = await handle.describe();
    expect(await described.staticSummary()).toBe("For Alice");
    expect(await described.staticDetails()).toBe("**All** of it");
  });

  test("a child's summary is its parent's, and is read as such", async () => {
    const parent = { namespace: "default", workflowId: "parent-1", runId: "run-p", initiatedEventId: 5 };
    const ofParent = new PayloadEncoding(dataConverter, parent);
    const channel: PayloadChannel = {
      kind: "user-metadata",
      runId: "run-p",
      subject: `child/${WORKFLOW_ID}`,
      part: "summary",
    };
    const [summary] = (await encodeValues(ofParent, channel, ["From above"]))?.payloads ?? [];
    const root = { workflowId: "root-1", runId: "run-r" };
    const { client } = scriptedClient({
      describe: [accepted({ ...description, parent, root, userMetadata: summary ? { summary } : {} })],
    });
    const described = await client.workflow.getHandle(WORKFLOW_ID).describe();
    expect(await described.staticSummary()).toBe("From above");
    expect(await described.staticDetails()).toBeUndefined();
    expect(described.parentExecution).toEqual({ namespace: "default", workflowId: "parent-1", runId: "run-p" });
    expect(described.rootExecution).toEqual(root);
  });

  test("search attributes come back from describe, typed and untyped", async () => {
    const searchAttributes = encodeSearchAttributes([{ key: customerId, value: "c-17" }]);
    const { client } = scriptedClient({
      describe: [accepted({ ...description, ...(searchAttributes ? { searchAttributes } : {}) })],
    });
    const described = await client.workflow.getHandle(WORKFLOW_ID).describe();
    expect(described.searchAttributes).toEqual({ CustomerId: ["c-17"] });
    expect(described.typedSearchAttributes.get(customerId)).toBe("c-17");
  });

  test("a cron schedule and a start delay say when", async () => {
    const { client, service } = scriptedClient({ start: [started], signalWithStart: [started] });
    await client.workflow.start("transfer", { workflowId: WORKFLOW_ID, cronSchedule: "TZ=Europe/Zurich 0 8 * * mon" });
    await client.workflow.start("transfer", { workflowId: WORKFLOW_ID, startDelay: "2 minutes" });
    const options = { workflowId: WORKFLOW_ID, startDelay: 500, signal: "approve" };
    await client.workflow.signalWithStart("transfer", options);
    expect(service.requests("start")).toMatchObject([
      { cronSchedule: "TZ=Europe/Zurich 0 8 * * mon" },
      { startDelayMs: 120_000 },
    ]);
    expect(service.requests("signalWithStart")[0]?.start).toMatchObject({ startDelayMs: 500 });
  });

  test("a retry policy is compiled", async () => {
    const { client, service } = scriptedClient({ start: [started] });
    await client.workflow.start("transfer", {
      workflowId: WORKFLOW_ID,
      retry: { initialInterval: "2 seconds", maximumAttempts: 3 },
    });
    expect(service.requests("start")[0]?.retryPolicy).toEqual({ initialIntervalMs: 2_000, maximumAttempts: 3 });
  });
});

describe("malformed options are refused before any object is addressed", () => {
  test.each([
    ["an empty workflow id", { workflowId: "" }],
    ["a workflow id with control characters", { workflowId: "a\u0000b" }],
    ["a workflow id that is too long", { workflowId: "x".repeat(1_001) }],
    ["an empty task queue", { workflowId: "a", taskQueue: "" }],
    ["a negative timeout", { workflowId: "a", workflowRunTimeout: -1 }],
    ["an unknown policy", { workflowId: "a", workflowIdReusePolicy: "SOMETIMES" as never }],
    ["a cron schedule of six fields", { workflowId: "a", cronSchedule: "0 0 * * * *" }],
    ["a cron schedule with a start delay", { workflowId: "a", cronSchedule: "@daily", startDelay: 1_000 }],
    ["a negative start delay", { workflowId: "a", startDelay: -1 }],
    ["a retry policy without attempts", { workflowId: "a", retry: { maximumAttempts: 0 } }],
    ["search attributes of two types", { workflowId: "a", searchAttributes: { A: ["a", 1] as never } }],
  ])("%s", async (_what, options) => {
    const { client, service } = scriptedClient({ start: [started] });
    await expect(client.workflow.start("transfer", options)).rejects.toBeInstanceOf(ValueError);
    expect(service.calls).toEqual([]);
  });

  test("a malformed namespace", () => {
    expect(() => scriptedClient({}, { namespace: "a/b" })).toThrow(ValueError);
  });

  test("a handle of a malformed id", () => {
    const { client } = scriptedClient({});
    expect(() => client.workflow.getHandle("")).toThrow("workflowId must not be empty");
    expect(() => client.workflow.getHandle("a", "\n")).toThrow("runId");
  });
});

describe("signalWithStart", () => {
  test("sends both parts with request ids of their own, each bound to its place", async () => {
    const { client, service } = scriptedClient({ signalWithStart: [started] });
    const handle = await client.workflow.signalWithStart(transfer, {
      workflowId: WORKFLOW_ID,
      args: [order],
      signal: "approve",
      signalArgs: ["carol"],
    });
    expect(handle.signaledRunId).toBe("run-1");
    const [request] = service.requests("signalWithStart");
    expect(request?.start.requestId).not.toBe(request?.signal.requestId);
    const channel = { kind: "signal", signalName: "approve", requestId: request?.signal.requestId ?? "" } as const;
    expect(await decodeValues(encoding, channel, request?.signal.input)).toEqual(["carol"]);
  });
});
