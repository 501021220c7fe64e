/**
 * Holds the commands that the code made against the events that its history recorded for them.
 *
 * Owns: which event answers which command, what must be equal, and the text of the error when it is not. Kinds and
 * timer ids are always compared; ids and types of activities where the history says that they were.
 */
import type { Command, CommandType } from "../core/command.ts";
import type { EventType, HistoryEvent } from "../core/history-event.ts";
import type { OutboxEntry } from "./command-outbox.ts";
import { NondeterminismError } from "./determinism-errors.ts";

const COMMAND_EVENTS = {
  ScheduleActivityTask: "ActivityTaskScheduled",
  RequestCancelActivityTask: "ActivityTaskCancelRequested",
  StartTimer: "TimerStarted",
  CancelTimer: "TimerCanceled",
  CompleteWorkflowExecution: "WorkflowExecutionCompleted",
  FailWorkflowExecution: "WorkflowExecutionFailed",
  CancelWorkflowExecution: "WorkflowExecutionCanceled",
} as const satisfies Record<CommandType, EventType>;

/** An event that the service wrote because a command asked for it. */
export type CommandEvent = Extract<HistoryEvent, { eventType: (typeof COMMAND_EVENTS)[CommandType] }>;

const COMMAND_EVENT_TYPES: ReadonlySet<string> = new Set(Object.values(COMMAND_EVENTS));

/** Whether an event was recorded for a command, and so is no news to the workflow. */
export function isCommandEvent(event: HistoryEvent): event is CommandEvent {
  return COMMAND_EVENT_TYPES.has(event.eventType);
}

/**
 * The entry that an event answers: the first that is still unanswered, which it takes from the list.
 *
 * Throws `NondeterminismError` if there is none, or if it is another command.
 */
export function matchCommand(unanswered: OutboxEntry[], event: CommandEvent, checkIdsAndTypes: boolean): OutboxEntry {
  const entry = unanswered.shift();
  if (entry === undefined)
    throw mismatch(
      event.eventId,
      `recorded ${describeEvent(event)}`,
      "produced no further command in this workflow task",
    );
  if (!agrees(entry.command, event, checkIdsAndTypes))
    throw mismatch(event.eventId, `recorded ${describeEvent(event)}`, `produced ${describeCommand(entry.command)}`);
  entry.onRecorded?.(event);
  return entry;
}

/** Throws `NondeterminismError` if the history has no event for a command. `eventId` is where it should have been. */
export function assertAllAnswered(unanswered: readonly OutboxEntry[], eventId: number): void {
  const [entry] = unanswered;
  if (entry === undefined) return;
  throw mismatch(eventId, "recorded nothing for it", `produced ${describeCommand(entry.command)}`);
}

function mismatch(eventId: number, recorded: string, produced: string): NondeterminismError {
  return new NondeterminismError(
    `Nondeterminism at event ${eventId}: the history ${recorded}, but the workflow code ${produced}. ` +
      "The code must do on replay what it did when the history was made.",
    eventId,
  );
}

function agrees(command: Command, event: CommandEvent, checkIdsAndTypes: boolean): boolean {
  if (COMMAND_EVENTS[command.commandType] !== event.eventType) return false;
  switch (event.eventType) {
    case "TimerStarted":
    case "TimerCanceled":
      return "timerId" in command && command.timerId === event.attributes.timerId;
    case "ActivityTaskScheduled": {
      const { activityId, activityType } = event.attributes;
      if (!checkIdsAndTypes || command.commandType !== "ScheduleActivityTask") return !checkIdsAndTypes;
      return command.activityId === activityId && command.activityType === activityType.name;
    }
    case "ActivityTaskCancelRequested":
      return "scheduledEventId" in command && command.scheduledEventId === event.attributes.scheduledEventId;
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionCanceled":
      return true;
  }
}

function describeEvent(event: CommandEvent): string {
  switch (event.eventType) {
    case "TimerStarted":
    case "TimerCanceled":
      return `${event.eventType} (timerId "${event.attributes.timerId}")`;
    case "ActivityTaskScheduled":
      return `ActivityTaskScheduled (activityId "${event.attributes.activityId}", activityType "${event.attributes.activityType.name}")`;
    case "ActivityTaskCancelRequested":
      return `ActivityTaskCancelRequested (scheduledEventId ${event.attributes.scheduledEventId})`;
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionCanceled":
      return event.eventType;
  }
}

function describeCommand(command: Command): string {
  switch (command.commandType) {
    case "StartTimer":
    case "CancelTimer":
      return `${command.commandType} (timerId "${command.timerId}")`;
    case "ScheduleActivityTask":
      return `ScheduleActivityTask (activityId "${command.activityId}", activityType "${command.activityType}")`;
    case "RequestCancelActivityTask":
      return `RequestCancelActivityTask (scheduledEventId ${command.scheduledEventId})`;
    case "CompleteWorkflowExecution":
    case "FailWorkflowExecution":
    case "CancelWorkflowExecution":
      return command.commandType;
  }
}
