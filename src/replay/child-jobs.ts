/**
 * From what history says of children and of other workflows to the jobs that tell the workflow of it.
 *
 * Owns: those events. The state of the run's children takes note before any code runs: what the history has closed
 * cannot be cancelled any more. Payloads are in clear.
 */
import type { EventOf } from "../core/history-event.ts";
import {
  childCancelledFailure,
  childFailure,
  childTerminatedFailure,
  childTimedOutFailure,
  type EndedChild,
} from "./child-failures.ts";
import { NondeterminismError } from "./determinism-errors.ts";
import { externalFailure } from "./external-operations.ts";
import type { Outcome, Resolution } from "./resolutions.ts";
import type { WorkflowRun } from "./workflow-run.ts";

type ChildStartEvent = EventOf<"ChildWorkflowExecutionStarted"> | EventOf<"StartChildWorkflowExecutionFailed">;

type ChildCloseEvent =
  | EventOf<"ChildWorkflowExecutionCompleted">
  | EventOf<"ChildWorkflowExecutionFailed">
  | EventOf<"ChildWorkflowExecutionCanceled">
  | EventOf<"ChildWorkflowExecutionTimedOut">
  | EventOf<"ChildWorkflowExecutionTerminated">;

type ExternalAnswerEvent =
  | EventOf<"ExternalWorkflowExecutionSignaled">
  | EventOf<"SignalExternalWorkflowExecutionFailed">
  | EventOf<"ExternalWorkflowExecutionCancelRequested">
  | EventOf<"RequestCancelExternalWorkflowExecutionFailed">;

/** An event about a child or another workflow. */
export type OtherWorkflowEvent = ChildStartEvent | ChildCloseEvent | ExternalAnswerEvent;

/** The job of such an event, or undefined if it is none of the code's business. Throws `NondeterminismError`. */
export function otherWorkflowJob(event: OtherWorkflowEvent, run: WorkflowRun): Resolution | undefined {
  switch (event.eventType) {
    case "ChildWorkflowExecutionStarted":
    case "StartChildWorkflowExecutionFailed":
      return childStartJob(event, run);
    case "ExternalWorkflowExecutionSignaled":
    case "SignalExternalWorkflowExecutionFailed":
      return signalJob(event, run);
    case "ExternalWorkflowExecutionCancelRequested":
    case "RequestCancelExternalWorkflowExecutionFailed":
      return cancellationJob(event, run);
    default:
      return childCloseJob(event, run);
  }
}

function neverInitiated(event: OtherWorkflowEvent): NondeterminismError {
  return new NondeterminismError(
    `Nondeterminism at event ${event.eventId}: the history recorded ${event.eventType} of what event ` +
      `${event.attributes.initiatedEventId} initiated, which the workflow code never started.`,
    event.eventId,
    { recorded: event.eventType, produced: "no such operation" },
  );
}

function childStartJob(event: ChildStartEvent, run: WorkflowRun): Resolution | undefined {
  const { initiatedEventId } = event.attributes;
  const started = event.eventType === "ChildWorkflowExecutionStarted" ? event.attributes : undefined;
  const sequence = started
    ? run.children.noteStarted(initiatedEventId, started.workflowExecution.runId, event.eventId)
    : run.children.noteStartFailed(initiatedEventId);
  if (sequence === undefined) throw neverInitiated(event);
  if (sequence === "ignore") return undefined;
  return {
    kind: "resolveChildWorkflowExecutionStart",
    sequence,
    resolution: started
      ? { kind: "started", runId: started.workflowExecution.runId }
      : { kind: "refused", cause: (event as EventOf<"StartChildWorkflowExecutionFailed">).attributes.cause },
  };
}

function childCloseJob(event: ChildCloseEvent, run: WorkflowRun): Resolution | undefined {
  const { initiatedEventId, childOriginalExecutionRunId, workflowExecution } = event.attributes;
  const boundRunId = childOriginalExecutionRunId ?? workflowExecution.runId;
  const sequence = run.children.noteClosed(initiatedEventId, boundRunId);
  if (sequence === undefined) throw neverInitiated(event);
  const child = sequence === "ignore" ? undefined : run.children.ended(sequence);
  if (sequence === "ignore" || child === undefined) return undefined;
  return { kind: "resolveChildWorkflowExecution", sequence, resolution: outcomeOf(event, child) };
}

function outcomeOf(event: ChildCloseEvent, child: EndedChild): Outcome {
  switch (event.eventType) {
    case "ChildWorkflowExecutionCompleted":
      return { kind: "completed", result: event.attributes.result };
    case "ChildWorkflowExecutionFailed": {
      const { retryState, failure } = event.attributes;
      return { kind: "failed", failure: childFailure(child, "Child Workflow execution failed", retryState, failure) };
    }
    case "ChildWorkflowExecutionCanceled":
      return { kind: "failed", failure: childCancelledFailure(child) };
    case "ChildWorkflowExecutionTimedOut":
      return { kind: "failed", failure: childTimedOutFailure(child, event.attributes.retryState) };
    case "ChildWorkflowExecutionTerminated":
      return { kind: "failed", failure: childTerminatedFailure(child) };
  }
}

function signalJob(
  event: EventOf<"ExternalWorkflowExecutionSignaled"> | EventOf<"SignalExternalWorkflowExecutionFailed">,
  run: WorkflowRun,
): Resolution {
  const sequence = run.externalSignals.noteAnswered(event.attributes.initiatedEventId);
  if (sequence === undefined) throw neverInitiated(event);
  const failure = "cause" in event.attributes ? externalFailure("signal", event.attributes.cause) : undefined;
  return { kind: "resolveSignalExternalWorkflow", sequence, failure };
}

/** A child's cancellation is nobody's to hear of: its end is what the code waits for. */
function cancellationJob(
  event: EventOf<"ExternalWorkflowExecutionCancelRequested"> | EventOf<"RequestCancelExternalWorkflowExecutionFailed">,
  run: WorkflowRun,
): Resolution | undefined {
  const sequence = run.externalCancellations.noteAnswered(event.attributes.initiatedEventId);
  if (sequence === undefined) return undefined;
  const failure = "cause" in event.attributes ? externalFailure("cancel", event.attributes.cause) : undefined;
  return { kind: "resolveRequestCancelExternalWorkflow", sequence, failure };
}
