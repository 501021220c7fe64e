/**
 * Runs the code of one workflow, activation by activation.
 *
 * Owns: the order in which things happen. All jobs of a batch run synchronously, conditions are evaluated after each,
 * the main function starts last; only then do microtasks run, until nothing moves any more. What comes out is in the
 * run's outbox and in its task error. It knows nothing of history or payload codecs.
 */
import {
  ensureTemporalFailure,
  holdfastStackBoundary,
  isCancellation,
  type LoadedDataConverter,
  type PayloadChannel,
} from "../codec/index.ts";
import type { EventOf } from "../core/history-event.ts";
import type { OpenSession, WorkflowQuery } from "../core/workflow-task.ts";
import { batchJobs, type Job, orderJobs } from "./activation.ts";
import { RootCancellationScope } from "./cancellation-scope.ts";
import { ContinueAsNew } from "./continue-as-new.ts";
import { FailureTypes, type WorkflowFailureErrorTypes } from "./failure-types.ts";
import { headersFromWire } from "./headers.ts";
import type { WorkflowInterceptorsFactory } from "./interceptors.ts";
import { nextTurn, realNow } from "./platform-turn.ts";
import { beginQuery, type QueryAnswer } from "./query-answer.ts";
import { runInFrame } from "./run-context.ts";
import { RunRandomness } from "./run-randomness.ts";
import { SINGLE_BATCH } from "./sdk-flags.ts";
import { handleSignal } from "./signals.ts";
import { type InjectedSinks, runSinkCalls, type Sinks } from "./sinks.ts";
import { randomnessSeed } from "./siphash13.ts";
import { handleUpdate, rejectBufferedUpdates } from "./updates.ts";
import { loadWorkflows, type WorkflowSource } from "./workflow-bundle.ts";
import { composeWorkflowInterceptors } from "./workflow-interception.ts";
import { findWorkflow, type WorkflowFunction } from "./workflow-lookup.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";
import { workflowOptionsOf } from "./workflow-options.ts";
import { type TaskFacts, WorkflowRun } from "./workflow-run.ts";

export interface ActivatorOptions {
  readonly open: OpenSession;
  readonly workflows: WorkflowSource;
  readonly dataConverter: LoadedDataConverter;
  readonly logger: WorkflowLogger;
  readonly interceptors?: readonly WorkflowInterceptorsFactory[] | undefined;
  readonly sinks?: InjectedSinks<Sinks> | undefined;
  readonly workflowFailureErrorTypes?: WorkflowFailureErrorTypes | undefined;
  /** Whether the worker can run a local activity. Default: it can run none. */
  readonly isLocalActivityRegistered?: ((activityType: string) => boolean) | undefined;
}

export class Activator {
  readonly run: WorkflowRun;
  readonly failureTypes: FailureTypes;
  readonly #options: ActivatorOptions;
  readonly #rootScope: RootCancellationScope;
  #workflow: WorkflowFunction | undefined;
  /** Whether a replay will know of anything in the batch that runs. */
  #hasMoved = false;

  constructor(options: ActivatorOptions) {
    const { open, dataConverter, logger } = options;
    this.#options = options;
    this.failureTypes = new FailureTypes(options.workflowFailureErrorTypes, open.workflowType);
    this.run = new WorkflowRun({
      open,
      dataConverter,
      logger,
      realNow,
      isLocalActivityRegistered: options.isLocalActivityRegistered ?? (() => false),
      callSignalHandler: (signal, handler) => handleSignal(this.run, signal, handler, (error) => this.#fail(error)),
      callUpdateHandler: (update, handler) => handleUpdate(this.run, update, handler, (error) => this.#fail(error)),
    });
    this.#rootScope = new RootCancellationScope(this.run);
  }

  /**
   * Tells the workflow what happened up to a workflow task, and lets it run until it rests. What the run
   * resolves itself is told in further activations of the same task, unless the workflow has ended.
   */
  async activate(task: TaskFacts, jobs: readonly Job[]): Promise<void> {
    this.run.beginTask(task);
    await this.#activateOnce(orderJobs(jobs));
    for (;;) {
      const resolutions = this.run.ownResolutions.take();
      if (resolutions.length === 0 || this.run.taskError || this.run.outbox.holdsCloseCommand) return;
      await this.#activateOnce(resolutions);
    }
  }

  async #activateOnce(jobs: readonly Job[]): Promise<void> {
    const { run } = this;
    run.phase = "activating";
    try {
      for (const job of jobs) if (job.kind === "initializeWorkflow") this.#inRoot(() => this.#prepare(job.event));
      for (const [batchIndex, batch] of batchJobs(jobs, run.flags.hasLang(SINGLE_BATCH)).entries()) {
        this.#hasMoved = false;
        this.#inRoot(() => this.#interceptBatch(batch, batchIndex));
        await this.#settle(this.#hasMoved);
        if (run.taskError) return;
      }
      this.#inRoot(() => this.#conclude());
    } catch (error) {
      run.recordTaskError(error);
    } finally {
      run.phase = "idle";
      await this.#runSinkCalls();
    }
  }

  async #runSinkCalls(): Promise<void> {
    const { sinks = {}, logger } = this.#options;
    const calls = this.run.sinkCalls.splice(0);
    if (calls.length > 0) await runSinkCalls(calls, sinks, logger);
  }

