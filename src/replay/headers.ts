/**
 * Headers between the wire and interceptors.
 *
 * Owns: the mapping. Payloads are in clear on both sides; an empty set of headers is none on the wire.
 */
import { payloadFromWire, payloadToWire } from "../codec/index.ts";
import type { PayloadMap } from "../core/payload.ts";
import type { Headers } from "./interceptors.ts";

/** The headers of a wire map; empty for an absent one. Each call makes a new object. */
export function headersFromWire(map: PayloadMap | undefined): Headers {
  const entries = Object.entries(map?.fields ?? {});
  return Object.fromEntries(entries.map(([key, payload]) => [key, payloadFromWire(payload)]));
}

/** The wire map of headers, or undefined if there are none. */
export function headersToWire(headers: Headers): PayloadMap | undefined {
  const entries = Object.entries(headers);
  if (entries.length === 0) return undefined;
  return { fields: Object.fromEntries(entries.map(([key, payload]) => [key, payloadToWire(payload)])) };
}
