/**
 * Messages that the queue gave up: each is reported to its workflow, which then decides about the next attempt.
 *
 * Owns: what becomes of a dead letter. It needs no key, so a Worker without one still reports.
 */
import { PROTOCOL_VERSION, type WorkflowService } from "../core/protocol.ts";
import type { RejectionCode } from "../core/rejection.ts";
import { type RetryTiming, retryTransient } from "../sdk/client/transient-retry.ts";
import type { Logger } from "../sdk/common/index.ts";
import { parseActivityMessage } from "./activity-message.ts";
import { type QueueMessage, retryLater } from "./queue-message.ts";

export interface DeadLetterConsumerOptions {
  readonly service: WorkflowService;
  readonly logger: Logger;
  readonly timing: RetryTiming;
}

/** Nobody waits for the task any more, so there is nobody to tell. */
const NOBODY_WAITS: readonly RejectionCode[] = ["WorkflowNotFound", "WorkflowAlreadyCompleted", "ActivityNotFound"];

/** Handles all messages at once. Never rejects. */
export async function consumeDeadLetters(
  messages: readonly QueueMessage[],
  options: DeadLetterConsumerOptions,
): Promise<void> {
  await Promise.all(messages.map(async (message) => await reportDeadLetter(message, options)));
}

async function reportDeadLetter(message: QueueMessage, options: DeadLetterConsumerOptions): Promise<void> {
  const { service, logger, timing } = options;
  const parsed = parseActivityMessage(message.body);
  if (parsed.kind === "malformed") {
    logger.error(`A dead letter is no activity task and is dropped: ${parsed.problem}.`, { messageId: message.id });
    message.ack();
    return;
  }
  if (parsed.kind === "foreignVersion") {
    retryLater(message);
    return;
  }
  const { namespace, workflowId, runId, scheduledEventId, attempt } = parsed.message;
  const request = { version: PROTOCOL_VERSION, runId, scheduledEventId, attempt } as const;
  try {
    const reply = await retryTransient(
      () => service.execution(namespace, workflowId).reportDeadLetter(request),
      timing,
    );
    if (reply.ok || NOBODY_WAITS.includes(reply.rejection.code)) message.ack();
    else {
      logger.warn(`A dead letter was refused and is reported again later: ${reply.rejection.message}.`);
      retryLater(message);
    }
  } catch (error) {
    logger.warn("A dead letter could not reach the service and is reported again later.", {
      ...parsed.message,
      error,
    });
    retryLater(message);
  }
}
