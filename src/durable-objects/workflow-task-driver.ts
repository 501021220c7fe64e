/**
 * Drives workflow tasks: whenever the run has one that is started and nobody works on it, it goes to the worker.
 *
 * Owns: the single flight. The result comes back as a turn; what the worker said of a task that was given up meanwhile
 * finds no such task and is dropped. Errors of the transport become a failed attempt, retried with backoff.
 *
 * A task leaves before the commit that starts it (`foresee`): workflow code has no effects, so nothing is lost if the
 * commit never becomes durable, and the worker runs while the disk writes.
 */
import { transientTaskEvents } from "../core/workflow-task-event.ts";
import { SERVICE_FAILURE_SOURCE } from "../core/failure.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { MAX_MESSAGE_CHARACTERS } from "../core/limits.ts";
import { carriedUpdates } from "../core/state.ts";
import { characters } from "../core/text-size.ts";
import { isTraceless } from "../core/update-command.ts";
import type { WorkflowTaskRef } from "../core/workflow-task-decision.ts";
import type { UpdateMessage, WorkflowTaskResult } from "../core/workflow-task.ts";
import type { ExecutionTurn } from "./execution-turn.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";
import type { HistorySource, WorkflowSessions } from "./workflow-sessions.ts";

const WORKER_IDENTITY = "workflow-worker";

interface FlightRef extends WorkflowTaskRef {
  readonly runId: string;
}

/** A workflow task about to go to the worker. */
interface Departure {
  readonly ref: FlightRef;
  readonly updates: readonly UpdateMessage[];
  /** Started for updates alone: it may turn out never to have been. */
  readonly isTentative: boolean;
}

interface Flight extends FlightRef {
  readonly done: Promise<void>;
}

export class WorkflowTaskDriver {
  readonly #turn: ExecutionTurn;
  readonly #store: RunStore;
  readonly #sessions: WorkflowSessions;
  #flight: Flight | undefined;

  constructor(turn: ExecutionTurn, store: RunStore, sessions: WorkflowSessions) {
    this.#turn = turn;
    this.#store = store;
    this.#sessions = sessions;
  }

  get isBusy(): boolean {
    return this.#flight !== undefined || this.#sessions.isOpen;
  }

  /** Where a session of this run reads its history. */
  source(run: LoadedRun): HistorySource {
    const { identity, start } = run.state;
    return {
      open: {
        version: 1,
        namespace: identity.namespace,
        workflowId: identity.workflowId,
        runId: identity.runId,
        workflowType: start.workflowType,
        taskQueue: start.taskQueue,
      },
      page: (fromEventId, maxCharacters) => this.#store.readPage(run.number, fromEventId, maxCharacters),
    };
  }

  /** Sends the task that a commit about to be made starts. `events` are that commit's. Returns at once. */
  foresee(run: LoadedRun, events: readonly HistoryEvent[], updates: readonly UpdateMessage[]): void {
    const last = events.at(-1);
    if (this.#flight || last?.eventType !== "WorkflowTaskStarted") return;
    // Read back from storage it goes page by page.
    if (characters(events) > MAX_MESSAGE_CHARACTERS) return;
    // The session has run a task that history says has failed: its memory is ahead.
    if (events.some((event) => event.eventType === "WorkflowTaskFailed")) this.#sessions.drop();
    const ref = { runId: run.state.identity.runId, startedEventId: last.eventId, attempt: 1 };
    this.#takeOff(run, { ref, updates, isTentative: false }, events);
  }

  /** Takes up the run's workflow task, if there is one to be worked on. Returns at once. */
  drive(run: LoadedRun): void {
    const task = run.state.workflowTask;
    const { runId } = run.state.identity;
    const flight = this.#flight;
    if (flight) {
      const isSame =
        flight.runId === runId && flight.startedEventId === task?.startedEventId && flight.attempt === task.attempt;
      if (isSame) return;
      // The task in flight was given up or its run has ended: do not wait for its worker.
      this.#flight = undefined;
      this.#sessions.abandon();
    }
    if (task?.startedEventId === undefined) return;
    const ref = { runId, startedEventId: task.startedEventId, attempt: task.attempt };
    const departure = { ref, updates: carriedUpdates(run.state), isTentative: task.speculative === true };
    this.#takeOff(run, departure, transientTaskEvents(run.state));
  }

  #takeOff(run: LoadedRun, departure: Departure, extra: readonly HistoryEvent[]): void {
    const { ref } = departure;
    const done = this.#fly(departure, this.#work(run, departure, extra)).catch((error: unknown) => {
      // The result could not be committed. The task is still open in storage, and its timeout takes it up again.
      console.error(`holdfast: the result of a workflow task was lost: ${String(error)}`);
    });
    this.#flight = { ...ref, done };
  }

  /**
   * Resolves when the workflow has been told everything that was accepted before the call: by the task with the worker,
   * or by the one after it, which has what came too late for the first. More may follow without a gap.
   */
  async caughtUp(): Promise<void> {
    for (let flights = 0; this.#flight && flights < 2; flights += 1) await this.#flight.done;
  }

  async #fly({ ref, isTentative }: Departure, working: Promise<WorkflowTaskResult>): Promise<void> {
    const result = await working;
    const isCurrent = this.#flight?.startedEventId === ref.startedEventId && this.#flight.attempt === ref.attempt;
    if (!isCurrent || this.#flight?.runId !== ref.runId) return;
    // A failure joins no commit; what was deferred goes first, while this task still counts as being worked on.
    if (result.kind === "failed") this.#turn.flush();
    this.#flight = undefined;
    // The session has seen a task that never was. Before the turn: a task that it starts must not go to it.
    if (isTentative && result.kind === "completed" && isTraceless({ speculative: true }, result)) this.#sessions.drop();
    const reply =
      result.kind === "completed"
        ? this.#turn.take("completeWorkflowTask", {
            ...ref,
            ...result,
            identity: WORKER_IDENTITY,
            ...this.#turn.nextRunFacts(),
          })
        : this.#turn.take("failWorkflowTask", { ...ref, ...result, identity: WORKER_IDENTITY });
    // A task that has taken off meanwhile has seen to its session already.
    const isKept = reply.ok && reply.value.kept;
    if (!isKept && !this.#flight) this.#sessions.retire();
  }

  async #work(
    run: LoadedRun,
    { ref, updates }: Departure,
    extra: readonly HistoryEvent[],
  ): Promise<WorkflowTaskResult> {
    const { startedEventId, attempt } = ref;
    const task = { startedEventId, attempt, ...(updates.length > 0 ? { updates } : {}) };
    try {
      return await this.#sessions.runTask(this.source(run), task, extra);
    } catch (error) {
      console.warn(`holdfast: the workflow worker did not take a workflow task: ${String(error)}`);
      return {
        kind: "failed",
        cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE",
        failure: {
          message: `The workflow worker did not take the task: ${String(error)}`,
          source: SERVICE_FAILURE_SOURCE,
          serverFailureInfo: { nonRetryable: false },
        },
      };
    }
  }
}
