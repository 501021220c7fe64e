/** Encryption: what it hides, what it is bound to, and how it refuses. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  EncryptionCodec,
  KeyRing,
  type Payload,
  type PayloadChannel,
  PayloadDecryptionError,
  type SerializationContext,
  UnencryptedPayloadError,
  decodeText,
  defaultPayloadConverter,
  encodeText,
  serializationContext,
} from "../../src/codec/index.ts";
import { associatedData, keyDerivationInfo } from "../../src/codec/encryption/associated-data.ts";
import { decodeFrame, encodeFrame } from "../../src/codec/encryption/payload-frame.ts";
import { anyChannel, anyId, anyValue, bytes } from "./arbitraries.ts";

function keyRing(...keys: [id: string, fill: number][]): KeyRing {
  return new KeyRing(keys.map(([id, fill]) => ({ id, bytes: new Uint8Array(32).fill(fill) })));
}

const codec = new EncryptionCodec(keyRing(["k1", 1]));
const context = serializationContext({ namespace: "n", workflowId: "w" }, { kind: "workflow-input" });
const secret = defaultPayloadConverter.toPayload("hunter2");

const anyContext = fc
  .tuple(
    anyId,
    anyId,
    anyChannel,
    fc.constantFrom(undefined, "attributes" as const, "details" as const, "last-heartbeat-details" as const),
  )
  .map(([namespace, workflowId, channel, part]) => serializationContext({ namespace, workflowId }, channel, part));

/** Contexts that differ from the given one in exactly one field. */
function neighbours(of: SerializationContext): SerializationContext[] {
  const fields = Object.entries(of.channel).filter(([field]) => field !== "kind");
  const channels: PayloadChannel[] = [
    ...fields.map(([field, value]) => ({ ...of.channel, [field]: `${value}'` })),
    of.channel.kind === "termination" ? { kind: "workflow-input" } : { kind: "termination" },
    ...sameShape(of.channel),
  ];
  const part = of.failurePart === "details" ? "attributes" : "details";
  return [
    { ...of, namespace: `${of.namespace}'` },
    { ...of, workflowId: `${of.workflowId}'` },
    // The same characters, cut at another point.
    { ...of, namespace: `${of.namespace}${of.workflowId}`, workflowId: "" },
    ...channels.map((channel) => ({ ...of, channel })),
    serializationContext(of, of.channel, part),
  ].filter((other) => JSON.stringify(other) !== JSON.stringify(of));
}

/** The channel under another kind that has the same fields. */
function sameShape(channel: PayloadChannel): PayloadChannel[] {
  switch (channel.kind) {
    case "activity-input":
      return [{ ...channel, kind: "activity-result" }];
    case "activity-result":
      return [{ ...channel, kind: "activity-failure" }];
    case "activity-failure":
      return [{ ...channel, kind: "activity-cancellation" }];
    case "activity-cancellation":
      return [{ ...channel, kind: "heartbeat" }];
    case "heartbeat":
      return [{ ...channel, kind: "activity-input" }];
    case "workflow-result":
      return [{ ...channel, kind: "workflow-failure" }];
    case "workflow-failure":
      return [{ ...channel, kind: "workflow-task-failure" }];
    case "workflow-task-failure":
      return [{ ...channel, kind: "workflow-cancellation" }];
    case "workflow-cancellation":
      return [{ ...channel, kind: "workflow-result" }];
    case "query":
      return [{ ...channel, kind: "query-result" }];
    case "query-result":
      return [{ ...channel, kind: "query-failure" }];
    case "query-failure":
      return [{ ...channel, kind: "query" }];
    case "local-activity-input":
      return [{ ...channel, kind: "local-activity-result" }];
    case "local-activity-result":
      return [{ ...channel, kind: "local-activity-failure" }];
    case "local-activity-failure":
      return [{ ...channel, kind: "activity-failure" }];
    case "update":
      return [{ ...channel, updateName: channel.updateId, updateId: `${channel.updateName}'` }];
    case "update-result":
      return [{ ...channel, kind: "update-failure" }];
    case "update-failure":
      return [{ ...channel, kind: "update-result" }];
    case "user-metadata":
      return [{ ...channel, part: channel.part === "summary" ? "details" : "summary" }];
    case "memo":
      return [{ ...channel, kind: "header" }];
    case "header":
      return [{ ...channel, kind: "memo" }];
    case "signal":
      return [{ ...channel, signalName: channel.requestId, requestId: `${channel.signalName}'` }];
    case "workflow-input":
    case "termination":
      return [];
  }
}

function boundTo(of: SerializationContext): string {
  return decodeText(associatedData(of, { index: 0, count: 1 }, "k1"));
}

function keyOf(of: SerializationContext): string {
  return decodeText(keyDerivationInfo(of));
}

