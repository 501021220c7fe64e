/**
 * The payload as it crosses the line between application and service, and as it is stored.
 *
 * Owns: the shape only. It is the proto3 JSON form of Temporal's Payload: metadata values and data are base64.
 * The service treats both as opaque; only the application's codec layer turns them into values.
 */
export interface Payload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

/** A list of payloads, as arguments, results and details travel. */
export interface Payloads {
  readonly payloads: readonly Payload[];
}

/** Named payloads: headers and memo values. Names stay readable, values are encoded. */
export interface PayloadMap {
  readonly fields: Readonly<Record<string, Payload>>;
}

/** Search attributes: never encoded, because the service searches by them. Each payload's metadata names its type. */
export interface SearchAttributeMap {
  readonly indexedFields: Readonly<Record<string, Payload>>;
}

/** Size in bytes that a base64 string of this length decodes to. */
function decodedBytes(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, (base64.length / 4) * 3 - padding);
}

/** Bytes that a payload holds once decoded from base64, metadata included. */
export function payloadBytes(payload: Payload): number {
  let total = decodedBytes(payload.data ?? "");
  for (const [name, value] of Object.entries(payload.metadata ?? {})) total += name.length + decodedBytes(value);
  return total;
}

/** Bytes of a whole list. */
export function payloadsBytes(payloads: Payloads | undefined): number {
  let total = 0;
  for (const payload of payloads?.payloads ?? []) total += payloadBytes(payload);
  return total;
}

/** Bytes of a summary and details. */
export function userMetadataBytes(
  metadata: { readonly summary?: Payload; readonly details?: Payload } | undefined,
): number {
  const { summary, details } = metadata ?? {};
  return (summary ? payloadBytes(summary) : 0) + (details ? payloadBytes(details) : 0);
}

/** Bytes of search attributes. */
export function searchAttributeBytes(map: SearchAttributeMap | undefined): number {
  return payloadMapBytes(map && { fields: map.indexedFields });
}

/** Bytes of a header or memo. */
export function payloadMapBytes(map: PayloadMap | undefined): number {
  let total = 0;
  for (const [name, payload] of Object.entries(map?.fields ?? {})) total += name.length + payloadBytes(payload);
  return total;
}
