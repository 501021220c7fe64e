/**
 * The end of an invocation, which the platform sets: activities that still run shortly before it are told to stop.
 *
 * Owns: how long activities may run in one invocation, and telling them. What they make of it is theirs; what is not
 * over when the invocation ends is cut off, and found out by the service's timeouts.
 */
import { type Duration, msToNumber, ValueError } from "../codec/index.ts";
import { EAGER_MAXIMUM_MS } from "../core/activity-command.ts";
import type { ActivityTimers } from "../sdk/activity/activity-timers.ts";

/** What the platform gives one invocation of a queue handler. */
const CONSUMER_LIMIT_MS = 15 * 60_000;
const DEFAULT_GRACE_MS = 10_000;
/** What runs after a call was answered has so little time that a longer grace would take too much of it. */
const MAX_EAGER_GRACE_MS = 1_000;

/** Milliseconds from the beginning of an invocation to the moment when its activities are told to stop. */
export interface ActivityRunTimes {
  /** In the queue handler. */
  readonly queuedMs: number;
  /** After a call that handed over the task. */
  readonly eagerMs: number;
}

export interface InvocationOptions {
  /** From the moment when activities are told to stop to the end of the invocation. */
  readonly shutdownGraceTime?: Duration | undefined;
  /** What one invocation of the queue handler lasts at most: 15 minutes, or less. */
  readonly consumerTimeLimit?: Duration | undefined;
}

/**
 * The times of a Worker. Throws `ValueError` for a grace that leaves nothing to run in, or a limit beyond the platform's.
 *
 * @example
 * activityRunTimes({ shutdownGraceTime: "30 seconds" }).queuedMs; // 870_000
 */
export function activityRunTimes({ shutdownGraceTime, consumerTimeLimit }: InvocationOptions = {}): ActivityRunTimes {
  const graceMs = shutdownGraceTime === undefined ? DEFAULT_GRACE_MS : msToNumber(shutdownGraceTime);
  const limitMs = consumerTimeLimit === undefined ? CONSUMER_LIMIT_MS : msToNumber(consumerTimeLimit);
  if (!(limitMs <= CONSUMER_LIMIT_MS))
    throw new ValueError(`consumerTimeLimit (${limitMs} ms) must be at most 15 minutes, the platform's limit`);
  if (!(graceMs >= 0 && graceMs < limitMs))
    throw new ValueError(`shutdownGraceTime (${graceMs} ms) must be shorter than consumerTimeLimit (${limitMs} ms)`);
  const eagerLimitMs = Math.min(EAGER_MAXIMUM_MS, limitMs);
  const eagerGraceMs = Math.min(graceMs, MAX_EAGER_GRACE_MS, eagerLimitMs / 2);
  return { queuedMs: limitMs - graceMs, eagerMs: eagerLimitMs - eagerGraceMs };
}

/** An attempt that can be told to stop. */
export interface RunningAttempt {
  cancel(reason: "WORKER_SHUTDOWN"): void;
}

export class Invocation {
  readonly #running = new Set<RunningAttempt>();
  readonly #cancelTimer: () => void;
  #isEnding = false;

  /** `runTimeMs` from now, everything that runs is told to stop. */
  constructor(timers: ActivityTimers, runTimeMs: number) {
    this.#cancelTimer = timers.schedule(() => this.#tellAll(), runTimeMs);
  }

  /** Counts an attempt among those that run until `work` is over. One that comes too late is told at once. */
  async attend<T>(attempt: RunningAttempt, work: Promise<T>): Promise<T> {
    this.#running.add(attempt);
    if (this.#isEnding) attempt.cancel("WORKER_SHUTDOWN");
    try {
      return await work;
    } finally {
      this.#running.delete(attempt);
    }
  }

  /** All is done before its time. */
  done(): void {
    this.#cancelTimer();
  }

  #tellAll(): void {
    this.#isEnding = true;
    for (const attempt of this.#running) attempt.cancel("WORKER_SHUTDOWN");
  }
}
