/**
 * What a span says of how its work ended.
 *
 * Owns: the status and the recorded error. A failure of the category BENIGN is no error of the span's.
 */
import { type Span, SpanStatusCode } from "@opentelemetry/api";

import { ApplicationFailure, ApplicationFailureCategory } from "../../codec/index.ts";

/** Ends the span of work that succeeded. */
export function endSpan(span: Span): void {
  span.setStatus({ code: SpanStatusCode.OK });
  span.end();
}

/** Ends the span of work that threw. */
export function endSpanWithError(span: Span, error: unknown): void {
  const isBenign = error instanceof ApplicationFailure && error.category === ApplicationFailureCategory.BENIGN;
  const exception = error instanceof Error ? error : String(error);
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: isBenign ? SpanStatusCode.UNSET : SpanStatusCode.ERROR, message });
  span.recordException(exception);
  span.end();
}
