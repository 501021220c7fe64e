/**
 * One replayed workflow in a worker's memory: events in, commands out.
 *
 * Owns: the order of decoding, activation and encoding, and the agreement of code and history. Live tasks and replay
 * take the same path; only the last task's commands leave. A session that failed, or whose history does not go on
 * where it stopped, is not mended: the service opens a new one.
 */
import {
  FAILURE_SOURCE,
  IllegalStateError,
  type LoadedDataConverter,
  type PayloadChannel,
  PayloadEncoding,
} from "../codec/index.ts";
import type { CommandProblem } from "../core/command-context.ts";
import type { EventOf, HistoryEvent } from "../core/history-event.ts";
import type {
  OpenSession,
  WorkflowQuery,
  WorkflowQueryResult,
  WorkflowSessionRpc,
  WorkflowTask,
  WorkflowTaskResult,
} from "../core/workflow-task.ts";
import { commandsProblem } from "../core/workflow-task-size.ts";
import type { Job } from "./activation.ts";
import { Activator } from "./activator.ts";
import { type CommandEvent, isCommandEvent, UnansweredCommands } from "./command-matching.ts";
import type { OutboxEntry } from "./command-outbox.ts";
import { installDeterminismGlobals } from "./determinism-globals.ts";
import { NondeterminismError, SessionOutOfDateError } from "./determinism-errors.ts";
import { jobOf } from "./history-jobs.ts";
import { HistoryReader, type HistoryStep } from "./history-reader.ts";
import { inputDifference } from "./input-comparison.ts";
import type { WorkflowFailureErrorTypes } from "./failure-types.ts";
import type { WorkflowInterceptorsFactory } from "./interceptors.ts";
import { LocalActivityDriver } from "./local-activity-driver.ts";
import type { LocalActivityCompletion } from "./local-activity-execution.ts";
import { localActivityMarker, localActivityResolution, recordedCompletion } from "./local-activity-marker.ts";
import type { LocalActivityRunner } from "./local-activity-runner.ts";
import { patchIdsOf } from "./markers.ts";
import { decodeEvent, encodeCommand, type PayloadSite } from "./payload-sites.ts";
import { observeRejections } from "./rejection-observer.ts";
import { ID_AND_TYPE_CHECKS, MOVE_TERMINAL_COMMANDS } from "./sdk-flags.ts";
import type { InjectedSinks, Sinks } from "./sinks.ts";
import { encodeTaskError } from "./task-failure.ts";
import { liveUpdateJobs, replayedUpdateJobs } from "./update-jobs.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";
import type { WorkflowSource } from "./workflow-bundle.ts";
import { NO_TASK, type TaskFacts } from "./workflow-run.ts";

// At load, so that workflow modules which take `Date` or `setTimeout` aside when they load take the guarded ones; and
// again in the constructor, because a bundler may drop what looks like an effect of importing.
installDeterminismGlobals();
observeRejections();

export interface WorkflowSessionOptions {
  readonly open: OpenSession;
  /** The module of workflow functions, each export a workflow type; or a bundle, whose modules the session has alone. */
  readonly workflows: WorkflowSource;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
  /** Called for each run, in its context, before its first job. The first one made is the outermost. */
  readonly interceptors?: readonly WorkflowInterceptorsFactory[] | undefined;
  /** What is done with the calls of `proxySinks`. */
  readonly sinks?: InjectedSinks<Sinks> | undefined;
  /** Names of error classes that fail the workflow instead of the workflow task, by workflow type or "*". */
  readonly workflowFailureErrorTypes?: WorkflowFailureErrorTypes | undefined;
  /** Runs local activities. Without it there are none: only those that history has the ends of. */
  readonly localActivities?: LocalActivityRunner | undefined;
  /** What becomes of input that differs from the recorded one. Default "warn", as Temporal takes it for no mistake. */
  readonly compareInputs?: "warn" | "error" | undefined;
  /** Whether events that mean nothing to a workflow may be missing. Default false. */
  readonly allowGaps?: boolean | undefined;
}

