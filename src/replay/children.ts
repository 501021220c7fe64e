/**
 * The children of one run.
 *
 * Owns: their numbering and their state, which is that of Temporal's core. A running child is cancelled by a request to
 * another workflow that happens to be this one's child.
 *
 *   unsent ── cancel ──▶ withdrawn, its start cancelled by the run
 *   sent ── cancel, ABANDON ──▶ its result cancelled by the run; what the history says later is ignored
 *   sent ── cancel, TRY_CANCEL ──▶ RequestCancelExternalWorkflowExecution, then as ABANDON
 *   sent ── cancel, WAIT_CANCELLATION_… ──▶ RequestCancelExternalWorkflowExecution, then waits for the child's end
 *   sent ── started in history ──▶ running       sent ── start failed in history ──▶ gone
 *   running ── closed in history ──▶ gone
 *
 * Waiting until the cancellation is requested is waiting until the child has ended: Temporal's core makes no difference.
 * A child whose result was cancelled by the run before it started never settles its start, as there.
 */
import type { StartChildWorkflowExecutionCommand } from "../core/command.ts";
import { childCancelledFailure, childNeverStartedFailure, type EndedChild } from "./child-failures.ts";
import type { CommandOutbox, OutboxEntry } from "./command-outbox.ts";
import type { ChildWorkflowCancellationType } from "./operation-options.ts";
import type { ChildStartOutcome, Outcome, OwnResolutions } from "./resolutions.ts";

/** What settles the promises that workflow code holds. */
export interface ChildSettlement {
  readonly settleStart: (outcome: ChildStartOutcome) => void;
  /** `boundRunId` is the run that the result's payloads are bound to. */
  readonly settleResult: (outcome: Outcome, boundRunId: string) => void;
}

interface Child {
  readonly command: StartChildWorkflowExecutionCommand;
  readonly cancellationType: ChildWorkflowCancellationType;
  readonly settlement: ChildSettlement;
  readonly entry: OutboxEntry;
  initiatedEventId: number | undefined;
  startedEventId: number | undefined;
  runId: string | undefined;
  boundRunId: string;
  /** The run or the history knows how it ended; only its job is still to come. */
  closed: boolean;
}

export class Children {
  readonly #outbox: CommandOutbox;
  readonly #own: OwnResolutions;
  readonly #open = new Map<number, Child>();
  readonly #byInitiatedEvent = new Map<number, number>();
  #nextSequence = 1;

  constructor(outbox: CommandOutbox, own: OwnResolutions) {
    this.#outbox = outbox;
    this.#own = own;
  }

  /** Takes the next number, whether or not a child comes of it. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  start(
    sequence: number,
    command: StartChildWorkflowExecutionCommand,
    cancellationType: ChildWorkflowCancellationType,
    settlement: ChildSettlement,
  ): void {
    const entry = this.#outbox.push(command, (event) => this.#recordInitiated(sequence, event.eventId));
    this.#open.set(sequence, {
      command,
      cancellationType,
      settlement,
      entry,
      initiatedEventId: undefined,
      startedEventId: undefined,
      runId: undefined,
      boundRunId: "",
      closed: false,
    });
  }

  #recordInitiated(sequence: number, initiatedEventId: number): void {
    this.#byInitiatedEvent.set(initiatedEventId, sequence);
    const child = this.#open.get(sequence);
    if (child) child.initiatedEventId = initiatedEventId;
  }

  /** Asks for cancellation; after the end, it does nothing. The scope asks once. */
  requestCancel(sequence: number): void {
    const child = this.#open.get(sequence);
    if (child === undefined || child.closed) return;
    if (!child.entry.sent) {
      this.#outbox.withdraw(child.entry);
      child.closed = true;
      this.#own.push({
        kind: "resolveChildWorkflowExecutionStart",
        sequence,
        resolution: { kind: "failed", failure: childNeverStartedFailure(endedChild(child)) },
      });
      return;
    }
    if (child.cancellationType !== "ABANDON") this.#sendCancel(child);
    if (child.cancellationType !== "ABANDON" && child.cancellationType !== "TRY_CANCEL") return;
    child.closed = true;
    this.#own.push({
      kind: "resolveChildWorkflowExecution",
      sequence,
      resolution: { kind: "failed", failure: childCancelledFailure(endedChild(child)) },
    });
  }

  #sendCancel({ command, runId }: Child): void {
    const { namespace, workflowId } = command;
    this.#outbox.push({
      commandType: "RequestCancelExternalWorkflowExecution",
      namespace,
      workflowExecution: { workflowId, ...(runId === undefined ? {} : { runId }) },
      childWorkflowOnly: true,
    });
  }

  /** Notes that the history started a child. The number to tell, or why there is none to tell. */
  noteStarted(initiatedEventId: number, runId: string, startedEventId: number): number | "ignore" | undefined {
    const sequence = this.#find(initiatedEventId);
    const child = typeof sequence === "number" ? this.#open.get(sequence) : undefined;
    if (child) Object.assign(child, { runId, startedEventId });
    return sequence;
  }

  /** Notes that the history did not start a child. */
  noteStartFailed(initiatedEventId: number): number | "ignore" | undefined {
    return this.#close(initiatedEventId);
  }

  /** Notes that the history closed a child. `boundRunId` is the run that its result is bound to. */
  noteClosed(initiatedEventId: number, boundRunId: string): number | "ignore" | undefined {
    const sequence = this.#close(initiatedEventId);
    const child = typeof sequence === "number" ? this.#open.get(sequence) : undefined;
    if (child) child.boundRunId = boundRunId;
    return sequence;
  }

  #close(initiatedEventId: number): number | "ignore" | undefined {
    const sequence = this.#find(initiatedEventId);
    this.#byInitiatedEvent.delete(initiatedEventId);
    const child = typeof sequence === "number" ? this.#open.get(sequence) : undefined;
    if (child) child.closed = true;
    return sequence;
  }

  /** The number of an initiated child, "ignore" if the run has its end, or undefined if the code started none. */
  #find(initiatedEventId: number): number | "ignore" | undefined {
    const sequence = this.#byInitiatedEvent.get(initiatedEventId);
    if (sequence === undefined) return undefined;
    const child = this.#open.get(sequence);
    return child === undefined || child.closed ? "ignore" : sequence;
  }

  /** The child of a number, as failures name it. */
  ended(sequence: number): EndedChild | undefined {
    const child = this.#open.get(sequence);
    return child && endedChild(child);
  }

  resolveStart(sequence: number, outcome: ChildStartOutcome): void {
    const child = this.#open.get(sequence);
    if (outcome.kind !== "started") this.#open.delete(sequence);
    child?.settlement.settleStart(outcome);
  }

  resolve(sequence: number, outcome: Outcome): void {
    const child = this.#open.get(sequence);
    this.#open.delete(sequence);
    child?.settlement.settleResult(outcome, child.boundRunId);
  }
}

function endedChild({ command, runId, initiatedEventId, startedEventId }: Child): EndedChild {
  const { namespace, workflowId, workflowType } = command;
  return { namespace, workflowId, workflowType, runId, initiatedEventId, startedEventId };
}
