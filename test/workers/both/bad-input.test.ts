/** Whatever is wrong gets a typed error that says what to do, and nothing is half-written. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { encodeTaskToken } from "../../../src/core/activity-task.ts";
import { EncryptionKeyMissingError, PayloadDecryptionError } from "../../../src/codec/index.ts";
import { QueryNotRegisteredError, QueryRejectedError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import { holdfast } from "../fixtures/application.ts";
import {
  addNumber,
  currentSum,
  failingQuery,
  nothing,
  returnsInput,
  returnsTooMuch,
  sums,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf, until } from "./kit.ts";

describe("names and ids", () => {
  it("keeps retrying a workflow type nobody exports, and says so in describe", async () => {
    const workflowId = freshId("unknown-type");
    const handle = await client.workflow.start("noSuchWorkflow", { workflowId });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(reply.ok && reply.value.pendingWorkflowTask?.lastFailureCause).toBe("WORKFLOW_WORKER_UNHANDLED_FAILURE");
    expect((await eventTypes(workflowId)).filter((type) => type === "WorkflowTaskFailed")).toHaveLength(1);
    // The code was at fault, not the worker: the failure is what the worker reported.
    const failure = reply.ok ? reply.value.pendingWorkflowTask?.lastFailure : undefined;
    expect(failure).toMatchObject({ source: "HoldfastSDK", message: "Encoded failure" });
    await handle.terminate("the test is over");
  });

  it.each([
    ["an empty workflow id", ""],
    ["a workflow id over the limit", "x".repeat(1_001)],
    ["a workflow id with a control character", "a\u0000b"],
    ["a workflow id that is not well-formed", "\ud800"],
  ])("refuses %s before any object is addressed", async (_what, workflowId) => {
    const error = await rejectionOf(client.workflow.start(nothing, { workflowId }));
    expect(error.message).toContain("workflowId");
  });

  it("refuses malformed requests that reach the service, writing nothing", async () => {
    const workflowId = freshId("malformed");
    const request = {
      version: 1,
      namespace: "default",
      workflowId,
      workflowType: "nothing",
      taskQueue: "default",
      requestId: "r",
    } as const;
    const replies = [
      await objectOf(workflowId).start({ ...request, workflowType: "" }),
      await objectOf(workflowId).start({ ...request, namespace: "a/b" }),
      await objectOf(workflowId).start({ ...request, workflowRunTimeoutMs: -1 }),
    ];
    for (const reply of replies) expect(reply).toMatchObject({ ok: false, rejection: { code: "InvalidArgument" } });
    const other = await objectOf(workflowId).start({ ...request, version: 2 as 1 });
    expect(other).toMatchObject({ ok: false, rejection: { code: "ProtocolVersionUnsupported" } });
    expect(await objectOf(workflowId).describe({ version: 1 })).toMatchObject({
      ok: false,
      rejection: { code: "WorkflowNotFound" },
    });
  });

  it("says that a workflow does not exist", async () => {
    const handle = client.workflow.getHandle(freshId("never-started"));
    expect(await rejectionOf(handle.describe())).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(handle.signal(addNumber, 1))).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(handle.result())).toBeInstanceOf(WorkflowNotFoundError);
  });
});

describe("queries", () => {
  it("says which queries are registered", async () => {
    const handle = await client.workflow.start(sums, { workflowId: freshId("queries") });
    const error = await rejectionOf(handle.query("noSuchQuery"));
    expect(error).toBeInstanceOf(QueryNotRegisteredError);
    expect(error.message).toContain("currentSum");
  });

  it("passes on what a query handler throws, and the workflow goes on", async () => {
    const handle = await client.workflow.start(sums, { workflowId: freshId("failing-query") });
    const error = await rejectionOf(handle.query(failingQuery));
    expect(error.cause).toMatchObject({ message: "the sum is 0" });
    expect(await handle.query(currentSum)).toBe(0);
  });

  it("rejects by status when asked to", async () => {
    const workflowId = freshId("query-rejected");
    await client.workflow.execute(nothing, { workflowId });
    const reply = await objectOf(workflowId).query({
      version: 1,
      queryId: "q",
      queryType: "anything",
      rejectCondition: "NOT_OPEN",
    });
    expect(reply).toMatchObject({ ok: false, rejection: { code: "QueryRejected", status: "COMPLETED" } });
    expect(QueryRejectedError).toBeDefined();
  });
});

describe("payloads", () => {
  it("refuses input over the limit and starts nothing", async () => {
    const workflowId = freshId("too-large");
    const start = client.workflow.start(returnsInput, { workflowId, args: ["x".repeat(3 * 1024 * 1024)] });
    expect((await rejectionOf(start)).message).toMatch(/limit/);
    expect(await objectOf(workflowId).describe({ version: 1 })).toMatchObject({ ok: false });
  });

  it("takes input just below the limit, across several rows", async () => {
    const workflowId = freshId("large");
    const text = "x".repeat(2 * 1024 * 1024 - 1024);
    expect(await client.workflow.execute(returnsInput, { workflowId, args: [text] })).toBe(text);
  });

  it("fails the task, not the workflow, when a result is over the limit", async () => {
    const workflowId = freshId("result-too-large");
    const handle = await client.workflow.start(returnsTooMuch, { workflowId });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(reply.ok && reply.value.pendingWorkflowTask?.lastFailureCause).toBe("PAYLOADS_TOO_LARGE");
    expect(reply.ok && reply.value.status).toBe("RUNNING");
    await handle.terminate();
  });
});

describe("keys", () => {
  it("refuses to start work without a key and says what to set", () => {
    const keyless = { ...env, HOLDFAST_ENCRYPTION_KEYS: "" };
    expect(() => holdfast.createClient(keyless, createExecutionContext())).toThrow(EncryptionKeyMissingError);
    expect(() => holdfast.createClient(keyless, createExecutionContext())).toThrow("HOLDFAST_ENCRYPTION_KEYS");
  });

  it("cannot read a result with another key", async () => {
    const workflowId = freshId("other-key");
    await client.workflow.execute(returnsInput, { workflowId, args: ["secret"] });
    const otherKey = { ...env, HOLDFAST_ENCRYPTION_KEYS: "test:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=" };
    const stranger = holdfast.createClient(otherKey, createExecutionContext());
    expect(await rejectionOf(stranger.workflow.getHandle(workflowId).result())).toBeInstanceOf(PayloadDecryptionError);
  });

  it("does not run a workflow on input that was altered or moved", async () => {
    const source = freshId("source");
    await client.workflow.execute(returnsInput, { workflowId: source, args: ["for another workflow"] });
    const history = await objectOf(source).history({ version: 1 });
    const [started] = history.ok ? history.value.events : [];
    const input = started?.eventType === "WorkflowExecutionStarted" ? started.attributes.input : undefined;
    if (!input) throw new Error("the started event has no input");
    const workflowId = freshId("moved");
    await objectOf(workflowId).start({
      version: 1,
      namespace: "default",
      workflowId,
      workflowType: "returnsInput",
      taskQueue: "default",
      input,
      requestId: "moved",
    });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    expect(reply.ok && reply.value.status).toBe("RUNNING");
    await client.workflow.getHandle(workflowId).terminate();
  });
});

describe("task tokens", () => {
  it("refuses a token from another run, a stale one and nonsense", async () => {
    const workflowId = freshId("tokens");
    const handle = await client.workflow.start(sums, { workflowId });
    const token = encodeTaskToken({
      namespace: "default",
      workflowId,
      runId: crypto.randomUUID(),
      scheduledEventId: 5,
      activityId: "1",
      attempt: 1,
    });
    const respond = async (taskToken: string) =>
      await objectOf(workflowId).respondActivity({
        version: 1,
        taskToken,
        outcome: { kind: "completed" },
        identity: "test",
      });
    expect(await respond(token)).toMatchObject({ ok: false, rejection: { code: "ActivityNotFound" } });
    expect(await respond("nonsense")).toMatchObject({ ok: false, rejection: { code: "InvalidArgument" } });
    // At rest, so that only the refused response could add an event.
    const before = await until(
      async () => await eventTypes(workflowId),
      (types) => types.at(-1) === "WorkflowTaskCompleted",
    );
    await respond(token);
    expect(await eventTypes(workflowId)).toEqual(before);
    await handle.terminate();
  });
});
