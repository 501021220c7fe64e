import { expect, test } from "vitest";

import { accepted, rejected } from "../../src/core/rejection.ts";
import { consumeDeadLetters } from "../../src/worker/dead-letter-consumer.ts";
import { recordingLogger } from "../activity/attempt.ts";
import { recordedTiming, type Script, ScriptedService, transportError } from "../client/scripted-service.ts";
import { pointer, queueMessage } from "./queue-messages.ts";

async function consumed(script: Script, body: unknown = pointer, attempts = 1) {
  const service = new ScriptedService(script);
  const message = queueMessage(body, attempts);
  const { logger, lines } = recordingLogger();
  await consumeDeadLetters([message], { service, logger, timing: recordedTiming().timing });
  return { service, message, lines };
}

test("a dead letter is reported to its workflow and acknowledged", async () => {
  const { service, message } = await consumed({ reportDeadLetter: [accepted({ accepted: true })] });
  expect(service.calls).toEqual([
    {
      namespace: "default",
      workflowId: "transfer-1",
      method: "reportDeadLetter",
      request: { version: 1, runId: "run-1", scheduledEventId: 5, attempt: 2 },
    },
  ]);
  expect(message.fate).toBe("ack");
});

test("one that the workflow had no more use for is acknowledged", async () => {
  const { message } = await consumed({ reportDeadLetter: [accepted({ accepted: false })] });
  expect(message.fate).toBe("ack");
});

test("one whose workflow is gone is acknowledged", async () => {
  const { message } = await consumed({ reportDeadLetter: [rejected("WorkflowNotFound", "gone")] });
  expect(message.fate).toBe("ack");
});

test("one that the service refuses for now is reported again later", async () => {
  const { message } = await consumed({ reportDeadLetter: [rejected("ResourceExhausted", "full")] }, pointer, 2);
  expect(message.fate).toBe("retry after 2");
});

test("one that cannot reach the service is reported again later", async () => {
  const lost = transportError("lost", { retryable: true });
  const { message, service } = await consumed({ reportDeadLetter: [lost] }, pointer, 3);
  expect(service.calls.length).toBeGreaterThan(1);
  expect(message.fate).toBe("retry after 4");
});

test("a malformed one is dropped and logged; one of another version waits for a Worker that knows it", async () => {
  const malformed = await consumed({}, "what is this");
  expect(malformed.message.fate).toBe("ack");
  expect(malformed.lines).toMatchObject([{ level: "ERROR" }]);
  const foreign = await consumed({}, { ...pointer, version: 9 });
  expect(foreign.message.fate).toBe("retry after 1");
});
