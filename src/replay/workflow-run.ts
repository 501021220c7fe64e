/**
 * Everything that is known of one run while its session lives: clock, randomness, pending operations, handlers,
 * commands, and the first error that fails the workflow task.
 *
 * Owns: the state and who may touch it when. Commands may be made only while an activation runs. It knows neither
 * scopes nor history; `activator.ts` drives it, and the functions that users call find it through `run-context.ts`.
 */
import {
  bindPayloadConverter,
  fromWireMap,
  fromWirePayloads,
  type LoadedDataConverter,
  type PayloadChannel,
  type PayloadConverter,
  serializationContext,
  toWirePayloads,
} from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";
import type { EventOf } from "../core/history-event.ts";
import type { Payloads } from "../core/payload.ts";
import type { OpenSession } from "../core/workflow-task.ts";
import { Activities } from "./activities.ts";
import { CommandOutbox } from "./command-outbox.ts";
import { Conditions } from "./conditions.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { Queries } from "./queries.ts";
import { RandomSource } from "./random-source.ts";
import { SdkFlags } from "./sdk-flags.ts";
import { type Signal, type SignalHandler, Signals } from "./signals.ts";
import { randomnessSeed } from "./siphash13.ts";
import { Timers } from "./timers.ts";
import type { WorkflowInfo } from "./workflow-info.ts";
import type { LogLevel, LogMetadata, WorkflowLogger } from "./workflow-logger.ts";

/** What the run is doing; see `assertActivating`. */
export type RunPhase = "idle" | "activating" | "querying";

/** What a workflow task tells the run before its jobs. */
export interface TaskFacts {
  readonly nowMs: number;
  readonly isReplaying: boolean;
  readonly historyLength: number;
  readonly historySize: number;
  readonly continueAsNewSuggested: boolean;
}

export interface WorkflowRunOptions {
  readonly open: OpenSession;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
  /** The real clock, epoch milliseconds. */
  readonly realNow: () => number;
  /** Runs one signal handler. */
  readonly callSignalHandler: (handler: SignalHandler, signal: Signal) => void;
}

/** An object with the field, or an empty one if there is no value. */
function optional<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, T>>;
}

type StartedAttributes = EventOf<"WorkflowExecutionStarted">["attributes"];

