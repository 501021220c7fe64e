// What an operator does through a client: pausing, and the control of activities. What of it is sent, what comes back.
import { describe, expect, test } from "vitest";

import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  ActivityNotFoundError,
  type ActivityOptionsUpdate,
  QueryRejectedError,
  ServiceError,
  ValueError,
  WorkflowNotFoundError,
} from "../../src/sdk/client/index.ts";
import { scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const lost = transportError("Network connection lost.", { retryable: true });
const done = accepted({ runId: "run-1", activityIds: ["1", "2"] });
const options = {
  taskQueue: "transfers",
  scheduleToCloseTimeoutMs: 0,
  scheduleToStartTimeoutMs: 0,
  startToCloseTimeoutMs: 90_000,
  heartbeatTimeoutMs: 0,
  retryPolicy: { initialIntervalMs: 500, backoffCoefficient: 2, maximumIntervalMs: 50_000, maximumAttempts: 0 },
};
const changed = accepted({ runId: "run-1", activityIds: ["1"], options });
const notFound = rejected("ActivityNotFound", "no activity with the id '1' is open in run run-1");

describe("pausing a workflow", () => {
  test("names the chain of runs it started, and keeps its request id over its tries", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      pause: [lost, accepted({ runId: "run-1" })],
      unpause: [accepted({ runId: "run-1" })],
    });
    const handle = await client.workflow.start("transfer", { workflowId: WORKFLOW_ID });
    await handle.pause("the bank is down");
    await handle.unpause();
    const [first, second] = service.requests("pause");
    expect(second).toEqual(first);
    expect(first).toMatchObject({ version: 1, firstExecutionRunId: "run-1", reason: "the bank is down" });
    expect(service.requests("unpause")[0]).toMatchObject({ version: 1, firstExecutionRunId: "run-1" });
    expect(service.requests("unpause")[0]).not.toHaveProperty("reason");
    expect(service.requests("unpause")[0]?.requestId).not.toBe(first?.requestId);
  });

  test("that is paused already is a ServiceError that says so", async () => {
    const { client } = scriptedClient({ pause: [rejected("FailedPrecondition", "is paused already")] });
    const error = client.workflow.getHandle(WORKFLOW_ID).pause();
    await expect(error).rejects.toBeInstanceOf(ServiceError);
    await expect(error).rejects.toMatchObject({ code: "FailedPrecondition", message: "is paused already" });
  });

  test("makes queries a QueryRejectedError", async () => {
    const { client } = scriptedClient({ query: [rejected("QueryRejected", "paused", { status: "PAUSED" })] });
    const error = client.workflow.getHandle(WORKFLOW_ID).query("balance");
    await expect(error).rejects.toBeInstanceOf(QueryRejectedError);
    await expect(error).rejects.toMatchObject({ status: "PAUSED" });
  });
});

