import { describe, expect, test } from "vitest";

import { ApplicationFailure, encodeError, encodeValues, PayloadEncoding } from "../../../src/codec/index.ts";
import type { UpdateOutcome } from "../../../src/core/history-event.ts";
import type { UpdateReply } from "../../../src/core/protocol.ts";
import { accepted } from "../../../src/core/rejection.ts";
import { dataConverter, scriptedClient } from "../scripted-client.ts";
import { approveNewRelease, approveRelease } from "./approvals.ts";
import { codeBlocks, published } from "./doc-examples.ts";

const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "release-7" });

async function completed(updateId: string, count: number): Promise<UpdateOutcome> {
  const success = await encodeValues(encoding, { kind: "update-result", runId: "run-1", updateId }, [count]);
  return { success: success ?? { payloads: [] } };
}

function reply(updateId: string, outcome: UpdateOutcome): UpdateReply {
  return { runId: "run-1", originalExecutionRunId: "run-1", updateId, stage: "COMPLETED", outcome };
}

describe("the example of updates in docs/concepts/client.md", () => {
  test("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/client.md")).toContain(published("test/client/examples/approvals.ts"));
  });

  test("tells the number of approvals, or why there is none more", async () => {
    const updateId = "approval-of-Ada";
    const refusal = ApplicationFailure.nonRetryable("Ada has approved already");
    const failure = await encodeError(encoding, { kind: "update-failure", runId: "run-1", updateId }, refusal);
    const replies = [accepted(reply(updateId, await completed(updateId, 2))), accepted(reply(updateId, { failure }))];
    const { client, service } = scriptedClient({ update: replies });
    expect(await approveRelease(client, "7", "Ada")).toBe(2);
    expect(await approveRelease(client, "7", "Ada")).toBe("Ada has approved already");
    expect(service.requests("update")[0]).toMatchObject({ updateName: "addApproval", updateId });
  });

  test("starts the release with its first approval", async () => {
    const { client, service } = scriptedClient({
      updateWithStart: [
        async ({ update }) =>
          accepted({
            start: { runId: "run-1", firstExecutionRunId: "run-1", started: true },
            update: reply(update.updateId, await completed(update.updateId, 1)),
          }),
      ],
    });
    expect(await approveNewRelease(client, "7", "Ada")).toBe(1);
    expect(service.calls).toMatchObject([{ workflowId: "release-7", request: { start: { workflowType: "release" } } }]);
  });
});
