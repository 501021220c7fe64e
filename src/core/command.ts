/**
 * Commands: what workflow code asks of the service at the end of a workflow task.
 *
 * Owns: the wire shape. Payloads inside are already encoded. Timeouts arrive as the user gave them; the service
 * normalises and validates them (`activity.ts`, `timer.ts`).
 */
import type { Failure } from "./failure.ts";
import type {
  ExecutionTarget,
  ParentClosePolicy,
  UpdateOutcome,
  UserMetadata,
  ChildWorkflowIdReusePolicy,
} from "./history-event.ts";
import type { PayloadMap, Payloads, SearchAttributeMap } from "./payload.ts";
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
  readonly userMetadata?: UserMetadata;
}

export interface RequestCancelActivityTaskCommand {
  readonly commandType: "RequestCancelActivityTask";
  readonly scheduledEventId: number;
}

export interface StartTimerCommand {
  readonly commandType: "StartTimer";
  readonly timerId: string;
  readonly startToFireTimeoutMs: number;
  readonly userMetadata?: UserMetadata;
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

/** Ends the run and begins another under the same workflow id. What is absent is inherited, as the service decides. */
export interface ContinueAsNewWorkflowExecutionCommand {
  readonly commandType: "ContinueAsNewWorkflowExecution";
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  /** Absent: the memo that this run was started with. */
  readonly memo?: PayloadMap;
  /** Absent: the search attributes as they are now. */
  readonly searchAttributes?: SearchAttributeMap;
  /** Absent: inherited. */
  readonly retryPolicy?: RetryPolicy;
  readonly workflowRunTimeoutMs?: number;
  readonly workflowTaskTimeoutMs?: number;
  readonly backoffStartIntervalMs?: number;
}

/** Writes a marker: patches and local activities leave their traces so. */
export interface RecordMarkerCommand {
  readonly commandType: "RecordMarker";
  readonly markerName: string;
  readonly details?: Readonly<Record<string, Payloads>>;
  readonly failure?: Failure;
  readonly header?: PayloadMap;
  readonly userMetadata?: UserMetadata;
}

export interface UpsertWorkflowSearchAttributesCommand {
  readonly commandType: "UpsertWorkflowSearchAttributes";
  readonly searchAttributes: SearchAttributeMap;
}

/** Changes memo fields; a payload that encodes null (`binary/null`, or JSON null) removes its field on read. */
export interface ModifyWorkflowPropertiesCommand {
  readonly commandType: "ModifyWorkflowProperties";
  readonly upsertedMemo: PayloadMap;
  /** Names among them whose fields are to be removed: the service cannot see which payloads are null. */
  readonly removedMemoKeys?: readonly string[];
}

export interface StartChildWorkflowExecutionCommand {
  readonly commandType: "StartChildWorkflowExecution";
  readonly namespace: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly memo?: PayloadMap;
  readonly searchAttributes?: SearchAttributeMap;
  readonly workflowExecutionTimeoutMs?: number;
  readonly workflowRunTimeoutMs?: number;
  readonly workflowTaskTimeoutMs?: number;
  /** Absent means TERMINATE. */
  readonly parentClosePolicy?: ParentClosePolicy;
  readonly workflowIdReusePolicy?: ChildWorkflowIdReusePolicy;
  readonly retryPolicy?: RetryPolicy;
  readonly cronSchedule?: string;
  readonly userMetadata?: UserMetadata;
}

export interface SignalExternalWorkflowExecutionCommand {
  readonly commandType: "SignalExternalWorkflowExecution";
  readonly namespace: string;
  readonly workflowExecution: ExecutionTarget;
  readonly signalName: string;
  readonly input?: Payloads;
  readonly header?: PayloadMap;
  readonly childWorkflowOnly?: boolean;
  /** Unique for each signal sent; the same when the command is made again on replay. */
  readonly signalRequestId: string;
}

export interface RequestCancelExternalWorkflowExecutionCommand {
  readonly commandType: "RequestCancelExternalWorkflowExecution";
  readonly namespace: string;
  readonly workflowExecution: ExecutionTarget;
  readonly childWorkflowOnly?: boolean;
  readonly reason?: string;
}

/** The workflow took an update that its task carried. */
export interface AcceptUpdateCommand {
  readonly commandType: "AcceptUpdate";
  readonly updateId: string;
}

/** The workflow refused an update that its task carried. Leaves no event. */
export interface RejectUpdateCommand {
  readonly commandType: "RejectUpdate";
  readonly updateId: string;
  readonly failure: Failure;
}

/** An accepted update has ended. */
export interface CompleteUpdateCommand {
  readonly commandType: "CompleteUpdate";
  readonly updateId: string;
  readonly outcome: UpdateOutcome;
}

export type Command =
  | ScheduleActivityTaskCommand
  | RequestCancelActivityTaskCommand
  | StartTimerCommand
  | CancelTimerCommand
  | CompleteWorkflowExecutionCommand
  | FailWorkflowExecutionCommand
  | CancelWorkflowExecutionCommand
  | ContinueAsNewWorkflowExecutionCommand
  | RecordMarkerCommand
  | UpsertWorkflowSearchAttributesCommand
  | ModifyWorkflowPropertiesCommand
  | StartChildWorkflowExecutionCommand
  | SignalExternalWorkflowExecutionCommand
  | RequestCancelExternalWorkflowExecutionCommand
  | AcceptUpdateCommand
  | RejectUpdateCommand
  | CompleteUpdateCommand;

export type CommandType = Command["commandType"];

/** Whether a command ends the run; nothing may follow it. */
export function isCloseCommand(command: Command): boolean {
  return (
    command.commandType === "CompleteWorkflowExecution" ||
    command.commandType === "FailWorkflowExecution" ||
    command.commandType === "CancelWorkflowExecution" ||
    command.commandType === "ContinueAsNewWorkflowExecution"
  );
}
