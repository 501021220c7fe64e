// The examples of what operators do with one workflow: to run it anew, and to delete it.
import { describe, expect, test, vi } from "vitest";

import { accepted } from "../../../src/core/rejection.ts";
import { scriptedClient, WORKFLOW_ID } from "../scripted-client.ts";
import { codeBlocks, published } from "./doc-examples.ts";
import { forget } from "./forgetting.ts";
import { startOver } from "./mending.ts";

describe("the example in docs/concepts/reset.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/reset.md")).toContain(published("test/client/examples/mending.ts"));
  });

  test("waits for the run that the reset has begun", async () => {
    const said = vi.spyOn(console, "log").mockReturnValue();
    const { client, service } = scriptedClient({
      reset: [accepted({ runId: "run-2" })],
      outcome: [accepted({ kind: "completed", runId: "run-2", originalExecutionRunId: "run-1" })],
    });
    expect(await startOver(client, WORKFLOW_ID)).toBeUndefined();
    expect(service.requests("reset")).toMatchObject([
      { resetPoint: { kind: "firstWorkflowTask" }, reason: "points were not counted" },
    ]);
    expect([...service.requests("outcome"), ...service.watches][0]).toMatchObject({ runId: "run-2" });
    expect(said.mock.calls).toEqual([["goes on as run run-2"]]);
    said.mockRestore();
  });
});

describe("the example in docs/concepts/namespaces.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/namespaces.md")).toContain(published("test/client/examples/forgetting.ts"));
  });

  test("deletes the current run, or the one that is named", async () => {
    const { client, service } = scriptedClient({ deleteExecution: [accepted({ runId: "run-1" })] });
    await forget(client, WORKFLOW_ID);
    await forget(client, WORKFLOW_ID, "run-1");
    const [current, named] = service.requests("deleteExecution");
    expect(current).not.toHaveProperty("runId");
    expect(named).toMatchObject({ runId: "run-1" });
  });
});
