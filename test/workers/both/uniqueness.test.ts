/** One workflow id, many starts: what conflict and reuse policies allow, and what a retried request does. */
import { describe, expect, it } from "vitest";

import { WorkflowExecutionAlreadyStartedError } from "../../../src/sdk/client/index.ts";
import { finish, nothing, sums, throwsApplicationFailure } from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, objectOf, rejectionOf } from "./kit.ts";

describe("a workflow id in use", () => {
  it("refuses a second start by default", async () => {
    const workflowId = freshId("conflict");
    await client.workflow.start(sums, { workflowId });
    expect(await rejectionOf(client.workflow.start(sums, { workflowId }))).toBeInstanceOf(
      WorkflowExecutionAlreadyStartedError,
    );
  });

  it("gives the open run when asked to use it", async () => {
    const workflowId = freshId("use-existing");
    const first = await client.workflow.start(sums, { workflowId });
    const second = await client.workflow.start(sums, { workflowId, workflowIdConflictPolicy: "USE_EXISTING" });
    expect(second.firstExecutionRunId).toBe(first.firstExecutionRunId);
  });

  it("terminates the open run and starts another in one commit", async () => {
    const workflowId = freshId("terminate-existing");
    const first = await client.workflow.start(sums, { workflowId });
    const second = await client.workflow.start(sums, { workflowId, workflowIdConflictPolicy: "TERMINATE_EXISTING" });
    expect(second.firstExecutionRunId).not.toBe(first.firstExecutionRunId);
    await expect(first.result()).rejects.toThrow();
    await second.signal(finish);
    expect(await second.result()).toBe(0);
  });
});

describe("a workflow id whose run has ended", () => {
  it("may be used again by default, and old runs stay readable", async () => {
    const workflowId = freshId("reuse");
    const first = await client.workflow.start(nothing, { workflowId });
    await first.result();
    const second = await client.workflow.start(sums, { workflowId });
    expect(second.firstExecutionRunId).not.toBe(first.firstExecutionRunId);
    const old = await client.workflow.getHandle(workflowId, first.firstExecutionRunId).describe();
    expect(old.status.name).toBe("COMPLETED");
  });

  it("is kept when duplicates are refused, or allowed only after failure", async () => {
    const completed = freshId("completed");
    await client.workflow.execute(nothing, { workflowId: completed });
    for (const workflowIdReusePolicy of ["REJECT_DUPLICATE", "ALLOW_DUPLICATE_FAILED_ONLY"] as const) {
      const start = client.workflow.start(nothing, { workflowId: completed, workflowIdReusePolicy });
      expect(await rejectionOf(start)).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    }
    const failed = freshId("failed");
    await rejectionOf(client.workflow.execute(throwsApplicationFailure, { workflowId: failed }));
    await client.workflow.execute(nothing, {
      workflowId: failed,
      workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY",
    });
  });
});

describe("a request that is sent twice", () => {
  it("starts one run", async () => {
    const workflowId = freshId("same-request");
    const request = {
      version: 1,
      namespace: "default",
      workflowId,
      workflowType: "nothing",
      taskQueue: "default",
      requestId: "the same",
    } as const;
    const first = await objectOf(workflowId).start(request);
    const second = await objectOf(workflowId).start(request);
    expect(first).toMatchObject({ ok: true, value: { started: true } });
    expect(second).toMatchObject({ ok: true, value: { started: false } });
  });

  it("signals once", async () => {
    const workflowId = freshId("same-signal");
    const handle = await client.workflow.start(sums, { workflowId });
    const request = { version: 1, signalName: "finish", requestId: "the same" } as const;
    await objectOf(workflowId).signal(request);
    await objectOf(workflowId).signal(request);
    await handle.result();
    // Answered as before even though the run has ended.
    expect(await objectOf(workflowId).signal(request)).toMatchObject({ ok: true });
    expect((await eventTypes(workflowId)).filter((type) => type === "WorkflowExecutionSignaled")).toHaveLength(1);
  });
});
