/**
 * The local activities that a session runs, beside its workflow tasks.
 *
 * Owns: the executions, and their ends in the order in which they came, until a workflow task takes them. Activities
 * go on between two tasks of the same session.
 */
import { IllegalStateError } from "../codec/index.ts";
import type { OpenSession } from "../core/workflow-task.ts";
import type { LocalActivityWork } from "./local-activities.ts";
import { type LocalActivityCompletion, LocalActivityExecution } from "./local-activity-execution.ts";
import type { LocalActivityRunner } from "./local-activity-runner.ts";

/** The part of a workflow task's time after which it ends, to be followed by another at once. */
const HEARTBEAT_FRACTION = 0.8;

export class LocalActivityDriver {
  readonly #open: OpenSession;
  readonly #runner: LocalActivityRunner | undefined;
  readonly #executions = new Map<number, LocalActivityExecution>();
  /** Those whose end the workflow does not wait for, but that go on. */
  readonly #abandoned: LocalActivityExecution[] = [];
  #completions: LocalActivityCompletion[] = [];
  #wake: (() => void) | undefined;
  /** Epoch milliseconds of the real clock. */
  #taskStartedMs = 0;

  constructor(open: OpenSession, runner: LocalActivityRunner | undefined) {
    this.#open = open;
    this.#runner = runner;
  }

  isRegistered(activityType: string): boolean {
    return this.#runner?.isRegistered(activityType) ?? false;
  }

  /** From here on the time of a workflow task counts. */
  beginTask(): void {
    this.#taskStartedMs = this.#runner?.now() ?? 0;
  }

  /** Starts and cancels activities. Throws `IllegalStateError` where none can be run. */
  take(work: readonly LocalActivityWork[], originalExecutionRunId: string): void {
    for (const item of work) {
      if (item.kind === "cancel") {
        this.#executions.get(item.sequence)?.cancel();
        continue;
      }
      const { request } = item;
      const execution = new LocalActivityExecution({
        request,
        open: this.#open,
        originalExecutionRunId,
        runner: this.#requireRunner(request.activityType),
        onEnd: (completion) => this.#takeEnd(completion),
      });
      this.#executions.set(request.sequence, execution);
      if (item.cancelRequested) execution.cancel();
      else execution.start();
    }
  }

  #requireRunner(activityType: string): LocalActivityRunner {
    if (this.#runner) return this.#runner;
    throw new IllegalStateError(`The local activity '${activityType}' cannot be run here: this session has no runner.`);
  }

  #takeEnd(completion: LocalActivityCompletion): void {
    const { sequence, cancellationType } = completion.request;
    const execution = this.#executions.get(sequence);
    this.#executions.delete(sequence);
    if (execution && completion.end.kind === "canceled" && cancellationType === "ABANDON")
      this.#abandoned.push(execution);
    this.#completions.push(completion);
    this.#wake?.();
  }

  /** The end that came first among those not taken yet, if there is one. */
  takeCompletion(): LocalActivityCompletion | undefined {
    return this.#completions.shift();
  }

  /** Whether the workflow waits for an activity that has not ended. */
  get isBusy(): boolean {
    return this.#executions.size > 0;
  }

  /** Waits for the next end. False if the workflow task had to end first, which times out after `taskTimeoutMs`. */
  async waitForEnd(taskTimeoutMs: number): Promise<boolean> {
    const runner = this.#runner;
    const restMs = this.#taskStartedMs + taskTimeoutMs * HEARTBEAT_FRACTION - (runner?.now() ?? 0);
    if (runner === undefined || restMs <= 0) return this.#completions.length > 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancelTimer = runner.schedule(resolve, restMs);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    cancelTimer();
    return this.#completions.length > 0;
  }

  /** Lets go of all activities, which are asked to stop. */
  stop(): void {
    for (const execution of [...this.#executions.values(), ...this.#abandoned.splice(0)]) execution.stop();
    this.#executions.clear();
    this.#completions = [];
    this.#wake?.();
  }
}
