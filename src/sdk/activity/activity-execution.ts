/**
 * One attempt of an activity, from its task to its outcome, whatever transport brought the task.
 *
 * Owns: decoding the input, running the function in its context, heartbeats, the cancellation of the attempt, encoding
 * the outcome. What crosses its edge is encoded; what user code sees is clear.
 *
 *   how the function ended             | not cancelled | CANCELLED | (*)         | TIMED_OUT | NOT_FOUND | (***)
 *   -----------------------------------+---------------+-----------+-------------+-----------+-----------+-------------
 *   returned                           | completed     | completed | completed   | completed | abandoned | completed
 *   threw CompleteAsyncError           | left open     | left open | left open   | left open | abandoned | left open
 *   threw CancelledFailure, AbortError | failed        | canceled  | failed (**) | abandoned | abandoned | failed (**)
 *   threw anything else                | failed        | failed    | failed      | failed    | abandoned | failed
 *
 * (*) PAUSED, RESET, WORKER_SHUTDOWN. (**) With the reason as its failure, which is retried; canceled if the workflow has
 * asked for that since. (***) Details of a heartbeat could not be encoded.
 *
 * The service counts the timeouts itself and may be a little behind: what still comes is offered to it. But a function
 * that stopped because of the timeout must not be reported, since a cancellation that nobody asked for would count as
 * a failure that is not retried.
 */
import {
  ApplicationFailure,
  CancelledFailure,
  decodeValues,
  encodeValues,
  type LoadedDataConverter,
  type PayloadEncoding,
  PayloadTooLargeError,
  toWirePayloads,
} from "../../codec/index.ts";
import type { ActivityOutcome, ActivityTask, HeartbeatActivityReply } from "../../core/activity-task.ts";
import type { Payloads } from "../../core/payload.ts";
import type { RejectionCode, Reply } from "../../core/rejection.ts";
import { headersFromWire } from "../../replay/headers.ts";
import {
  ActivityCancellationDetails,
  type ActivityFunction,
  CompleteAsyncError,
  type Logger,
  type MetricMeter,
  noopMetricMeter,
} from "../common/index.ts";
import { activityChannel, activityEncoding, failedOutcome } from "../common/activity-payloads.ts";
import { activityLogAttributes, infoOfTask } from "./activity-info.ts";
import type { ActivityTimers } from "./activity-timers.ts";
import { ActivityCancellation, type ActivityCancelReason, isCancellationError } from "./cancellation.ts";
import { Context, runInContext } from "./context.ts";
import { type Heartbeat, heartbeatIntervalMs, HeartbeatSender, type HeartbeatThrottle } from "./heartbeat-sender.ts";
import { ActivityInterceptorChain, type ActivityInterceptorsFactory } from "./interceptors.ts";
import { activityMetricMeter } from "./metric-meter.ts";

/** What an attempt needs from outside. */
export interface ActivityPorts {
  /** Takes an encoded heartbeat to the service. A throw means that it did not arrive. */
  readonly heartbeat: (details: Payloads | undefined) => Promise<Reply<HeartbeatActivityReply>>;
  readonly timers: ActivityTimers;
  readonly logger: Logger;
}

export interface ActivityAttempt {
  readonly task: ActivityTask;
  readonly activity: ActivityFunction;
  readonly dataConverter: LoadedDataConverter;
  readonly ports: ActivityPorts;
  /** The first is the outermost. */
  readonly interceptors?: readonly ActivityInterceptorsFactory[] | undefined;
  /** Where the activity's metrics go. Default: nowhere. */
  readonly metricMeter?: MetricMeter | undefined;
  readonly heartbeatThrottle?: HeartbeatThrottle | undefined;
}

/** What to do about an attempt that is over. */
export type ActivityEnding =
  | { readonly kind: "respond"; readonly outcome: ActivityOutcome }
  /** Somebody else will report it; until then the attempt counts as running. */
  | { readonly kind: "leftOpen" }
  /** The service does not wait for this attempt any more. */
  | { readonly kind: "abandoned"; readonly reason: ActivityCancelReason };

type FunctionEnding =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "threw"; readonly error: unknown };

/**
 * Runs one attempt. Use it once.
 *
 * @example
 * const ending = await new ActivityExecution({ task, activity, dataConverter, ports }).run();
 */
export class ActivityExecution {
  readonly #attempt: ActivityAttempt;
  readonly #encoding: PayloadEncoding;
  readonly #cancellation = new ActivityCancellation();
  readonly #heartbeats: HeartbeatSender;
  /** Why heartbeat details could not be encoded. */
  #conversionError: unknown;
  /** Whether the workflow has asked for the cancellation, be that what the function was told or not. */
  #isCancelRequested = false;

