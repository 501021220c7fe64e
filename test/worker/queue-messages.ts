/**
 * Queue messages that remember what became of them.
 *
 * Owns: the recording, with the queue's own rule that the first of ack and retry counts.
 */
import type { QueueMessage } from "../../src/worker/queue-message.ts";

export interface RecordedMessage extends QueueMessage {
  /** "ack", "retry after N", or undefined while neither was called. */
  readonly fate: string | undefined;
}

export function queueMessage(body: unknown, attempts = 1): RecordedMessage {
  let fate: string | undefined;
  return {
    id: "message-1",
    body,
    attempts,
    ack: () => void (fate ??= "ack"),
    retry: (options) => void (fate ??= `retry after ${options?.delaySeconds}`),
    get fate() {
      return fate;
    },
  };
}

/** The body of a message for one attempt of one activity. */
export const pointer = {
  version: 1,
  namespace: "default",
  workflowId: "transfer-1",
  runId: "run-1",
  scheduledEventId: 5,
  attempt: 2,
} as const;
