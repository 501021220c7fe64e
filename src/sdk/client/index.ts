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
export type { ActivityOptionsUpdate, ActivityOptionsUpdateResult } from "./activity-options-update.ts";
export type { ActivityPauseOptions, ActivityResetOptions, ActivityUnpauseOptions } from "./operator-requests.ts";
export type {
  WorkflowActivities,
  WorkflowActivitiesSelector,
  WorkflowActivityHandle,
} from "./workflow-activity-handle.ts";
export type {
  FetchHistoryOptions,
  WorkflowHandle,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowHandleWithStartDetails,
  WorkflowHandleWithResetRunId,
  WorkflowHandleWithSignaledRunId,
} from "./workflow-handle.ts";
export type { LiveEvent, LiveEvents, SubscribeOptions } from "./live-events.ts";
export type {
  CompiledWorkflowOptions,
  UntypedWorkflowStartOptions,
  WorkflowOptions,
  WorkflowSignalWithStartOptions,
  WorkflowStartOptions,
  WorkflowUpdateOptions,
} from "./workflow-options.ts";
export type { ResetReapplyExcludeType, ResetType, WorkflowResetOptions } from "./reset-options.ts";
export type { GetWorkflowUpdateHandleOptions, WorkflowUpdateHandle } from "./workflow-update-handle.ts";
export { BatchClient, type BatchClientOptions } from "./batch-client.ts";
export type { BatchOperationFailure, BatchOperationHandle } from "./batch-handle.ts";
export type {
  BatchCancelOperation,
  BatchDeleteOperation,
  BatchExecution,
  BatchOperation,
  BatchOperationDescription,
  BatchOperationOptions,
  BatchOperationState,
  BatchOperationType,
  BatchResetOperation,
  BatchResetOptions,
  BatchSignalOperation,
  BatchTerminateOperation,
} from "./batch-options.ts";
export { BatchOperationAlreadyStartedError, BatchOperationNotFoundError } from "./batch-errors.ts";
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
  WorkflowResetInput,
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
  PauseInfo,
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
export {
  AsyncCompletionClient,
  type AsyncCompletionClientOptions,
  type FullActivityId,
} from "./async-completion-client.ts";
export {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
} from "./async-completion-errors.ts";
export { CompleteAsyncError } from "../common/index.ts";
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
  NamespaceNotFoundError,
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
