/**
 * Tracing inside of workflows.
 *
 * Owns: the ids of spans and the context that follows workflow code. Ids come from a source of their own, seeded with
 * the run's id: a replay gives every span the id it had, and what workflow code itself draws is not moved by tracing.
 * The context is kept in a storage of this file, because applications need not register a context manager.
 */
import { context as contexts, type Context, type Span, type SpanContext, trace, TraceFlags } from "@opentelemetry/api";

import { proxySinks } from "../../replay/proxy-sinks.ts";
import { RandomSource } from "../../replay/random-source.ts";
import { requireFrame } from "../../replay/run-context.ts";
import type { Sink, Sinks } from "../../replay/sinks.ts";
import { randomnessSeed } from "../../replay/siphash13.ts";
import { AsyncLocalStorage } from "../common/async-local-storage.ts";
import { endSpan, endSpanWithError } from "./span-ending.ts";
import { type SerializableSpan, WorkflowSpan } from "./workflow-span.ts";

/** Takes the spans of workflows; see `makeWorkflowExporter`. */
export interface OpenTelemetryWorkflowExporter extends Sink {
  export(spans: SerializableSpan[]): void;
}

/** The sinks that the interceptors need. */
export interface OpenTelemetrySinks extends Sinks {
  exporter: OpenTelemetryWorkflowExporter;
}

const { exporter } = proxySinks<OpenTelemetrySinks>();
const storage = new AsyncLocalStorage<Context>();
const idSources = new WeakMap<object, RandomSource>();

/** The context of the workflow code that executes. */
export function activeContext(): Context {
  return storage.getStore() ?? contexts.active();
}

function runIn<T>(context: Context, body: () => T): T {
  return storage.run(context, () => contexts.with(context, body));
}

export interface WorkflowSpanRequest {
  readonly name: string;
  /** The context that the span belongs into. Default: the active one. */
  readonly parent?: Context | undefined;
  /**
   * Names a span of something that only reads state and that no replay repeats, a query or a validation: its ids must
   * not take the place of others.
   */
  readonly readOnlyId?: string | undefined;
  /** Errors that are part of normal work. */
  readonly isAcceptable?: (error: unknown) => boolean;
}

/**
 * Makes a call inside a span of its own, which ends with the promise. The result takes one microtask longer than
 * without the span.
 */
export function tracedInWorkflow<T>(
  request: WorkflowSpanRequest,
  call: (span: Span, context: Context) => Promise<T>,
): Promise<T> {
  return inSpan(request, (span, context) => {
    const fail = (error: unknown): never => {
      endWith(span, error, request);
      throw error;
    };
    const succeed = (value: T): T => {
      endSpan(span);
      return value;
    };
    try {
      return call(span, context).then(succeed, fail);
    } catch (error) {
      return fail(error);
    }
  });
}

/** As `tracedInWorkflow`, for a call that is over when it returns. */
export function tracedInWorkflowSync<T>(request: WorkflowSpanRequest, call: (span: Span) => T): T {
  return inSpan(request, (span) => {
    try {
      const value = call(span);
      endSpan(span);
      return value;
    } catch (error) {
      endWith(span, error, request);
      throw error;
    }
  });
}

function endWith(span: Span, error: unknown, { isAcceptable }: WorkflowSpanRequest): void {
  if (isAcceptable?.(error)) endSpan(span);
  else endSpanWithError(span, error);
}

function inSpan<T>(request: WorkflowSpanRequest, body: (span: Span, context: Context) => T): T {
  const base = request.parent ?? activeContext();
  const parent = trace.getSpanContext(base);
  const span = new WorkflowSpan({
    name: request.name,
    spanContext: newSpanContext(parent, request.readOnlyId),
    parent,
    now: () => Date.now(),
    onEnd: (ended) => exporter.export([ended]),
  });
  const context = trace.setSpan(base, span);
  return runIn(context, () => body(span, context));
}

/** Goes on with the trace of the parent, or begins one. */
function newSpanContext(parent: SpanContext | undefined, readOnlyId: string | undefined): SpanContext {
  const ids = idSource(readOnlyId);
  const traceId = parent?.traceId ?? hexId(ids, 16);
  const spanId = hexId(ids, 8);
  const traceFlags = parent?.traceFlags ?? TraceFlags.SAMPLED;
  return { traceId, spanId, traceFlags, ...(parent?.traceState ? { traceState: parent.traceState } : {}) };
}

function idSource(readOnlyId: string | undefined): RandomSource {
  const run = requireFrame("Tracing").workflowRun;
  const seed = `${run.originalExecutionRunId}/opentelemetry`;
  if (readOnlyId !== undefined) return new RandomSource(randomnessSeed(`${seed}/${readOnlyId}`));
  const source = idSources.get(run) ?? new RandomSource(randomnessSeed(seed));
  idSources.set(run, source);
  return source;
}

function hexId(source: RandomSource, length: number): string {
  const bytes = new Uint8Array(length);
  source.fillBytes(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
