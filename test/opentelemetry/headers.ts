/**
 * Headers as the service would carry them, unencrypted.
 *
 * Owns: the way from an interceptor's headers to the wire, with what the tests need of the codec layer beside it.
 */
import type { Payload } from "../../src/codec/index.ts";
import type { PayloadMap } from "../../src/core/payload.ts";
import { headersToWire } from "../../src/replay/headers.ts";

export { defaultPayloadConverter, loadDataConverter } from "../../src/codec/index.ts";

/** The wire form of headers; empty if there are none. */
export function headersOf(headers: Record<string, Payload>): PayloadMap {
  return headersToWire(headers) ?? { fields: {} };
}
