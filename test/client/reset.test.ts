/** Resets, as the client asks for them. */
import { describe, expect, test } from "vitest";

import { accepted, rejected } from "../../src/core/rejection.ts";
import {
  ValueError,
  WorkflowNotFoundError,
  type WorkflowClientInterceptor,
  type WorkflowResetOptions,
} from "../../src/sdk/client/index.ts";
import { scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const reset = accepted({ runId: "run-2" });
const lost = transportError("lost", { retryable: true });

describe("reset", () => {
  test.each<readonly [WorkflowResetOptions, object]>([
    [{ eventId: 7 }, { kind: "event", eventId: 7 }],
    [{ type: "FirstWorkflowTask" }, { kind: "firstWorkflowTask" }],
    [{ type: "LastWorkflowTask" }, { kind: "lastWorkflowTask" }],
  ])("%j names a point, and everything else has a default", async (options, resetPoint) => {
    const { client, service } = scriptedClient({ reset: [reset] });
    await client.workflow.getHandle(WORKFLOW_ID, "run-1").reset(options);
    const [request] = service.requests("reset");
    expect(request).toMatchObject({ version: 1, runId: "run-1", resetPoint, reason: "requested by a client" });
    expect(request?.requestId).toBeTruthy();
    expect(request).not.toHaveProperty("reapplyExclude");
  });

  test("gives a handle that waits for the new run, and acts on the same chain", async () => {
    const { client, service } = scriptedClient({
      start: [accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true })],
      reset: [reset],
      outcome: [accepted({ kind: "completed", runId: "run-2", originalExecutionRunId: "run-1" })],
      terminate: [accepted({ runId: "run-2" })],
    });
    const handle = await client.workflow.start("transfer", { workflowId: WORKFLOW_ID });
    const options = { type: "LastWorkflowTask", reason: "mended", resetReapplyExcludeTypes: ["SIGNAL"] } as const;
    const mended = await handle.reset(options);
    expect(service.requests("reset")[0]).toMatchObject({
      firstExecutionRunId: "run-1",
      reason: "mended",
      reapplyExclude: ["SIGNAL"],
    });
    expect(mended.runId).toBe("run-2");
    await mended.result();
    const asked = [...service.requests("outcome"), ...service.watches];
    expect(asked[0]).toMatchObject({ runId: "run-2" });
    await mended.terminate();
    expect(service.requests("terminate")[0]).toMatchObject({ firstExecutionRunId: "run-1" });
  });

  test("is asked for under one request id over all tries", async () => {
    const { client, service } = scriptedClient({ reset: [lost, lost, reset] });
    await client.workflow.getHandle(WORKFLOW_ID).reset({ eventId: 4, requestId: "mine" });
    expect(service.requests("reset").map(({ requestId }) => requestId)).toEqual(["mine", "mine", "mine"]);
  });

  test.each([
    [{}, /either the eventId/],
    [{ eventId: 4, type: "LastWorkflowTask" }, /either the eventId/],
    [{ type: "Middle" }, /either the eventId/],
    [{ eventId: 4, resetReapplyExcludeTypes: ["NEXUS"] }, /SIGNAL and UPDATE/],
  ])("with %j asks nobody", async (options, message) => {
    const { client, service } = scriptedClient({});
    const asking = client.workflow.getHandle(WORKFLOW_ID).reset(options as unknown as WorkflowResetOptions);
    await expect(asking).rejects.toBeInstanceOf(ValueError);
    await expect(asking).rejects.toThrow(message);
    expect(service.calls).toEqual([]);
  });

  test("of what is not there, and to what is no point, rejects", async () => {
    const { client } = scriptedClient({
      reset: [rejected("WorkflowNotFound", "no run"), rejected("InvalidArgument", "event 4 is no point to reset to")],
    });
    const handle = client.workflow.getHandle(WORKFLOW_ID);
    await expect(handle.reset({ eventId: 4 })).rejects.toBeInstanceOf(WorkflowNotFoundError);
    await expect(handle.reset({ eventId: 4 })).rejects.toThrow("event 4 is no point to reset to");
  });

  test("goes through the interceptors", async () => {
    const interceptor: WorkflowClientInterceptor = {
      reset: async (input, next) =>
        `${await next({ ...input, options: { ...input.options, reason: "by ticket 7" } })} of ${input.workflowExecution.workflowId}`,
    };
    const { client, service } = scriptedClient({ reset: [reset] }, { interceptors: { workflow: [interceptor] } });
    const mended = await client.workflow.getHandle(WORKFLOW_ID).reset({ type: "FirstWorkflowTask" });
    expect(mended.runId).toBe(`run-2 of ${WORKFLOW_ID}`);
    expect(service.requests("reset")[0]).toMatchObject({ reason: "by ticket 7" });
  });
});
