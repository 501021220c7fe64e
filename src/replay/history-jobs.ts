/**
 * From an event to the job that tells the workflow of it.
 *
 * Owns: which events are news to a workflow, and the state that the run's timers and activities take from them before
 * any code runs: what the history has closed cannot be cancelled any more. Payloads are in clear.
 */
import type { Failure, RetryState } from "../core/failure.ts";
import type { EventOf, HistoryEvent } from "../core/history-event.ts";
import type { Job } from "./activation.ts";
import type { ActivityResolution } from "./activities.ts";
import { activityCancelledFailure, activityFailure, type EndedActivity } from "./activity-failures.ts";
import { otherWorkflowJob } from "./child-jobs.ts";
import { NondeterminismError } from "./determinism-errors.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** Names an activity by the event that scheduled it. */
export type ActivityNames = ReadonlyMap<number, { readonly activityId: string; readonly activityType: string }>;

type ActivityEndEvent =
  | EventOf<"ActivityTaskCompleted">
  | EventOf<"ActivityTaskFailed">
  | EventOf<"ActivityTaskTimedOut">
  | EventOf<"ActivityTaskCanceled">;

/** The job of an event, or undefined if it is none of the workflow's business. Throws `NondeterminismError`. */
export function jobOf(event: HistoryEvent, run: WorkflowRun, names: ActivityNames): Job | undefined {
  switch (event.eventType) {
    case "WorkflowExecutionStarted":
      return { kind: "initializeWorkflow", event };
    case "WorkflowExecutionSignaled": {
      const { signalName, input, header, requestId } = event.attributes;
      return { kind: "signalWorkflow", signal: { name: signalName, input, header, requestId } };
    }
    case "WorkflowTaskFailed": {
      const { newRunId } = event.attributes;
      return newRunId === undefined ? undefined : { kind: "updateRandomSeed", runId: newRunId };
    }
    case "WorkflowExecutionCancelRequested":
      return { kind: "cancelWorkflow" };
    case "TimerFired": {
      const { startedEventId, timerId } = event.attributes;
      if (!run.timers.noteFired(startedEventId)) throw unknownOperation(event, `timer "${timerId}"`);
      return { kind: "fireTimer", startedEventId };
    }
    case "ActivityTaskCompleted":
    case "ActivityTaskFailed":
    case "ActivityTaskTimedOut":
    case "ActivityTaskCanceled":
      return activityJob(event, run, names);
    case "StartChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionStarted":
    case "ChildWorkflowExecutionCompleted":
    case "ChildWorkflowExecutionFailed":
    case "ChildWorkflowExecutionCanceled":
    case "ChildWorkflowExecutionTimedOut":
    case "ChildWorkflowExecutionTerminated":
    case "SignalExternalWorkflowExecutionFailed":
    case "ExternalWorkflowExecutionSignaled":
    case "RequestCancelExternalWorkflowExecutionFailed":
    case "ExternalWorkflowExecutionCancelRequested":
      return otherWorkflowJob(event, run);
    default:
      return undefined;
  }
}

function unknownOperation(event: HistoryEvent, what: string): NondeterminismError {
  return new NondeterminismError(
    `Nondeterminism at event ${event.eventId}: the history recorded ${event.eventType} of ${what}, ` +
      "which the workflow code never started.",
    event.eventId,
    { recorded: `${event.eventType} of ${what}`, produced: "no such operation" },
  );
}

function activityJob(event: ActivityEndEvent, run: WorkflowRun, names: ActivityNames): Job | undefined {
  const { scheduledEventId } = event.attributes;
  const sequence = run.activities.noteClosed(scheduledEventId);
  const name = names.get(scheduledEventId);
  if (sequence === undefined || name === undefined)
    throw unknownOperation(event, `the activity scheduled at event ${scheduledEventId}`);
  if (sequence === "ignore") return undefined;
  return { kind: "resolveActivity", sequence, resolution: resolutionOf(event, { ...event.attributes, ...name }) };
}

function resolutionOf(event: ActivityEndEvent, activity: EndedActivity): ActivityResolution {
  const failed = (message: string, retryState: RetryState, cause: Failure): ActivityResolution => ({
    kind: "failed",
    failure: activityFailure(activity, message, retryState, cause),
  });
  switch (event.eventType) {
    case "ActivityTaskCompleted":
      return { kind: "completed", result: event.attributes.result };
    case "ActivityTaskFailed":
      return failed("Activity task failed", event.attributes.retryState, event.attributes.failure);
    case "ActivityTaskTimedOut":
      return failed("Activity task timed out", event.attributes.retryState, event.attributes.failure);
    case "ActivityTaskCanceled":
      return { kind: "failed", failure: activityCancelledFailure(activity, event.attributes.details) };
  }
}
