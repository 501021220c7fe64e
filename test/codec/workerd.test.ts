/**
 * The codec layer on workerd, without any Node compatibility.
 *
 * Owns: the claim that it runs there on web platform interfaces alone. The bundle of `src/codec` is loaded into a
 * Worker, which decrypts the stored envelopes and makes a round trip of its own.
 */
import { resolve } from "node:path";

import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { expect, it } from "vitest";

import golden from "./golden/envelope-v1.json" with { type: "json" };

const codec = resolve(import.meta.dirname, "../../src/codec/index.ts");

const worker = `
  import {
    ApplicationFailure, EncryptionCodec, PayloadEncoding, decodeError, decodeValues, encodeError, encodeValues,
    keyRingFromText, loadDataConverter,
  } from ${JSON.stringify(codec)};

  export default {
    async fetch(request) {
      const { keys, place, lists } = await request.json();
      const payloadCodecs = [new EncryptionCodec(keyRingFromText(keys))];
      const encoding = new PayloadEncoding(loadDataConverter({ payloadCodecs }), place);
      const [{ channel, payloads }] = lists;
      const values = await decodeValues(encoding, channel, { payloads });
      const bytes = new Uint8Array(100_000).map((_, index) => index % 251);
      const again = await decodeValues(encoding, channel, await encodeValues(encoding, channel, [bytes]));
      const failure = await encodeError(encoding, channel, ApplicationFailure.nonRetryable("no", "T", 1));
      const error = await decodeError(encoding, channel, failure);
      const moved = await decodeValues(encoding, { kind: "termination" }, { payloads }).catch((reason) => reason);
      return Response.json({
        values,
        sameBytes: again[0].length === bytes.length && again[0].every((byte, index) => byte === bytes[index]),
        error: [error.name, error.message, error.type, error.details],
        moved: moved.name,
      });
    },
  };
`;

it("works on workerd as it does on Node", { timeout: 60_000 }, async () => {
  const bundle = await build({
    stdin: { contents: worker, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
    // Neither "node" nor "browser": an import of a platform module would fail the build.
    platform: "neutral",
    mainFields: ["module", "main"],
  });
  const script = bundle.outputFiles[0]?.text ?? "";
  const options = { name: "codec", modules: true as const, script, compatibilityDate: "2026-10-01" };
  const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [options], cf: false }));
  try {
    const response = await miniflare.dispatchFetch("http://codec.test/", {
      method: "POST",
      body: JSON.stringify(golden),
    });
    expect(await response.json()).toEqual({
      values: golden.lists[0]?.values,
      sameBytes: true,
      error: ["ApplicationFailure", "no", "T", [1]],
      moved: "PayloadDecryptionError",
    });
  } finally {
    await miniflare.dispose();
  }
});
