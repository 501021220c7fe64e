/** Eager start: the first workflow task leaves in the very turn of the start, and joins its commit. */
import { expect, it } from "vitest";

import { sessionsOpened } from "../fixtures/application.ts";
import { nothing } from "../fixtures/workflows.ts";
import { client, freshId, objectOf } from "./kit.ts";

it("sends the first workflow task before the start is answered, and says so", async () => {
  const workflowId = freshId("eager-start");
  const handle = await client.workflow.start(nothing, { workflowId, requestEagerStart: true });
  expect(handle.eagerlyStarted).toBe(true);
  expect(sessionsOpened.get(workflowId)).toBe(1);
  await handle.result();
});

it("writes the start and the first workflow task as one commit", async () => {
  const workflowId = freshId("eager-start");
  await client.workflow.execute(nothing, { workflowId });
  const commits = (await objectOf(workflowId).storedText()).split("\n").filter((line) => line.startsWith("history "));
  expect(commits).toHaveLength(1);
  const types = [...(commits[0] ?? "").matchAll(/"eventType":"(\w+)"/g)].map(([, type]) => type);
  expect(types).toEqual([
    "WorkflowExecutionStarted",
    "WorkflowTaskScheduled",
    "WorkflowTaskStarted",
    "WorkflowTaskCompleted",
    "WorkflowExecutionCompleted",
  ]);
});

it("does not claim that a workflow which runs already was started now", async () => {
  const workflowId = freshId("eager-start");
  const first = await client.workflow.start("sums", { workflowId, args: [] });
  const again = await client.workflow.start("sums", { workflowId, args: [], workflowIdConflictPolicy: "USE_EXISTING" });
  expect(again.firstExecutionRunId).toBe(first.firstExecutionRunId);
  expect(again.eagerlyStarted).toBe(false);
  await first.terminate("the test is over");
});
