/**
 * A worker that hears of what concerns an attempt it runs, without asking.
 *
 * Owns: when a connection is opened and how often it is opened again. Short attempts open none. A connection that is
 * lost is followed by another a few times, later each time; after that the answers to heartbeats have to do.
 */
import type { HeartbeatActivityReply } from "../core/activity-task.ts";
import type { ActivityWatching } from "../core/protocol.ts";
import type { Reply } from "../core/rejection.ts";
import type { ActivityTimers } from "../sdk/activity/activity-timers.ts";

type News = Reply<HeartbeatActivityReply>;

/** An attempt that lasts no longer than this is never watched. */
export const WATCH_AFTER_MS = 1_000;
/** Connections of one attempt. */
export const MAX_CONNECTIONS = 10;
const MAX_PAUSE_MS = 60_000;

export interface AttemptWatchOptions {
  readonly open: (tell: (news: News) => void) => ActivityWatching;
  readonly hear: (news: News) => void;
  readonly timers: ActivityTimers;
}

export class AttemptWatch {
  readonly #options: AttemptWatchOptions;
  #connections = 0;
  #watching: ActivityWatching | undefined;
  #cancelTimer: () => void;
  #isOver = false;

  /** The attempt begins now. */
  constructor(options: AttemptWatchOptions) {
    this.#options = options;
    this.#cancelTimer = options.timers.schedule(() => this.#connect(), WATCH_AFTER_MS);
  }

  /** The attempt is over. */
  stop(): void {
    this.#isOver = true;
    this.#cancelTimer();
    this.#watching?.close();
  }

  #connect(): void {
    this.#connections += 1;
    const watching = this.#options.open((news) => this.#told(news));
    this.#watching = watching;
    const lost = (): void => this.#reconnect();
    watching.ended.then(lost, lost);
  }

  #told(news: News): void {
    if (this.#isOver) return;
    this.#options.hear(news);
    // The service has said its last word.
    if (!news.ok) this.stop();
  }

  #reconnect(): void {
    if (this.#isOver || this.#connections >= MAX_CONNECTIONS) return;
    const pauseMs = Math.min(MAX_PAUSE_MS, WATCH_AFTER_MS * 2 ** (this.#connections - 1));
    this.#cancelTimer = this.#options.timers.schedule(() => this.#connect(), pauseMs);
  }
}
