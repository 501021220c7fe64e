/**
 * Payloads between bytes and the wire, and values straight to wire payloads in clear.
 *
 * Owns: the mapping of `Payload` (bytes) to core's wire payload (base64). This is the synchronous half of the way
 * out: what it produces is not encrypted yet and must pass `PayloadEncoding` before it leaves the application.
 */
import type { Payload as WirePayload, PayloadMap, Payloads } from "../core/payload.ts";
import { decodeBase64, encodeBase64 } from "./bytes.ts";
import { ValueError } from "./errors.ts";
import type { Payload, PayloadConverter } from "./payload-converter.ts";
import type { SerializationContext } from "./serialization-context.ts";

function mapRecord<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  // fromEntries defines properties, so that a key named __proto__ is a key like any other.
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function bytesOf(base64: string): Uint8Array {
  try {
    return decodeBase64(base64);
  } catch {
    throw new ValueError("A payload from the wire is not valid base64");
  }
}

/**
 * The wire form of a payload.
 *
 * @example
 * payloadToWire({ data: encodeText("a") }); // { data: "YQ==" }
 */
export function payloadToWire(payload: Payload): WirePayload {
  return {
    ...(payload.metadata ? { metadata: mapRecord(payload.metadata, encodeBase64) } : {}),
    ...(payload.data ? { data: encodeBase64(payload.data) } : {}),
  };
}

/**
 * The payload behind a wire form. Throws `ValueError` for what is not base64.
 *
 * @example
 * payloadFromWire({ data: "YQ==" }); // { data: encodeText("a") }
 */
export function payloadFromWire(wire: WirePayload): Payload {
  return {
    ...(wire.metadata === undefined ? {} : { metadata: mapRecord(wire.metadata, bytesOf) }),
    ...(wire.data === undefined ? {} : { data: bytesOf(wire.data) }),
  };
}

/**
 * A value as a wire payload in clear. Throws `ValueError` as the converter does.
 *
 * @example
 * toWirePayload(defaultPayloadConverter, 1).data; // "MQ=="
 */
export function toWirePayload(
  converter: PayloadConverter,
  value: unknown,
  context?: SerializationContext,
): WirePayload {
  return payloadToWire(converter.toPayload(value, context));
}

/**
 * The value of a wire payload in clear. Throws `ValueError` as the converter does.
 *
 * @example
 * fromWirePayload(defaultPayloadConverter, toWirePayload(defaultPayloadConverter, 1)); // 1
 */
export function fromWirePayload(
  converter: PayloadConverter,
  wire: WirePayload,
  context?: SerializationContext,
): unknown {
  return converter.fromPayload<unknown>(payloadFromWire(wire), context);
}

/**
 * Values as wire payloads in clear; undefined when there are none.
 *
 * @example
 * toWirePayloads(defaultPayloadConverter, ["a", 1])?.payloads.length; // 2
 */
export function toWirePayloads(
  converter: PayloadConverter,
  values: readonly unknown[],
  context?: SerializationContext,
): Payloads | undefined {
  if (values.length === 0) return undefined;
  return { payloads: values.map((value) => toWirePayload(converter, value, context)) };
}

/**
 * Values of wire payloads in clear; none for an absent list.
 *
 * @example
 * const input = toWirePayloads(defaultPayloadConverter, ["a", 1]);
 * fromWirePayloads(defaultPayloadConverter, input); // ["a", 1]
 */
export function fromWirePayloads(
  converter: PayloadConverter,
  wire: Payloads | undefined,
  context?: SerializationContext,
): unknown[] {
  return (wire?.payloads ?? []).map((payload) => fromWirePayload(converter, payload, context));
}

/**
 * A record of values as a wire map in clear. `contextOf` gives the place of each key.
 *
 * @example
 * toWireMap(defaultPayloadConverter, { left: 1 }).fields["left"]?.data; // "MQ=="
 */
export function toWireMap(
  converter: PayloadConverter,
  values: Readonly<Record<string, unknown>>,
  contextOf?: (key: string) => SerializationContext,
): PayloadMap {
  const entries = Object.entries(values).map(([key, value]) => [
    key,
    toWirePayload(converter, value, contextOf?.(key)),
  ]);
  return { fields: Object.fromEntries(entries) as Record<string, WirePayload> };
}

/**
 * A record of values from a wire map in clear; empty for an absent map.
 *
 * @example
 * const memo = toWireMap(defaultPayloadConverter, { left: 1 });
 * fromWireMap(defaultPayloadConverter, memo); // { left: 1 }
 */
export function fromWireMap(
  converter: PayloadConverter,
  wire: PayloadMap | undefined,
  contextOf?: (key: string) => SerializationContext,
): Record<string, unknown> {
  const entries = Object.entries(wire?.fields ?? {}).map(([key, payload]) => [
    key,
    fromWirePayload(converter, payload, contextOf?.(key)),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