describe("a handle of an activity", () => {
  test("sends what it is asked for", async () => {
    const { client, service } = scriptedClient({
      pauseActivity: [done],
      unpauseActivity: [done],
      resetActivity: [done],
      updateActivityOptions: [changed],
    });
    const activity = client.workflow.getHandle(WORKFLOW_ID, "run-1").activity("1");
    const meant = { version: 1, runId: "run-1", activity: { kind: "id", activityId: "1" } };
    expect(await activity.pause({ reason: "why" })).toBeUndefined();
    expect(await activity.unpause({ resetAttempts: true, resetHeartbeat: true })).toBeUndefined();
    expect(
      await activity.reset({ resetHeartbeat: true, keepPaused: true, restoreOriginalOptions: true }),
    ).toBeUndefined();
    await activity.restoreOriginalOptions();
    expect(service.requests("pauseActivity")[0]).toMatchObject({ ...meant, reason: "why" });
    expect(service.requests("unpauseActivity")[0]).toMatchObject({
      ...meant,
      resetAttempts: true,
      resetHeartbeat: true,
    });
    const flags = { resetHeartbeat: true, keepPaused: true, restoreOriginalOptions: true };
    expect(service.requests("resetActivity")[0]).toMatchObject({ ...meant, ...flags });
    expect(service.requests("updateActivityOptions")[0]).toMatchObject({ ...meant, restoreOriginal: true });
  });

  test("leaves out what is not asked for", async () => {
    const { client, service } = scriptedClient({ unpauseActivity: [done], resetActivity: [done] });
    const activity = client.workflow.getHandle(WORKFLOW_ID).activity("1");
    await activity.unpause();
    await activity.reset({ keepPaused: false });
    const fields = ["activity", "identity", "version"];
    expect(Object.keys(service.requests("unpauseActivity")[0] ?? {}).toSorted()).toEqual(fields);
    expect(Object.keys(service.requests("resetActivity")[0] ?? {}).toSorted()).toEqual(fields);
  });

  test.each<[ActivityOptionsUpdate, object]>([
    [{ taskQueue: "others" }, { taskQueue: "others" }],
    [
      { startToCloseTimeout: "5 minutes", heartbeatTimeout: 100 },
      { startToCloseTimeoutMs: 300_000, heartbeatTimeoutMs: 100 },
    ],
    [
      { scheduleToCloseTimeout: null, scheduleToStartTimeout: null },
      { scheduleToCloseTimeoutMs: 0, scheduleToStartTimeoutMs: 0 },
    ],
    [
      { retry: { maximumAttempts: 3, nonRetryableErrorTypes: ["Fraud"] } },
      {
        retryPolicy: {
          initialIntervalMs: 1_000,
          backoffCoefficient: 2,
          maximumIntervalMs: 100_000,
          maximumAttempts: 3,
          nonRetryableErrorTypes: ["Fraud"],
        },
      },
    ],
    [
      { retry: null },
      {
        retryPolicy: {
          initialIntervalMs: 1_000,
          backoffCoefficient: 2,
          maximumIntervalMs: 100_000,
          maximumAttempts: 0,
        },
      },
    ],
    [{ taskQueue: undefined, heartbeatTimeout: undefined, retry: undefined }, {}],
  ])("changes options: %j", async (update, sent) => {
    const { client, service } = scriptedClient({ updateActivityOptions: [changed] });
    const result = await client.workflow.getHandle(WORKFLOW_ID).activity("1").updateOptions(update);
    expect(service.requests("updateActivityOptions")[0]?.options).toEqual(sent);
    expect(result).toEqual({
      taskQueue: "transfers",
      scheduleToCloseTimeout: undefined,
      scheduleToStartTimeout: undefined,
      startToCloseTimeout: 90_000,
      heartbeatTimeout: undefined,
      retry: {
        initialInterval: 500,
        backoffCoefficient: 2,
        maximumInterval: 50_000,
        maximumAttempts: undefined,
        nonRetryableErrorTypes: undefined,
      },
    });
  });

  test("refuses what is malformed before it is sent", async () => {
    const { client, service } = scriptedClient({});
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(() => handle.activity("")).toThrow(ValueError);
    expect(() => handle.activities({ type: "" })).toThrow(ValueError);
    const activity = handle.activity("1");
    await expect(activity.updateOptions({ startToCloseTimeout: -1 })).rejects.toBeInstanceOf(ValueError);
    await expect(activity.updateOptions({ taskQueue: "" })).rejects.toBeInstanceOf(ValueError);
    await expect(activity.updateOptions({ retry: { maximumAttempts: 0.5 } })).rejects.toBeInstanceOf(ValueError);
    expect(service.calls).toEqual([]);
  });

  test("says that no such activity is open", async () => {
    const { client } = scriptedClient({ pauseActivity: [notFound], updateActivityOptions: [notFound] });
    const activity = client.workflow.getHandle(WORKFLOW_ID).activity("1");
    await expect(activity.pause()).rejects.toBeInstanceOf(ActivityNotFoundError);
    await expect(activity.restoreOriginalOptions()).rejects.toBeInstanceOf(ActivityNotFoundError);
  });

  test("says that the workflow has ended", async () => {
    const { client } = scriptedClient({ resetActivity: [rejected("WorkflowAlreadyCompleted", "ended as COMPLETED")] });
    const ended = client.workflow.getHandle(WORKFLOW_ID).activity("1").reset();
    await expect(ended).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });
});

describe("a handle of several activities", () => {
  test("means those of a type, or all, and names them", async () => {
    const { client, service } = scriptedClient({
      pauseActivity: [done],
      unpauseActivity: [done],
      resetActivity: [done],
      updateActivityOptions: [changed],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    expect(await handle.activities({ type: "withdraw" }).pause()).toEqual(["1", "2"]);
    expect(await handle.activities().unpause()).toEqual(["1", "2"]);
    expect(await handle.activities({}).reset()).toEqual(["1", "2"]);
    expect(await handle.activities().updateOptions({ heartbeatTimeout: 5 })).toMatchObject({
      startToCloseTimeout: 90_000,
    });
    expect(await handle.activities().restoreOriginalOptions()).toMatchObject({ taskQueue: "transfers" });
    expect(service.requests("pauseActivity")[0]?.activity).toEqual({ kind: "type", activityType: "withdraw" });
    expect(service.requests("unpauseActivity")[0]?.activity).toEqual({ kind: "all" });
  });
});
