/** What is known of a workflow inside and outside: info, memo, search attributes, details and summaries. */
import { describe, expect, it } from "vitest";

import { WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import { workflowMetadataQuery } from "../../../src/sdk/workflow/index.ts";
import {
  amountKey,
  asksItsGrandchild,
  customerKey,
  describesItself,
  dueKey,
  enough,
  noteKey,
  paidKey,
  rateKey,
  SECRET,
  summarizes,
  tagsKey,
  tellsAll,
} from "../fixtures/workflows.ts";
import { clearHistory, expectToReplay } from "./authoring-kit.ts";
import { client, freshId, objectOf, rejectionOf, until } from "./kit.ts";

/** The stored rows hold the secret neither in clear nor as plain JSON in base64, whatever it is a part of. */
async function expectNoSecretIn(workflowId: string): Promise<void> {
  const stored = await objectOf(workflowId).storedText();
  expect(stored).not.toContain(SECRET);
  const decoded = stored.replaceAll(/[A-Za-z0-9+/]{16,}={0,2}/g, (text) => {
    try {
      return atob(text);
    } catch {
      return "";
    }
  });
  expect(decoded).not.toContain(SECRET);
}

describe("workflowInfo", () => {
  it.each(["", "-break-session"])("tells where and within which limits a run takes place%s", async (fault) => {
    const workflowId = freshId(`info${fault}`);
    const handle = await client.workflow.start(tellsAll, {
      workflowId,
      memo: { note: SECRET },
      typedSearchAttributes: [{ key: customerKey, value: "c-1" }],
      workflowExecutionTimeout: "2 hours",
      workflowRunTimeout: "1 hour",
      workflowTaskTimeout: "9 seconds",
      retry: { maximumAttempts: 4, initialInterval: "2 seconds" },
    });
    const info = await handle.result();
    const { runId, startTime } = await handle.describe();
    expect(info).toMatchObject({
      workflowId,
      runId,
      firstExecutionRunId: runId,
      originalExecutionRunId: runId,
      workflowType: "tellsAll",
      namespace: "default",
      taskQueue: "default",
      memo: { note: SECRET },
      searchAttributes: { Customer: ["c-1"] },
      startTime: startTime.toISOString(),
      executionTimeoutMs: 7_200_000,
      executionExpirationTime: new Date(startTime.getTime() + 7_200_000).toISOString(),
      runTimeoutMs: 3_600_000,
      taskTimeoutMs: 9_000,
      retryPolicy: { maximumAttempts: 4, initialInterval: 2_000 },
      attempt: 1,
      continueAsNewSuggested: false,
      historyLength: 8,
      isReplayingKnown: true,
    });
    expect(info["historySize"]).toBeGreaterThan(500);
    for (const absent of ["parent", "root", "continuedFromExecutionRunId", "lastResult", "lastFailure", "cronSchedule"])
      expect(info).not.toHaveProperty(absent);
    await expectNoSecretIn(workflowId);
    await expectToReplay(workflowId);
  });

  it("tells a grandchild of its parent and of the root", async () => {
    const workflowId = freshId("family");
    const handle = await client.workflow.start(asksItsGrandchild, { workflowId });
    const child = client.workflow.getHandle(`${workflowId}-child`);
    const grandchild = client.workflow.getHandle(`${workflowId}-child-child`);
    const told = await handle.result();
    const { runId: childRunId } = await child.describe();
    const parent = { workflowId: `${workflowId}-child`, runId: childRunId };
    const root = { workflowId, runId: handle.firstExecutionRunId };
    expect(told).toEqual({
      parent: { ...parent, namespace: "default" },
      root,
      memo: { note: SECRET },
      customer: "child",
    });
    const described = await grandchild.describe();
    expect(described).toMatchObject({ parentExecution: parent, rootExecution: root, memo: { note: SECRET } });
    expect(described.typedSearchAttributes.getAll()).toEqual([{ key: customerKey, value: "child" }]);
    expect(await described.staticSummary()).toBe(`summary ${SECRET}`);
    for (const id of [workflowId, child.workflowId, grandchild.workflowId]) {
      await expectNoSecretIn(id);
      await expectToReplay(id);
    }
  });
});

describe("memo, search attributes and details", () => {
  it.each(["", "-break-session"])("are seen from outside as the workflow last set them%s", async (fault) => {
    const workflowId = freshId(`described${fault}`);
    const handle = await client.workflow.start(describesItself, {
      workflowId,
      memo: { removed: SECRET, untouched: true },
      typedSearchAttributes: [{ key: noteKey, value: "to be removed" }],
      staticSummary: `summary ${SECRET}`,
      staticDetails: `details ${SECRET}`,
    });
    const described = await until(
      async () => await handle.describe(),
      ({ memo }) => "secret" in memo,
    );
    expect(described.memo).toEqual({ untouched: true, secret: SECRET, kept: { deep: [1, 2] } });
    expect(described.typedSearchAttributes.getAll()).toEqual([
      { key: customerKey, value: "c-17" },
      { key: amountKey, value: 1_250 },
      { key: rateKey, value: 0.5 },
      { key: paidKey, value: true },
      { key: dueKey, value: new Date(86_400_000) },
      { key: tagsKey, value: ["a", "b"] },
    ]);
    expect(await described.staticSummary()).toBe(`summary ${SECRET}`);
    expect(await described.staticDetails()).toBe(`details ${SECRET}`);
    expect(await handle.query(workflowMetadataQuery)).toMatchObject({
      definition: { type: "describesItself" },
      currentDetails: "waiting for enough",
    });
    await handle.signal(enough);
    expect(await handle.result()).toEqual({
      memo: { untouched: true, secret: SECRET },
      searchAttributes: {
        Customer: ["c-17"],
        Amount: [1_250],
        Rate: [0.5],
        Paid: [true],
        Due: ["1970-01-02T00:00:00.000Z"],
        Tags: ["a", "b"],
      },
      details: "done",
    });
    expect((await handle.describe()).memo).toEqual({ untouched: true, secret: SECRET });
    expect(await handle.query(workflowMetadataQuery)).toMatchObject({ currentDetails: "done" });
    await expectNoSecretIn(workflowId);
    // In clear, because the service is to find workflows by them.
    expect(await objectOf(workflowId).storedText()).toContain(btoa(`"c-17"`));
    await expectToReplay(workflowId);
  });
});

describe("summaries", () => {
  it("are stored encrypted and read in clear in the decoded history", async () => {
    const [workflowId, childId] = [freshId("summaries"), freshId("summary-child")];
    await client.workflow.execute(summarizes, { workflowId, args: [childId] });
    const summaries = (await clearHistory(workflowId)).flatMap((event) => {
      const metadata = event["userMetadata"] as
        | { summary?: { data?: string }; details?: { data?: string } }
        | undefined;
      if (metadata === undefined) return [];
      const texts = [metadata.summary, metadata.details].map((payload) =>
        payload?.data === undefined ? undefined : (JSON.parse(atob(payload.data)) as string),
      );
      return [[event.eventType.replace("EVENT_TYPE_", ""), ...texts.filter((text) => text !== undefined)]];
    });
    expect(summaries).toEqual([
      ["TIMER_STARTED", `timer ${SECRET}`],
      ["TIMER_STARTED", `condition ${SECRET}`],
      ["ACTIVITY_TASK_SCHEDULED", `activity ${SECRET}`],
      ["MARKER_RECORDED", `local ${SECRET}`],
      ["START_CHILD_WORKFLOW_EXECUTION_INITIATED", `child ${SECRET}`, `details ${SECRET}`],
    ]);
    const child = await client.workflow.getHandle(childId).describe();
    expect(await child.staticSummary()).toBe(`child ${SECRET}`);
    expect(await child.staticDetails()).toBe(`details ${SECRET}`);
    await expectNoSecretIn(workflowId);
    await expectNoSecretIn(childId);
    await expectToReplay(workflowId);
    await expectToReplay(childId);
  });

  it("of nobody are not found", async () => {
    const nobody = client.workflow.getHandle(freshId("nobody"));
    expect(await rejectionOf(nobody.describe())).toBeInstanceOf(WorkflowNotFoundError);
  });
});
