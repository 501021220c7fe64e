/** Whole workflows that are tried again, on the real runtime. */
import { describe, expect, it } from "vitest";

import { ApplicationFailure, WorkflowFailedError } from "../../../src/sdk/client/index.ts";
import { succeedsAtAttempt, waitsForARetriedChild } from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, rejectionOf } from "./kit.ts";

const retry = { initialInterval: 10, maximumAttempts: 3 };

describe("a workflow with a retry policy", () => {
  it("is tried again until it succeeds; the handle waits for that", async () => {
    const workflowId = freshId("retried");
    const handle = await client.workflow.start(succeedsAtAttempt, { workflowId, args: [3], retry });
    expect(await handle.result()).toEqual({ attempt: 3, lastFailure: "attempt 2 of 3" });
    const described = await handle.describe();
    expect(described).toMatchObject({ firstExecutionRunId: handle.firstExecutionRunId, status: { name: "COMPLETED" } });
    const first = client.workflow.getHandle(workflowId, handle.firstExecutionRunId);
    expect((await first.describe()).status.name).toBe("FAILED");
  });

  it("fails with its last attempt", async () => {
    const workflowId = freshId("retried-in-vain");
    const handle = await client.workflow.start(succeedsAtAttempt, { workflowId, args: [9], retry });
    const error = await rejectionOf(handle.result());
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const { cause, retryState } = error as WorkflowFailedError;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect({ message: cause?.message, retryState }).toEqual({
      message: "attempt 3 of 9",
      retryState: "MAXIMUM_ATTEMPTS_REACHED",
    });
  });

  it("without one fails at once", async () => {
    const workflowId = freshId("not-retried");
    const handle = await client.workflow.start(succeedsAtAttempt, { workflowId, args: [2] });
    expect(await rejectionOf(handle.result())).toMatchObject({ retryState: "RETRY_POLICY_NOT_SET" });
  });

  it("is one child to its parent", async () => {
    const workflowId = freshId("retried-child");
    const handle = await client.workflow.start(waitsForARetriedChild, { workflowId, args: [`${workflowId}.child`] });
    expect(await handle.result()).toEqual({ attempt: 3, lastFailure: "attempt 2 of 3" });
    const types = (await eventTypes(workflowId)).filter((type) => type.includes("Child"));
    expect(types).toEqual([
      "StartChildWorkflowExecutionInitiated",
      "ChildWorkflowExecutionStarted",
      "ChildWorkflowExecutionCompleted",
    ]);
  });
});
