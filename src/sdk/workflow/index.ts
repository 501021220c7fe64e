/**
 * The workflow authoring API: what `holdfast/workflow` exports.
 *
 * Owns: the list. Everything here may be used in workflow code; nothing here holds client or activity code.
 */
import { installDeterminismGlobals } from "../../replay/determinism-globals.ts";

export {
  ActivityFailure,
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
  CancelledFailure,
  ChildWorkflowFailure,
  defaultPayloadConverter,
  type Duration,
  HoldfastFailure,
  IllegalStateError,
  isCancellation,
  type Payload,
  type PayloadConverter,
  PayloadConverterError,
  rootCause,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  type SearchAttributeValue,
  type SearchAttributes,
  ValueError,
  type WorkflowExecution,
  WorkflowExecutionAlreadyStartedError,
} from "../../codec/index.ts";
export type { RetryPolicy } from "../../codec/index.ts";
export type { RetryState, TimeoutType } from "../../core/failure.ts";
export { CompleteAsyncError } from "../common/execution-errors.ts";
export { CancellationScope, type CancellationScopeOptions } from "../../replay/cancellation-scope.ts";
export { condition } from "../../replay/condition.ts";
export { ContinueAsNew, continueAsNew, makeContinueAsNewFunc } from "../../replay/continue-as-new.ts";
export { DeterminismViolationError } from "../../replay/determinism-errors.ts";
export { type ActivityOptions, scheduleActivity } from "../../replay/schedule-activity.ts";
export {
  type DefaultQueryHandler,
  type DefaultSignalHandler,
  type DefaultUpdateHandler,
  setDefaultQueryHandler,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
} from "../../replay/default-handlers.ts";
export type { ErrorClass } from "../../replay/failure-types.ts";
export { HandlerUnfinishedPolicy } from "../../replay/handler-executions.ts";
export type {
  ActivateInput,
  ActivityInput,
  ConcludeActivationInput,
  ConcludeActivationOutput,
  ContinueAsNewInput,
  DisposeInput,
  GetLogAttributesInput,
  GetMetricTagsInput,
  Headers,
  LocalActivityInput,
  Next,
  QueryInput,
  SignalInput,
  SignalWorkflowInput,
  StartChildWorkflowExecutionInput,
  TimerInput,
  UpdateInput,
  WorkflowExecuteInput,
  WorkflowInboundCallsInterceptor,
  WorkflowInterceptors,
  WorkflowInterceptorsFactory,
  WorkflowInternalsInterceptor,
  WorkflowOutboundCallsInterceptor,
} from "../../replay/interceptors.ts";
export type {
  ChildWorkflowOptions,
  ContinueAsNewOptions,
  LocalActivityOptions,
  TimerOptions,
} from "../../replay/operation-options.ts";
export { deprecatePatch, patched } from "../../replay/patched.ts";
export {
  LocalActivityDoBackoff,
  type LocalActivityBackoffInfo,
  scheduleLocalActivity,
} from "../../replay/schedule-local-activity.ts";
export { proxySinks } from "../../replay/proxy-sinks.ts";
export {
  defineQuery,
  defineSignal,
  defineUpdate,
  type QueryDefinition,
  type QueryHandlerOptions,
  setHandler,
  type SignalDefinition,
  type SignalHandlerOptions,
  type UpdateDefinition,
  type UpdateHandlerOptions,
} from "../../replay/set-handler.ts";
export type { Sink, SinkCall, SinkFunction, Sinks } from "../../replay/sinks.ts";
export type { UpdateInfo } from "../../replay/update-scope.ts";
export {
  defineWorkflowOptions,
  setWorkflowOptions,
  type WorkflowDefinitionConfig,
  type WorkflowDefinitionOptions,
  type WorkflowDefinitionOptionsOrGetter,
} from "../../replay/workflow-options.ts";
export { sleep } from "../../replay/sleep.ts";
export { addDefaultWorkflowOptions } from "../../replay/start-child.ts";
export { Trigger } from "../../replay/trigger.ts";
export type { UnsafeRandomSource } from "../../replay/unsafe-random.ts";
export { getCurrentDetails, setCurrentDetails, upsertMemo, upsertSearchAttributes } from "../../replay/upserts.ts";
export type {
  ParentWorkflowInfo,
  RootWorkflowInfo,
  UnsafeWorkflowInfo,
  WorkflowInfo,
} from "../../replay/workflow-info.ts";
export { extractWorkflowType } from "../../replay/workflow-type.ts";
export {
  type ActivityFunction,
  type ActivityFunctionWithOptions,
  type ActivityInterfaceFor,
  type LocalActivityFunctionWithOptions,
  type LocalActivityInterfaceFor,
  proxyActivities,
  proxyLocalActivities,
  type UntypedActivities,
} from "./activities.ts";
export { ActivityCancellationType } from "../common/activity-types.ts";
export { AsyncLocalStorage } from "../common/async-local-storage.ts";
export type { Logger, LogLevel, LogMetadata } from "../common/logger.ts";
export {
  type BaseWorkflowHandle,
  type WithWorkflowArgs,
  type Workflow,
  type WorkflowResultType,
  type WorkflowReturnType,
  type WorkflowSignalType,
} from "../common/workflow-types.ts";
export {
  decodeWorkflowIdConflictPolicy,
  decodeWorkflowIdReusePolicy,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from "../common/workflow-id-policy.ts";
export { NamespaceNotFoundError, WorkflowNotFoundError } from "../common/execution-errors.ts";
export type { WorkflowDurationOptions, WorkflowQueryType } from "../common/workflow-types.ts";
export { ChildWorkflowCancellationType, ParentClosePolicy } from "./child-choices.ts";
export { type ChildWorkflowHandle, executeChild, startChild } from "./children.ts";
export { type ExternalWorkflowHandle, getExternalWorkflowHandle } from "./external-workflows.ts";
export { log } from "./log.ts";
export { metricMeter } from "./metric-meter.ts";
export {
  allHandlersFinished,
  currentUpdateInfo,
  enhancedStackTraceQuery,
  stackTraceQuery,
  type WorkflowMetadata,
  workflowMetadataQuery,
} from "./message-information.ts";
export { getRandomStream, workflowRandom, type WorkflowRandomStream } from "./random-streams.ts";
export { inWorkflowContext, uuid4, workflowInfo } from "./workflow-information.ts";

// A workflow module may take `Date` or `setTimeout` aside while it loads; this module has loaded before it.
installDeterminismGlobals();
