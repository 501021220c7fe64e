import { expect, test } from "vitest";

import { accepted } from "../../src/core/rejection.ts";
import { DataConverterSource } from "../../src/worker/data-converter-source.ts";
import { queueHandler } from "../../src/worker/queue-handler.ts";
import type { QueueMessage } from "../../src/worker/queue-message.ts";
import { recordingLogger } from "../activity/attempt.ts";
import { ScriptedService } from "../client/scripted-service.ts";
import { pointer, queueMessage } from "./queue-messages.ts";

function handler(options: { readonly deadLetterQueues?: readonly string[] } = {}) {
  const service = new ScriptedService({ reportDeadLetter: [accepted({ accepted: true })] });
  const consumed: QueueMessage[] = [];
  const converters = new DataConverterSource();
  const { logger, lines } = recordingLogger();
  const handle = queueHandler<object>({
    service: () => service,
    consumer: (env) => {
      converters.of(env);
      return { consume: async (messages) => void consumed.push(...messages) };
    },
    deadLetterQueues: options.deadLetterQueues ?? [],
    logger,
  });
  return { handle, service, consumed, lines };
}

const withKey = { HOLDFAST_ENCRYPTION_KEYS: `k1:${btoa("0123456789abcdef0123456789abcdef")}` };

test("tasks go to the consumer", async () => {
  const { handle, consumed, service } = handler();
  const messages = [queueMessage(pointer), queueMessage(pointer)];
  await handle({ queue: "holdfast-activity-tasks", messages }, withKey, {});
  expect(consumed).toEqual(messages);
  expect(service.calls).toEqual([]);
});

test("dead letters are reported, also by a Worker without a key", async () => {
  const { handle, consumed, service } = handler({ deadLetterQueues: ["given-up"] });
  const messages = [queueMessage(pointer), queueMessage(pointer)];
  await handle({ queue: "holdfast-activity-tasks-dlq", messages: messages.slice(0, 1) }, {}, {});
  await handle({ queue: "given-up", messages: messages.slice(1) }, {}, {});
  expect(messages.map(({ fate }) => fate)).toEqual(["ack", "ack"]);
  expect(service.requests("reportDeadLetter")).toHaveLength(2);
  expect(consumed).toEqual([]);
});

test("without a key every task goes back to the queue, and the log says which variable to set", async () => {
  const { handle, consumed, service, lines } = handler();
  const messages = [queueMessage(pointer, 1), queueMessage(pointer, 5)];
  await handle({ queue: "holdfast-activity-tasks", messages }, {}, {});
  expect(messages.map(({ fate }) => fate)).toEqual(["retry after 1", "retry after 16"]);
  expect(consumed).toEqual([]);
  expect(service.calls).toEqual([]);
  expect(lines).toMatchObject([{ level: "ERROR", message: expect.stringContaining("HOLDFAST_ENCRYPTION_KEYS") }]);
});
