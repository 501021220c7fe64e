import { describe, expect, test } from "vitest";

import {
  decodeValues,
  encodeValues,
  EncryptionKeyMissingError,
  type LoadedDataConverter,
  type PayloadCodec,
  PayloadEncoding,
  UnencryptedPayloadError,
  ValueError,
} from "../../src/codec/index.ts";
import { DataConverterSource } from "../../src/worker/data-converter-source.ts";

const key = (text: string): string => `k1:${btoa(text.repeat(32).slice(0, 32))}`;
const env = (keys?: string): object => (keys === undefined ? {} : { HOLDFAST_ENCRYPTION_KEYS: keys });

async function encoded(converter: LoadedDataConverter): Promise<string> {
  const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "a" });
  return JSON.stringify(await encodeValues(encoding, { kind: "workflow-input" }, ["plain text"]));
}

describe("without a setting", () => {
  test("payloads are encrypted with the key from the environment", async () => {
    const converter = new DataConverterSource().of(env(key("a")));
    expect(converter.payloadCodecs).toHaveLength(1);
    expect(await encoded(converter)).not.toContain(btoa('"plain text"'));
    const unencrypted = { payloads: [{ metadata: { encoding: btoa("json/plain") }, data: btoa("1") }] };
    const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "a" });
    const decoding = decodeValues(encoding, { kind: "workflow-input" }, unencrypted);
    await expect(decoding).rejects.toBeInstanceOf(UnencryptedPayloadError);
  });

  test.each([[undefined], [""], ["  "]])("there is no converter when the key is %o", (keys) => {
    const make = () => new DataConverterSource().of(env(keys));
    expect(make).toThrow(EncryptionKeyMissingError);
    expect(make).toThrow("HOLDFAST_ENCRYPTION_KEYS");
  });

  test("a malformed key is refused, and is not in the message", () => {
    const source = new DataConverterSource();
    const malformed = env("k1:c2VjcmV0");
    expect(() => source.of(malformed)).toThrow(ValueError);
    expect(() => source.of(malformed)).not.toThrow("c2VjcmV0");
  });
});

describe("caching", () => {
  test("one environment has one converter, and equal keys have one codec", () => {
    const source = new DataConverterSource();
    const first = env(key("a"));
    expect(source.of(first)).toBe(source.of(first));
    expect(source.of(env(key("a"))).payloadCodecs[0]).toBe(source.of(first).payloadCodecs[0]);
  });

  test("other keys have another codec, in another environment and in the same", () => {
    const source = new DataConverterSource();
    const changing: Record<string, string> = { HOLDFAST_ENCRYPTION_KEYS: key("a") };
    const before = source.of(changing).payloadCodecs[0];
    expect(source.of(env(key("b"))).payloadCodecs[0]).not.toBe(before);
    changing["HOLDFAST_ENCRYPTION_KEYS"] = key("c");
    expect(source.of(changing).payloadCodecs[0]).not.toBe(before);
  });
});

describe("with a setting", () => {
  test("that names no codecs, payloads are encrypted all the same", async () => {
    const source = new DataConverterSource(() => ({}));
    expect(await encoded(source.of(env(key("a"))))).not.toContain(btoa('"plain text"'));
    expect(() => source.of(env())).toThrow(EncryptionKeyMissingError);
  });

  test("that asks for no codecs by an empty list, payloads are in clear", async () => {
    const source = new DataConverterSource(() => ({ payloadCodecs: [] }));
    expect(await encoded(source.of(env()))).toContain(btoa('"plain text"'));
  });

  test("the codec is the application's own, made from its environment", () => {
    const codec: PayloadCodec = {
      encode: (payloads) => Promise.resolve(payloads),
      decode: (payloads) => Promise.resolve(payloads),
    };
    const seen: object[] = [];
    const source = new DataConverterSource((given: object) => {
      seen.push(given);
      return { payloadCodecs: [codec] };
    });
    const environment = env();
    expect(source.of(environment).payloadCodecs).toEqual([codec]);
    expect(seen).toEqual([environment]);
  });
});
