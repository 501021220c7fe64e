/**
 * Headers on their way out: payloads that interceptors made, encoded like everything else.
 *
 * Owns: the step from a user's headers to the wire.
 */
import { payloadToWire, type PayloadEncoding } from "../../codec/index.ts";
import type { PayloadMap } from "../../core/payload.ts";
import type { Headers } from "../common/index.ts";

/** The wire form of headers; undefined when there are none. Throws what the codecs throw. */
export async function encodeHeaders(encoding: PayloadEncoding, headers: Headers): Promise<PayloadMap | undefined> {
  const entries = Object.entries(headers).map(([key, payload]) => [key, payloadToWire(payload)] as const);
  if (entries.length === 0) return undefined;
  return await encoding.encodeMap({ fields: Object.fromEntries(entries) }, "header");
}
