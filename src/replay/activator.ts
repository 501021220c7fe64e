/**
 * Runs the code of one workflow, activation by activation.
 *
 * Owns: the order in which things happen. All jobs of a batch run synchronously, conditions are evaluated after each,
 * the main function starts last; only then do microtasks run, until nothing moves any more. What comes out is in the
 * run's outbox and in its task error. It knows nothing of history or payload codecs.
 */
import {
  holdfastStackBoundary,
  HoldfastFailure,
  isCancellation,
  type LoadedDataConverter,
  type PayloadChannel,
} from "../codec/index.ts";
import type { OpenSession, WorkflowQuery } from "../core/workflow-task.ts";
import { batchJobs, type Job, orderJobs } from "./activation.ts";
import { RootCancellationScope } from "./cancellation-scope.ts";
import { nextTurn, realNow } from "./platform-turn.ts";
import { answerQuery, type QueryAnswer } from "./query-answer.ts";
import { runInFrame } from "./run-context.ts";
import { SINGLE_BATCH } from "./sdk-flags.ts";
import type { Signal, SignalHandler } from "./signals.ts";
import { findWorkflow } from "./workflow-lookup.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";
import { type TaskFacts, WorkflowRun } from "./workflow-run.ts";

export interface ActivatorOptions {
  readonly open: OpenSession;
  readonly workflows: Readonly<Record<string, unknown>>;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
}

export class Activator {
  readonly run: WorkflowRun;
  readonly #workflows: Readonly<Record<string, unknown>>;
  readonly #rootScope: RootCancellationScope;

  constructor({ open, workflows, dataConverter, logger }: ActivatorOptions) {
    this.run = new WorkflowRun({
      open,
      dataConverter,
      logger,
      realNow,
      callSignalHandler: (handler, signal) => this.#callSignalHandler(handler, signal),
    });
    this.#workflows = workflows;
    this.#rootScope = new RootCancellationScope(this.run);
  }

  /**
   * Tells the workflow what happened up to a workflow task, and lets it run until it rests. Activities that the run
   * resolves itself are told in further activations of the same task, unless the workflow has ended.
   */
  async activate(task: TaskFacts, jobs: readonly Job[]): Promise<void> {
    this.run.beginTask(task);
    await this.#activateOnce(orderJobs(jobs));
    for (;;) {
      const resolutions = this.run.activities.takeLocalResolutions();
      if (resolutions.length === 0 || this.run.taskError || this.run.outbox.holdsCloseCommand) return;
      await this.#activateOnce(resolutions.map((local) => ({ kind: "resolveActivity", ...local })));
    }
  }

  async #activateOnce(jobs: readonly Job[]): Promise<void> {
    const { run } = this;
    run.phase = "activating";
    try {
      for (const batch of batchJobs(jobs, run.flags.hasLang(SINGLE_BATCH))) {
        this.#inRoot(() => this.#runBatch(batch));
        await this.#settle();
        if (run.taskError) return;
      }
    } catch (error) {
      run.recordTaskError(error);
    } finally {
      run.phase = "idle";
    }
  }

  #inRoot<T>(body: () => T): T {
    return runInFrame(this.#rootScope, body);
  }

  #runBatch(jobs: readonly Job[]): void {
    let start: (() => void) | undefined;
    for (const job of jobs) {
      if (job.kind === "initializeWorkflow") start = this.#initialize(job);
      else this.#runJob(job);
      this.run.conditions.unblock();
    }
    if (start === undefined) return;
    start();
    this.run.conditions.unblock();
  }

  #runJob(job: Exclude<Job, { kind: "initializeWorkflow" }>): void {
    const { run } = this;
    switch (job.kind) {
      case "signalWorkflow":
        return run.signals.deliver(job.signal);
      case "fireTimer":
        return run.timers.fire(job.startedEventId);
      case "resolveActivity":
        return run.activities.resolve(job.sequence, job.resolution);
      case "cancelWorkflow":
        run.cancelRequested = true;
        return this.#rootScope.cancel();
    }
  }

  /** Lets microtasks run, and evaluates conditions again, until none is unblocked. */
  async #settle(): Promise<void> {
    await nextTurn();
    while (!this.run.taskError && this.#inRoot(() => this.run.conditions.unblock()) > 0) await nextTurn();
  }

  #initialize(job: Extract<Job, { kind: "initializeWorkflow" }>): () => void {
    const { run } = this;
    run.initialize(job.event);
    const workflow = findWorkflow(this.#workflows, run.open.workflowType);
    const args = run.workflowArguments();
    return () =>
      void holdfastStackBoundary(() => workflow(...args)).then(
        (result) => this.#complete(result),
        (error: unknown) => this.#fail(error),
      );
  }

  #complete(value: unknown): void {
    const { run } = this;
    try {
      run.assertActivating("The end of the workflow function");
      const result = run.toPayloads({ kind: "workflow-result", runId: run.originalExecutionRunId }, [value]);
      run.outbox.push({ commandType: "CompleteWorkflowExecution", ...(result ? { result } : {}) });
    } catch (error) {
      run.recordTaskError(error);
    }
  }

  /** Decides what an error that left the main function or a signal handler means. */
  #fail(error: unknown): void {
    const { run } = this;
    try {
      run.assertActivating("The end of the workflow function");
      if (run.cancelRequested && isCancellation(error)) {
        run.outbox.push({ commandType: "CancelWorkflowExecution" });
      } else if (error instanceof HoldfastFailure) {
        const channel: PayloadChannel = { kind: "workflow-failure", runId: run.originalExecutionRunId };
        run.outbox.push({ commandType: "FailWorkflowExecution", failure: run.toFailure(channel, error) });
      } else {
        run.recordTaskError(error);
      }
    } catch (conversionError) {
      run.recordTaskError(conversionError);
    }
  }

  #callSignalHandler(handler: SignalHandler, { signalName, requestId, input }: Signal): void {
    const args = this.run.fromPayloads({ kind: "signal", signalName, requestId }, input);
    const handled = holdfastStackBoundary(() => handler(...(args as never[])));
    void handled.catch((error: unknown) => this.#fail(error));
  }

  /** Answers a query from what the workflow is now. Nothing the handler does moves the workflow. */
  async answer(query: WorkflowQuery): Promise<QueryAnswer> {
    const { run } = this;
    const { random } = run;
    run.phase = "querying";
    run.random = random.fork();
    try {
      const answer = this.#inRoot(() => answerQuery(run, query));
      // Promises that a handler left behind are gone before the workflow goes on.
      await nextTurn();
      return answer;
    } finally {
      run.phase = "idle";
      run.random = random;
    }
  }
}