  constructor(attempt: ActivityAttempt) {
    const { task, dataConverter, ports } = attempt;
    this.#attempt = attempt;
    this.#encoding = activityEncoding(task, dataConverter);
    this.#heartbeats = new HeartbeatSender({
      intervalMs: heartbeatIntervalMs(task.heartbeatTimeoutMs, attempt.heartbeatThrottle),
      timers: ports.timers,
      send: (heartbeat) => this.#sendHeartbeat(heartbeat),
    });
  }

  /**
   * Runs the attempt to its end. Rejects only when not even a failure can be encoded, as with a codec that lost its
   * key: then there is nothing to report, and the timeouts of the service take over.
   */
  async run(): Promise<ActivityEnding> {
    const ending = await this.#runFunction();
    const lastHeartbeat = this.#heartbeats.stop();
    const { reason } = this.#cancellation;
    if (reason === "NOT_FOUND") return { kind: "abandoned", reason };
    if (ending.kind === "returned") return respond(await this.#completed(ending.value, lastHeartbeat));
    const { error } = ending;
    if (error instanceof CompleteAsyncError) return await this.#leftOpen();
    if (!isCancellationError(error)) return respond(await this.#failed(error, lastHeartbeat));
    switch (reason) {
      case "CANCELLED":
        return respond(await this.#canceled(error));
      case "PAUSED":
      case "RESET":
      case "WORKER_SHUTDOWN":
        // No other attempt follows one whose cancellation was asked for since: it has given way to that as well.
        if (this.#isCancelRequested) return respond(await this.#canceled(error));
        return respond(await this.#failed(stoppedFailure(reason), lastHeartbeat));
      case "TIMED_OUT":
        return { kind: "abandoned", reason };
      case "HEARTBEAT_DETAILS_CONVERSION_FAILED":
        return respond(await this.#failed(this.#conversionError, undefined));
      case undefined:
        return respond(await this.#failed(error, lastHeartbeat));
    }
  }

  async #runFunction(): Promise<FunctionEnding> {
    const { activity, task, ports, interceptors = [], metricMeter = noopMetricMeter } = this.#attempt;
    const cancelTimeout = this.#armTimeout(task.startToCloseTimeoutMs);
    try {
      const [args, details, header] = await Promise.all([
        decodeValues(this.#encoding, activityChannel("activity-input", task), task.input),
        decodeValues(this.#encoding, activityChannel("heartbeat", task), task.heartbeatDetails),
        this.#encoding.decodeMap(task.header, "header"),
      ]);
      const chain = new ActivityInterceptorChain();
      const info = infoOfTask(task, details[0]);
      const context = new Context({
        info,
        metricMeter: activityMetricMeter(metricMeter, info, (tags) => chain.metricTags(tags)),
        logAttributes: () => chain.logAttributes(activityLogAttributes(info)),
        cancellation: this.#cancellation,
        heartbeat: (heartbeatDetails) => this.#recordHeartbeat(heartbeatDetails),
        timers: ports.timers,
        logger: ports.logger,
      });
      chain.make(interceptors, context);
      // The arguments were made by a caller who knew the function's parameters; here they are just values.
      const call = async (called: unknown[]) => await activity(...(called as never[]));
      const input = { args, headers: headersFromWire(header) };
      return { kind: "returned", value: await runInContext(context, () => chain.execute(input, call)) };
    } catch (error) {
      return { kind: "threw", error };
    } finally {
      cancelTimeout();
    }
  }

  #armTimeout(startToCloseTimeoutMs: number): () => void {
    if (startToCloseTimeoutMs <= 0) return () => undefined;
    return this.#attempt.ports.timers.schedule(() => this.#cancellation.cancel("TIMED_OUT"), startToCloseTimeoutMs);
  }

  /** Asks the function to stop. Only the first reason counts. */
  cancel(reason: ActivityCancelReason): void {
    this.#cancellation.cancel(reason);
  }

  /** Takes what the service has to say about the attempt, of its own accord or in the answer to a heartbeat. */
  hear(news: Reply<HeartbeatActivityReply>): void {
    if (!news.ok) {
      if (GONE.includes(news.rejection.code)) this.#cancellation.cancel("NOT_FOUND");
      return;
    }
    const { cancelRequested, activityPaused: paused = false, activityReset: reset = false } = news.value;
    if (!cancelRequested && !paused && !reset) return;
    if (cancelRequested) this.#isCancelRequested = true;
    // All that holds is told; of the reasons one stands for the others, the one that leaves least to be done.
    const reason = cancelRequested ? "CANCELLED" : reset ? "RESET" : "PAUSED";
    this.#cancellation.cancel(reason, new ActivityCancellationDetails({ cancelRequested, paused, reset }));
  }

  /** Converts at once, so that later changes of the object do not alter what was reported. */
  #recordHeartbeat(details: unknown): void {
    if (this.#attempt.task.isLocal) return;
    try {
      const channel = activityChannel("heartbeat", this.#attempt.task);
      const { payloadConverter } = this.#encoding.converter;
      const values = details === undefined ? [] : [details];
      this.#heartbeats.record({
        details: toWirePayloads(payloadConverter, values, this.#encoding.contextOf(channel)),
      });
    } catch (error) {
      this.#refuseHeartbeat(error);
    }
  }

  async #sendHeartbeat(heartbeat: Heartbeat): Promise<void> {
    let details: Payloads | undefined;
    try {
      details = await this.#encodeHeartbeat(heartbeat);
    } catch (error) {
      this.#refuseHeartbeat(error);
      return;
    }
    const reply = await this.#attempt.ports.heartbeat(details);
    this.hear(reply);
    if (reply.ok || GONE.includes(reply.rejection.code)) return;
    this.#refuseHeartbeat(ApplicationFailure.retryable(reply.rejection.message, reply.rejection.code));
  }

  #refuseHeartbeat(error: unknown): void {
    this.#conversionError ??= error;
    this.#cancellation.cancel("HEARTBEAT_DETAILS_CONVERSION_FAILED");
  }

  #encodeHeartbeat({ details }: Heartbeat): Promise<Payloads | undefined> {
    return this.#encoding.encodePayloads(details, activityChannel("heartbeat", this.#attempt.task));
  }

  async #leftOpen(): Promise<ActivityEnding> {
    if (!this.#attempt.task.isLocal) {
      // What is not sent by now never is: with the attempt, the invocation may end.
      await this.#heartbeats.finish();
      return { kind: "leftOpen" };
    }
    // The service knows nothing of the attempt, so nobody could ever report it.
    const message = "A local activity cannot be completed from outside; make it a remote one";
    return respond(await this.#failed(ApplicationFailure.nonRetryable(message, "CompleteAsyncError"), undefined));
  }

  async #completed(value: unknown, lastHeartbeat: Heartbeat | undefined): Promise<ActivityOutcome> {
    try {
      const channel = activityChannel("activity-result", this.#attempt.task);
      const result = await encodeValues(this.#encoding, channel, [value]);
      return { kind: "completed", ...(result ? { result } : {}) };
    } catch (error) {
      return await this.#failed(outcomeProblem(error), lastHeartbeat);
    }
  }

  async #canceled(error: unknown): Promise<ActivityOutcome> {
    const values = error instanceof CancelledFailure ? error.details : [];
    const channel = activityChannel("activity-cancellation", this.#attempt.task);
    const details = await this.#encodedIfPossible("cancellation", () => encodeValues(this.#encoding, channel, values));
    return { kind: "canceled", ...(details ? { details } : {}) };
  }

  async #failed(error: unknown, lastHeartbeat: Heartbeat | undefined): Promise<ActivityOutcome> {
    const outcome = await failedOutcome(this.#attempt.task, this.#attempt.dataConverter, error);
    if (!lastHeartbeat?.details) return outcome;
    const details = await this.#encodedIfPossible("heartbeat", () => this.#encodeHeartbeat(lastHeartbeat));
    return details ? { ...outcome, lastHeartbeatDetails: details } : outcome;
  }

  /** How an attempt ended matters more than its details: they are left out when they cannot be encoded. */
  async #encodedIfPossible(what: string, encode: () => Promise<Payloads | undefined>): Promise<Payloads | undefined> {
    try {
      return await encode();
    } catch (error) {
      this.#attempt.ports.logger.warn(`The details of a ${what} could not be encoded and are left out.`, { error });
      return undefined;
    }
  }
}

/** What the service answers when it waits for the attempt no more. */
const GONE: readonly RejectionCode[] = ["ActivityNotFound", "WorkflowNotFound", "WorkflowAlreadyCompleted"];

/** How an attempt has failed that gave way to what is no cancellation of its activity: another follows. */
function stoppedFailure(reason: "PAUSED" | "RESET" | "WORKER_SHUTDOWN"): ApplicationFailure {
  switch (reason) {
    case "PAUSED":
      return ApplicationFailure.retryable("Activity paused", "ActivityPause");
    case "RESET":
      return ApplicationFailure.retryable("Activity reset", "ActivityReset");
    case "WORKER_SHUTDOWN":
      return ApplicationFailure.create({
        message: "Worker is shutting down and this activity did not complete in time",
        type: "WorkerShutdown",
        // Nothing has gone wrong, and invocations end all the time: the next attempt need not wait.
        nextRetryDelay: 1,
      });
  }
}

/** Why a result could not be reported. Another attempt for one that is too large would only repeat side effects. */
function outcomeProblem(error: unknown): unknown {
  if (!(error instanceof PayloadTooLargeError)) return error;
  return ApplicationFailure.nonRetryable(`The activity's outcome was refused: ${error.message}`, "PayloadTooLarge");
}

function respond(outcome: ActivityOutcome): ActivityEnding {
  return { kind: "respond", outcome };
}