async function one(payload: Payload, of = context, by = codec): Promise<Payload> {
  const [encrypted] = await by.encode([payload], of);
  if (encrypted === undefined) throw new Error("one payload in, one out");
  return encrypted;
}

describe("the envelope", () => {
  it("says how it was made and shows nothing else", async () => {
    const encrypted = await one(secret);
    const metadata = Object.fromEntries(
      Object.entries(encrypted.metadata ?? {}).map(([name, value]) => [name, decodeText(value)]),
    );
    expect(metadata).toEqual({
      encoding: "binary/encrypted",
      "encryption-cipher": "AES-256-GCM",
      "encryption-key-id": "k1",
      "encryption-version": "1",
    });
    const shown = String.fromCharCode(...(encrypted.data ?? []));
    expect(shown).not.toMatch(/hunter2|json|encoding/);
    expect(encrypted.data).toHaveLength(12 + 16 + encodeFrame(secret).length);
  });

  it("is different every time", async () => {
    const seen = await Promise.all(Array.from({ length: 50 }, () => one(secret)));
    expect(new Set(seen.map(({ data }) => data?.slice(0, 12).join())).size).toBe(50);
  });

  it("takes its IVs from the platform even where a workflow run has replaced the generator", async () => {
    // An own property, as a patch would be; deleting it brings the platform's back.
    Object.defineProperty(crypto, "getRandomValues", { value: <T>(array: T) => array, configurable: true });
    try {
      expect(crypto.getRandomValues(new Uint8Array(2))).toEqual(new Uint8Array(2));
      const [first, second] = [await one(secret), await one(secret)];
      expect(first.data?.slice(0, 12)).not.toEqual(second.data?.slice(0, 12));
    } finally {
      Reflect.deleteProperty(crypto, "getRandomValues");
    }
  });

  it("gives back any value in its own place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyValue, { maxLength: 4 }), anyContext, async (values, place) => {
        const payloads = values.map((value) => defaultPayloadConverter.toPayload(value));
        const decoded = await codec.decode(await codec.encode(payloads, place), place);
        expect(decoded).toEqual(payloads);
        expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(values);
      }),
    );
  });
});

describe("a payload is bound to its place", () => {
  it("does not decrypt where any one field differs", async () => {
    await fc.assert(
      fc.asyncProperty(anyContext, async (place) => {
        const encrypted = await one(secret, place);
        for (const other of neighbours(place))
          await expect(codec.decode([encrypted], other)).rejects.toBeInstanceOf(PayloadDecryptionError);
      }),
      { numRuns: 40 },
    );
  });

  it("names its place in the associated data and, for itself alone, in the key", () => {
    fc.assert(
      fc.property(anyContext, (place) => {
        for (const other of neighbours(place)) {
          expect(boundTo(other)).not.toBe(boundTo(place));
          const sameWorkflow = other.namespace === place.namespace && other.workflowId === place.workflowId;
          expect(keyOf(other) === keyOf(place)).toBe(sameWorkflow);
        }
      }),
    );
  });

  it("does not decrypt at another index, in a longer list or in a shorter one", async () => {
    const [first, second] = await codec.encode([secret, secret], context);
    if (first === undefined || second === undefined) throw new Error("two payloads in, two out");
    await expect(codec.decode([second, first], context)).rejects.toThrow(PayloadDecryptionError);
    await expect(codec.decode([first, first], context)).rejects.toThrow(PayloadDecryptionError);
    await expect(codec.decode([first], context)).rejects.toThrow(PayloadDecryptionError);
    await expect(codec.decode([first, second, second], context)).rejects.toThrow(PayloadDecryptionError);
    await expect(codec.decode([first, second], context)).resolves.toEqual([secret, secret]);
  });

  it("does not decrypt under the name of another key, even with the same bytes", async () => {
    const both = new EncryptionCodec(keyRing(["k1", 1], ["k2", 1]));
    const encrypted = await one(secret, context, both);
    const renamed = { ...encrypted, metadata: { ...encrypted.metadata, "encryption-key-id": encodeText("k2") } };
    await expect(both.decode([renamed], context)).rejects.toThrow("does not belong here or was altered");
  });

  it("does not decrypt when any byte was changed, or when it was cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const encrypted = await one(secret);
        const data = encrypted.data ?? new Uint8Array();
        const at = position % data.length;
        data[at] = (data[at] ?? 0) ^ flip;
        await expect(codec.decode([encrypted], context)).rejects.toBeInstanceOf(PayloadDecryptionError);
        const cut = { ...encrypted, data: data.slice(0, at) };
        await expect(codec.decode([cut], context)).rejects.toBeInstanceOf(PayloadDecryptionError);
      }),
    );
  });
});

