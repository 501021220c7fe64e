/** Claims: what is moved into the bucket, what is left behind, and what is refused on the way back. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  EncryptionCodec,
  type Payload,
  PayloadClaimError,
  PayloadDecryptionError,
  PayloadEncoding,
  R2PayloadCodec,
  type R2PayloadCodecOptions,
  type SerializationContext,
  UnencryptedPayloadError,
  ValueError,
  decodeText,
  decodeValues,
  encodeText,
  encodeValues,
  keyRingFromText,
  loadDataConverter,
  serializationContext,
} from "../../src/codec/index.ts";
import { anyChannel, anyId, anyValue } from "./arbitraries.ts";
import { MemoryBucket } from "./memory-bucket.ts";

const place = { namespace: "default", workflowId: "report/7" };
const context = serializationContext(place, { kind: "workflow-input" });
const encryption = new EncryptionCodec(keyRingFromText(`k1:${btoa("k".repeat(32))}`));

function clear(bytes: number): Payload {
  return { metadata: { encoding: encodeText("binary/plain") }, data: new Uint8Array(bytes).fill(7) };
}

/** The codec alone, for payloads in clear. */
function plain(bucket: MemoryBucket, options: R2PayloadCodecOptions = {}): R2PayloadCodec {
  return new R2PayloadCodec(bucket, { allowUnencrypted: true, ...options });
}

function texts(payload: Payload | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, decodeText(value)]));
}

async function claimOf(codec: R2PayloadCodec, of: SerializationContext = context): Promise<Payload> {
  const [claim] = await codec.encode([clear(1_000)], of);
  if (!claim) throw new Error("there is no claim");
  return claim;
}

describe("the threshold", () => {
  // "encoding" and "binary/plain" are 20 bytes of metadata.
  it.each([
    [128 * 1024 - 20, 0],
    [128 * 1024 - 19, 1],
  ])("leaves 128 KiB where they are: %d bytes", async (bytes, stored) => {
    const bucket = new MemoryBucket();
    const [encoded] = await plain(bucket).encode([clear(bytes)], context);
    expect(bucket.objects.size).toBe(stored);
    expect(texts(encoded)["encoding"]).toBe(stored === 1 ? "binary/r2-claim" : "binary/plain");
  });

  it("can be set, and so can the most that is stored", async () => {
    const bucket = new MemoryBucket();
    const codec = plain(bucket, { thresholdBytes: 0, maximumBytes: 120 });
    const encoded = await codec.encode([clear(100), {}], context);
    expect(bucket.objects.size).toBe(1);
    expect(encoded[1]).toEqual({});
    await expect(codec.encode([clear(101)], context)).rejects.toThrow(ValueError);
    expect(bucket.objects.size).toBe(1);
    for (const thresholdBytes of [-1, 1.5, Number.NaN])
      expect(() => plain(bucket, { thresholdBytes })).toThrow(/thresholdBytes/);
  });

  it("needs a bucket", () => {
    const missing = ({} as { HOLDFAST_PAYLOADS: MemoryBucket }).HOLDFAST_PAYLOADS;
    expect(() => new R2PayloadCodec(missing)).toThrow(ValueError);
  });
});

describe("a bucket that fails now and then", () => {
  function failing(times: number): MemoryBucket {
    const bucket = new MemoryBucket();
    let left = times;
    const get = bucket.get.bind(bucket);
    const put = bucket.put.bind(bucket);
    const fail = (): void => {
      if (left === 0) return;
      left -= 1;
      throw new Error("We encountered an internal error. Please try again. (10001)");
    };
    bucket.put = async (key, value) => {
      fail();
      return await put(key, value);
    };
    bucket.get = async (key) => {
      fail();
      return await get(key);
    };
    return bucket;
  }

  it("is asked again, so that an activity need not run again for its result's sake", async () => {
    const bucket = failing(2);
    const encoded = await plain(bucket, { thresholdBytes: 0 }).encode([clear(100)], context);
    expect(bucket.objects.size).toBe(1);
    const twice = failing(2);
    twice.objects.set(...([...bucket.objects][0] ?? ["", { bytes: new Uint8Array(), uploaded: new Date(0) }]));
    expect(await plain(twice).decode(encoded, context)).toEqual([clear(100)]);
  });

  it("but not for ever", async () => {
    const codec = plain(failing(Number.POSITIVE_INFINITY), { thresholdBytes: 0 });
    await expect(codec.encode([clear(100)], context)).rejects.toThrow("10001");
  });
});

