/**
 * The trace that a log line belongs to, as attributes of the line.
 *
 * Owns: their names, which are the ones that log viewers look for.
 */
import { type Context, isSpanContextValid, trace } from "@opentelemetry/api";

/** The attributes of a context's span; none if it has no valid one. */
export function traceAttributes(context: Context): Record<string, unknown> {
  const span = trace.getSpanContext(context);
  if (span === undefined || !isSpanContextValid(span)) return {};
  const { traceId, spanId, traceFlags } = span;
  return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, "0") };
}
