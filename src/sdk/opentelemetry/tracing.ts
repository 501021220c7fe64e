/**
 * Spans around the calls of clients and activities.
 *
 * Owns: the span's life around one call. The context is handed over as a value, so that it also reaches headers where
 * the application registered no context manager.
 */
import { context as contexts, type Context, type Span, trace, type Tracer } from "@opentelemetry/api";

import { endSpan, endSpanWithError } from "./span-ending.ts";

export interface InterceptorOptions {
  /** Default: the tracer that the application registered globally. */
  readonly tracer?: Tracer | undefined;
}

export interface TracedCall<T> {
  readonly tracer: Tracer;
  readonly name: string;
  /** The context that the span belongs into. Default: the active one. */
  readonly parent?: Context | undefined;
  /** Errors that are part of normal work. */
  readonly isAcceptable?: (error: unknown) => boolean;
  readonly call: (span: Span, context: Context) => Promise<T>;
}

/** Makes a call inside a span of its own, which ends with it. */
export async function traced<T>({ tracer, name, parent, isAcceptable, call }: TracedCall<T>): Promise<T> {
  const base = parent ?? contexts.active();
  const span = tracer.startSpan(name, {}, base);
  const context = trace.setSpan(base, span);
  try {
    const result = await contexts.with(context, () => call(span, context));
    endSpan(span);
    return result;
  } catch (error) {
    if (isAcceptable?.(error)) endSpan(span);
    else endSpanWithError(span, error);
    throw error;
  }
}
