/**
 * The line between values and payloads: what a converter is asked to do.
 *
 * Owns: the interfaces and the names of the built-in encodings. Conversion is synchronous and free of side effects,
 * because it runs inside workflow code; anything asynchronous belongs into a payload codec.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- Temporal's API lets the caller name the type it expects. */
import type { SerializationContext } from "./serialization-context.ts";

/** A value in bytes: what converters and codecs work on. */
export interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** Turns values into payloads and back. Both throw `ValueError` for what they cannot convert. */
export interface PayloadConverter {
  toPayload(value: unknown, context?: SerializationContext): Payload;
  fromPayload<T>(payload: Payload, context?: SerializationContext): T;
}

/** A converter of one encoding, to be combined with others. */
export interface PayloadConverterWithEncoding {
  readonly encodingType: string;
  /** Answers undefined for a value that is another converter's. */
  toPayload(value: unknown, context?: SerializationContext): Payload | undefined;
  fromPayload<T>(payload: Payload, context?: SerializationContext): T;
}

export const METADATA_ENCODING_KEY = "encoding";
export const METADATA_MESSAGE_TYPE_KEY = "messageType";

export const encodingTypes = {
  METADATA_ENCODING_NULL: "binary/null",
  METADATA_ENCODING_RAW: "binary/plain",
  METADATA_ENCODING_JSON: "json/plain",
} as const;

export type EncodingType = (typeof encodingTypes)[keyof typeof encodingTypes];

/**
 * A converter that passes the same context with every call, for callers that know none.
 *
 * @example
 * const place = { namespace: "default", workflowId: "transfer-7" };
 * const context = serializationContext(place, { kind: "workflow-input" });
 * const bound = bindPayloadConverter(defaultPayloadConverter, context);
 * bound.fromPayload(bound.toPayload("a")); // "a"
 */
export function bindPayloadConverter(converter: PayloadConverter, context: SerializationContext): PayloadConverter {
  return {
    toPayload: (value) => converter.toPayload(value, context),
    fromPayload: (payload) => converter.fromPayload(payload, context),
  };
}
