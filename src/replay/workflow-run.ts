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
  type PayloadPlace,
  serializationContext,
  toWireMap,
  toWirePayloads,
} from "../codec/index.ts";
import type { Failure } from "../core/failure.ts";
import type { EventOf, SuggestContinueAsNewReason, UserMetadata } from "../core/history-event.ts";
import type { PayloadMap, Payloads } from "../core/payload.ts";
import { lastCompletionRunId, previousOriginalRunId } from "../core/previous-run.ts";
import type { OpenSession } from "../core/workflow-task.ts";
import { Activities } from "./activities.ts";
import { Children } from "./children.ts";
import { CommandOutbox } from "./command-outbox.ts";
import { Conditions } from "./conditions.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { HandlerExecutions } from "./handler-executions.ts";
import { ExternalCancellations, ExternalSignals } from "./external-operations.ts";
import type { WorkflowInterceptors, WorkflowInterceptorsFactory } from "./interceptors.ts";
import { LocalActivities } from "./local-activities.ts";
import { type MessageHandler, MessageHandlers } from "./message-handlers.ts";
import type { Signal, SignalHandler, Update, UpdateHandler } from "./messages.ts";
import { Patches } from "./patches.ts";
import { Queries } from "./queries.ts";
import { OwnResolutions } from "./resolutions.ts";
import { RunAttributes } from "./run-attributes.ts";
import { RunRandomness } from "./run-randomness.ts";
import { SdkFlags } from "./sdk-flags.ts";
import type { SinkCall } from "./sinks.ts";
import { randomnessSeed } from "./siphash13.ts";
import { Timers } from "./timers.ts";
import { makeWorkflowInfo, type StartedRun, type WorkflowInfo } from "./workflow-info.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import type { LogLevel, LogMetadata, WorkflowLogger } from "./workflow-logger.ts";

/** What the run is doing; see `assertActivating`. */
export type RunPhase = "idle" | "activating" | ReadOnlyPhase;

/** What code runs that may look at the workflow and not touch it. */
export type ReadOnlyPhase = "querying" | "validating";

const READ_ONLY_CODE: Readonly<Record<ReadOnlyPhase, string>> = {
  querying: "in a query handler: a query only reads state",
  validating: "in an update validator: a validator only reads state",
};

/** What a workflow task tells the run before its jobs. */
export interface TaskFacts {
  readonly nowMs: number;
  readonly isReplaying: boolean;
  readonly historyLength: number;
  readonly historySize: number;
  readonly continueAsNewSuggested: boolean;
  readonly suggestedContinueAsNewReasons: readonly SuggestContinueAsNewReason[] | undefined;
}

/** Before the first task. */
export const NO_TASK: TaskFacts = {
  nowMs: 0,
  isReplaying: true,
  historyLength: 0,
  historySize: 0,
  continueAsNewSuggested: false,
  suggestedContinueAsNewReasons: undefined,
};

export interface WorkflowRunOptions {
  readonly open: OpenSession;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
  /** The real clock, epoch milliseconds. */
  readonly realNow: () => number;
  readonly isLocalActivityRegistered: (activityType: string) => boolean;
  /** Runs one signal handler. */
  readonly callSignalHandler: (signal: Signal, handler: MessageHandler<SignalHandler>) => void;
  /** Runs one update handler. */
  readonly callUpdateHandler: (update: Update, handler: MessageHandler<UpdateHandler>) => void;
}

