/**
 * One replayed workflow in a worker's memory: events in, commands out.
 *
 * Owns: the order of decoding, activation and encoding, and the agreement of code and history. Live tasks and replay
 * take the same path; only the last task's commands leave. A session that failed, or whose history does not go on
 * where it stopped, is not mended: the service opens a new one.
 */
import { IllegalStateError, type LoadedDataConverter, type PayloadChannel, PayloadEncoding } from "../codec/index.ts";
import type { EventOf, HistoryEvent } from "../core/history-event.ts";
import type {
  OpenSession,
  WorkflowQuery,
  WorkflowQueryResult,
  WorkflowSessionRpc,
  WorkflowTask,
  WorkflowTaskResult,
} from "../core/workflow-task.ts";
import type { Job } from "./activation.ts";
import { Activator } from "./activator.ts";
import type { OutboxEntry } from "./command-outbox.ts";
import { assertAllAnswered, type CommandEvent, isCommandEvent, matchCommand } from "./command-matching.ts";
import { installDeterminismGlobals } from "./determinism-globals.ts";
import { NondeterminismError, SessionOutOfDateError } from "./determinism-errors.ts";
import { jobOf } from "./history-jobs.ts";
import { HistoryReader, type HistoryStep } from "./history-reader.ts";
import { compareInput } from "./input-comparison.ts";
import { decodeEvent, encodeCommand, type PayloadSite } from "./payload-sites.ts";
import { observeRejections } from "./rejection-observer.ts";
import { ID_AND_TYPE_CHECKS, MOVE_TERMINAL_COMMANDS } from "./sdk-flags.ts";
import { encodeTaskError } from "./task-failure.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";

// At load, so that workflow modules which take `Date` or `setTimeout` aside when they load take the guarded ones; and
// again in the constructor, because a bundler may drop what looks like an effect of importing.
installDeterminismGlobals();
observeRejections();

export interface WorkflowSessionOptions {
  readonly open: OpenSession;
  /** The module of workflow functions; each export is a workflow type. */
  readonly workflows: Readonly<Record<string, unknown>>;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
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
  readonly #reader = new HistoryReader();
  readonly #activityNames = new Map<number, { readonly activityId: string; readonly activityType: string }>();
  #originalExecutionRunId: string;
  /** News for the workflow that its next activation will tell. */
  #jobs: Job[] = [];
  /** Whether anything but workflow task events came since the last completed task. */
  #hasNews = false;
  /** Commands that left the code and whose events have not been read yet. */
  #unanswered: OutboxEntry[] = [];
  /** Whether the events being read answer commands of a task that was run live. */
  #answersLiveTask = false;
  /** The task that was run live and whose completion has not been read yet. */
  #liveStartedEventId: number | undefined;
  #activated = false;
  #ended: string | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ open, workflows, dataConverter, logger }: WorkflowSessionOptions) {
    installDeterminismGlobals();
    observeRejections();
    this.#activator = new Activator({ open, workflows, dataConverter, logger });
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
        await this.#advance(task.events, task.startedEventId);
        const commands = this.#unanswered.map((entry) => encodeCommand(entry.command, this.#site));
        const sdkMetadata = this.#activator.run.flags.unrecorded();
        return { kind: "completed", commands: await Promise.all(commands), ...(sdkMetadata ? { sdkMetadata } : {}) };
      } catch (error) {
        this.#endWith(error);
        const channel: PayloadChannel = { kind: "workflow-task-failure", runId: this.#originalExecutionRunId };
        return {
          kind: "failed",
          cause: error instanceof NondeterminismError ? "NON_DETERMINISTIC_ERROR" : "WORKFLOW_WORKER_UNHANDLED_FAILURE",
          failure: await encodeTaskError(this.#encoding, channel, error),
        };
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
      const args = await this.#encoding.decodePayloads(query.args, { kind: "query", queryType, queryId });
      const answer = await this.#activator.answer({ ...query, ...(args ? { args } : {}) });
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

  /** Lets go of the workflow. */
  dispose(): void {
    this.#ended = "was disposed";
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
    } else if (event.eventType === "ActivityTaskScheduled") {
      const { activityId, activityType } = event.attributes;
      this.#activityNames.set(event.eventId, { activityId, activityType: activityType.name });
    }
  }

  async #decode(step: HistoryStep): Promise<HistoryStep> {
    return step.kind === "event" ? { kind: "event", event: await decodeEvent(step.event, this.#site) } : step;
  }

  async #take(step: HistoryStep): Promise<void> {
    switch (step.kind) {
      case "completed":
        return this.#takeCompleted(step.event);
      case "event":
        this.#hasNews = true;
        return this.#takeEvent(step.event);
      case "activate":
        return this.#takeTask(step.started, step.completed);
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
    if (event.eventType !== "ActivityTaskScheduled" || this.#answersLiveTask) return;
    await compareInput(entry, event, this.#site, this.#logger);
  }

  #match(event: CommandEvent): OutboxEntry {
    const checkIdsAndTypes = this.#activator.run.flags.recordedCore(ID_AND_TYPE_CHECKS);
    try {
      return matchCommand(this.#unanswered, event, checkIdsAndTypes);
    } catch (error) {
      // It is not the code that differs: the service recorded something else than this session answered.
      if (error instanceof NondeterminismError && this.#answersLiveTask) throw new SessionOutOfDateError(error.message);
      throw error;
    }
  }

  async #takeTask(
    started: EventOf<"WorkflowTaskStarted">,
    completed: EventOf<"WorkflowTaskCompleted"> | undefined,
  ): Promise<void> {
    if (this.#liveStartedEventId !== undefined)
      throw new SessionOutOfDateError(
        `The workflow task run here (event ${this.#liveStartedEventId}) was not completed in the history.`,
      );
    if (completed === undefined) this.#liveStartedEventId = started.eventId;
    // A task in which nothing happened is no activation: what the one before it did may still be recorded later.
    if (this.#activated && !this.#hasNews) return;
    assertAllAnswered(this.#unanswered, started.eventId);
    await this.#activate(started, completed);
  }

  async #activate(
    started: EventOf<"WorkflowTaskStarted">,
    completed: EventOf<"WorkflowTaskCompleted"> | undefined,
  ): Promise<void> {
    const jobs = this.#jobs;
    this.#jobs = [];
    const { run } = this.#activator;
    // The flags that a replayed task recorded hold for that task already.
    run.flags.record(completed?.attributes.sdkMetadata);
    if (jobs.length === 0) return;
    const { historySizeBytes, suggestContinueAsNew } = started.attributes;
    const task = {
      nowMs: started.eventTimeMs,
      isReplaying: completed !== undefined,
      historyLength: started.eventId,
      historySize: historySizeBytes,
      continueAsNewSuggested: suggestContinueAsNew ?? false,
    };
    await this.#activator.activate(task, jobs);
    if (run.taskError) throw run.taskError.error;
    this.#activated = true;
    this.#unanswered.push(...run.outbox.flush(run.flags.hasCore(MOVE_TERMINAL_COMMANDS)));
  }
}
