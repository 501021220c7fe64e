import { describe, expect, test } from "vitest";

import { accepted, rejected } from "../../../src/core/rejection.ts";
import { scriptedClient } from "../scripted-client.ts";
import { codeBlocks, published } from "./doc-examples.ts";
import { holdTransfer, holdWithdrawals, resumeWithdrawal } from "./outage.ts";

const none = rejected("ActivityNotFound", "no activity of the type 'withdraw' is open in run run-1");
const options = {
  taskQueue: "default",
  scheduleToCloseTimeoutMs: 0,
  scheduleToStartTimeoutMs: 0,
  startToCloseTimeoutMs: 300_000,
  heartbeatTimeoutMs: 0,
  retryPolicy: {},
};

describe("the example in docs/concepts/pausing.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/pausing.md")).toContain(published("test/client/examples/outage.ts"));
  });

  test("holds the withdrawals of those transfers that have one", async () => {
    const held = accepted({ runId: "run-1", activityIds: ["1"] });
    const { client, service } = scriptedClient({ pauseActivity: [held, none, held] });
    expect(await holdWithdrawals(client, ["1", "2", "3"])).toBe(2);
    expect(service.calls.map((call) => call.workflowId)).toEqual(["transfer-1", "transfer-2", "transfer-3"]);
    const activity = { kind: "type", activityType: "withdraw" };
    expect(service.requests("pauseActivity")[0]).toMatchObject({ activity, reason: "the bank is down" });
  });

  test("goes on with other options", async () => {
    const done = { runId: "run-1", activityIds: ["1"] };
    const { client, service } = scriptedClient({
      updateActivityOptions: [accepted({ ...done, options })],
      unpauseActivity: [accepted(done)],
    });
    await resumeWithdrawal(client, "7", "1");
    expect(service.requests("updateActivityOptions")[0]).toMatchObject({
      options: {
        startToCloseTimeoutMs: 300_000,
        retryPolicy: { initialIntervalMs: 60_000, maximumIntervalMs: 6_000_000 },
      },
    });
    expect(service.requests("unpauseActivity")[0]).toMatchObject({ resetAttempts: true });
  });

  test("pauses a transfer", async () => {
    const { client, service } = scriptedClient({ pause: [accepted({ runId: "run-1" })] });
    await holdTransfer(client, "7");
    expect(service.requests("pause")[0]).toMatchObject({ reason: "looks wrong, see the audit", requestId: "id-1" });
  });
});
