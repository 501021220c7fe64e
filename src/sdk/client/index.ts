/**
 * What `holdfast/client` exports.
 *
 * Owns: the list, which is that of Temporal's package of the same name as far as Holdfast has it.
 */
export { Client, type ClientOptions } from "./client.ts";
export {
  type GetWorkflowHandleOptions,
  type UntypedWorkflow,
  WorkflowClient,
  type WorkflowClientOptions,
} from "./workflow-client.ts";
export type {
  FetchHistoryOptions,
  WorkflowHandle,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowHandleWithSignaledRunId,
} from "./workflow-handle.ts";
export type {
  UntypedWorkflowStartOptions,
  WorkflowOptions,
  WorkflowSignalWithStartOptions,
  WorkflowStartOptions,
} from "./workflow-options.ts";
export type {
  PendingActivity,
  PendingTimer,
  PendingWorkflowTask,
  WorkflowExecutionDescription,
  WorkflowExecutionStatusName,
} from "./workflow-description.ts";
export {
  PayloadTooLargeError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowFailedError,
  WorkflowQueryFailedError,
} from "./errors.ts";
export { decodeHistory } from "./history-decoding.ts";
export type { JsonEvent, JsonHistory } from "../../core/history-json.ts";
export type { QueryRejectCondition, WorkflowService } from "../../core/protocol.ts";
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  type DataConverter,
  HoldfastFailure,
  IllegalStateError,
  type Payload,
  type PayloadCodec,
  type PayloadConverter,
  PayloadConverterError,
  type QueryDefinition,
  RetryState,
  ServerFailure,
  type SignalDefinition,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
  ValueError,
  type Workflow,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type WorkflowResultType,
  defaultPayloadConverter,
  rootCause,
} from "../common/index.ts";
