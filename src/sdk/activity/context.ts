/**
 * The context of a running activity: how user code reaches the attempt it is part of.
 *
 * Owns: `Context`, the storage that carries it through asynchronous code, and its short forms as functions. A context
 * does nothing itself: heartbeats go to whoever made it, time is the timers it was given.
 */

import { type Duration, IllegalStateError, msToNumber } from "../../codec/index.ts";
import { AsyncLocalStorage } from "../common/async-local-storage.ts";
import {
  type ActivityCancellationDetails,
  type Logger,
  type LogLevel,
  type LogMetadata,
  LoggerWithComposedMetadata,
  type MetricMeter,
  noopMetricMeter,
  SdkComponent,
} from "../common/index.ts";
import { activityLogAttributes, type Info } from "./activity-info.ts";
import type { ActivityTimers } from "./activity-timers.ts";
import type { ActivityCancellation } from "./cancellation.ts";

/** Carries the context of the running activity. */
export const asyncLocalStorage: AsyncLocalStorage<Context> = new AsyncLocalStorage<Context>();

/** What a context is made of. */
export interface ContextParts {
  readonly info: Info;
  readonly cancellation: ActivityCancellation;
  readonly heartbeat: (details: unknown) => void;
  readonly timers: ActivityTimers;
  readonly logger: Logger;
  /** What goes with every log line. Default: the activity's ids. */
  readonly logAttributes?: (() => LogMetadata) | undefined;
  /** With the activity's tags. Default: records nothing. */
  readonly metricMeter?: MetricMeter | undefined;
}

/**
 * One attempt of an activity, seen from inside.
 *
 * @example
 * const { info, cancellationSignal } = Context.current();
 * await fetch(url, { signal: cancellationSignal, headers: { "idempotency-key": info.activityId } });
 */
export class Context {
  readonly info: Info;
  /**
   * Never resolves. Rejects with a `CancelledFailure` when the activity is to stop; await it in a race with the work.
   */
  readonly cancelled: Promise<never>;
  /** Aborts when the activity is to stop; made for `fetch` and the like. */
  readonly cancellationSignal: AbortSignal;
  /** Adds the activity's ids to every line. What is logged leaves the application unencrypted. */
  readonly log: Logger;
  /** Adds namespace, task queue and activity type to every value. What is measured leaves the application unencrypted. */
  readonly metricMeter: MetricMeter;
  readonly #cancellation: ActivityCancellation;
  readonly #heartbeat: (details: unknown) => void;
  readonly #timers: ActivityTimers;

  constructor(parts: ContextParts) {
    this.info = parts.info;
    this.cancelled = parts.cancellation.requested;
    this.cancellationSignal = parts.cancellation.signal;
    this.log = LoggerWithComposedMetadata.compose(parts.logger, () => ({
      sdkComponent: SdkComponent.activity,
      ...(parts.logAttributes?.() ?? activityLogAttributes(parts.info)),
    }));
    this.metricMeter = parts.metricMeter ?? noopMetricMeter;
    this.#cancellation = parts.cancellation;
    this.#heartbeat = parts.heartbeat;
    this.#timers = parts.timers;
  }

  /** Why the activity is to stop; undefined while it is not. Several reasons may hold at once. */
  get cancellationDetails(): ActivityCancellationDetails | undefined {
    return this.#cancellation.details;
  }

  /** The context of the activity that runs here. Throws `IllegalStateError` outside of one. */
  static current(): Context {
    const context = asyncLocalStorage.getStore();
    if (!context)
      throw new IllegalStateError(
        "There is no activity context here: call this from an activity function, or from code that it awaits",
      );
    return context;
  }

  /**
   * Tells the service that the activity lives, and how far it has come. Returns at once; heartbeats that come faster
   * than the interval wait, and only the newest of them is sent. The answer says whether the activity is to stop.
   *
   * @example
   * Context.current().heartbeat({ nextRow: 1_000 });
   */
  readonly heartbeat = (details?: unknown): void => this.#heartbeat(details);

  /**
   * Waits. Rejects with a `CancelledFailure` when the activity is to stop meanwhile, `TypeError` for a malformed
   * duration.
   *
   * @example
   * await Context.current().sleep("10 seconds");
   */
  readonly sleep = async (ms: Duration): Promise<void> => {
    const delayMs = Math.max(0, msToNumber(ms));
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancelTimer = this.#timers.schedule(resolve, delayMs);
    try {
      await Promise.race([promise, this.cancelled]);
    } finally {
      cancelTimer();
    }
  };
}

/**
 * Calls a function with a context around it, also around what the function starts.
 *
 * @example
 * const receipt = await runInContext(context, () => withdraw({ accountId: "alice", amountCents: 100 }));
 */
export function runInContext<R>(context: Context, call: () => Promise<R>): Promise<R> {
  return asyncLocalStorage.run(context, call);
}

/**
 * The info of the running activity. Throws `IllegalStateError` outside of one, as all functions here do.
 *
 * @example
 * const { activityId, attempt } = activityInfo();
 */
export function activityInfo(): Info {
  return Context.current().info;
}

/**
 * See `Context.heartbeat`.
 *
 * @example
 * heartbeat({ nextRow: 1_000 });
 */
export function heartbeat(details?: unknown): void {
  Context.current().heartbeat(details);
}

/**
 * See `Context.sleep`.
 *
 * @example
 * await sleep("10 seconds");
 */
export function sleep(ms: Duration): Promise<void> {
  return Context.current().sleep(ms);
}

/**
 * See `Context.cancelled`.
 *
 * @example
 * await Promise.race([cancelled(), importRows(file)]);
 */
export function cancelled(): Promise<never> {
  return Context.current().cancelled;
}

/**
 * See `Context.cancellationSignal`.
 *
 * @example
 * await fetch(url, { signal: cancellationSignal() });
 */
export function cancellationSignal(): AbortSignal {
  return Context.current().cancellationSignal;
}

/**
 * See `Context.cancellationDetails`.
 *
 * @example
 * if (cancellationDetails()?.workerShutdown) heartbeat({ nextRow });
 */
export function cancellationDetails(): ActivityCancellationDetails | undefined {
  return Context.current().cancellationDetails;
}

function write(level: LogLevel, message: string, meta?: LogMetadata): void {
  Context.current().log.log(level, message, meta);
}

/** The logger of whichever activity is running. */
export const log: Logger = {
  log: write,
  trace: (message, meta) => write("TRACE", message, meta),
  debug: (message, meta) => write("DEBUG", message, meta),
  info: (message, meta) => write("INFO", message, meta),
  warn: (message, meta) => write("WARN", message, meta),
  error: (message, meta) => write("ERROR", message, meta),
};

/** The meter of whichever activity is running; `createWorker({ metricMeter })` says where values go. */
export const metricMeter: MetricMeter = {
  createCounter: (...args) => Context.current().metricMeter.createCounter(...args),
  createHistogram: (...args) => Context.current().metricMeter.createHistogram(...args),
  createGauge: (...args) => Context.current().metricMeter.createGauge(...args),
  createUpDownCounter(...args) {
    const meter = Context.current().metricMeter;
    if (!meter.createUpDownCounter) throw new Error("createUpDownCounter is not supported by the underlying meter");
    return meter.createUpDownCounter(...args);
  },
  withTags: (tags) => Context.current().metricMeter.withTags(tags),
};
