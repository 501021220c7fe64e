/**
 * Which events end something.
 *
 * Owns: the lists, and how the event that opened it is named in each.
 */
import type { EventType } from "./history-event.ts";
import type { BufferedEvent } from "./state.ts";

export const ACTIVITY_CLOSING: ReadonlySet<EventType> = new Set<EventType>([
  "ActivityTaskCompleted",
  "ActivityTaskFailed",
  "ActivityTaskTimedOut",
  "ActivityTaskCanceled",
]);

const CHILD_CLOSING: ReadonlySet<EventType> = new Set<EventType>([
  "ChildWorkflowExecutionCompleted",
  "ChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionCanceled",
  "ChildWorkflowExecutionTimedOut",
  "ChildWorkflowExecutionTerminated",
]);

/** Whether an event, once it need not wait any more, comes after those that do not end anything. */
export function isLate({ eventType }: BufferedEvent): boolean {
  return ACTIVITY_CLOSING.has(eventType) || CHILD_CLOSING.has(eventType);
}

/** Nothing follows one of these. */
export const RUN_CLOSING: ReadonlySet<EventType> = new Set<EventType>([
  "WorkflowExecutionCompleted",
  "WorkflowExecutionFailed",
  "WorkflowExecutionTimedOut",
  "WorkflowExecutionCanceled",
  "WorkflowExecutionTerminated",
  "WorkflowExecutionContinuedAsNew",
]);

/** The event that scheduled or initiated what this event ends. */
export function openedBy(attributes: object): number {
  if ("scheduledEventId" in attributes) return Number(attributes.scheduledEventId);
  return "initiatedEventId" in attributes ? Number(attributes.initiatedEventId) : 0;
}