export class WorkflowRun {
  readonly open: OpenSession;
  readonly flags = new SdkFlags();
  readonly outbox = new CommandOutbox();
  /** What the run itself knows the end of. */
  readonly ownResolutions = new OwnResolutions();
  readonly timers = new Timers(this.outbox);
  readonly activities = new Activities(this.outbox, this.ownResolutions);
  readonly localActivities = new LocalActivities();
  readonly isLocalActivityRegistered: (activityType: string) => boolean;
  readonly children = new Children(this.outbox, this.ownResolutions);
  readonly externalSignals = new ExternalSignals(this.outbox, this.ownResolutions);
  readonly externalCancellations = new ExternalCancellations(this.outbox);
  readonly conditions = new Conditions();
  readonly attributes = new RunAttributes();
  readonly patches = new Patches({
    outbox: this.outbox,
    flags: this.flags,
    isReplaying: () => this.isReplaying,
    warn: (message) => this.log("WARN", message, {}),
  });
  readonly queries = new Queries();
  readonly signals: MessageHandlers<Signal, SignalHandler>;
  readonly updates: MessageHandlers<Update, UpdateHandler>;
  readonly handlerExecutions = new HandlerExecutions();
  /** What the activation wants of sinks. */
  readonly sinkCalls: SinkCall[] = [];
  phase: RunPhase = "idle";
  /** Whether the service asked the whole workflow to stop. */
  cancelRequested = false;
  random = new RunRandomness([]);
  /** What workflow code says it is doing, for tools to show. */
  currentDetails = "";
  /** Empty until `makeInterceptors`. */
  readonly interceptors: Required<WorkflowInterceptors> = { inbound: [], outbound: [], internals: [] };
  /** What `clearTimeout` needs of the timers that `setTimeout` started, by handle. */
  readonly timeouts = new Map<number, { cancel(): void }>();
  readonly #dataConverter: LoadedDataConverter;
  readonly #logger: WorkflowLogger;
  readonly #realNow: () => number;
  #task = NO_TASK;
  #started: StartedRun | undefined;
  /** When the first workflow task that counts began, epoch milliseconds. */
  #runStartMs: number | undefined;
  #taskError: { readonly error: unknown } | undefined;

  constructor(options: WorkflowRunOptions) {
    this.open = options.open;
    this.#dataConverter = options.dataConverter;
    this.#logger = options.logger;
    this.#realNow = options.realNow;
    this.isLocalActivityRegistered = options.isLocalActivityRegistered;
    this.signals = new MessageHandlers("signal", options.callSignalHandler);
    this.updates = new MessageHandlers("update", options.callUpdateHandler);
  }

  /** Takes in the first event; its payloads are in clear. */
  initialize(event: EventOf<"WorkflowExecutionStarted">): void {
    const { attributes } = event;
    const { continuedFailure, lastCompletionResult } = attributes;
    this.random = new RunRandomness(randomnessSeed(attributes.originalExecutionRunId));
    const contextOf = (key: string) => serializationContext(this.open, { kind: "memo", key });
    const memo = fromWireMap(this.#dataConverter.payloadConverter, attributes.memo, contextOf);
    this.attributes.initialize(memo, attributes.searchAttributes);
    // What the runs before left behind is bound to them.
    const failed = { kind: "workflow-failure", runId: previousOriginalRunId(attributes) } as const;
    const completed = { kind: "workflow-result", runId: lastCompletionRunId(attributes) } as const;
    this.#started = {
      attributes,
      timeMs: event.eventTimeMs,
      lastResult: this.fromPayloads(completed, lastCompletionResult)[0],
      lastFailure: continuedFailure && this.fromFailure(failed, continuedFailure),
    };
  }

  /** Makes the run's interceptors. Call it once, in the run's context, after `initialize` and before the first job. */
  makeInterceptors(factories: readonly WorkflowInterceptorsFactory[]): void {
    for (const factory of factories) {
      const { inbound, outbound, internals } = factory();
      this.interceptors.inbound.push(...(inbound ?? []));
      this.interceptors.outbound.push(...(outbound ?? []));
      this.interceptors.internals.push(...(internals ?? []));
    }
  }

  /** The run that payloads are bound to. Known from the first event on. */
  get originalExecutionRunId(): string {
    return this.#started?.attributes.originalExecutionRunId ?? this.open.runId;
  }

  beginTask(task: TaskFacts): void {
    this.#task = task;
    this.#runStartMs ??= task.nowMs;
    this.flags.setReplaying(task.isReplaying);
  }

  /** The run's time: when its workflow task started, epoch milliseconds. It stands still during a task. */
  get nowMs(): number {
    return this.#task.nowMs;
  }

  /** The task queue that the run was started on; activities and children are given it unless they say otherwise. */
  get taskQueue(): string {
    return this.#started?.attributes.taskQueue.name ?? this.open.taskQueue;
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
    if (this.phase !== "idle")
      throw new DeterminismViolationError(`${what} must not be used ${READ_ONLY_CODE[this.phase]}.`);
    const error = new DeterminismViolationError(
      `${what} was used outside of a workflow task: the workflow awaited something that is not part of the workflow ` +
        "API, such as a stream, a dynamic import or another run's promise. Move it into an activity.",
    );
    this.recordTaskError(error);
    throw error;
  }