type TaskStep = Extract<HistoryStep, { kind: "activate" }>;

function taskFacts(
  { eventId, eventTimeMs, attributes }: EventOf<"WorkflowTaskStarted">,
  completed: EventOf<"WorkflowTaskCompleted"> | undefined,
): TaskFacts {
  return {
    nowMs: eventTimeMs,
    isReplaying: completed !== undefined,
    historyLength: eventId,
    historySize: attributes.historySizeBytes,
    continueAsNewSuggested: attributes.suggestContinueAsNew ?? false,
    suggestedContinueAsNewReasons: attributes.suggestContinueAsNewReasons,
  };
}

/**
 * Keeps one run replayed, and runs its workflow tasks.
 *
 * Methods throw `SessionOutOfDateError` when the events do not continue what the session has seen, and
 * `IllegalStateError` after `dispose`. Everything that workflow code does wrong is in the results.
 *
 * @example
 * const session = new WorkflowSession({ open, workflows, dataConverter: loadDataConverter(), logger });
 * const result = await session.runTask({ events, startedEventId: 3, attempt: 1 });
 */
export class WorkflowSession implements WorkflowSessionRpc {
  readonly #activator: Activator;
  readonly #encoding: PayloadEncoding;
  readonly #logger: WorkflowLogger;
  readonly #reader: HistoryReader;
  readonly #compareInputs: "warn" | "error";
  readonly #activityNames = new Map<number, { readonly activityId: string; readonly activityType: string }>();
  #originalExecutionRunId: string;
  /** News for the workflow that its next activation will tell. */
  #jobs: Job[] = [];
  /** The updates that the live task carries. */
  #liveUpdates: readonly Job[] = [];
  /** Whether anything but workflow task events came since the last completed task. */
  #hasNews = false;
  /** Commands that left the code and whose events have not been read yet. */
  readonly #unanswered = new UnansweredCommands();
  /** Whether the events being read answer commands of a task that was run live. */
  #answersLiveTask = false;
  /** The task that was run live and whose completion has not been read yet. */
  #liveStartedEventId: number | undefined;
  /** What the current task tells the workflow. */
  #task = NO_TASK;
  #taskTimeoutMs = 0;
  readonly #localActivities: LocalActivityDriver;
  #activated = false;
  #ended: string | undefined;
  #disposed = false;
  readonly #letGo = Promise.withResolvers<void>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: WorkflowSessionOptions) {
    const { open, dataConverter, logger } = options;
    installDeterminismGlobals();
    observeRejections();
    this.#reader = new HistoryReader({ allowGaps: options.allowGaps ?? false });
    this.#compareInputs = options.compareInputs ?? "warn";
    this.#localActivities = new LocalActivityDriver(open, options.localActivities);
    const isLocalActivityRegistered = (type: string) => this.#localActivities.isRegistered(type);
    this.#activator = new Activator({ ...options, isLocalActivityRegistered });
    this.#encoding = new PayloadEncoding(dataConverter, { namespace: open.namespace, workflowId: open.workflowId });
    this.#logger = logger;
    this.#originalExecutionRunId = open.runId;
  }

  /** Hands over a page of history that the next call continues from. */
  append(events: readonly HistoryEvent[]): Promise<void> {
    return this.#inTurn(() => this.#reader.append(events));
  }

  /** Replays what is recorded, runs the task that is not, and answers with its commands. */
  runTask(task: WorkflowTask): Promise<WorkflowTaskResult> {
    return this.#inTurn(async () => {
      try {
        this.#liveUpdates = await liveUpdateJobs(task.updates, this.#site);
        this.#localActivities.beginTask();
        await this.#advance(task.events, task.startedEventId);
        const isWaiting = await this.#runLocalActivities();
        this.#endTask();
        const encoding = this.#unanswered.entries.map((entry) => encodeCommand(entry.command, this.#site));
        const commands = await Promise.all(encoding);
        const tooLarge = commandsProblem(commands);
        if (tooLarge) return this.#failTask(tooLarge);
        const sdkMetadata = this.#activator.run.flags.unrecorded();
        return {
          kind: "completed",
          commands,
          ...(sdkMetadata ? { sdkMetadata } : {}),
          ...(isWaiting ? { forceNewWorkflowTask: true } : {}),
        };
      } catch (error) {
        this.#endWith(error);
        if (error instanceof NondeterminismError && this.#activator.failureTypes.includesNondeterminism)
          return this.#failWorkflow(error);
        const channel: PayloadChannel = { kind: "workflow-task-failure", runId: this.#originalExecutionRunId };
        return {
          kind: "failed",
          cause: error instanceof NondeterminismError ? "NON_DETERMINISTIC_ERROR" : "WORKFLOW_WORKER_UNHANDLED_FAILURE",
          failure: await encodeTaskError(this.#encoding, channel, error),
        };
      }
    });
  }

  /** Fails the task for what only its commands together are at fault for. */
  #failTask({ cause, message }: CommandProblem): WorkflowTaskResult {
    this.#ended = "has failed";
    return { kind: "failed", cause, failure: { message, source: FAILURE_SOURCE } };
  }

  /** Ends the workflow because its code differs from its history, where the worker was told to. */
  async #failWorkflow(error: NondeterminismError): Promise<WorkflowTaskResult> {
    const channel: PayloadChannel = { kind: "workflow-failure", runId: this.#originalExecutionRunId };
    const failure = await encodeTaskError(this.#encoding, channel, error);
    return { kind: "completed", commands: [{ commandType: "FailWorkflowExecution", failure }] };
  }

  /**
   * Replays a whole history and runs nothing that is not recorded.
   *
   * Throws `NondeterminismError` where the code differs from it, and whatever else failed a workflow task.
   */
  replay(events: readonly HistoryEvent[]): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#advance(events, undefined);
        this.#unanswered.assertAllAnswered(this.#reader.lastEventId);
      } catch (error) {
        this.#endWith(error);
        throw error;
      }
    });
  }

  /** Replays what is recorded, and answers a query from what the workflow is then. */
  query(query: WorkflowQuery): Promise<WorkflowQueryResult> {
    return this.#inTurn(async () => {
      const { queryType, queryId } = query;
      const failureChannel: PayloadChannel = { kind: "query-failure", queryType, queryId };
      try {
        await this.#advance(query.events, undefined);
      } catch (error) {
        this.#endWith(error);
        return { kind: "failed", failure: await encodeTaskError(this.#encoding, failureChannel, error) };
      }
      return this.#answer(query, failureChannel);
    });
  }

  async #answer(query: WorkflowQuery, failureChannel: PayloadChannel): Promise<WorkflowQueryResult> {
    const { queryType, queryId } = query;
    try {
      if (!this.#activated)
        throw new IllegalStateError("The workflow cannot be queried before its first workflow task has completed.");
      const [args, header] = await Promise.all([
        this.#encoding.decodePayloads(query.args, { kind: "query", queryType, queryId }),
        this.#encoding.decodeMap(query.header, "header"),
      ]);
      const decoded = { ...query, ...(args ? { args } : {}), ...(header ? { header } : {}) };
      const answer = await this.#activator.answer(decoded);
      switch (answer.kind) {
        case "notRegistered":
          return answer;
        case "failed":
          return { kind: "failed", failure: await this.#encoding.encodeFailure(answer.failure, failureChannel) };
        case "answered": {
          const channel: PayloadChannel = { kind: "query-result", queryType, queryId };
          const result = await this.#encoding.encodePayloads(answer.result, channel);
          return { kind: "answered", result: result ?? answer.result };
        }
      }
    } catch (error) {
      return { kind: "failed", failure: await encodeTaskError(this.#encoding, failureChannel, error) };
    }
  }

  /** Resolves when the workflow has been let go of. */
  get disposed(): Promise<void> {
    return this.#letGo.promise;
  }

  /** Lets go of the workflow. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#ended ??= "was disposed";
    this.#localActivities.stop();
    // Not in the middle of a task.
    void this.#queue.then(() => this.#activator.dispose()).finally(() => this.#letGo.resolve());
  }

  /** One call after the other, in the order they came. */
  #inTurn<T>(body: () => T | Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#ended !== undefined)
        throw new IllegalStateError(`The workflow session ${this.#ended}: open a new one.`);
      return body();
    });
    this.#queue = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  #endWith(error: unknown): void {
    this.#ended = "has failed";
    this.#localActivities.stop();
    if (error instanceof SessionOutOfDateError) throw error;
  }

  get #site(): PayloadSite {
    return {
      encoding: this.#encoding,
      originalExecutionRunId: this.#originalExecutionRunId,
      activityNames: this.#activityNames,
    };
  }

  /** Takes in events and goes on to the live task, or to the end of what is recorded. */
  async #advance(events: readonly HistoryEvent[], liveStartedEventId: number | undefined): Promise<void> {
    this.#reader.append(events);
    const steps = this.#reader.read(liveStartedEventId);
    for (const step of steps) if (step.kind === "event") this.#noteNames(step.event);
    const decoded = await Promise.all(steps.map((step) => this.#decode(step)));
    for (const step of decoded) await this.#take(step);
  }

  /** What decoding the other events needs to know. */
  #noteNames(event: HistoryEvent): void {
    if (event.eventType === "WorkflowExecutionStarted") {
      this.#originalExecutionRunId = event.attributes.originalExecutionRunId;
      this.#taskTimeoutMs = event.attributes.workflowTaskTimeoutMs;
    } else if (event.eventType === "ActivityTaskScheduled") {
      const { activityId, activityType } = event.attributes;
      this.#activityNames.set(event.eventId, { activityId, activityType: activityType.name });
    }
  }

  async #decode(step: HistoryStep): Promise<HistoryStep> {
    if (step.kind === "event") return { kind: "event", event: await decodeEvent(step.event, this.#site) };
    if (step.kind === "completed" || step.lookAhead.length === 0) return step;
    return { ...step, lookAhead: await Promise.all(step.lookAhead.map((event) => decodeEvent(event, this.#site))) };
  }

  async #take(step: HistoryStep): Promise<void> {
    switch (step.kind) {
      case "completed":
        return this.#takeCompleted(step.event);
      case "event":
        this.#hasNews = true;
        return this.#takeEvent(step.event);
      case "activate":
        return this.#takeTask(step);
    }
  }

  #takeCompleted(event: EventOf<"WorkflowTaskCompleted">): void {
    const live = this.#liveStartedEventId;
    if (live !== undefined && live !== event.attributes.startedEventId)
      throw new SessionOutOfDateError(
        `The history completes another workflow task than the one run here (event ${live}).`,
      );
    this.#answersLiveTask = live !== undefined;
    this.#liveStartedEventId = undefined;
    this.#hasNews = false;
    this.#unanswered.forgetRejections();
    this.#activator.run.flags.record(event.attributes.sdkMetadata);
  }

  async #takeEvent(event: HistoryEvent): Promise<void> {
    const { run } = this.#activator;
    if (!isCommandEvent(event)) {
      const job = jobOf(event, run, this.#activityNames);
      if (job) this.#jobs.push(job);
      return;
    }
    const entry = this.#match(event);
    // A live task's commands were recorded as they left; only a replay can differ.
    if (entry === undefined || this.#answersLiveTask) return;
    const difference = await inputDifference(entry.command, event, this.#site);
    if (difference === undefined) return;
    if (this.#compareInputs === "error") throw difference.error;
    this.#logger.log("WARN", difference.message, difference.metadata);
  }

  #match(event: CommandEvent): OutboxEntry | undefined {
    const checkIdsAndTypes = this.#activator.run.flags.recordedCore(ID_AND_TYPE_CHECKS);
    try {
      return this.#unanswered.match(event, checkIdsAndTypes);
    } catch (error) {
      // It is not the code that differs: the service recorded something else than this session answered.
      if (error instanceof NondeterminismError && this.#answersLiveTask) throw new SessionOutOfDateError(error.message);
      throw error;
    }
  }

  async #takeTask({ started, completed, lookAhead }: TaskStep): Promise<void> {
    if (this.#liveStartedEventId !== undefined)
      throw new SessionOutOfDateError(
        `The workflow task run here (event ${this.#liveStartedEventId}) was not completed in the history.`,
      );
    if (completed === undefined) this.#liveStartedEventId = started.eventId;
    // A task in which nothing happened is no activation: what the one before it did may still be recorded later.
    const updates = completed === undefined ? this.#liveUpdates : replayedUpdateJobs(lookAhead);
    const isEmpty = this.#activated && !this.#hasNews && updates.length === 0 && lookAhead.length === 0;
    if (isEmpty && completed !== undefined) return;
    this.#task = taskFacts(started, completed);
    if (isEmpty) return;
    this.#jobs.push(...updates);
    this.#unanswered.assertAllAnswered(started.eventId);
    // The flags that a replayed task recorded hold for that task already.
    this.#activator.run.flags.record(completed?.attributes.sdkMetadata);
    this.#activator.run.patches.notePresent(patchIdsOf(lookAhead));
    const jobs = this.#jobs;
    this.#jobs = [];
    if (jobs.length > 0) await this.#activate(jobs);
    if (completed === undefined) return;
    for (const event of lookAhead) if (event.eventType === "MarkerRecorded") await this.#takeMarker(event);
    this.#endTask();
  }

  /** Tells the workflow something, at the time of the current task or, if that is later, at `timeMs`. */
  async #activate(jobs: readonly Job[], timeMs = 0): Promise<void> {
    const { run } = this.#activator;
    const nowMs = Math.max(run.nowMs, this.#task.nowMs, timeMs);
    await this.#activator.activate({ ...this.#task, nowMs }, jobs);
    if (run.taskError) throw run.taskError.error;
    this.#activated = true;
  }

  /** The commands of a task leave together. */
  #endTask(): void {
    const { run } = this.#activator;
    this.#unanswered.add(run.outbox.flush(run.flags.hasCore(MOVE_TERMINAL_COMMANDS)));
  }

  async #takeMarker(event: EventOf<"MarkerRecorded">): Promise<void> {
    const { run } = this.#activator;
    if (run.outbox.holdsCloseCommand) return;
    const completion = recordedCompletion(event, run.localActivities);
    if (completion) await this.#resolveLocalActivity(completion);
  }

  /** Each end of a local activity has an activation of its own, after its marker is among the commands. */
  async #resolveLocalActivity(completion: LocalActivityCompletion): Promise<void> {
    this.#activator.run.outbox.push(localActivityMarker(completion));
    const { sequence } = completion.request;
    const resolution = localActivityResolution(completion);
    await this.#activate([{ kind: "resolveLocalActivity", sequence, resolution }], completion.completeTimeMs);
  }

  /** Runs local activities until none is open. True if the task has to end before that, to be followed at once. */
  async #runLocalActivities(): Promise<boolean> {
    const { run } = this.#activator;
    for (;;) {
      if (run.outbox.holdsCloseCommand) {
        this.#localActivities.stop();
        return false;
      }
      this.#localActivities.take(run.localActivities.takeWork(), run.originalExecutionRunId);
      const completion = this.#localActivities.takeCompletion();
      if (completion) await this.#resolveLocalActivity(completion);
      else if (!this.#localActivities.isBusy) return false;
      else if (!(await this.#localActivities.waitForEnd(this.#taskTimeoutMs))) return true;
    }
  }
}
