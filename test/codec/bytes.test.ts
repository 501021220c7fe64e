/** Base64 and UTF-8, with and without the platform's own base64. */
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";

import { decodeBase64, decodeText, encodeBase64, encodeText, plainBytes } from "../../src/codec/bytes.ts";
import { LruCache } from "../../src/codec/lru-cache.ts";

const native = Object.hasOwn(Uint8Array, "fromBase64");

/** Puts Node's Buffer where newer engines have base64 of their own. */
function provideBase64(): void {
  Object.defineProperty(Uint8Array, "fromBase64", {
    value: (text: string) => new Uint8Array(Buffer.from(text, "base64")),
    configurable: true,
  });
  // oxlint-disable-next-line no-extend-native -- Stands in for an engine that has it; taken away after each test.
  Object.defineProperty(Uint8Array.prototype, "toBase64", {
    value(this: Uint8Array) {
      return Buffer.from(this).toString("base64");
    },
    configurable: true,
  });
}

afterEach(() => {
  if (native) return;
  Reflect.deleteProperty(Uint8Array, "fromBase64");
  Reflect.deleteProperty(Uint8Array.prototype, "toBase64");
});

function agreesWithNode(): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(decodeBase64(text)).toEqual(new Uint8Array(bytes));
    }),
  );
}

describe("base64", () => {
  it("agrees with Node's", agreesWithNode);

  it("agrees with Node's through the platform's own, where there is one", () => {
    if (!native) provideBase64();
    agreesWithNode();
  });

  it("takes more bytes than a function takes arguments", () => {
    const bytes = new Uint8Array(1_000_003).map((_, index) => index % 253);
    expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
  });

  it("refuses what is none", () => {
    expect(() => decodeBase64("a")).toThrow();
    expect(() => decodeBase64("ab!=")).toThrow();
  });
});

describe("text", () => {
  it("keeps byte order marks and refuses what is not UTF-8", () => {
    expect(decodeText(encodeText("\ufeffé"))).toBe("\ufeffé");
    expect(() => decodeText(new Uint8Array([0xff]))).toThrow(TypeError);
  });

  it("leaves shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(3);
    expect(plainBytes(shared).buffer).toBeInstanceOf(ArrayBuffer);
    expect(plainBytes(shared)).toEqual(new Uint8Array([3, 3]));
    const own = new Uint8Array(1);
    expect(plainBytes(own)).toBe(own);
  });
});

describe("the cache of derived keys", () => {
  it("forgets what was used longest ago", () => {
    const cache = new LruCache<string, { readonly made: string }>(2);
    const ask = (key: string, made: string): string => cache.getOrCreate(key, () => ({ made })).made;
    expect([ask("a", "a1"), ask("b", "b1"), ask("a", "a2"), ask("c", "c1")]).toEqual(["a1", "b1", "a1", "c1"]);
    expect(cache.size).toBe(2);
    expect([ask("a", "a3"), ask("b", "b2")]).toEqual(["a1", "b2"]);
    cache.delete("b");
    expect(ask("b", "b3")).toBe("b3");
  });
});
