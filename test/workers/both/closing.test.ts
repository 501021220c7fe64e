/** Ends of all kinds: failure, cancellation, termination, timeouts; what clients see and what history says. */
import { describe, expect, it } from "vitest";

import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "../../../src/sdk/common/index.ts";
import { WorkflowFailedError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import {
  addNumber,
  callsUnknownActivity,
  cancellable,
  cancelsAnActivity,
  failsForGood,
  nonRetryable,
  sleeps,
  sums,
  throwsApplicationFailure,
  timesOut,
} from "../fixtures/workflows.ts";
import { client, eventTypes, freshId, rejectionOf } from "./kit.ts";

/** The cause behind a failed workflow's error. */
async function failureOf(promise: Promise<unknown>): Promise<Error | undefined> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return error.cause as Error | undefined;
}

describe("failure", () => {
  it("carries an ApplicationFailure with its details to the client", async () => {
    const cause = await failureOf(client.workflow.execute(throwsApplicationFailure, { workflowId: freshId("throws") }));
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({
      message: "out of money",
      type: "OutOfMoney",
      nonRetryable: true,
      details: [{ missing: 12 }],
    });
  });

  it("ends the workflow when an activity has used up its attempts", async () => {
    const cause = await failureOf(client.workflow.execute(failsForGood, { workflowId: freshId("for-good") }));
    expect(cause).toMatchObject({ name: "ActivityFailure", retryState: "MAXIMUM_ATTEMPTS_REACHED" });
    expect(cause?.cause).toMatchObject({ message: "no luck", type: "Error" });
  });

  it("does not retry what is not retryable", async () => {
    expect(await client.workflow.execute(nonRetryable, { workflowId: freshId("non-retryable") })).toBe(
      "NON_RETRYABLE_FAILURE: Final: final",
    );
  });

  it("says which activity is unknown and which are there", async () => {
    const message = await client.workflow.execute(callsUnknownActivity, { workflowId: freshId("unknown-activity") });
    expect(message).toContain("unknownToEveryone");
    expect(message).toContain("echo");
  });
});

describe("cancellation and termination", () => {
  it("lets a workflow clean up, then ends it as cancelled", async () => {
    const workflowId = freshId("cancellable");
    const handle = await client.workflow.start(cancellable, { workflowId });
    await handle.cancel();
    expect(await failureOf(handle.result())).toBeInstanceOf(CancelledFailure);
    const types = await eventTypes(workflowId);
    expect(types).toContain("TimerCanceled");
    expect(types).toContain("ActivityTaskCompleted");
    expect(types.at(-1)).toBe("WorkflowExecutionCanceled");
    expect((await handle.describe()).status.name).toBe("CANCELLED");
  });

  it("delivers cancellation to a running activity by its heartbeat", async () => {
    expect(await client.workflow.execute(cancelsAnActivity, { workflowId: freshId("cancels-activity") })).toBe(
      "cancelled",
    );
  });

  it("terminates at once, and refuses what comes after", async () => {
    const handle = await client.workflow.start(sums, { workflowId: freshId("terminated") });
    await handle.terminate("enough");
    const cause = await failureOf(handle.result());
    expect(cause).toBeInstanceOf(TerminatedFailure);
    expect(await rejectionOf(handle.signal(addNumber, 1))).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(handle.terminate())).toBeInstanceOf(WorkflowNotFoundError);
    expect(await rejectionOf(handle.cancel())).toBeInstanceOf(WorkflowNotFoundError);
  });
});

describe("timeouts", () => {
  it.each([
    ["scheduleToClose", "SCHEDULE_TO_CLOSE"],
    ["startToClose", "START_TO_CLOSE"],
    // Last: its activity does not hear of the timeout, and the local queue delivers nothing else until it is over.
    ["heartbeat", "HEARTBEAT"],
  ] as const)("ends an activity by %s", async (kind, timeoutType) => {
    expect(await client.workflow.execute(timesOut, { workflowId: freshId(kind), args: [kind] })).toBe(timeoutType);
  });

  it("ends an activity that no worker claims by schedule-to-start", async () => {
    const workflowId = freshId("lose-all");
    expect(await client.workflow.execute(timesOut, { workflowId, args: ["scheduleToStart"] })).toBe(
      "SCHEDULE_TO_START",
    );
  });

  it("ends a run that takes too long", async () => {
    const workflowId = freshId("run-timeout");
    const cause = await failureOf(
      client.workflow.execute(sleeps, { workflowId, args: [3_600_000], workflowRunTimeout: 200 }),
    );
    expect(cause).toBeInstanceOf(TimeoutFailure);
    expect((await eventTypes(workflowId)).at(-1)).toBe("WorkflowExecutionTimedOut");
  });
});
