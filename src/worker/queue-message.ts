/**
 * The part of a queue message that consumers use, and how it goes back to the queue.
 *
 * Owns: the delays. They grow with the deliveries, so that a service that is down is not flooded when it comes back.
 */

/** Every `Message` of a Cloudflare Queue is one of these. */
export interface QueueMessage {
  readonly id: string;
  readonly body: unknown;
  /** Deliveries so far, this one included. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

const MAX_DELAY_SECONDS = 300;

/** Seconds until a message that was delivered `attempts` times is delivered again: 1, 2, 4, … up to five minutes. */
export function retryDelaySeconds(attempts: number): number {
  return Math.min(MAX_DELAY_SECONDS, 2 ** Math.max(0, attempts - 1));
}

/** Gives a message back to the queue. */
export function retryLater(message: QueueMessage): void {
  message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
}
