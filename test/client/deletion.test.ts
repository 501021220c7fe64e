/** Deleting through a handle, and the errors of namespaces that are not there. */
import { describe, expect, test } from "vitest";

import { NamespaceNotFoundError, WorkflowNotFoundError } from "../../src/sdk/client/index.ts";
import { scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import { transportError } from "./scripted-service.ts";

const done = { ok: true, value: { runId: "run-1" } } as const;
const notFound = { ok: false, rejection: { code: "WorkflowNotFound", message: "never started" } } as const;
const lost = transportError("Network connection lost.", { retryable: true });

describe("handle.delete", () => {
  test("asks for the run and the chain that the handle stands for", async () => {
    const { client, service } = scriptedClient({ deleteExecution: [done] });
    await client.workflow.getHandle(WORKFLOW_ID).delete();
    await client.workflow.getHandle(WORKFLOW_ID, "run-1").delete();
    await client.workflow.getHandle(WORKFLOW_ID, undefined, { firstExecutionRunId: "run-0" }).delete();
    const requests = service.requests("deleteExecution");
    expect(requests).toMatchObject([{ version: 1 }, { runId: "run-1" }, { firstExecutionRunId: "run-0" }]);
    expect(requests[0]).not.toHaveProperty("runId");
  });

  test("is not found where there is no run", async () => {
    const { client } = scriptedClient({ deleteExecution: [notFound] });
    await expect(client.workflow.getHandle(WORKFLOW_ID).delete()).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });

  test("has been done when a try whose answer was lost has done it", async () => {
    const { client, service } = scriptedClient({ deleteExecution: [lost, notFound] });
    await client.workflow.getHandle(WORKFLOW_ID).delete();
    expect(service.requests("deleteExecution")).toHaveLength(2);
  });
});

test("a namespace that the service does not know is an error with its name", async () => {
  const rejection = { code: "NamespaceNotFound", message: "Namespace not found: 'x'", namespace: "x" } as const;
  const { client } = scriptedClient({ signal: [{ ok: false, rejection }] });
  const signalled = client.workflow.getHandle(WORKFLOW_ID).signal("hello");
  await expect(signalled).rejects.toBeInstanceOf(NamespaceNotFoundError);
  await expect(signalled).rejects.toMatchObject({ namespace: "x", message: "Namespace not found: 'x'" });
});

describe("the reuse policy TERMINATE_IF_RUNNING", () => {
  const started = { ok: true, value: { runId: "r", firstExecutionRunId: "r", started: true } } as const;

  test.each(["TERMINATE_IF_RUNNING", "WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING"])(
    "stands for two policies: %s",
    async (policy) => {
      const { client, service } = scriptedClient({ start: [started], signalWithStart: [started] });
      const options = { workflowId: WORKFLOW_ID, workflowIdReusePolicy: policy as "TERMINATE_IF_RUNNING" };
      await client.workflow.start("transfer", options);
      await client.workflow.signalWithStart("transfer", { ...options, signal: "hello" });
      const meant = { workflowIdReusePolicy: "ALLOW_DUPLICATE", workflowIdConflictPolicy: "TERMINATE_EXISTING" };
      expect(service.requests("start")).toMatchObject([meant]);
      expect(service.requests("signalWithStart")).toMatchObject([{ start: meant }]);
    },
  );

  test.each(["FAIL", "USE_EXISTING", "TERMINATE_EXISTING"] as const)(
    "goes with no conflict policy: %s",
    async (conflict) => {
      const { client, service } = scriptedClient({ start: [started] });
      const options = { workflowIdReusePolicy: "TERMINATE_IF_RUNNING", workflowIdConflictPolicy: conflict } as const;
      const start = client.workflow.start("transfer", { workflowId: WORKFLOW_ID, ...options });
      await expect(start).rejects.toThrow(/TERMINATE_IF_RUNNING cannot be used together/);
      expect(service.calls).toEqual([]);
    },
  );
});
