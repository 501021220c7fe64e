/**
 * An activity attempt under test, with the service's side of it.
 *
 * Owns: the task, the ports, and reading what the attempt sent. Payloads are encrypted, as in production.
 */
import {
  decodeError,
  decodeValues,
  EncryptionCodec,
  encodeValues,
  keyRingFromText,
  loadDataConverter,
  type LoadedDataConverter,
  PayloadEncoding,
} from "../../src/codec/index.ts";
import type { ActivityTask, HeartbeatActivityReply } from "../../src/core/activity-task.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { Payloads } from "../../src/core/payload.ts";
import { accepted, type Reply } from "../../src/core/rejection.ts";
import { type ActivityEnding, ActivityExecution } from "../../src/sdk/activity/activity-execution.ts";
import type { ActivityInterceptorsFactory } from "../../src/sdk/activity/interceptors.ts";
import type { ActivityFunction, Logger, LogMetadata, MetricMeter } from "../../src/sdk/common/index.ts";
import { ManualTimers } from "./manual-timers.ts";

const KEY = `k1:${btoa("0123456789abcdef0123456789abcdef")}`;
export const encryption = new EncryptionCodec(keyRingFromText(KEY));
export const dataConverter = loadDataConverter({ payloadCodecs: [encryption] });
export const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: "transfer-1" });

const place = { runId: "run-0", activityId: "7" } as const;

/** A task as the service hands it out; its run was reset, so payloads are bound to the original run. */
export async function activityTask(args: readonly unknown[], given: Partial<ActivityTask> = {}): Promise<ActivityTask> {
  const input = await encodeValues(encoding, { kind: "activity-input", ...place }, args);
  return {
    taskToken: "hf1.token",
    namespace: "default",
    workflowId: "transfer-1",
    runId: "run-1",
    originalExecutionRunId: "run-0",
    workflowType: "transfer",
    activityId: "7",
    activityType: "withdraw",
    taskQueue: "transfers",
    attempt: 2,
    ...(input ? { input } : {}),
    scheduledTimeMs: 1_000,
    currentAttemptScheduledTimeMs: 2_000,
    startedTimeMs: 3_000,
    scheduleToCloseTimeoutMs: 60_000,
    startToCloseTimeoutMs: 10_000,
    heartbeatTimeoutMs: 5_000,
    retryPolicy: { initialIntervalMs: 500, maximumAttempts: 0 },
    ...given,
  };
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly meta: LogMetadata | undefined;
}

export function recordingLogger(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (level: string, message: string, meta?: LogMetadata): void => void lines.push({ level, message, meta });
  const logger: Logger = {
    log: write,
    trace: (message, meta) => write("TRACE", message, meta),
    debug: (message, meta) => write("DEBUG", message, meta),
    info: (message, meta) => write("INFO", message, meta),
    warn: (message, meta) => write("WARN", message, meta),
    error: (message, meta) => write("ERROR", message, meta),
  };
  return { logger, lines };
}

export interface AttemptOptions {
  readonly args?: readonly unknown[];
  readonly task?: Partial<ActivityTask>;
  readonly converter?: LoadedDataConverter;
  readonly onHeartbeat?: () => Reply<HeartbeatActivityReply>;
  readonly interceptors?: readonly ActivityInterceptorsFactory[];
  readonly metricMeter?: MetricMeter;
}

/** Starts an attempt of `activity`. `ending` is how it ends. */
export async function startAttempt(activity: ActivityFunction, options: AttemptOptions = {}) {
  const timers = new ManualTimers();
  const { logger, lines } = recordingLogger();
  const heartbeats: (Payloads | undefined)[] = [];
  const execution = new ActivityExecution({
    task: await activityTask(options.args ?? [], options.task),
    activity,
    dataConverter: options.converter ?? dataConverter,
    interceptors: options.interceptors,
    metricMeter: options.metricMeter,
    ports: {
      timers,
      logger,
      heartbeat: async (details) => {
        heartbeats.push(details);
        return options.onHeartbeat?.() ?? accepted({ cancelRequested: false });
      },
    },
  });
  return { ending: execution.run(), execution, timers, heartbeats, lines };
}

export async function heartbeatValues(details: Payloads | undefined): Promise<unknown[]> {
  return await decodeValues(encoding, { kind: "heartbeat", ...place }, details);
}

export async function resultOf(ending: ActivityEnding): Promise<unknown> {
  if (ending.kind !== "respond" || ending.outcome.kind !== "completed") throw new Error("the attempt did not complete");
  const [result] = await decodeValues(encoding, { kind: "activity-result", ...place }, ending.outcome.result);
  return result;
}

export async function cancellationDetailsOf(ending: ActivityEnding): Promise<unknown[]> {
  if (ending.kind !== "respond" || ending.outcome.kind !== "canceled") throw new Error("the attempt was not canceled");
  return await decodeValues(encoding, { kind: "activity-cancellation", ...place }, ending.outcome.details);
}

export function failureOf(ending: ActivityEnding): { readonly failure: Failure; readonly heartbeat?: Payloads } {
  if (ending.kind !== "respond" || ending.outcome.kind !== "failed") throw new Error("the attempt did not fail");
  const { failure, lastHeartbeatDetails } = ending.outcome;
  return { failure, ...(lastHeartbeatDetails ? { heartbeat: lastHeartbeatDetails } : {}) };
}

export async function errorOf(ending: ActivityEnding): Promise<Error> {
  return await decodeError(encoding, { kind: "activity-failure", ...place }, failureOf(ending).failure);
}
