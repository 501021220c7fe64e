/**
 * Which events of a history are answers to commands.
 *
 * Owns: the pairs of commands and events.
 */
import type { CommandType } from "../core/command.ts";
import type { EventType, HistoryEvent } from "../core/history-event.ts";

/** The event that answers each command. A rejected update leaves none. */
export const COMMAND_EVENTS = {
  ScheduleActivityTask: "ActivityTaskScheduled",
  RequestCancelActivityTask: "ActivityTaskCancelRequested",
  StartTimer: "TimerStarted",
  CancelTimer: "TimerCanceled",
  RecordMarker: "MarkerRecorded",
  UpsertWorkflowSearchAttributes: "UpsertWorkflowSearchAttributes",
  ModifyWorkflowProperties: "WorkflowPropertiesModified",
  StartChildWorkflowExecution: "StartChildWorkflowExecutionInitiated",
  SignalExternalWorkflowExecution: "SignalExternalWorkflowExecutionInitiated",
  RequestCancelExternalWorkflowExecution: "RequestCancelExternalWorkflowExecutionInitiated",
  AcceptUpdate: "WorkflowExecutionUpdateAccepted",
  CompleteUpdate: "WorkflowExecutionUpdateCompleted",
  CompleteWorkflowExecution: "WorkflowExecutionCompleted",
  FailWorkflowExecution: "WorkflowExecutionFailed",
  CancelWorkflowExecution: "WorkflowExecutionCanceled",
  ContinueAsNewWorkflowExecution: "WorkflowExecutionContinuedAsNew",
} as const satisfies Record<Exclude<CommandType, "RejectUpdate">, EventType>;

/** The types of the events that commands ask for. */
export type CommandEventType = (typeof COMMAND_EVENTS)[keyof typeof COMMAND_EVENTS];

/** An event that the service wrote because a command asked for it. */
export type CommandEvent = Extract<HistoryEvent, { eventType: CommandEventType }>;

const COMMAND_EVENT_TYPES: ReadonlySet<string> = new Set(Object.values(COMMAND_EVENTS));

/** Whether an event was recorded for a command, and so is no news to the workflow. */
export function isCommandEvent(event: HistoryEvent): event is CommandEvent {
  return COMMAND_EVENT_TYPES.has(event.eventType);
}
