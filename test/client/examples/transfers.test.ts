import { describe, expect, test } from "vitest";

import { ApplicationFailure, encodeError, encodeValues, PayloadEncoding } from "../../../src/codec/index.ts";
import type { WorkflowOutcome } from "../../../src/core/protocol.ts";
import { accepted, rejected } from "../../../src/core/rejection.ts";
import { dataConverter, scriptedClient } from "../scripted-client.ts";
import { codeBlocks, published } from "./doc-examples.ts";
import { approveTransfer, outcomeOfTransfer, startTransfer } from "./transfers.ts";

const order = { to: "bob", amountCents: 2_500 };
const run = { runId: "run-1", originalExecutionRunId: "run-1" };
const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "transfer-7" });

describe("the example of docs/concepts/client.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/client.md")).toContain(published("test/client/examples/transfers.ts"));
  });

  test("starts a transfer once for each number", async () => {
    const started = accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true });
    const { client, service } = scriptedClient({ start: [started, rejected("WorkflowAlreadyStarted", "taken")] });
    expect(await startTransfer(client, "7", order)).toBe("new");
    expect(await startTransfer(client, "7", order)).toBe("known");
    expect(service.requests("start")[0]).toMatchObject({ workflowId: "transfer-7", workflowType: "transfer" });
  });

  test("sends an approval", async () => {
    const { client, service } = scriptedClient({ signal: [accepted({ runId: "run-1" })] });
    await approveTransfer(client, "7", "carol");
    expect(service.calls).toMatchObject([{ workflowId: "transfer-7", request: { signalName: "approve" } }]);
  });

  test("tells how a transfer ended", async () => {
    const place = { runId: "run-1" };
    const result = await encodeValues(encoding, { kind: "workflow-result", ...place }, [{ balanceCents: 7_500 }]);
    const done: WorkflowOutcome = { kind: "completed", ...run, ...(result ? { result } : {}) };
    const failure = await encodeError(
      encoding,
      { kind: "workflow-failure", ...place },
      ApplicationFailure.create({ message: "account closed" }),
    );
    const failed: WorkflowOutcome = { kind: "failed", ...run, failure, retryState: "RETRY_POLICY_NOT_SET" };
    const { client } = scriptedClient({ outcome: [accepted(done), accepted(failed)] });
    expect(await outcomeOfTransfer(client, "7")).toBe("done, 7500 cents left");
    expect(await outcomeOfTransfer(client, "7")).toBe("failed: account closed");
  });
});
