/**
 * Many values at once: arguments, results and details as lists, headers and memos as maps of payloads.
 *
 * Owns: the meaning of "none": no values make no list, and an absent list holds no values.
 */
/* oxlint-disable typescript/no-unnecessary-type-parameters -- Temporal's API lets the caller name the type it expects. */
import type { Payload, PayloadConverter } from "./payload-converter.ts";
import type { SerializationContext } from "./serialization-context.ts";

/**
 * Payloads of values in order, or undefined when there are none. Throws `ValueError` as the converter does.
 *
 * @example
 * toPayloads(defaultPayloadConverter, "a", 1)?.length; // 2
 * toPayloads(defaultPayloadConverter); // undefined
 */
export function toPayloads(converter: PayloadConverter, ...values: readonly unknown[]): Payload[] | undefined {
  return toPayloadsWithContext(converter, undefined, values);
}

/**
 * Like `toPayloads`, with the place the payloads are made for.
 *
 * @example
 * const place = { namespace: "default", workflowId: "transfer-7" };
 * const context = serializationContext(place, { kind: "workflow-input" });
 * toPayloadsWithContext(defaultPayloadConverter, context, ["a", 1])?.length; // 2
 */
export function toPayloadsWithContext(
  converter: PayloadConverter,
  context: SerializationContext | undefined,
  values: readonly unknown[],
): Payload[] | undefined {
  return values.length === 0 ? undefined : values.map((value) => converter.toPayload(value, context));
}

/**
 * Values of payloads in order; none for an absent list. Throws `ValueError` as the converter does.
 *
 * @example
 * const payloads = toPayloads(defaultPayloadConverter, "a", 1);
 * arrayFromPayloads(defaultPayloadConverter, payloads); // ["a", 1]
 */
export function arrayFromPayloads(
  converter: PayloadConverter,
  payloads?: readonly Payload[] | null,
  context?: SerializationContext,
): unknown[] {
  return (payloads ?? []).map((payload) => converter.fromPayload<unknown>(payload, context));
}

/**
 * The value at an index, or undefined where the list has none. Throws `ValueError` as the converter does.
 *
 * @example
 * const payloads = toPayloads(defaultPayloadConverter, "a", 1);
 * fromPayloadsAtIndex<number>(defaultPayloadConverter, 1, payloads); // 1
 */
export function fromPayloadsAtIndex<T>(
  converter: PayloadConverter,
  index: number,
  payloads?: readonly Payload[] | null,
  context?: SerializationContext,
): T {
  const payload = payloads?.[index];
  return payload === undefined ? (undefined as T) : converter.fromPayload<T>(payload, context);
}

/**
 * The payload of a value that may not be given. Throws `ValueError` as the converter does.
 *
 * @example
 * convertOptionalToPayload(defaultPayloadConverter, undefined); // undefined
 */
export function convertOptionalToPayload(converter: PayloadConverter, value: unknown): Payload | undefined {
  return value === undefined ? undefined : converter.toPayload(value);
}

/**
 * Payloads of a record's values, under the same names. Throws `ValueError` as the converter does.
 *
 * @example
 * const memo = mapToPayloads(defaultPayloadConverter, { customer: "c-17" });
 * defaultPayloadConverter.fromPayload(memo.customer); // "c-17"
 */
export function mapToPayloads<K extends string>(
  converter: PayloadConverter,
  values: Readonly<Record<K, unknown>>,
  context?: SerializationContext,
): Record<K, Payload> {
  const entries = Object.entries(values).map(([key, value]) => [key, converter.toPayload(value, context)]);
  return Object.fromEntries(entries) as Record<K, Payload>;
}

/**
 * Values of a record of payloads, under the same names; undefined for an absent record. Throws `ValueError` as the
 * converter does.
 *
 * @example
 * const memo = mapToPayloads(defaultPayloadConverter, { customer: "c-17" });
 * mapFromPayloads(defaultPayloadConverter, memo); // { customer: "c-17" }
 */
export function mapFromPayloads<K extends string>(
  converter: PayloadConverter,
  payloads?: Readonly<Record<K, Payload>> | null,
  context?: SerializationContext,
): Record<K, unknown> | undefined {
  if (payloads === undefined || payloads === null) return undefined;
  const entries = Object.entries<Payload>(payloads).map(([key, payload]) => [
    key,
    converter.fromPayload<unknown>(payload, context),
  ]);
  return Object.fromEntries(entries) as Record<K, unknown>;
}
