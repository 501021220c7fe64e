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
  type WorkflowResultOptions,
  type WorkflowUpdateWithStartOptions,
} from "./workflow-client.ts";
export type {
  FetchHistoryOptions,
  WorkflowHandle,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowHandleWithSignaledRunId,
} from "./workflow-handle.ts";
export type {
  CompiledWorkflowOptions,
  UntypedWorkflowStartOptions,
  WorkflowOptions,
  WorkflowSignalWithStartOptions,
  WorkflowStartOptions,
  WorkflowUpdateOptions,
} from "./workflow-options.ts";
export type { GetWorkflowUpdateHandleOptions, WorkflowUpdateHandle } from "./workflow-update-handle.ts";
export { WorkflowUpdateStage } from "./workflow-update-stage.ts";
export { WithStartWorkflowOperation, type WithStartWorkflowOptions } from "./with-start-workflow-operation.ts";
export { QueryRejectCondition, decodeQueryRejectCondition } from "./query-reject-condition.ts";
export type {
  ClientInterceptors,
  DescribeWorkflowExecutionResponse,
  Next,
  WorkflowCancelInput,
  WorkflowClientInterceptor,
  WorkflowDescribeInput,
  WorkflowQueryInput,
  WorkflowSignalInput,
  WorkflowSignalWithStartInput,
  WorkflowStartInput,
  WorkflowStartOutput,
  WorkflowStartUpdateInput,
  WorkflowStartUpdateOutput,
  WorkflowStartUpdateWithStartInput,
  WorkflowStartUpdateWithStartOutput,
  WorkflowTerminateInput,
} from "./interceptors.ts";
export type {
  PendingActivity,
  PendingChild,
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
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  WorkflowQueryFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "./errors.ts";
export { decodeHistory } from "./history-decoding.ts";
export type { JsonEvent, JsonHistory } from "../../core/history-json.ts";
export type { WorkflowService } from "../../core/protocol.ts";
export {
  ActivityFailure,
  type ActivityFunction,
  ApplicationFailure,
  type BaseWorkflowHandle,
  CancelledFailure,
  ChildWorkflowFailure,
  type DataConverter,
  type Headers,
  HoldfastFailure,
  IllegalStateError,
  type Payload,
  type PayloadCodec,
  type PayloadConverter,
  PayloadConverterError,
  type QueryDefinition,
  type RetryPolicy,
  RetryState,
  type SearchAttributePair,
  SearchAttributeType,
  type SearchAttributes,
  ServerFailure,
  type SignalDefinition,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  TimeoutType,
  TypedSearchAttributes,
  type UpdateDefinition,
  type UntypedActivities,
  ValueError,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowDurationOptions,
  type WorkflowExecution,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type WorkflowQueryType,
  type WorkflowResultType,
  type WorkflowReturnType,
  type WorkflowSignalType,
  type WorkflowUpdateType,
  type WorkflowUpdateValidatorType,
  decodeWorkflowIdConflictPolicy,
  decodeWorkflowIdReusePolicy,
  defaultPayloadConverter,
  defineSearchAttributeKey,
  rootCause,
} from "../common/index.ts";
export { HandlerUnfinishedPolicy, extractWorkflowType } from "../common/index.ts";