  /** Runs code that may look and not touch. What it draws of randomness does not count. */
  readOnly<T>(phase: ReadOnlyPhase, body: () => T): T {
    const { phase: outer, random } = this;
    this.phase = phase;
    this.random = random.fork();
    try {
      return body();
    } finally {
      this.phase = outer;
      this.random = random;
    }
  }

  /** The first error wins; it fails the workflow task, not the workflow. */
  recordTaskError(error: unknown): void {
    this.#taskError ??= { error };
  }

  get taskError(): { readonly error: unknown } | undefined {
    return this.#taskError;
  }

  /** Values for a channel; `place` is whose they are when they are for another workflow. */
  toPayloads(
    channel: PayloadChannel,
    values: readonly unknown[],
    place: PayloadPlace = this.open,
  ): Payloads | undefined {
    return toWirePayloads(this.#dataConverter.payloadConverter, values, serializationContext(place, channel));
  }

  fromPayloads(channel: PayloadChannel, payloads: Payloads | undefined, place: PayloadPlace = this.open): unknown[] {
    return fromWirePayloads(this.#dataConverter.payloadConverter, payloads, serializationContext(place, channel));
  }

  /** A memo's values by name. */
  toMemo(values: Readonly<Record<string, unknown>>, place: PayloadPlace = this.open): PayloadMap {
    const contextOf = (key: string) => serializationContext(place, { kind: "memo", key });
    return toWireMap(this.#dataConverter.payloadConverter, values, contextOf);
  }

  /** What a user wrote about an operation, or undefined for nothing. `subject` names the operation. */
  toUserMetadata(
    subject: string,
    summary: string | undefined,
    details?: string,
  ): { readonly userMetadata: UserMetadata } | undefined {
    const runId = this.originalExecutionRunId;
    const payloadOf = (part: "summary" | "details", text: string | undefined) => {
      const [payload] = this.toPayloads({ kind: "user-metadata", runId, subject, part }, [text])?.payloads ?? [];
      return text === undefined || payload === undefined ? {} : { [part]: payload };
    };
    if (summary === undefined && details === undefined) return undefined;
    return { userMetadata: { ...payloadOf("summary", summary), ...payloadOf("details", details) } };
  }

  toFailure(channel: PayloadChannel, error: unknown): Failure {
    return this.#dataConverter.failureConverter.errorToFailure(error, this.#boundConverter(channel));
  }

  fromFailure(channel: PayloadChannel, failure: Failure, place: PayloadPlace = this.open): Error {
    return this.#dataConverter.failureConverter.failureToError(failure, this.#boundConverter(channel, place));
  }

  #boundConverter(channel: PayloadChannel, place: PayloadPlace = this.open): PayloadConverter {
    return bindPayloadConverter(this.#dataConverter.payloadConverter, serializationContext(place, channel));
  }

  /** Whether log lines would repeat what the first run of the code has said. */
  get isSilent(): boolean {
    return this.isReplaying && this.phase !== "querying";
  }

  log(level: LogLevel, message: string, metadata: LogMetadata): void {
    if (this.isSilent) return;
    const { namespace, workflowId, runId, workflowType, taskQueue } = this.open;
    const attributes = { namespace, taskQueue, workflowId, runId, workflowType };
    const withAttributes = composeWorkflowInterceptors(this.interceptors.outbound, "getLogAttributes", (own) => own);
    this.#logger.log(level, message, { ...withAttributes(attributes), ...metadata });
  }

  /** A frozen copy of what is known now. */
  info(): WorkflowInfo {
    return makeWorkflowInfo({
      open: this.open,
      started: this.#started,
      attributes: this.attributes,
      task: this.#task,
      runStartMs: this.#runStartMs ?? 0,
      unsafe: {
        now: this.#realNow,
        isReplaying: this.isReplaying || this.phase === "querying",
        isReplayingHistoryEvents: this.isSilent,
      },
    });
  }
}
