import { describe, expect, it } from "vitest";

import {
  decodeText,
  decodeValues,
  encodeValues,
  EncryptionKeyMissingError,
  loadDataConverter,
  PayloadEncoding,
  payloadFromWire,
} from "../../src/codec/index.ts";
import { codeBlocks, published } from "../client/examples/doc-examples.ts";
import { MemoryBucket } from "../codec/memory-bucket.ts";
import { dataConverter } from "./examples/large-payloads.ts";

describe("the example of docs/concepts/large-payloads.md", () => {
  const env = { HOLDFAST_ENCRYPTION_KEYS: `k1:${btoa("k".repeat(32))}`, HOLDFAST_PAYLOADS: new MemoryBucket() };

  it("is the one in the page", () => {
    const example = published("test/documentation/examples/large-payloads.ts");
    expect(codeBlocks("docs/concepts/large-payloads.md")).toContain(example);
  });

  it("encrypts everything, moves what is large, and gives back what went in", async () => {
    const converter = loadDataConverter(dataConverter(env));
    const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "wf-1" });
    const values = ["small", "large ".repeat(100_000)];
    const encoded = await encodeValues(encoding, { kind: "workflow-input" }, values);
    const encodings = encoded?.payloads
      .map(payloadFromWire)
      .map(({ metadata }) => decodeText(metadata?.["encoding"] ?? new Uint8Array()));
    expect(encodings).toEqual(["binary/encrypted", "binary/r2-claim"]);
    expect(await decodeValues(encoding, { kind: "workflow-input" }, encoded)).toEqual(values);
    const [stored] = env.HOLDFAST_PAYLOADS.objects.values();
    expect(new TextDecoder().decode(stored?.bytes)).not.toContain("large");
  });

  it("does nothing without a key", () => {
    expect(() => dataConverter({ ...env, HOLDFAST_ENCRYPTION_KEYS: "" })).toThrow(EncryptionKeyMissingError);
  });
});
