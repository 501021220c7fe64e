import { describe, expect, it } from "vitest";

import {
  decodeText,
  decodeValues,
  encodeValues,
  loadDataConverter,
  PayloadEncoding,
  payloadFromWire,
} from "../../src/codec/index.ts";
import { codeBlocks, published } from "../client/examples/doc-examples.ts";
import { dataConverter } from "./examples/codecs.ts";

describe("the example of docs/concepts/encryption.md", () => {
  it("is the one in the page", () => {
    expect(codeBlocks("docs/concepts/encryption.md")).toContain(published("test/documentation/examples/codecs.ts"));
  });

  it("compresses, then encrypts, and gives back what went in", async () => {
    const converter = loadDataConverter(dataConverter({ HOLDFAST_ENCRYPTION_KEYS: `k1:${btoa("k".repeat(32))}` }));
    const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "wf-1" });
    const values = ["a".repeat(100_000), undefined, { nested: [1, 2] }];
    const encoded = await encodeValues(encoding, { kind: "workflow-input" }, values);
    const [first] = encoded?.payloads.map(payloadFromWire) ?? [];
    expect(decodeText(first?.metadata?.["encoding"] ?? new Uint8Array())).toBe("binary/encrypted");
    expect(first?.data?.length).toBeLessThan(1_000);
    expect(await decodeValues(encoding, { kind: "workflow-input" }, encoded)).toEqual(values);
  });
});
