/**
 * Stored ciphertexts keep decrypting.
 *
 * Owns: the promise behind the files in `golden/`. If this fails, the format was changed: give the new one a new
 * version and go on reading the old one, but do not touch the files.
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
import later from "./golden/envelope-v1-later-channels.json" with { type: "json" };
import golden from "./golden/envelope-v1.json" with { type: "json" };

const codec = new EncryptionCodec(keyRingFromText(golden.keys));
const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [codec] }), golden.place);

function valueOf(stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null) return stored;
  if ("$undefined" in stored) return undefined;
  if ("$bytes" in stored) return new Uint8Array(stored.$bytes as number[]);
  return stored;
}

const lists = [...golden.lists, ...later.lists];
const failures = [golden.failure, ...later.failures];

describe("envelope version 1", () => {
  it("holds both files to one key and one place", () => {
    const { keys, place } = golden;
    expect({ keys: later.keys, place: later.place }).toEqual({ keys, place });
  });

  it.each(lists)("decrypts on channel $channel.kind", async ({ channel, values, payloads }) => {
    const decoded = await decodeValues(encoding, channel as PayloadChannel, { payloads });
    expect(decoded).toEqual(values.map(valueOf));
  });

  it("decrypts a memo", async () => {
    const map = await encoding.decodeMap(golden.memo.map, "memo");
    expect(fromWireMap(defaultPayloadConverter, map)).toEqual(golden.memo.values);
  });

  it.each(failures)("decrypts a failure on channel $channel.kind", async ({ channel, failure, expected }) => {
    const error = await decodeError(encoding, channel as PayloadChannel, failure);
    expect(error).toMatchObject({ ...expected, cause: { message: expected.cause } });
  });
});
