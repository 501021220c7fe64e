/**
 * How a run ended, as a value or an error.
 *
 * Owns: the conversion of each outcome, the way from a run to the one that continues it, and the waiting: a watch, which
 * is one request however long it takes, and is renewed as often as the connection is lost, since a workflow may well
 * outlive every connection to it.
 */
import {
  CancelledFailure,
  decodeError,
  decodeValues,
  type PayloadEncoding,
  TerminatedFailure,
  TimeoutFailure,
} from "../../codec/index.ts";
import type { RetryState } from "../../core/failure.ts";
import {
  type OutcomeRequest,
  PROTOCOL_VERSION,
  type RunSelector,
  type WorkflowOutcome,
  type WorkflowService,
} from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { ServiceError, WorkflowContinuedAsNewError, WorkflowFailedError } from "./errors.ts";
import { valueOf } from "./rejection-errors.ts";
import { type ServiceCaller, unreachable } from "./service-caller.ts";
import { isOverloaded, isTransient, type RetryTiming, transportDelayMs } from "./transient-retry.ts";

/** An outcome that is one. */
export type FinalOutcome = Exclude<WorkflowOutcome, { readonly kind: "pending" }>;

export interface OutcomeWait {
  readonly service: WorkflowService;
  readonly caller: ServiceCaller;
  readonly timing: RetryTiming;
  readonly namespace: string;
  readonly workflowId: string;
  readonly run: RunSelector;
  /** How this run ended, if that was told before. */
  readonly known?: WorkflowOutcome | undefined;
}

/**
 * Waits until the run has ended, and if another followed it, until the run that ended the chain has.
 *
 * Throws as `awaitOutcome` does.
 */
export async function awaitLastOutcome(wait: OutcomeWait): Promise<FinalOutcome> {
  let outcome = await awaitOutcome(wait);
  for (let next = nextRunId(outcome); next !== undefined; next = nextRunId(outcome))
    outcome = await awaitOutcome({ ...wait, run: { runId: next }, known: undefined });
  return outcome;
}

/** The run that follows in the chain: another part of the same work, another attempt at it, or its next time. */
function nextRunId(outcome: FinalOutcome): string | undefined {
  return "newExecutionRunId" in outcome ? outcome.newExecutionRunId : undefined;
}

/**
 * Waits until the run has ended.
 *
 * Throws the error of a rejection, or `ServiceError` when the service stays out of reach for longer than the tries of
 * one call. A watch that breaks is followed by a plain question, so a service that answers but cannot hold a
 * connection is asked once a second at most, and one that is gone is given up.
 */
export async function awaitOutcome(wait: OutcomeWait): Promise<FinalOutcome> {
  if (wait.known && wait.known.kind !== "pending") return wait.known;
  let run = wait.run;
  for (let lostWatches = 1; ; lostWatches += 1) {
    const watched = await watchOutcome(wait, run);
    if (watched && watched.kind !== "pending") return watched;
    // From here on this run is meant, even if a later one takes the workflow id while the connection is down.
    if (watched) run = { ...run, runId: watched.runId };
    await wait.timing.sleep(transportDelayMs(lostWatches, wait.timing.random));
    const asked = valueOf(await askOutcome(wait, run), { workflowId: wait.workflowId, runId: run.runId });
    if (asked.kind !== "pending") return asked;
    run = { ...run, runId: asked.runId };
  }
}

function outcomeRequest(run: RunSelector): OutcomeRequest {
  return { version: PROTOCOL_VERSION, ...run, wait: true };
}

function askOutcome(wait: OutcomeWait, run: RunSelector): Promise<Reply<WorkflowOutcome>> {
  const ask = () => wait.caller.call(wait.workflowId, (execution) => execution.outcome(outcomeRequest(run)));
  return unlessOverloaded(ask, wait.timing);
}

/** Tries of what an overloaded object refuses, some five minutes in all, and the longest wait between two. */
const MAX_OVERLOADED_TRIES = 20;
const MAX_OVERLOADED_DELAY_MS = 30_000;

/**
 * Whoever waits for the end has time: an object that asks for fewer calls, as it does when all who wait for it come back
 * at once after a deploy, is left alone for a while, longer each time.
 */
async function unlessOverloaded<T>(operation: () => Promise<T>, timing: RetryTiming): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      const isRefused = isOverloaded(error) || (error instanceof ServiceError && isOverloaded(error.cause));
      if (!isRefused || attempt >= MAX_OVERLOADED_TRIES) throw error;
      await timing.sleep(transportDelayMs(attempt, timing.random, MAX_OVERLOADED_DELAY_MS));
    }
  }
}

/** The outcome; pending, or undefined, when the connection was lost before it came. */
async function watchOutcome(wait: OutcomeWait, run: RunSelector): Promise<WorkflowOutcome | undefined> {
  let reply: Reply<WorkflowOutcome>;
  try {
    const watch = () => wait.service.watchOutcome(wait.namespace, wait.workflowId, outcomeRequest(run));
    reply = await unlessOverloaded(watch, wait.timing);
  } catch (error) {
    if (isTransient(error)) return undefined;
    throw unreachable(error);
  }
  return valueOf(reply, { workflowId: wait.workflowId, runId: run.runId });
}

/**
 * The result that an outcome holds; undefined for a workflow that returned nothing.
 *
 * Throws `WorkflowContinuedAsNewError` for a run that another one continues, `WorkflowFailedError` for every other end,
 * and what the codecs throw when it cannot be decoded.
 */
export async function outcomeResult(encoding: PayloadEncoding, outcome: FinalOutcome): Promise<unknown> {
  const runId = outcome.originalExecutionRunId;
  switch (outcome.kind) {
    case "completed": {
      const [result] = await decodeValues(encoding, { kind: "workflow-result", runId }, outcome.result);
      return result;
    }
    case "failed": {
      const cause = await decodeError(encoding, { kind: "workflow-failure", runId }, outcome.failure);
      throw new WorkflowFailedError("Workflow execution failed", cause, outcome.retryState as RetryState);
    }
    case "canceled": {
      const details = await decodeValues(encoding, { kind: "workflow-cancellation", runId }, outcome.details);
      const cause = new CancelledFailure("Workflow canceled", details);
      throw new WorkflowFailedError("Workflow execution cancelled", cause, "NON_RETRYABLE_FAILURE");
    }
    case "terminated": {
      const message = outcome.reason ? outcome.reason : "Workflow execution terminated";
      throw new WorkflowFailedError(message, new TerminatedFailure(message), "NON_RETRYABLE_FAILURE");
    }
    case "timedOut": {
      const message = "Workflow execution timed out";
      const cause = new TimeoutFailure(message, undefined, "START_TO_CLOSE");
      throw new WorkflowFailedError(message, cause, (outcome.retryState ?? "TIMEOUT") as RetryState);
    }
    case "continuedAsNew":
      throw new WorkflowContinuedAsNewError("Workflow execution continued as new", outcome.newExecutionRunId);
  }
}
