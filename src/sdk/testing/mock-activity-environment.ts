/**
 * A place to run activities in tests: the real context, without a service behind it.
 *
 * Owns: `MockActivityEnvironment` and the info an activity sees there. Heartbeats become events, unthrottled; arguments
 * and results stay values, and errors come out as they were thrown.
 */
import { encodeBase64 } from "../../codec/bytes.ts";
import { encodeText } from "../../codec/index.ts";
import type { Info } from "../activity/activity-info.ts";
import { type ActivityTimers, systemTimers } from "../activity/activity-timers.ts";
import { ActivityCancellation, type ActivityCancelReason } from "../activity/cancellation.ts";
import { Context, runInContext } from "../activity/context.ts";
import { activityMetricMeter } from "../activity/metric-meter.ts";
import { type ActivityCancellationDetails, type Logger, type MetricMeter, noopMetricMeter } from "../common/index.ts";

/** The info of an activity in a test, where the test says nothing else. */
export const defaultActivityInfo: Info = {
  taskToken: encodeText("test"),
  base64TaskToken: encodeBase64(encodeText("test")),
  activityId: "test",
  activityType: "test",
  activityNamespace: "default",
  attempt: 1,
  isLocal: false,
  inWorkflow: true,
  workflowExecution: { workflowId: "test", runId: "test" },
  workflowNamespace: "default",
  workflowType: "test",
  namespace: "default",
  taskQueue: "test",
  scheduledTimestampMs: 1,
  currentAttemptScheduledTimestampMs: 1,
  scheduleToCloseTimeoutMs: 0,
  startToCloseTimeoutMs: 0,
  heartbeatDetails: undefined,
};

const silentLogger: Logger = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface MockActivityEnvironmentOptions {
  /** Where the activity's log lines go. Default: nowhere. */
  readonly logger?: Logger | undefined;
  /** Where the activity's metrics go. Default: nowhere. */
  readonly metricMeter?: MetricMeter | undefined;
  /** What `sleep` waits on. Default: real time. */
  readonly timers?: ActivityTimers | undefined;
}

export type HeartbeatListener = (details: unknown) => void;

/**
 * Runs activities with a context of their own.
 *
 * @example
 * const env = new MockActivityEnvironment({ attempt: 2 });
 * env.on("heartbeat", (details) => beats.push(details));
 * const result = await env.run(importRows, "rows.csv");
 */
export class MockActivityEnvironment {
  readonly context: Context;
  readonly #cancellation = new ActivityCancellation();
  readonly #listeners = new Set<HeartbeatListener>();

  constructor(info: Partial<Info> = {}, options: MockActivityEnvironmentOptions = {}) {
    const completeInfo = { ...defaultActivityInfo, ...info };
    this.context = new Context({
      info: completeInfo,
      metricMeter: activityMetricMeter(options.metricMeter ?? noopMetricMeter, completeInfo),
      cancellation: this.#cancellation,
      heartbeat: (details) => this.#emit(details),
      timers: options.timers ?? systemTimers,
      logger: options.logger ?? silentLogger,
    });
  }

  /** Runs an activity function in the context. Rejects with what it throws. */
  async run<P extends unknown[], R>(activity: (...args: P) => Promise<R>, ...args: P): Promise<R> {
    return await runInContext(this.context, async () => await activity(...args));
  }

  /**
   * Cancels the activities that run here, and all that run here later. Default reason: CANCELLED; default details: what
   * goes with the reason. Only the first call counts.
   */
  cancel(reason: ActivityCancelReason = "CANCELLED", details?: ActivityCancellationDetails): void {
    this.#cancellation.cancel(reason, details);
  }

  /** Calls `listener` with the details of every heartbeat from now on. */
  on(event: "heartbeat", listener: HeartbeatListener): this {
    if (event === "heartbeat") this.#listeners.add(listener);
    return this;
  }

  /** Ends what `on` began. */
  off(event: "heartbeat", listener: HeartbeatListener): this {
    if (event === "heartbeat") this.#listeners.delete(listener);
    return this;
  }

  #emit(details: unknown): void {
    for (const listener of this.#listeners) listener(details);
  }
}
