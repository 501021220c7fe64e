/**
 * Heartbeats on their way to the service: at most one in flight and one per interval, the newest wins.
 *
 * Owns: the throttle and the details that wait for their turn. What goes out through `send` was recorded last; what
 * was overtaken is forgotten. `stop` hands back the details that the service was not seen to accept.
 *
 *   idle ──record──▶ sending ──interval over, nothing waits──▶ idle
 *                      │  ▲
 *                record│  │interval over and answered
 *                      ▼  │
 *                    waiting
 */
import type { Payloads } from "../../core/payload.ts";
import type { ActivityTimers } from "./activity-timers.ts";

const MAX_INTERVAL_MS = 60_000;
const DEFAULT_INTERVAL_MS = 30_000;
const TIMEOUT_FRACTION = 0.8;

/** What a worker may set about the pace of heartbeats. */
export interface HeartbeatThrottle {
  /** Between two heartbeats there is never more. Default: a minute. */
  readonly maximumMs?: number | undefined;
  /** Between two heartbeats of an activity without a heartbeat timeout. Default: half a minute. */
  readonly defaultMs?: number | undefined;
}

/** Milliseconds between two heartbeats of an activity with this heartbeat timeout (0 for none). */
export function heartbeatIntervalMs(
  heartbeatTimeoutMs: number,
  { maximumMs = MAX_INTERVAL_MS, defaultMs = DEFAULT_INTERVAL_MS }: HeartbeatThrottle = {},
): number {
  const wantedMs = heartbeatTimeoutMs > 0 ? heartbeatTimeoutMs * TIMEOUT_FRACTION : defaultMs;
  return Math.min(wantedMs, maximumMs);
}

/** One heartbeat; a heartbeat without details says only that the activity lives. */
export interface Heartbeat {
  readonly details: Payloads | undefined;
}

export interface HeartbeatSenderOptions {
  readonly intervalMs: number;
  readonly timers: ActivityTimers;
  /** Takes one heartbeat to the service. A throw means it did not arrive; it is sent again when its turn comes. */
  readonly send: (heartbeat: Heartbeat) => Promise<void>;
}

export class HeartbeatSender {
  readonly #options: HeartbeatSenderOptions;
  #waiting: Heartbeat | undefined;
  #sending: Heartbeat | undefined;
  /** The sending of that one. */
  #delivery: Promise<void> | undefined;
  #cancelInterval: (() => void) | undefined;
  #stopped = false;

  constructor(options: HeartbeatSenderOptions) {
    this.#options = options;
  }

  /** Sends at once if the interval allows, else when it is over. */
  record(heartbeat: Heartbeat): void {
    if (this.#stopped) return;
    this.#waiting = heartbeat;
    this.#sendWaiting();
  }

  /** Ends the sending. Gives the newest heartbeat that was recorded but not seen to arrive. */
  stop(): Heartbeat | undefined {
    this.#stopped = true;
    this.#cancelInterval?.();
    return this.#waiting ?? this.#sending;
  }

  /** Ends the sending with the newest heartbeat that was recorded, out of turn. Never rejects. */
  async finish(): Promise<void> {
    this.stop();
    await this.#delivery;
    const last = this.#waiting;
    this.#waiting = undefined;
    if (last) await this.#deliver(last);
  }

  #sendWaiting(): void {
    const heartbeat = this.#waiting;
    if (!heartbeat || this.#stopped || this.#sending || this.#cancelInterval) return;
    this.#waiting = undefined;
    this.#sending = heartbeat;
    this.#cancelInterval = this.#options.timers.schedule(() => {
      this.#cancelInterval = undefined;
      this.#sendWaiting();
    }, this.#options.intervalMs);
    this.#delivery = this.#deliver(heartbeat);
  }

  async #deliver(heartbeat: Heartbeat): Promise<void> {
    try {
      await this.#options.send(heartbeat);
    } catch {
      // Lost on the way. Unless a newer one took its place meanwhile, it waits for the next turn.
      this.#waiting ??= heartbeat;
    }
    this.#sending = undefined;
    this.#sendWaiting();
  }
}
