import { describe, expect, test } from "vitest";

import { MockActivityEnvironment } from "../../../src/sdk/testing/index.ts";
import { codeBlocks, published } from "../../client/examples/doc-examples.ts";
import { createActivities, type Mailer } from "./reminders.ts";

function recordingMailer(answer: (address: string, signal: AbortSignal) => Promise<boolean> = async () => true) {
  const keys: string[] = [];
  const mailer: Mailer = {
    send: async (address, { key, signal }) => {
      keys.push(key);
      return await answer(address, signal);
    },
  };
  return { keys, activities: createActivities(mailer) };
}

describe("the example of docs/concepts/activities.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/activities.md")).toContain(published("test/activity/examples/reminders.ts"));
  });

  test("goes on where the attempt before it stopped, under the same keys", async () => {
    const { keys, activities } = recordingMailer();
    const env = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: 1 });
    expect(await env.run(activities.sendReminders, ["a", "b", "c"])).toBe(3);
    expect(keys).toEqual(["test/test/1", "test/test/2"]);
  });

  test("reports its progress", async () => {
    const { activities } = recordingMailer();
    const env = new MockActivityEnvironment();
    const progress: unknown[] = [];
    env.on("heartbeat", (details) => progress.push(details));
    await env.run(activities.sendReminders, ["a", "b"]);
    expect(progress).toEqual([1, 2]);
  });

  test("stops when it is cancelled", async () => {
    const { activities } = recordingMailer(
      (_address, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    );
    const env = new MockActivityEnvironment();
    const running = env.run(activities.sendReminders, ["a"]);
    env.cancel();
    await expect(running).rejects.toThrow("CANCELLED");
  });

  test("fails for good for an address that does not exist", async () => {
    const { activities } = recordingMailer(async () => false);
    const running = new MockActivityEnvironment().run(activities.sendReminders, ["nobody"]);
    await expect(running).rejects.toMatchObject({ type: "UnknownAddress", nonRetryable: true });
  });
});
