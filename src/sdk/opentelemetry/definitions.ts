/**
 * Names that traces are read by.
 *
 * Owns: the names of spans, attributes and the header. They are Temporal's, so that dashboards keep working.
 */

/** The first part of a span's name; the type or name of what it is about follows after `SPAN_DELIMITER`. */
export const SpanName = {
  WORKFLOW_START: "StartWorkflow",
  WORKFLOW_SIGNAL: "SignalWorkflow",
  WORKFLOW_SIGNAL_WITH_START: "SignalWithStartWorkflow",
  WORKFLOW_QUERY: "QueryWorkflow",
  WORKFLOW_START_UPDATE: "StartWorkflowUpdate",
  WORKFLOW_UPDATE_WITH_START: "UpdateWithStartWorkflow",
  WORKFLOW_HANDLE_SIGNAL: "HandleSignal",
  WORKFLOW_HANDLE_QUERY: "HandleQuery",
  WORKFLOW_HANDLE_UPDATE: "HandleUpdate",
  WORKFLOW_VALIDATE_UPDATE: "ValidateUpdate",
  WORKFLOW_TERMINATE: "TerminateWorkflow",
  WORKFLOW_CANCEL: "CancelWorkflow",
  WORKFLOW_DESCRIBE: "DescribeWorkflow",
  WORKFLOW_EXECUTE: "RunWorkflow",
  CHILD_WORKFLOW_START: "StartChildWorkflow",
  ACTIVITY_START: "StartActivity",
  ACTIVITY_EXECUTE: "RunActivity",
  CONTINUE_AS_NEW: "ContinueAsNew",
} as const;
export type SpanName = (typeof SpanName)[keyof typeof SpanName];

export const SPAN_DELIMITER = ":";

/** The header that carries the trace from whoever asks to whoever does. */
export const TRACE_HEADER = "_tracer-data";

export const RUN_ID_ATTR_KEY = "run_id";
export const WORKFLOW_ID_ATTR_KEY = "temporalWorkflowId";
export const ACTIVITY_ID_ATTR_KEY = "temporalActivityId";
export const UPDATE_ID_ATTR_KEY = "temporalUpdateId";
export const TERMINATE_REASON_ATTR_KEY = "temporalTerminateReason";

/** The name of a span about something of a type. */
export function spanNameOf(name: SpanName, about: string): string {
  return `${name}${SPAN_DELIMITER}${about}`;
}
