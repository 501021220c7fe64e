/**
 * What `holdfast/activity` exports.
 *
 * Owns: the list, which is that of Temporal's package of the same name as far as Holdfast has it. The runner of
 * attempts is not part of it: that is the worker's and the test environment's.
 */
export type { Info } from "./activity-info.ts";
export {
  activityInfo,
  asyncLocalStorage,
  cancellationDetails,
  cancellationSignal,
  cancelled,
  Context,
  heartbeat,
  log,
  metricMeter,
  sleep,
} from "./context.ts";
export type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityInterceptors,
  ActivityInterceptorsFactory,
  ActivityOutboundCallsInterceptor,
} from "./interceptors.ts";
export {
  type ActivityFunction,
  ApplicationFailure,
  CancelledFailure,
  CompleteAsyncError,
  type UntypedActivities,
} from "../common/index.ts";