describe("keys", () => {
  it("of another application never give plaintext, whatever their name", async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, bytes, async (value, seed) => {
        const other = new Uint8Array(32).fill(2);
        other.set(seed.subarray(0, 31), 1);
        const stranger = new EncryptionCodec(new KeyRing([{ id: "k1", bytes: other }]));
        const encrypted = await one(defaultPayloadConverter.toPayload(value));
        await expect(stranger.decode([encrypted], context)).rejects.toBeInstanceOf(PayloadDecryptionError);
      }),
    );
  });

  it("rotate: the old one still decrypts, the new one encrypts", async () => {
    const before = await one(secret);
    const rotated = new EncryptionCodec(keyRing(["k2", 2], ["k1", 1]));
    await expect(rotated.decode([before], context)).resolves.toEqual([secret]);
    const after = await one(secret, context, rotated);
    expect(decodeText(after.metadata?.["encryption-key-id"] ?? new Uint8Array())).toBe("k2");
    await expect(rotated.decode([after], context)).resolves.toEqual([secret]);
    const failed = codec.decode([after], context);
    await expect(failed).rejects.toThrow('key "k2"');
    await expect(failed).rejects.toThrow("HOLDFAST_ENCRYPTION_KEYS");
  });

  it("are forgotten and derived again beyond the cache's bound", async () => {
    const places = Array.from({ length: 1_050 }, (_, index) =>
      serializationContext({ namespace: "n", workflowId: `w${index}` }, { kind: "workflow-input" }),
    );
    const encrypted = await Promise.all(places.map((place) => one(secret, place)));
    const decoded = await Promise.all(
      encrypted.map((payload, index) => codec.decode([payload], places[index] ?? context)),
    );
    expect(decoded).toEqual(places.map(() => [secret]));
  });
});

describe("refusals", () => {
  it("a payload that was never encrypted", async () => {
    await expect(codec.decode([secret], context)).rejects.toThrow(UnencryptedPayloadError);
    await expect(codec.decode([{}], context)).rejects.toThrow(UnencryptedPayloadError);
    await expect(codec.decode([secret], context)).rejects.toThrow("allowUnencrypted");
    await expect(codec.decode([secret], context)).rejects.not.toThrow("hunter2");
  });

  it("unless the user migrates", async () => {
    const migrating = new EncryptionCodec(keyRing(["k1", 1]), { allowUnencrypted: true });
    const encrypted = await migrating.encode([secret, secret], context);
    await expect(migrating.decode(encrypted, context)).resolves.toEqual([secret, secret]);
    await expect(migrating.decode([secret], context)).resolves.toEqual([secret]);
    await expect(migrating.decode(encrypted.slice(0, 1), context)).rejects.toThrow(PayloadDecryptionError);
  });

  it.each([
    ["another version", { "encryption-version": encodeText("2") }, "not version 1"],
    ["another cipher", { "encryption-cipher": encodeText("ROT13") }, "not version 1"],
    ["a key id that is none", { "encryption-key-id": encodeText("<script>") }, "does not belong here"],
    ["a key id that is no text", { "encryption-key-id": new Uint8Array([0xff]) }, "does not belong here"],
  ])("an envelope with %s", async (_what, metadata, message) => {
    const encrypted = await one(secret);
    const altered = { ...encrypted, metadata: { ...encrypted.metadata, ...metadata } };
    const failed = codec.decode([altered], context);
    await expect(failed).rejects.toThrow(PayloadDecryptionError);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.not.toThrow("<script>");
  });

  it("names the place, so that the payload can be found", async () => {
    const encrypted = await one(secret);
    const failed = codec.decode([encrypted], { ...context, channel: { kind: "memo", key: "k" } });
    await expect(failed).rejects.toThrow('namespace "n", workflow "w", memo, payload 1 of 1');
  });
});

describe("the frame inside", () => {
  it("gives back any payload, and tells no data from empty data", () => {
    const metadata = fc.dictionary(fc.string({ unit: "grapheme" }), bytes, { noNullPrototype: true });
    const payload = fc.record({ metadata, data: bytes }, { requiredKeys: [], noNullPrototype: true });
    fc.assert(
      fc.property(payload, ({ metadata: entries, data }) => {
        const empty = entries === undefined || Object.keys(entries).length === 0;
        expect(
          decodeFrame(encodeFrame({ ...(entries ? { metadata: entries } : {}), ...(data ? { data } : {}) })),
        ).toEqual({
          ...(empty ? {} : { metadata: entries }),
          ...(data ? { data } : {}),
        });
      }),
    );
  });

  it("is refused when cut, continued, or of another version", () => {
    const frame = encodeFrame(secret);
    for (let length = 0; length < frame.length; length += 1)
      expect(decodeFrame(frame.subarray(0, length))).toBeUndefined();
    expect(decodeFrame(new Uint8Array([...frame, 0]))).toBeUndefined();
    expect(decodeFrame(new Uint8Array([2, ...frame.subarray(1)]))).toBeUndefined();
    expect(decodeFrame(frame)).toEqual(secret);
  });
});
