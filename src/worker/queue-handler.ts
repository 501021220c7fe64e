/**
 * The queue handler: which batch goes to which consumer, and what happens to one that cannot be worked on at all.
 *
 * Owns: telling dead letters from tasks. Knows nothing of the platform but the shape of a batch.
 */
import type { WorkflowService } from "../core/protocol.ts";
import { systemTiming } from "../sdk/client/transient-retry.ts";
import type { Logger } from "../sdk/common/index.ts";
import type { ActivityConsumer } from "./activity-consumer.ts";
import { consumeDeadLetters } from "./dead-letter-consumer.ts";
import { type QueueMessage, retryLater } from "./queue-message.ts";
import type { ServiceContext } from "./service-lookup.ts";

const DEAD_LETTER_SUFFIX = "-dlq";

/** A batch of a queue; every `MessageBatch` is one. */
export interface QueueBatch {
  readonly queue: string;
  readonly messages: readonly QueueMessage[];
}

export interface QueueHandlerOptions<Env> {
  /** Throws when the service is not to be found. */
  readonly service: (env: Env, ctx: ServiceContext) => WorkflowService;
  /** Throws likewise, and when there is no key. */
  readonly consumer: (env: Env, ctx: ServiceContext) => Pick<ActivityConsumer, "consume">;
  /** Queues of dead letters, besides those whose names end in "-dlq". */
  readonly deadLetterQueues: readonly string[];
  readonly logger: Logger;
}

/** Makes the handler that an application exports as `queue`. It never throws: each message gets a fate of its own. */
export function queueHandler<Env>(
  options: QueueHandlerOptions<Env>,
): (batch: QueueBatch, env: Env, ctx: ServiceContext) => Promise<void> {
  const { service, consumer, deadLetterQueues, logger } = options;
  return async ({ queue, messages }, env, ctx) => {
    if (queue.endsWith(DEAD_LETTER_SUFFIX) || deadLetterQueues.includes(queue)) {
      const found = madeOrRetried(messages, () => service(env, ctx), logger);
      if (found) await consumeDeadLetters(messages, { service: found, logger, timing: systemTiming });
      return;
    }
    await madeOrRetried(messages, () => consumer(env, ctx), logger)?.consume(messages);
  };
}

/** Without a key or a service nothing is claimed and nothing lost: the messages wait in the queue until it is there. */
function madeOrRetried<T>(messages: readonly QueueMessage[], make: () => T, logger: Logger): T | undefined {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error(`No message was worked on; ${messages.length} go back to the queue. ${reason}`);
    for (const message of messages) retryLater(message);
    return undefined;
  }
}
