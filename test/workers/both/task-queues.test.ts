/**
 * Task queues: each task goes to the Worker and by the queue that its task queue names.
 *
 * With two Workers, "payments" is a Worker of its own with a queue of its own. With one, it is a second queue of it.
 */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { queuesSeen } from "../fixtures/application.ts";
import { chargesElsewhere, goesAroundOf } from "../fixtures/served-by.ts";
import { client, eventTypes, freshId, objectOf, storedHistory, until } from "./kit.ts";

const hasOneWorker = "PAYMENTS_TASKS" in env;
const payments = hasOneWorker ? "main" : "payments";
const goesAround = goesAroundOf("");

/** Who started the first activity of a workflow, as the history says. */
async function startedBy(workflowId: string): Promise<string | undefined> {
  for (const event of await storedHistory(workflowId))
    if (event.eventType === "ActivityTaskStarted") return event.attributes.identity;
  return undefined;
}

describe("an activity", () => {
  it("goes by the queue of its task queue, to that queue's consumer", async () => {
    const workflowId = freshId("charge-by-queue");
    const args: [string, string, boolean] = ["card 1", "payments", false];
    expect(await client.workflow.execute(chargesElsewhere, { workflowId, args })).toBe(`card 1 charged by ${payments}`);
    if (hasOneWorker) expect(queuesSeen.get(workflowId)).toBe("holdfast-payments-tasks");
    else expect(await startedBy(workflowId)).toBe("payments-worker");
  });

  it("that is short is handed to the Worker of its task queue, or goes by queue if none is named", async () => {
    const workflowId = freshId("charge-shortly");
    const args: [string, string, boolean] = ["card 2", "payments", true];
    expect(await client.workflow.execute(chargesElsewhere, { workflowId, args })).toBe(`card 2 charged by ${payments}`);
    if (hasOneWorker) expect(queuesSeen.get(workflowId)).toBe("holdfast-payments-tasks");
  });

  it("of any other task queue stays with the default Worker and queue", async () => {
    for (const isShort of [true, false]) {
      const workflowId = freshId("charge-here");
      const args: [string, string, boolean] = ["card 3", "anything", isShort];
      expect(await client.workflow.execute(chargesElsewhere, { workflowId, args })).toBe("card 3 charged by main");
      if (hasOneWorker) expect(queuesSeen.get(workflowId)).toBe(isShort ? undefined : "holdfast-activity-tasks");
    }
  });

  it("waits, as if its Worker were away, when the configuration is wrong", async () => {
    const workflowId = freshId("charge-nowhere");
    const args: [string, string, boolean] = ["card 4", "misspelt", false];
    const handle = await client.workflow.start(chargesElsewhere, { workflowId, args });
    await until(
      async () => await eventTypes(workflowId),
      (types) => types.includes("ActivityTaskScheduled"),
    );
    const { raw } = await handle.describe();
    expect(raw.pendingActivities).toHaveLength(1);
    await handle.terminate("the test is over");
  });
});

describe("a workflow", () => {
  it("is run by the Worker of its task queue, and may go to another with its next run", async () => {
    const workflowId = freshId("around");
    const served = await client.workflow.execute(goesAround, {
      workflowId,
      taskQueue: "payments",
      args: [["anything", "payments"]],
    });
    expect(served).toEqual([
      { taskQueue: "payments", by: payments },
      { taskQueue: "anything", by: "main" },
      { taskQueue: "payments", by: payments },
    ]);
  });

  it("can be started while the configuration is wrong, and says what is wrong with it", async () => {
    const workflowId = freshId("nowhere");
    const handle = await client.workflow.start(goesAround, { workflowId, taskQueue: "nowhere", args: [[]] });
    const reply = await until(
      async () => await objectOf(workflowId).describe({ version: 1 }),
      (answer) => answer.ok && (answer.value.pendingWorkflowTask?.attempt ?? 0) >= 2,
    );
    const message = reply.ok ? reply.value.pendingWorkflowTask?.lastFailure?.message : "";
    expect(message).toMatch(/HOLDFAST_TASK_QUEUES, task queue 'nowhere'.*no service binding 'NO_SUCH_WORKER'/s);
    await handle.terminate("the test is over");
  });
});
