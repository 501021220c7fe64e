import { describe, expect, test } from "vitest";

import { ApplicationFailure, decodeError, decodeValues, encodeText, ValueError } from "../../src/codec/index.ts";
import { encodeTaskToken, type TaskToken } from "../../src/core/activity-task.ts";
import type { Payloads } from "../../src/core/payload.ts";
import type { WorkflowExecutionDescription } from "../../src/core/protocol.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  ServiceError,
} from "../../src/sdk/client/index.ts";
import { encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { type Script, transportError } from "./scripted-service.ts";

const taken = accepted({ accepted: true } as const);
const beaten = accepted({ cancelRequested: false });
const token: TaskToken = {
  namespace: "default",
  workflowId: WORKFLOW_ID,
  runId: "run-1",
  scheduledEventId: 5,
  activityId: "a",
  attempt: 2,
};
/** The task token as an activity knows it. */
const tokenBytes = (overrides: Partial<TaskToken> = {}) => encodeText(encodeTaskToken({ ...token, ...overrides }));
const byId = { workflowId: WORKFLOW_ID, activityId: "a" };
const described = accepted({ runId: "run-1", originalExecutionRunId: "run-0" } as WorkflowExecutionDescription);

const answers: Script = {
  respondActivity: [taken],
  respondActivityById: [taken],
  heartbeatActivity: [beaten],
  heartbeatActivityById: [beaten],
  describe: [described],
};

async function decoded(
  kind: "activity-result" | "activity-cancellation" | "heartbeat",
  runId: string,
  list?: Payloads,
) {
  return await decodeValues(encoding, { kind, runId, activityId: "a" }, list);
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("by its task token, an activity", () => {
  test("is completed, with the result encrypted for its place", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.complete(tokenBytes(), { ok: true });
    const [request] = service.requests("respondActivity");
    expect(request).toMatchObject({ version: 1, taskToken: encodeTaskToken(token), identity: "holdfast-client" });
    const result = request?.outcome.kind === "completed" ? request.outcome.result : undefined;
    expect(await decoded("activity-result", "run-1", result)).toEqual([{ ok: true }]);
    expect(service.calls).toHaveLength(1);
  });

  test("of a run that was reset is completed with what is bound to the run it was reset from", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.complete(tokenBytes({ originalExecutionRunId: "run-0" }), 1);
    const [request] = service.requests("respondActivity");
    const result = request?.outcome.kind === "completed" ? request.outcome.result : undefined;
    expect(await decoded("activity-result", "run-0", result)).toEqual([1]);
    await expect(decoded("activity-result", "run-1", result)).rejects.toThrow();
  });

  test("is failed, as if its function had thrown", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.fail(tokenBytes(), ApplicationFailure.nonRetryable("no such file", "NotFound"));
    const outcome = service.requests("respondActivity")[0]?.outcome;
    if (outcome?.kind !== "failed") throw new Error("not failed");
    expect(outcome.failure.applicationFailureInfo).toMatchObject({ type: "NotFound", nonRetryable: true });
    expect(outcome.failure.message).toBe("Encoded failure");
    const channel = { kind: "activity-failure", runId: "run-1", activityId: "a" } as const;
    expect((await decodeError(encoding, channel, outcome.failure)).message).toBe("no such file");
  });

  test("is reported as cancelled, with or without details", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.reportCancellation(tokenBytes(), { rows: 7 });
    await client.activity.reportCancellation(tokenBytes());
    const [withDetails, without] = service.requests("respondActivity").map(({ outcome }) => outcome);
    const details = withDetails?.kind === "canceled" ? withDetails.details : undefined;
    expect(await decoded("activity-cancellation", "run-1", details)).toEqual([{ rows: 7 }]);
    expect(without).toEqual({ kind: "canceled" });
  });

  test("lives on with a heartbeat", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.heartbeat(tokenBytes(), "row 7");
    await client.activity.heartbeat(tokenBytes());
    const [withDetails, without] = service.requests("heartbeatActivity");
    expect(await decoded("heartbeat", "run-1", withDetails?.details)).toEqual(["row 7"]);
    expect(without).toEqual({ version: 1, taskToken: encodeTaskToken(token) });
  });

  test("is refused without a call when the token is none, or of another namespace", async () => {
    const { client, service } = scriptedClient(answers);
    for (const bytes of [encodeText("hf1.x"), encodeText("local/run-1/1/1"), tokenBytes({ namespace: "other" })])
      await expect(client.activity.complete(bytes, 1)).rejects.toBeInstanceOf(ActivityCompletionError);
    expect(service.calls).toEqual([]);
  });
});

