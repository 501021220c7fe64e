/**
 * The worker's end of the sink that spans leave workflows through.
 *
 * Owns: making of a span's plain data what a span processor or exporter takes, with the workflow's names on it.
 */
import { type Attributes, createTraceState, type SpanContext } from "@opentelemetry/api";

import type { InjectedSink } from "../../replay/sinks.ts";
import type { WorkflowInfo } from "../../replay/workflow-info.ts";
import type { SerializableLink, SerializableSpan, SerializableSpanContext } from "./workflow-span.ts";
import type { OpenTelemetryWorkflowExporter } from "./workflow-tracing.ts";

/** A span that is over, in the form of OpenTelemetry's tracing SDK, version 2. */
export interface ExportableSpan<R> extends Omit<
  SerializableSpan,
  "spanContext" | "parentSpanContext" | "links" | "events"
> {
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly links: { readonly context: SpanContext; readonly attributes?: Attributes }[];
  readonly events: SerializableSpan["events"][number][];
  readonly ended: boolean;
  readonly resource: R;
  readonly instrumentationScope: { readonly name: string };
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** The part of a span processor that is needed here. */
export interface WorkflowSpanProcessor<R> {
  onEnd(span: ExportableSpan<R>): void;
}

/** The part of a span exporter that is needed here. */
export interface WorkflowSpanExporter<R> {
  export(spans: ExportableSpan<R>[], resultCallback: () => void): void;
}

/**
 * The sink that hands spans of workflows to a span processor, or straight to an exporter. `resource` is put on every
 * span: what the spans of this Worker come from.
 *
 * @example
 * createWorker({ workflows, sinks: { exporter: makeWorkflowExporter(new BatchSpanProcessor(exporter), resource) } });
 */
export function makeWorkflowExporter<R>(
  target: WorkflowSpanProcessor<R> | WorkflowSpanExporter<R>,
  resource: R,
): InjectedSink<OpenTelemetryWorkflowExporter> {
  const deliver = (spans: ExportableSpan<R>[]): void => {
    if (!("onEnd" in target)) target.export(spans, () => undefined);
    else for (const span of spans) target.onEnd(span);
  };
  return { export: { fn: (info, spans) => deliver(spans.map((span) => exportable(span, info, resource))) } };
}

function exportable<R>(span: SerializableSpan, info: WorkflowInfo, resource: R): ExportableSpan<R> {
  const { spanContext, parentSpanContext, links, events, ...rest } = span;
  const context = contextOf(spanContext);
  const { workflowId, runId, workflowType, namespace, taskQueue } = info;
  return {
    ...rest,
    spanContext: () => context,
    ...(parentSpanContext ? { parentSpanContext: contextOf(parentSpanContext) } : {}),
    attributes: { workflowId, runId, workflowType, namespace, taskQueue, ...span.attributes },
    links: links.map((link: SerializableLink) => ({ ...link, context: contextOf(link.context) })),
    events: [...events],
    ended: true,
    resource,
    instrumentationScope: { name: "holdfast/workflow" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf({ traceState, ...rest }: SerializableSpanContext): SpanContext {
  return { ...rest, ...(traceState ? { traceState: createTraceState(traceState) } : {}) };
}
