/**
 * Commands and the events that answer them, in words.
 *
 * Owns: what a nondeterminism error says of either: the kind, and whatever tells it from others of its kind.
 */
import type { Command } from "../core/command.ts";
import type { CommandEvent } from "./command-events.ts";
import { type Marker, readLocalActivityMarker, readPatchMarker } from "./markers.ts";

function withDetails(kind: string, details: Readonly<Record<string, string | number | undefined>>): string {
  const said = Object.entries(details).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${typeof value === "string" ? JSON.stringify(value) : value}`],
  );
  return said.length === 0 ? kind : `${kind} (${said.join(", ")})`;
}

function describeMarker(kind: string, marker: Marker): string {
  const { markerName } = marker;
  const patch = readPatchMarker(marker);
  if (patch) return withDetails(kind, { markerName, patchId: patch.id });
  const local = readLocalActivityMarker(marker);
  if (local === undefined) return withDetails(kind, { markerName });
  const { sequence, activityId, activityType } = local;
  return withDetails(kind, { markerName, seq: sequence, activityId, activityType });
}

/** An event as a nondeterminism error names it. */
export function describeEvent(event: CommandEvent): string {
  const { eventType } = event;
  switch (eventType) {
    case "TimerStarted":
    case "TimerCanceled":
      return withDetails(eventType, { timerId: event.attributes.timerId });
    case "ActivityTaskScheduled": {
      const { activityId, activityType } = event.attributes;
      return withDetails(eventType, { activityId, activityType: activityType.name });
    }
    case "ActivityTaskCancelRequested":
      return withDetails(eventType, { scheduledEventId: event.attributes.scheduledEventId });
    case "MarkerRecorded":
      return describeMarker(eventType, event.attributes);
    case "UpsertWorkflowSearchAttributes":
      return withDetails(eventType, { names: Object.keys(event.attributes.searchAttributes.indexedFields).join(" ") });
    case "WorkflowPropertiesModified":
      return withDetails(eventType, { memo: Object.keys(event.attributes.upsertedMemo.fields).join(" ") });
    case "StartChildWorkflowExecutionInitiated": {
      const { workflowId, workflowType } = event.attributes;
      return withDetails(eventType, { workflowId, workflowType: workflowType.name });
    }
    case "SignalExternalWorkflowExecutionInitiated": {
      const { signalName, workflowExecution } = event.attributes;
      return withDetails(eventType, { signalName, workflowId: workflowExecution.workflowId });
    }
    case "RequestCancelExternalWorkflowExecutionInitiated":
      return withDetails(eventType, { workflowId: event.attributes.workflowExecution.workflowId });
    case "WorkflowExecutionUpdateAccepted":
      return withDetails(eventType, { updateId: event.attributes.acceptedRequest.meta.updateId });
    case "WorkflowExecutionUpdateCompleted":
      return withDetails(eventType, { updateId: event.attributes.meta.updateId });
    case "WorkflowExecutionContinuedAsNew":
      return withDetails(eventType, { workflowType: event.attributes.workflowType.name });
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionCanceled":
      return eventType;
  }
}

/** A command as a nondeterminism error names it. */
export function describeCommand(command: Command): string {
  const { commandType } = command;
  switch (commandType) {
    case "StartTimer":
    case "CancelTimer":
      return withDetails(commandType, { timerId: command.timerId });
    case "ScheduleActivityTask": {
      const { activityId, activityType } = command;
      return withDetails(commandType, { activityId, activityType });
    }
    case "RequestCancelActivityTask":
      return withDetails(commandType, { scheduledEventId: command.scheduledEventId });
    case "RecordMarker":
      return describeMarker(commandType, command);
    case "UpsertWorkflowSearchAttributes":
      return withDetails(commandType, { names: Object.keys(command.searchAttributes.indexedFields).join(" ") });
    case "ModifyWorkflowProperties":
      return withDetails(commandType, { memo: Object.keys(command.upsertedMemo.fields).join(" ") });
    case "StartChildWorkflowExecution": {
      const { workflowId, workflowType } = command;
      return withDetails(commandType, { workflowId, workflowType });
    }
    case "SignalExternalWorkflowExecution": {
      const { signalName, workflowExecution } = command;
      return withDetails(commandType, { signalName, workflowId: workflowExecution.workflowId });
    }
    case "RequestCancelExternalWorkflowExecution":
      return withDetails(commandType, { workflowId: command.workflowExecution.workflowId });
    case "AcceptUpdate":
    case "RejectUpdate":
    case "CompleteUpdate":
      return withDetails(commandType, { updateId: command.updateId });
    case "ContinueAsNewWorkflowExecution":
      return withDetails(commandType, { workflowType: command.workflowType });
    case "CompleteWorkflowExecution":
    case "FailWorkflowExecution":
    case "CancelWorkflowExecution":
      return commandType;
  }
}
