/**
 * The trace in the headers of a call.
 *
 * Owns: putting a context into headers and taking it out. The propagator that the application registered does it; where
 * there is none, the W3C form of the span is written and read here, so that traces hold together without set-up. Like
 * every header it is encoded on its way.
 */
import {
  context as contexts,
  type Context,
  createTraceState,
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  propagation,
  type SpanContext,
  trace,
} from "@opentelemetry/api";

import { defaultPayloadConverter } from "../../codec/index.ts";
import type { Headers } from "../common/index.ts";
import { TRACE_HEADER } from "./definitions.ts";

type Carrier = Record<string, string>;

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The headers with the trace of a context in them. */
export function headersWithContext(headers: Headers, context: Context = contexts.active()): Headers {
  const carrier: Carrier = {};
  propagation.inject(context, carrier, defaultTextMapSetter);
  const span = trace.getSpanContext(context);
  if (Object.keys(carrier).length === 0 && span && isSpanContextValid(span)) writeSpan(span, carrier);
  return { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(carrier) };
}

/** The context that the headers carry, laid over `base`; undefined if they carry none. */
export function contextFromHeaders(headers: Headers, base: Context = contexts.active()): Context | undefined {
  const payload = headers[TRACE_HEADER];
  if (payload === undefined) return undefined;
  const carrier = defaultPayloadConverter.fromPayload<Carrier>(payload);
  const extracted = propagation.extract(base, carrier, defaultTextMapGetter);
  const span = readSpan(carrier);
  if (extracted !== base || span === undefined) return extracted;
  return trace.setSpanContext(base, span);
}

function writeSpan(span: SpanContext, carrier: Carrier): void {
  const flags = span.traceFlags.toString(16).padStart(2, "0");
  carrier["traceparent"] = `00-${span.traceId}-${span.spanId}-${flags}`;
  const state = span.traceState?.serialize();
  if (state) carrier["tracestate"] = state;
}

function readSpan(carrier: Carrier): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(carrier["traceparent"] ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const state = carrier["tracestate"];
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(state ? { traceState: createTraceState(state) } : {}),
  };
}