describe("by its id, an activity", () => {
  test("is completed in the run that is current, with what is bound to its original run", async () => {
    const { client, service } = scriptedClient(answers);
    await client.activity.complete(byId, "ok");
    expect(service.requests("describe")).toEqual([{ version: 1 }]);
    const [request] = service.requests("respondActivityById");
    expect(request).toMatchObject({ version: 1, runId: "run-1", activityId: "a", identity: "holdfast-client" });
    const result = request?.outcome.kind === "completed" ? request.outcome.result : undefined;
    expect(await decoded("activity-result", "run-0", result)).toEqual(["ok"]);
  });

  test("is failed, cancelled and kept alive likewise, in the run that is given", async () => {
    const { client, service } = scriptedClient(answers);
    const given = { ...byId, runId: "run-1" };
    await client.activity.fail(given, new Error("broken"));
    await client.activity.reportCancellation(given);
    await client.activity.heartbeat(given, 3);
    expect(service.requests("describe")).toEqual(Array.from({ length: 3 }, () => ({ version: 1, runId: "run-1" })));
    expect(service.requests("respondActivityById").map(({ outcome }) => outcome.kind)).toEqual(["failed", "canceled"]);
    const [beat] = service.requests("heartbeatActivityById");
    expect(beat).toMatchObject({ runId: "run-1", activityId: "a" });
    expect(await decoded("heartbeat", "run-0", beat?.details)).toEqual([3]);
  });

  test("must have ids that can be ids", async () => {
    const { client, service } = scriptedClient(answers);
    for (const wrong of [
      { ...byId, workflowId: "" },
      { ...byId, activityId: "line\nbreak" },
    ])
      await expect(client.activity.complete(wrong, 1)).rejects.toBeInstanceOf(ValueError);
    expect(service.calls).toEqual([]);
  });
});

describe("a report that is rejected", () => {
  test.each(["ActivityNotFound", "WorkflowNotFound", "WorkflowAlreadyCompleted"] as const)(
    "with %s is an ActivityNotFoundError",
    async (code) => {
      const { client } = scriptedClient({ ...answers, respondActivity: [rejected(code, "gone")] });
      const error = await errorOf(client.activity.complete(tokenBytes(), 1));
      expect(error).toBeInstanceOf(ActivityNotFoundError);
      expect(error).not.toBeInstanceOf(ActivityCompletionError);
    },
  );

  test("when nobody has used the workflow id is an ActivityNotFoundError too", async () => {
    const { client } = scriptedClient({ describe: [rejected("WorkflowNotFound", "never started")] });
    await expect(client.activity.complete(byId, 1)).rejects.toBeInstanceOf(ActivityNotFoundError);
  });

  test("for another reason is an ActivityCompletionError that says which", async () => {
    const refusal = rejected("InvalidArgument", "cancellation of activity a was not requested");
    const { client } = scriptedClient({ ...answers, respondActivity: [refusal] });
    const error = await errorOf(client.activity.reportCancellation(tokenBytes()));
    expect(error).toBeInstanceOf(ActivityCompletionError);
    expect(error).toMatchObject({ message: "cancellation of activity a was not requested" });
  });

  test("is sent again while its answer is lost, and in the end is an ActivityCompletionError with the cause", async () => {
    const lost = transportError("Network connection lost.");
    const patient = scriptedClient({ ...answers, respondActivity: [lost, lost, taken] });
    await patient.client.activity.complete(tokenBytes(), 1);
    expect(new Set(patient.service.requests("respondActivity").map((request) => JSON.stringify(request))).size).toBe(1);
    const { client } = scriptedClient({ ...answers, respondActivity: [lost] });
    const error = await errorOf(client.activity.complete(tokenBytes(), 1));
    expect(error).toBeInstanceOf(ActivityCompletionError);
    expect(error).toMatchObject({ cause: expect.any(ServiceError) as unknown });
  });
});

describe("a heartbeat whose answer says to stop", () => {
  test.each([
    [{ cancelRequested: true, activityPaused: true, activityReset: true }, ActivityCancelledError],
    [{ cancelRequested: false, activityPaused: true, activityReset: true }, ActivityResetError],
    [{ cancelRequested: false, activityPaused: true }, ActivityPausedError],
  ] as const)("as %j is an error that says so", async (reply, expected) => {
    const { client } = scriptedClient({ ...answers, heartbeatActivity: [accepted(reply)] });
    await expect(client.activity.heartbeat(tokenBytes(), 1)).rejects.toBeInstanceOf(expected);
  });
});