export class WorkflowRun {
  readonly open: OpenSession;
  readonly flags = new SdkFlags();
  readonly outbox = new CommandOutbox();
  readonly timers = new Timers(this.outbox);
  readonly activities = new Activities(this.outbox);
  readonly conditions = new Conditions();
  readonly queries = new Queries();
  readonly signals: Signals;
  phase: RunPhase = "idle";
  /** Whether the service asked the whole workflow to stop. */
  cancelRequested = false;
  random = new RandomSource([]);
  /** What `clearTimeout` needs of the timers that `setTimeout` started, by handle. */
  readonly timeouts = new Map<number, { cancel(): void }>();
  readonly #dataConverter: LoadedDataConverter;
  readonly #logger: WorkflowLogger;
  readonly #realNow: () => number;
  #task: TaskFacts = {
    nowMs: 0,
    isReplaying: true,
    historyLength: 0,
    historySize: 0,
    continueAsNewSuggested: false,
  };
  #started: { readonly attributes: StartedAttributes; readonly timeMs: number } | undefined;
  #memo: Readonly<Record<string, unknown>> = Object.freeze({});
  #taskError: { readonly error: unknown } | undefined;

  constructor(options: WorkflowRunOptions) {
    this.open = options.open;
    this.#dataConverter = options.dataConverter;
    this.#logger = options.logger;
    this.#realNow = options.realNow;
    this.signals = new Signals(options.callSignalHandler);
  }

  /** Takes in the first event; its payloads are in clear. */
  initialize(event: EventOf<"WorkflowExecutionStarted">): void {
    this.#started = { attributes: event.attributes, timeMs: event.eventTimeMs };
    this.random = new RandomSource(randomnessSeed(event.attributes.originalExecutionRunId));
    const contextOf = (key: string) => serializationContext(this.open, { kind: "memo", key });
    this.#memo = Object.freeze(fromWireMap(this.#dataConverter.payloadConverter, event.attributes.memo, contextOf));
  }

  /** The run that payloads are bound to. Known from the first event on. */
  get originalExecutionRunId(): string {
    return this.#started?.attributes.originalExecutionRunId ?? this.open.runId;
  }

  beginTask(task: TaskFacts): void {
    this.#task = task;
    this.flags.setReplaying(task.isReplaying);
  }

  /** The run's time: when its workflow task started, epoch milliseconds. It stands still during a task. */
  get nowMs(): number {
    return this.#task.nowMs;
  }

  get isReplaying(): boolean {
    return this.#task.isReplaying;
  }

  /** The arguments of the workflow function. */
  workflowArguments(): unknown[] {
    return this.fromPayloads({ kind: "workflow-input" }, this.#started?.attributes.input);
  }

  /** Refuses what makes or changes anything that a replay must repeat, where no replay would repeat it. */
  assertActivating(what: string): void {
    if (this.phase === "activating") return;
    if (this.phase === "querying")
      throw new DeterminismViolationError(`${what} must not be used in a query handler: a query only reads state.`);
    const error = new DeterminismViolationError(
      `${what} was used outside of a workflow task: the workflow awaited something that is not part of the workflow ` +
        "API, such as a stream, a dynamic import or another run's promise. Move it into an activity.",
    );
    this.recordTaskError(error);
    throw error;
  }

  /** The first error wins; it fails the workflow task, not the workflow. */
  recordTaskError(error: unknown): void {
    this.#taskError ??= { error };
  }

  get taskError(): { readonly error: unknown } | undefined {
    return this.#taskError;
  }

  toPayloads(channel: PayloadChannel, values: readonly unknown[]): Payloads | undefined {
    return toWirePayloads(this.#dataConverter.payloadConverter, values, serializationContext(this.open, channel));
  }

  fromPayloads(channel: PayloadChannel, payloads: Payloads | undefined): unknown[] {
    return fromWirePayloads(this.#dataConverter.payloadConverter, payloads, serializationContext(this.open, channel));
  }

  toFailure(channel: PayloadChannel, error: unknown): Failure {
    return this.#dataConverter.failureConverter.errorToFailure(error, this.#boundConverter(channel));
  }

  fromFailure(channel: PayloadChannel, failure: Failure): Error {
    return this.#dataConverter.failureConverter.failureToError(failure, this.#boundConverter(channel));
  }

  #boundConverter(channel: PayloadChannel): PayloadConverter {
    return bindPayloadConverter(this.#dataConverter.payloadConverter, serializationContext(this.open, channel));
  }

  /** Whether log lines would repeat what the first run of the code has said. */
  get isSilent(): boolean {
    return this.isReplaying && this.phase !== "querying";
  }

  log(level: LogLevel, message: string, metadata: LogMetadata): void {
    if (this.isSilent) return;
    const { namespace, workflowId, runId, workflowType, taskQueue } = this.open;
    this.#logger.log(level, message, { namespace, taskQueue, workflowId, runId, workflowType, ...metadata });
  }

  /** A frozen copy of what is known now. */
  info(): WorkflowInfo {
    const { namespace, workflowId, runId, workflowType } = this.open;
    const attributes = this.#started?.attributes;
    const startMs = this.#started?.timeMs ?? 0;
    const isReplaying = this.isReplaying || this.phase === "querying";
    const expirationMs = attributes?.workflowExecutionExpirationTimeMs;
    return Object.freeze({
      namespace,
      workflowId,
      runId,
      workflowType,
      taskQueue: attributes?.taskQueue.name ?? this.open.taskQueue,
      memo: this.#memo,
      historyLength: this.#task.historyLength,
      historySize: this.#task.historySize,
      continueAsNewSuggested: this.#task.continueAsNewSuggested,
      firstExecutionRunId: attributes?.firstExecutionRunId ?? runId,
      originalExecutionRunId: this.originalExecutionRunId,
      startTime: new Date(startMs),
      runStartTime: new Date(startMs),
      ...optional("executionTimeoutMs", attributes?.workflowExecutionTimeoutMs),
      ...optional("executionExpirationTime", expirationMs === undefined ? undefined : new Date(expirationMs)),
      ...optional("runTimeoutMs", attributes?.workflowRunTimeoutMs),
      taskTimeoutMs: attributes?.workflowTaskTimeoutMs ?? 0,
      attempt: attributes?.attempt ?? 1,
      unsafe: Object.freeze({ now: this.#realNow, isReplaying, isReplayingHistoryEvents: this.isSilent }),
    });
  }
}
