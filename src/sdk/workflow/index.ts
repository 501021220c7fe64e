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
  ValueError,
  type WorkflowExecution,
} from "../../codec/index.ts";
export type { RetryPolicy } from "../../codec/index.ts";
export type { RetryState, TimeoutType } from "../../core/failure.ts";
export { CancellationScope, type CancellationScopeOptions } from "../../replay/cancellation-scope.ts";
export { condition } from "../../replay/condition.ts";
export { DeterminismViolationError } from "../../replay/determinism-errors.ts";
export { type ActivityOptions, scheduleActivity } from "../../replay/schedule-activity.ts";
export {
  defineQuery,
  defineSignal,
  type HandlerOptions,
  type QueryDefinition,
  setHandler,
  type SignalDefinition,
} from "../../replay/set-handler.ts";
export { sleep } from "../../replay/sleep.ts";
export { Trigger } from "../../replay/trigger.ts";
export type { UnsafeWorkflowInfo, WorkflowInfo } from "../../replay/workflow-info.ts";
export {
  type ActivityFunction,
  type ActivityFunctionWithOptions,
  type ActivityInterfaceFor,
  proxyActivities,
  type UntypedActivities,
} from "./activities.ts";
export { ActivityCancellationType } from "../common/activity-types.ts";
export { AsyncLocalStorage } from "../common/async-local-storage.ts";
export type { Logger, LogLevel, LogMetadata } from "../common/logger.ts";
export { log } from "./log.ts";
export { inWorkflowContext, uuid4, workflowInfo } from "./workflow-information.ts";

// A workflow module may take `Date` or `setTimeout` aside while it loads; this module has loaded before it.
installDeterminismGlobals();