  /** The end of an activation: nothing moves any more. */
  #conclude(): void {
    const { run } = this;
    rejectBufferedUpdates(run);
    const conclude = composeWorkflowInterceptors(run.interceptors.internals, "concludeActivation", (input) => input);
    conclude({ commands: run.outbox.commandTypes });
    if (!run.outbox.holdsCloseCommand) return;
    for (const warning of run.handlerExecutions.warnings()) run.log("WARN", warning, {});
  }

  #interceptBatch(batch: readonly Job[], batchIndex: number): void {
    const activate = composeWorkflowInterceptors(this.run.interceptors.internals, "activate", () =>
      this.#runBatch(batch),
    );
    activate({ jobs: batch.map(({ kind }) => kind), batchIndex });
  }

  #inRoot<T>(body: () => T): T {
    return runInFrame(this.#rootScope, body);
  }

  #runBatch(jobs: readonly Job[]): void {
    let started: EventOf<"WorkflowExecutionStarted"> | undefined;
    for (const job of jobs) {
      if (job.kind === "initializeWorkflow") started = job.event;
      else if (!this.#runTracedJob(job)) continue;
      this.#hasMoved = true;
      this.run.conditions.unblock();
    }
    if (started === undefined) return;
    this.#start(started);
    this.run.conditions.unblock();
  }

  /** False for an update that was not accepted: a replay will not know of it, so that nothing may come of it here. */
  #runTracedJob(job: Exclude<Job, { kind: "initializeWorkflow" }>): boolean {
    const accepted = () => this.run.outbox.commandTypes.filter((type) => type === "AcceptUpdate").length;
    const before = job.kind === "doUpdate" ? accepted() : -1;
    this.#runJob(job);
    return before === -1 || accepted() > before;
  }

  #runJob(job: Exclude<Job, { kind: "initializeWorkflow" }>): void {
    const { run } = this;
    switch (job.kind) {
      case "signalWorkflow":
        return run.signals.deliver(job.signal);
      case "doUpdate":
        return run.updates.deliver(job.update);
      case "fireTimer":
        return run.timers.fire(job.startedEventId);
      case "resolveActivity":
        return run.activities.resolve(job.sequence, job.resolution);
      case "resolveChildWorkflowExecutionStart":
        return run.children.resolveStart(job.sequence, job.resolution);
      case "resolveChildWorkflowExecution":
        return run.children.resolve(job.sequence, job.resolution);
      case "resolveSignalExternalWorkflow":
        return run.externalSignals.resolve(job.sequence, job.failure);
      case "resolveRequestCancelExternalWorkflow":
        return run.externalCancellations.resolve(job.sequence, job.failure);
      case "resolveLocalActivity":
        return run.localActivities.resolve(job.sequence, job.resolution);
      case "updateRandomSeed":
        run.random = new RunRandomness(randomnessSeed(job.runId));
        return;
      case "cancelWorkflow":
        run.cancelRequested = true;
        return this.#rootScope.cancel();
    }
  }

  /** Lets microtasks run, and evaluates conditions again, until none is unblocked. */
  async #settle(hasMoved: boolean): Promise<void> {
    await nextTurn();
    if (!hasMoved) return;
    while (!this.run.taskError && this.#inRoot(() => this.run.conditions.unblock()) > 0) await nextTurn();
  }

  /** Comes before anything else of the first activation. */
  #prepare(event: EventOf<"WorkflowExecutionStarted">): void {
    const { run } = this;
    run.initialize(event);
    const { workflows, interceptors } = loadWorkflows(this.#options.workflows);
    run.makeInterceptors([...(this.#options.interceptors ?? []), ...interceptors]);
    this.#workflow = findWorkflow(workflows, run.open.workflowType);
    run.patches.allow();
    this.failureTypes.setClasses(workflowOptionsOf(this.#workflow).failureExceptionTypes);
  }

  #start({ attributes }: EventOf<"WorkflowExecutionStarted">): void {
    const { run } = this;
    const execute = composeWorkflowInterceptors(run.interceptors.inbound, "execute", ({ args }) =>
      holdfastStackBoundary(() => this.#workflow?.(...args)),
    );
    const input = { args: run.workflowArguments(), headers: headersFromWire(attributes.header) };
    void execute(input)
      // Temporal's SDK logs the end of a workflow in a step of its own; which command comes first can depend on it.
      .then((result) => result)
      .then(
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
      } else if (error instanceof ContinueAsNew) {
        run.outbox.push(error.command);
      } else if (this.failureTypes.includes(error)) {
        const channel: PayloadChannel = { kind: "workflow-failure", runId: run.originalExecutionRunId };
        const failure = run.toFailure(channel, ensureTemporalFailure(error));
        run.handlerExecutions.abandon();
        run.outbox.push({ commandType: "FailWorkflowExecution", failure });
      } else {
        run.recordTaskError(error);
      }
    } catch (conversionError) {
      run.recordTaskError(conversionError);
    }
  }

  /** Answers a query from what the workflow is now. Nothing the handler does moves the workflow. */
  async answer(query: WorkflowQuery): Promise<QueryAnswer> {
    const { run } = this;
    const { random } = run;
    run.phase = "querying";
    run.random = random.fork();
    try {
      const answer = this.#inRoot(() => beginQuery(run, query));
      // Interceptors answer with promises; and those that a handler left behind are gone before the workflow goes on.
      await nextTurn();
      return answer();
    } finally {
      run.phase = "idle";
      run.random = random;
      await this.#runSinkCalls();
    }
  }

  /** Tells the interceptors that the run leaves this worker. */
  dispose(): void {
    const { run } = this;
    try {
      this.#inRoot(() => composeWorkflowInterceptors(run.interceptors.internals, "dispose", () => undefined)({}));
    } catch (error) {
      run.log("ERROR", "An interceptor failed when its workflow was disposed", { error });
    }
  }
}
