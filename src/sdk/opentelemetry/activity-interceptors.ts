/**
 * Traces of activities.
 *
 * Owns: one span for each attempt, inside the trace of the workflow that scheduled it, and the trace in log lines.
 */
import { context as contexts, trace, type Tracer } from "@opentelemetry/api";

import type { Context as ActivityContext } from "../activity/context.ts";
import type {
  ActivityExecuteInput,
  ActivityInboundCallsInterceptor,
  ActivityOutboundCallsInterceptor,
  GetLogAttributesInput,
  Next,
} from "../activity/interceptors.ts";
import { CompleteAsyncError } from "../common/index.ts";
import { ACTIVITY_ID_ATTR_KEY, RUN_ID_ATTR_KEY, SpanName, spanNameOf, WORKFLOW_ID_ATTR_KEY } from "./definitions.ts";
import { traceAttributes } from "./log-attributes.ts";
import { contextFromHeaders } from "./trace-header.ts";
import { type InterceptorOptions, traced } from "./tracing.ts";

/**
 * Puts a span around each attempt of an activity.
 *
 * @example
 * createWorker({
 *   workflows,
 *   activities,
 *   interceptors: { activity: [(ctx) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(ctx) })] },
 * });
 */
export class OpenTelemetryActivityInboundInterceptor implements ActivityInboundCallsInterceptor {
  readonly #tracer: Tracer;
  readonly #ctx: ActivityContext;

  constructor(ctx: ActivityContext, options?: InterceptorOptions) {
    this.#ctx = ctx;
    this.#tracer = options?.tracer ?? trace.getTracer("holdfast/activity");
  }

  execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown> {
    const { activityType, activityId, workflowExecution } = this.#ctx.info;
    return traced({
      tracer: this.#tracer,
      name: spanNameOf(SpanName.ACTIVITY_EXECUTE, activityType),
      parent: contextFromHeaders(input.headers),
      isAcceptable: (error) => error instanceof CompleteAsyncError,
      call: (span) => {
        span.setAttribute(ACTIVITY_ID_ATTR_KEY, activityId);
        if (workflowExecution !== undefined) {
          span.setAttribute(WORKFLOW_ID_ATTR_KEY, workflowExecution.workflowId);
          span.setAttribute(RUN_ID_ATTR_KEY, workflowExecution.runId);
        }
        return next(input);
      },
    });
  }
}

/** Adds the trace to the lines that an activity logs. It needs a registered context manager to know the trace. */
export class OpenTelemetryActivityOutboundInterceptor implements ActivityOutboundCallsInterceptor {
  getLogAttributes(
    input: GetLogAttributesInput,
    next: Next<ActivityOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown> {
    return next({ ...traceAttributes(contexts.active()), ...input });
  }
}
