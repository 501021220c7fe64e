import { describe, expect, test } from "vitest";

import { accepted, rejected } from "../../../src/core/rejection.ts";
import type { WorkflowExecutionDescription } from "../../../src/core/protocol.ts";
import { MockActivityEnvironment } from "../../../src/sdk/testing/index.ts";
import { CompleteAsyncError } from "../../../src/sdk/activity/index.ts";
import { codeBlocks, published } from "../../client/examples/doc-examples.ts";
import { scriptedClient } from "../../client/scripted-client.ts";
import { failureOf, heartbeatValues, resultOf, startAttempt } from "../attempt.ts";
import { eventually } from "../manual-timers.ts";
import { approve, createApproval } from "./approval.ts";
import { createImport, type Ledger } from "./rows-import.ts";

const page = "docs/concepts/activities.md";

describe("the examples of long work in docs/concepts/activities.md", () => {
  test("are those in the page", () => {
    expect(codeBlocks(page)).toContain(published("test/activity/examples/rows-import.ts"));
    expect(codeBlocks(page)).toContain(published("test/activity/examples/approval.ts"));
  });
});

describe("an import that outlasts its Worker", () => {
  /** A file of `count` rows, read two at a time; whatever is due happens before the first row of a position is read. */
  function ledgerOf(count: number) {
    const stored: string[] = [];
    let atRow: { readonly row: number; readonly happens: () => Promise<void> } | undefined;
    const ledger: Ledger = {
      read: async (_file, from) => {
        if (atRow?.row === from) await atRow.happens();
        return Array.from({ length: Math.min(2, count - from) }, (_, index) => `row ${from + index}`);
      },
      store: async (from, rows) => void stored.splice(from, rows.length, ...rows),
    };
    const at = (row: number, happens: () => Promise<void>): void => void (atRow = { row, happens });
    return { stored, at, activities: createImport(ledger) };
  }

  test("goes on where it had come to, attempt after attempt", async () => {
    const { stored, at, activities } = ledgerOf(11);
    let heartbeatDetails: Parameters<typeof heartbeatValues>[0];
    for (const stopAt of [4, 8]) {
      const attempt = startAttempt(activities.importRows, {
        args: ["ledger.csv"],
        task: heartbeatDetails ? { heartbeatDetails } : {},
      });
      at(stopAt, async () => (await attempt).execution.cancel("WORKER_SHUTDOWN"));
      const { failure, heartbeat } = failureOf(await (await attempt).ending);
      expect(failure.applicationFailureInfo?.type).toBe("WorkerShutdown");
      heartbeatDetails = heartbeat;
      expect(await heartbeatValues(heartbeatDetails)).toEqual([stopAt + 2]);
    }
    const last = await startAttempt(activities.importRows, {
      args: ["ledger.csv"],
      task: heartbeatDetails ? { heartbeatDetails } : {},
    });
    expect(await resultOf(await last.ending)).toBe(11);
    expect(stored).toEqual(Array.from({ length: 11 }, (_, row) => `row ${row}`));
  });

  test("stops when its workflow cancels it", async () => {
    const { stored, at, activities } = ledgerOf(100);
    const env = new MockActivityEnvironment();
    at(4, async () => env.cancel());
    await expect(env.run(activities.importRows, "ledger.csv")).rejects.toThrow("CANCELLED");
    expect(stored).toHaveLength(6);
  });
});

describe("an approval", () => {
  test("is asked for, and left open", async () => {
    const asked: object[] = [];
    const activities = createApproval({ ask: async (question, link) => void asked.push({ question, link }) });
    const env = new MockActivityEnvironment({ activityId: "3" });
    await expect(env.run(activities.askForApproval, "100 to bob?")).rejects.toBeInstanceOf(CompleteAsyncError);
    expect(asked).toEqual([{ question: "100 to bob?", link: { workflowId: "test", activityId: "3" } }]);
  });

  test("is taken while somebody waits for it", async () => {
    const describe = [accepted({ runId: "run-1", originalExecutionRunId: "run-1" } as WorkflowExecutionDescription)];
    const respondActivityById = [accepted({ accepted: true } as const), rejected("ActivityNotFound", "too late")];
    const { client, service } = scriptedClient({ describe, respondActivityById });
    expect(await approve(client, "transfer-1", "3", "carol")).toBe(true);
    expect(await approve(client, "transfer-1", "3", "dave")).toBe(false);
    await eventually(() => service.requests("respondActivityById").length === 2);
  });
});
