/**
 * What `holdfast/opentelemetry` exports: traces through clients, workflows and activities.
 *
 * Owns: the list. Everything here needs `@opentelemetry/api` and nothing else of OpenTelemetry.
 */
export {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from "./activity-interceptors.ts";
export { OpenTelemetryWorkflowClientInterceptor } from "./client-interceptor.ts";
export {
  ACTIVITY_ID_ATTR_KEY,
  RUN_ID_ATTR_KEY,
  SPAN_DELIMITER,
  SpanName,
  TERMINATE_REASON_ATTR_KEY,
  TRACE_HEADER,
  UPDATE_ID_ATTR_KEY,
  WORKFLOW_ID_ATTR_KEY,
} from "./definitions.ts";
export type { InterceptorOptions } from "./tracing.ts";
export {
  type ExportableSpan,
  makeWorkflowExporter,
  type WorkflowSpanExporter,
  type WorkflowSpanProcessor,
} from "./workflow-exporter.ts";
export {
  OpenTelemetryInboundInterceptor,
  OpenTelemetryInternalsInterceptor,
  OpenTelemetryOutboundInterceptor,
} from "./workflow-interceptors.ts";
export type {
  SerializableEvent,
  SerializableLink,
  SerializableSpan,
  SerializableSpanContext,
} from "./workflow-span.ts";
export type { OpenTelemetrySinks, OpenTelemetryWorkflowExporter } from "./workflow-tracing.ts";
