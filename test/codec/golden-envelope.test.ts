/**
 * Stored ciphertexts keep decrypting.
 *
 * Owns: the promise behind `golden/envelope-v1.json`. If this fails, the format was changed: give the new one a new
 * version and go on reading the old one, but do not touch the file.
 */
import { describe, expect, it } from "vitest";

import {
  EncryptionCodec,
  type PayloadChannel,
  PayloadEncoding,
  decodeError,
  decodeValues,
  defaultPayloadConverter,
  fromWireMap,
  keyRingFromText,
  loadDataConverter,
} from "../../src/codec/index.ts";
import golden from "./golden/envelope-v1.json" with { type: "json" };

const codec = new EncryptionCodec(keyRingFromText(golden.keys));
const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [codec] }), golden.place);

function valueOf(stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null) return stored;
  if ("$undefined" in stored) return undefined;
  if ("$bytes" in stored) return new Uint8Array(stored.$bytes as number[]);
  return stored;
}

describe("envelope version 1", () => {
  it.each(golden.lists)("decrypts on channel $channel.kind", async ({ channel, values, payloads }) => {
    const decoded = await decodeValues(encoding, channel as PayloadChannel, { payloads });
    expect(decoded).toEqual(values.map(valueOf));
  });

  it("decrypts a memo", async () => {
    const map = await encoding.decodeMap(golden.memo.map, "memo");
    expect(fromWireMap(defaultPayloadConverter, map)).toEqual(golden.memo.values);
  });

  it("decrypts a failure", async () => {
    const { channel, failure, expected } = golden.failure;
    const error = await decodeError(encoding, channel as PayloadChannel, failure);
    expect(error).toMatchObject({ ...expected, cause: { message: expected.cause } });
  });
});
