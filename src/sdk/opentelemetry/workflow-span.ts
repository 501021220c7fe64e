/**
 * A span of workflow code.
 *
 * Owns: its state until it ends, and its form as plain data. Its times are the workflow's, which stand still during a
 * workflow task. It is handed to a sink when it ends: what a replay repeats ends without anybody hearing of it.
 */
import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  TraceFlags,
} from "@opentelemetry/api";

/** A span's context with the trace state as text. */
export type SerializableSpanContext = Omit<SpanContext, "traceState"> & { readonly traceState?: string };

/** A span as plain data. */
export interface SerializableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: SerializableSpanContext;
  readonly parentSpanContext?: SerializableSpanContext;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly duration: HrTime;
  readonly status: SpanStatus;
  readonly attributes: Attributes;
  readonly links: readonly SerializableLink[];
  readonly events: readonly SerializableEvent[];
}

export interface SerializableLink {
  readonly context: SerializableSpanContext;
  readonly attributes?: Attributes;
}

export interface SerializableEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: Attributes;
}

export interface WorkflowSpanOptions {
  readonly name: string;
  readonly spanContext: SpanContext;
  readonly parent: SpanContext | undefined;
  /** The workflow's clock, epoch milliseconds. */
  readonly now: () => number;
  /** Takes the span when it ends, if it is sampled. */
  readonly onEnd: (span: SerializableSpan) => void;
}

export class WorkflowSpan implements Span {
  readonly #options: WorkflowSpanOptions;
  readonly #startTimeMs: number;
  readonly #attributes: Attributes = {};
  readonly #events: SerializableEvent[] = [];
  readonly #links: SerializableLink[] = [];
  #name: string;
  #status: SpanStatus = { code: SpanStatusCode.UNSET };
  #ended = false;

  constructor(options: WorkflowSpanOptions) {
    this.#options = options;
    this.#name = options.name;
    this.#startTimeMs = options.now();
  }

  spanContext(): SpanContext {
    return this.#options.spanContext;
  }

  isRecording(): boolean {
    return !this.#ended && (this.#options.spanContext.traceFlags & TraceFlags.SAMPLED) !== 0;
  }

  setAttribute(key: string, value: AttributeValue): this {
    return this.setAttributes({ [key]: value });
  }

  setAttributes(attributes: Attributes): this {
    if (this.isRecording()) Object.assign(this.#attributes, attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    const attributes = isTimeInput(attributesOrTime) ? undefined : attributesOrTime;
    const at = isTimeInput(attributesOrTime) ? attributesOrTime : time;
    this.#events.push({ name, time: this.#timeOf(at), ...(attributes ? { attributes } : {}) });
    return this;
  }

  addLink({ context, attributes }: Link): this {
    if (this.isRecording()) this.#links.push({ context: plain(context), ...(attributes ? { attributes } : {}) });
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (this.isRecording()) this.#status = { ...status };
    return this;
  }

  updateName(name: string): this {
    if (this.isRecording()) this.#name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { name, message, stack } =
      typeof exception === "string" ? { message: exception } : { ...readError(exception) };
    this.addEvent(
      "exception",
      {
        ...(name === undefined ? {} : { "exception.type": name }),
        ...(message === undefined ? {} : { "exception.message": message }),
        ...(stack === undefined ? {} : { "exception.stacktrace": stack }),
      },
      time,
    );
  }

  /** Only the first end counts. */
  end(endTime?: TimeInput): void {
    if (this.isRecording()) this.#options.onEnd(this.#serialize(this.#timeOf(endTime)));
    this.#ended = true;
  }

  #serialize(endTime: HrTime): SerializableSpan {
    const { spanContext, parent } = this.#options;
    const durationMs = Math.max(0, millisecondsOf(endTime) - this.#startTimeMs);
    return {
      name: this.#name,
      kind: SpanKind.INTERNAL,
      spanContext: plain(spanContext),
      ...(parent ? { parentSpanContext: plain(parent) } : {}),
      startTime: hrTimeOf(this.#startTimeMs),
      endTime,
      duration: hrTimeOf(durationMs),
      status: this.#status,
      attributes: this.#attributes,
      links: this.#links,
      events: this.#events,
    };
  }

  #timeOf(time: TimeInput | undefined): HrTime {
    if (time === undefined) return hrTimeOf(this.#options.now());
    if (Array.isArray(time)) return time;
    return hrTimeOf(time instanceof Date ? time.getTime() : time);
  }
}

function isTimeInput(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === "number" || value instanceof Date || Array.isArray(value);
}

interface ReadError {
  readonly name?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
}

/** Reads through prototypes, where errors keep their names. */
function readError({ name, message, stack }: ReadError): ReadError {
  return { name, message, stack };
}

function plain({ traceState, ...rest }: SpanContext): SerializableSpanContext {
  const text = traceState?.serialize();
  return { ...rest, ...(text ? { traceState: text } : {}) };
}

/** Seconds and the nanoseconds beyond them. */
function hrTimeOf(timeMs: number): HrTime {
  const seconds = Math.trunc(timeMs / 1_000);
  return [seconds, Math.round((timeMs - seconds * 1_000) * 1_000_000)];
}

function millisecondsOf([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
