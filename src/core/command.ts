/**
 * Commands: what workflow code asks of the service at the end of a workflow task.
 *
 * Owns: the wire shape. Payloads inside are already encoded. Timeouts arrive as the user gave them; the service
 * normalises and validates them (`activity.ts`, `timer.ts`).
 */
import type { Failure } from "./failure.ts";
import type { PayloadMap, Payloads } from "./payload.ts";
import type { RetryPolicy } from "./retry-policy.ts";

export interface ScheduleActivityTaskCommand {
  readonly commandType: "ScheduleActivityTask";
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly scheduleToCloseTimeoutMs?: number;
  readonly scheduleToStartTimeoutMs?: number;
  readonly startToCloseTimeoutMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly retryPolicy?: RetryPolicy;
  /** Whether the first attempt may be handed straight to a worker instead of through the queue. Absent means yes. */
  readonly allowEagerDispatch?: boolean;
}

export interface RequestCancelActivityTaskCommand {
  readonly commandType: "RequestCancelActivityTask";
  readonly scheduledEventId: number;
}

export interface StartTimerCommand {
  readonly commandType: "StartTimer";
  readonly timerId: string;
  readonly startToFireTimeoutMs: number;
}

export interface CancelTimerCommand {
  readonly commandType: "CancelTimer";
  readonly timerId: string;
}

export interface CompleteWorkflowExecutionCommand {
  readonly commandType: "CompleteWorkflowExecution";
  readonly result?: Payloads;
}

export interface FailWorkflowExecutionCommand {
  readonly commandType: "FailWorkflowExecution";
  readonly failure: Failure;
}

export interface CancelWorkflowExecutionCommand {
  readonly commandType: "CancelWorkflowExecution";
  readonly details?: Payloads;
}

export type Command =
  | ScheduleActivityTaskCommand
  | RequestCancelActivityTaskCommand
  | StartTimerCommand
  | CancelTimerCommand
  | CompleteWorkflowExecutionCommand
  | FailWorkflowExecutionCommand
  | CancelWorkflowExecutionCommand;

export type CommandType = Command["commandType"];

/** Whether a command ends the run; nothing may follow it. */
export function isCloseCommand(command: Command): boolean {
  return (
    command.commandType === "CompleteWorkflowExecution" ||
    command.commandType === "FailWorkflowExecution" ||
    command.commandType === "CancelWorkflowExecution"
  );
}