describe("a claim", () => {
  it("says where, how much and with which digest, and holds no data", async () => {
    const bucket = new MemoryBucket();
    const claim = await claimOf(plain(bucket, { thresholdBytes: 10 }));
    const { encoding, "claim-key": key, "claim-size": size, "claim-sha256": digest } = texts(claim);
    expect(encoding).toBe("binary/r2-claim");
    expect(bucket.keys).toEqual([key]);
    expect(size).toBe(String(bucket.objects.get(key ?? "")?.bytes.length));
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(claim.data).toBeUndefined();
  });

  it("has a key of its own that any bucket takes, whatever the ids", async () => {
    await fc.assert(
      fc.asyncProperty(anyId, anyChannel, async (workflowId, channel) => {
        const bucket = new MemoryBucket();
        const of = serializationContext({ namespace: "n".repeat(64), workflowId }, channel);
        await plain(bucket, { thresholdBytes: 0 }).encode([clear(1), clear(1)], of);
        expect(bucket.objects.size).toBe(2);
        for (const key of bucket.keys) expect(key).toMatch(/^n{64}\/[0-9a-f]{64}\/[0-9a-f-]{36}$/);
      }),
    );
  });

  it("gives back what went in, large or small, encrypted before", async () => {
    await fc.assert(
      fc.asyncProperty(anyChannel, fc.array(anyValue), fc.nat(300), async (channel, values, thresholdBytes) => {
        const bucket = new MemoryBucket();
        const codec = new R2PayloadCodec(bucket, { thresholdBytes });
        const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs: [encryption, codec] }), place);
        const encoded = await encodeValues(encoding, channel, values);
        expect(await decodeValues(encoding, channel, encoded)).toEqual(values);
      }),
    );
  });
});

describe("the way back refuses", () => {
  it("a payload that is gone", async () => {
    const bucket = new MemoryBucket();
    const codec = plain(bucket, { thresholdBytes: 10 });
    const claim = await claimOf(codec);
    bucket.objects.clear();
    await expect(codec.decode([claim], context)).rejects.toThrow(PayloadClaimError);
    await expect(codec.decode([claim], context)).rejects.toThrow(/deleted.*another bucket/s);
  });

  it("a payload that was altered or exchanged", async () => {
    const bucket = new MemoryBucket();
    const codec = plain(bucket, { thresholdBytes: 10 });
    const [first, second] = [await claimOf(codec), await claimOf(codec)];
    const [a = "", b = ""] = [texts(first)["claim-key"], texts(second)["claim-key"]];
    const stored = bucket.objects.get(a)?.bytes ?? new Uint8Array();
    await bucket.put(a, stored.with(20, 1));
    await expect(codec.decode([first], context)).rejects.toThrow(/not the one that was stored/);
    await bucket.put(b, stored.subarray(1));
    await expect(codec.decode([second], context)).rejects.toThrow(/not the one that was stored/);
  });

  it("a key of another workflow, or of anything else in the bucket", async () => {
    const bucket = new MemoryBucket();
    const codec = plain(bucket, { thresholdBytes: 10 });
    for (const other of [
      { ...place, workflowId: "report" },
      { ...place, namespace: "d" },
    ]) {
      const claim = await claimOf(codec, serializationContext(other, { kind: "workflow-input" }));
      await expect(codec.decode([claim], context)).rejects.toThrow(/no payload of this workflow/);
    }
  });

  it.each(["claim-key", "claim-size", "claim-sha256"])("a claim without its %s", async (name) => {
    const codec = plain(new MemoryBucket(), { thresholdBytes: 10 });
    const claim = await claimOf(codec);
    const entries = Object.entries(claim.metadata ?? {}).filter(([key]) => key !== name);
    await expect(codec.decode([{ metadata: Object.fromEntries(entries) }], context)).rejects.toThrow(/malformed/);
  });
});

describe("encryption", () => {
  it("has to come first: nothing is moved in clear", async () => {
    const bucket = new MemoryBucket();
    const codec = new R2PayloadCodec(bucket, { thresholdBytes: 10 });
    await expect(codec.encode([clear(100)], context)).rejects.toThrow(UnencryptedPayloadError);
    expect(bucket.objects.size).toBe(0);
  });

  it("refuses a claim of a payload that nobody encrypted", async () => {
    const bucket = new MemoryBucket();
    const claim = await claimOf(plain(bucket, { thresholdBytes: 10 }));
    const resolved = await new R2PayloadCodec(bucket).decode([claim], context);
    await expect(encryption.decode(resolved, context)).rejects.toThrow(UnencryptedPayloadError);
    // Nor does the claim itself pass for one that is encrypted.
    await expect(encryption.decode([claim], context)).rejects.toThrow(UnencryptedPayloadError);
  });

  it("finds out a claim that was moved to another place of its workflow", async () => {
    const bucket = new MemoryBucket();
    const codec = new R2PayloadCodec(bucket, { thresholdBytes: 10 });
    const [claim] = await codec.encode(await encryption.encode([clear(100)], context), context);
    const elsewhere = serializationContext(place, { kind: "termination" });
    const resolved = await codec.decode(claim ? [claim] : [], elsewhere);
    await expect(encryption.decode(resolved, elsewhere)).rejects.toThrow(PayloadDecryptionError);
  });
});
