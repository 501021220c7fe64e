/**
 * Signals and cancellations that a run sends to other workflows.
 *
 * Owns: their numbering and their state. A signal can be taken back until it is sent; afterwards, and for a cancellation
 * at once, only the answer of the other side ends the wait.
 */
import type {
  RequestCancelExternalWorkflowExecutionCommand,
  SignalExternalWorkflowExecutionCommand,
} from "../core/command.ts";
import type { Failure } from "../core/failure.ts";
import { SERVICE_FAILURE_SOURCE } from "../core/failure.ts";
import type { ExternalWorkflowFailedCause } from "../core/history-event.ts";
import type { CommandOutbox, OutboxEntry } from "./command-outbox.ts";
import type { OwnResolutions } from "./resolutions.ts";

/** Told how it went: undefined for well. */
export type SettleExternal = (failure: Failure | undefined) => void;

/** The words of Temporal's core, which differ between the two. */
const FAILED_BECAUSE = {
  signal: "Unable to signal external workflow because it was not found",
  cancel: "Unable to cancel external workflow because not found",
} as const;

/** The types of the failures, by cause. */
const FAILURE_TYPES: Readonly<Record<ExternalWorkflowFailedCause, string>> = {
  EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND: "ExternalWorkflowExecutionNotFound",
  SIGNAL_COUNT_LIMIT_EXCEEDED: "SignalCountLimitExceeded",
  NAMESPACE_NOT_FOUND: "NamespaceNotFound",
};

/** What the code that signalled or cancelled another workflow catches. */
export function externalFailure(operation: "signal" | "cancel", cause: ExternalWorkflowFailedCause): Failure {
  return {
    message: FAILED_BECAUSE[operation],
    source: SERVICE_FAILURE_SOURCE,
    applicationFailureInfo: { type: FAILURE_TYPES[cause] },
  };
}

/** Numbers of operations by the events that initiated them. */
class InitiatedOperations {
  readonly #sequences = new Map<number, number>();

  record(initiatedEventId: number, sequence: number): void {
    this.#sequences.set(initiatedEventId, sequence);
  }

  take(initiatedEventId: number): number | undefined {
    const sequence = this.#sequences.get(initiatedEventId);
    this.#sequences.delete(initiatedEventId);
    return sequence;
  }
}

interface OpenSignal {
  readonly entry: OutboxEntry;
  readonly settle: SettleExternal;
}

/** Signals to other workflows, children included. */
export class ExternalSignals {
  readonly #outbox: CommandOutbox;
  readonly #own: OwnResolutions;
  readonly #open = new Map<number, OpenSignal>();
  readonly #initiated = new InitiatedOperations();
  #nextSequence = 1;

  constructor(outbox: CommandOutbox, own: OwnResolutions) {
    this.#outbox = outbox;
    this.#own = own;
  }

  /** Takes the next number, whether or not a signal comes of it. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  send(sequence: number, command: SignalExternalWorkflowExecutionCommand, settle: SettleExternal): void {
    const entry = this.#outbox.push(command, (event) => this.#initiated.record(event.eventId, sequence));
    this.#open.set(sequence, { entry, settle });
  }

  /** Takes a signal back that was not sent yet; one that was sent is waited for. */
  requestCancel(sequence: number): void {
    const signal = this.#open.get(sequence);
    if (signal === undefined || signal.entry.sent) return;
    this.#outbox.withdraw(signal.entry);
    const failure: Failure = {
      message: "Signal was cancelled before being sent",
      source: SERVICE_FAILURE_SOURCE,
      canceledFailureInfo: {},
    };
    this.#own.push({ kind: "resolveSignalExternalWorkflow", sequence, failure });
  }

  /** The number of the signal that an event answers; undefined if the code sent none. */
  noteAnswered(initiatedEventId: number): number | undefined {
    return this.#initiated.take(initiatedEventId);
  }

  resolve(sequence: number, failure: Failure | undefined): void {
    const signal = this.#open.get(sequence);
    this.#open.delete(sequence);
    signal?.settle(failure);
  }
}

/** Cancellations of other workflows through their handles; those of children are the children's. */
export class ExternalCancellations {
  readonly #outbox: CommandOutbox;
  readonly #open = new Map<number, SettleExternal>();
  readonly #initiated = new InitiatedOperations();
  #nextSequence = 1;

  constructor(outbox: CommandOutbox) {
    this.#outbox = outbox;
  }

  send(command: RequestCancelExternalWorkflowExecutionCommand, settle: SettleExternal): void {
    const sequence = this.#nextSequence++;
    this.#outbox.push(command, (event) => this.#initiated.record(event.eventId, sequence));
    this.#open.set(sequence, settle);
  }

  /** The number of the cancellation that an event answers; undefined if it was not sent through a handle. */
  noteAnswered(initiatedEventId: number): number | undefined {
    return this.#initiated.take(initiatedEventId);
  }

  resolve(sequence: number, failure: Failure | undefined): void {
    const settle = this.#open.get(sequence);
    this.#open.delete(sequence);
    settle?.(failure);
  }
}
