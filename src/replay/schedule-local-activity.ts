/**
 * Running an activity inside the workflow's own worker.
 *
 * Owns: the operation, the checks of its options, and the durable wait before a retry that is far away. The run's
 * `LocalActivities` own what is open.
 */
import { compileRetryPolicy, identifyClass, msOptionalToNumber, type PayloadChannel } from "../codec/index.ts";
import { headersToWire } from "./headers.ts";
import type { LocalActivityInput } from "./interceptors.ts";
import type { LocalActivityRequest, LocalActivityResolution } from "./local-activities.ts";
import type { LocalActivityOptions } from "./operation-options.ts";
import { bindToScope, requireActivatingFrame } from "./run-context.ts";
import { sleep } from "./sleep.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { WorkflowRun } from "./workflow-run.ts";

const DEFAULT_LOCAL_RETRY_THRESHOLD_MS = 60_000;

/** When and how a local activity is to be tried again, after a durable timer. */
export interface LocalActivityBackoffInfo {
  readonly attempt: number;
  readonly backoffMs: number;
  readonly originalScheduleTime?: Date | undefined;
}

/** What an attempt rejects with, inside of interceptors, when the next one is to wait for a durable timer. */
export class LocalActivityDoBackoff extends Error {
  static {
    identifyClass(this, "LocalActivityDoBackoff");
  }

  readonly backoff: LocalActivityBackoffInfo;

  constructor(backoff: LocalActivityBackoffInfo) {
    super(`The local activity is tried again in ${backoff.backoffMs} ms.`);
    this.backoff = backoff;
  }
}

/** Throws `TypeError` for options that give an activity no end. */
export function assertLocalActivityOptions(options: LocalActivityOptions): void {
  if (options.scheduleToCloseTimeout === undefined && options.startToCloseTimeout === undefined)
    throw new TypeError("Required either scheduleToCloseTimeout or startToCloseTimeout");
}

/**
 * Runs an activity by name in the workflow's worker, inside the workflow task; the promise is its result. Only the end
 * is recorded: until then a lost worker runs it again.
 *
 * Rejects with what the activity threw, with `ActivityFailure` around a timeout or a cancellation, and with
 * `ReferenceError` if the worker has no such activity. Throws `TypeError` or `ValueError` for options that make no sense.
 *
 * @example
 * const rate = await scheduleLocalActivity<number>("exchangeRate", ["EUR"], { startToCloseTimeout: "5 seconds" });
 */
export async function scheduleLocalActivity<R>(
  activityType: string,
  args: readonly unknown[],
  options: LocalActivityOptions,
): Promise<R> {
  const run = requireActivatingFrame(`The local activity ${activityType}`).workflowRun;
  let attempt = 1;
  let originalScheduleTime: Date | undefined;
  for (;;) {
    const seq = run.activities.takeSequence();
    const execute = composeWorkflowInterceptors(run.interceptors.outbound, "scheduleLocalActivity", startLocalActivity);
    try {
      const input = { activityType, args: [...args], options, headers: {}, seq, attempt, originalScheduleTime };
      return (await execute(input)) as R;
    } catch (error) {
      if (!(error instanceof LocalActivityDoBackoff)) throw error;
      await sleep(error.backoff.backoffMs);
      ({ attempt, originalScheduleTime } = error.backoff);
    }
  }
}

/** The innermost of the interceptors. */
async function startLocalActivity(input: LocalActivityInput): Promise<unknown> {
  const { activityType, options, seq } = input;
  const frame = requireActivatingFrame(`The local activity ${activityType}`);
  const run = frame.workflowRun;
  // The worker of a replay need not have the activities.
  if (!run.isReplaying && !run.isLocalActivityRegistered(activityType))
    throw new ReferenceError(`Local activity of type '${activityType}' not registered on worker`);
  assertLocalActivityOptions(options);
  const request = requestOf(run, input);
  const place = { runId: run.originalExecutionRunId, activityId: request.activityId };
  return new Promise((resolve, reject) => {
    const refused = bindToScope(frame, (error) => {
      if (refused) reject(error);
      else run.localActivities.requestCancel(seq);
    });
    if (refused) return;
    // Converted inside the job, so that the code waiting for it goes on in the order of the jobs.
    run.localActivities.schedule(request, (resolution: LocalActivityResolution) => {
      switch (resolution.kind) {
        case "completed":
          return resolve(run.fromPayloads({ kind: "local-activity-result", ...place }, resolution.result)[0]);
        case "failed":
          return reject(run.fromFailure({ kind: "local-activity-failure", ...place }, resolution.failure));
        case "backoff":
          return reject(new LocalActivityDoBackoff(backoffInfo(resolution)));
      }
    });
  });
}

function backoffInfo({ backoff }: Extract<LocalActivityResolution, { kind: "backoff" }>): LocalActivityBackoffInfo {
  const { attempt, delayMs, originalScheduleTimeMs } = backoff;
  const originalScheduleTime = originalScheduleTimeMs === undefined ? undefined : new Date(originalScheduleTimeMs);
  return { attempt, backoffMs: delayMs, originalScheduleTime };
}

function requestOf(run: WorkflowRun, input: LocalActivityInput): LocalActivityRequest {
  const { activityType, options, seq, attempt, originalScheduleTime } = input;
  const activityId = String(seq);
  const runId = run.originalExecutionRunId;
  const channel: PayloadChannel = { kind: "local-activity-input", runId, activityId };
  const payloads = run.toPayloads(channel, input.args);
  const header = headersToWire(input.headers);
  const subject = `activity/${activityId}`;
  const summary =
    options.summary === undefined
      ? undefined
      : run.toPayloads({ kind: "user-metadata", runId, subject, part: "summary" }, [options.summary])?.payloads[0];
  return {
    sequence: seq,
    activityId,
    activityType,
    attempt,
    ...(originalScheduleTime === undefined ? {} : { originalScheduleTimeMs: originalScheduleTime.getTime() }),
    workflowTimeMs: run.nowMs,
    ...(payloads ? { input: payloads } : {}),
    ...(header ? { header } : {}),
    ...(summary ? { userMetadata: { summary } } : {}),
    ...timeoutsOf(options),
    retryPolicy: compileRetryPolicy(options.retry ?? {}),
    localRetryThresholdMs: msOptionalToNumber(options.localRetryThreshold) ?? DEFAULT_LOCAL_RETRY_THRESHOLD_MS,
    cancellationType: options.cancellationType ?? "TRY_CANCEL",
  };
}

type Timeouts = Pick<
  LocalActivityRequest,
  "scheduleToCloseTimeoutMs" | "scheduleToStartTimeoutMs" | "startToCloseTimeoutMs"
>;

/** No part of the time is longer than the whole. */
function timeoutsOf(options: LocalActivityOptions): Timeouts {
  const wholeMs = msOptionalToNumber(options.scheduleToCloseTimeout);
  const capped = (timeoutMs: number | undefined) =>
    timeoutMs === undefined ? undefined : Math.min(timeoutMs, wholeMs ?? timeoutMs);
  const timeouts = {
    scheduleToCloseTimeoutMs: wholeMs,
    scheduleToStartTimeoutMs: capped(msOptionalToNumber(options.scheduleToStartTimeout)),
    startToCloseTimeoutMs: capped(msOptionalToNumber(options.startToCloseTimeout)),
  };
  return Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined));
}
