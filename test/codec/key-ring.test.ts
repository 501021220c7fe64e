/** Reading keys: what is accepted, what is refused, and that nothing secret is shown. */
import { inspect } from "node:util";

import { describe, expect, it } from "vitest";

import { EncryptionKeyMissingError, KeyRing, ValueError, keyRingFromText } from "../../src/codec/index.ts";

const KEY = btoa(String.fromCharCode(...Array.from({ length: 32 }, (_, index) => index)));
const OTHER_KEY = btoa("x".repeat(32));

describe("keyRingFromText", () => {
  it("reads keys in order, the first as primary", () => {
    const ring = keyRingFromText(` 2026-11:${KEY} , old.key_1:${OTHER_KEY}\n`);
    expect(ring.primaryKeyId).toBe("2026-11");
    expect(ring.keyIds).toEqual(["2026-11", "old.key_1"]);
    expect(ring.has("old.key_1")).toBe(true);
    expect(ring.has("toString")).toBe(false);
  });

  it.each([undefined, null, "", "  \n"])("says what to set when there is no key (%j)", (text) => {
    const read = (): KeyRing => keyRingFromText(text);
    expect(read).toThrow(EncryptionKeyMissingError);
    for (const part of ["wrangler secret put HOLDFAST_ENCRYPTION_KEYS", ".dev.vars", "openssl rand -base64 32"])
      expect(read).toThrow(part);
  });

  it.each([
    ["no id", KEY],
    ["an empty id", `:${KEY}`],
    ["an id with a space", `a b:${KEY}`],
    ["an id that is too long", `${"a".repeat(65)}:${KEY}`],
    ["a trailing comma", `k1:${KEY},`],
    ["no key", "k1:"],
    ["a key that is no base64", `k1:${"!".repeat(44)}`],
    ["a key without padding", `k1:${KEY.slice(0, -1)}`],
    ["a key that is too short", `k1:${btoa("x".repeat(31))}`],
    ["a key that is too long", `k1:${btoa("x".repeat(33))}`],
    ["a key with a space inside", `k1:${KEY.slice(0, 10)} ${KEY.slice(10)}`],
    ["the same id twice", `k1:${KEY},k1:${OTHER_KEY}`],
  ])("refuses %s and does not quote it", (what, text) => {
    let message = "";
    try {
      keyRingFromText(text);
    } catch (error) {
      expect(error).toBeInstanceOf(ValueError);
      message = (error as Error).message;
    }
    expect(message).not.toBe("");
    for (const secret of [KEY, OTHER_KEY, KEY.slice(0, 10)]) expect(message).not.toContain(secret);
    expect(message).toContain(what === "the same id twice" ? "given twice" : "openssl rand -base64 32");
  });

  it("takes ids of 1 and of 64 characters", () => {
    expect(keyRingFromText(`a:${KEY}`).primaryKeyId).toBe("a");
    expect(keyRingFromText(`${"a".repeat(64)}:${KEY}`).primaryKeyId).toHaveLength(64);
  });
});

describe("KeyRing", () => {
  it("shows no key to a console or to JSON", async () => {
    const ring = keyRingFromText(`k1:${OTHER_KEY}`);
    await ring.rootKey("k1");
    const shown = inspect(ring, { depth: 9, showHidden: true }) + JSON.stringify(ring);
    expect(shown).not.toMatch(/120|x{4}|eHh4/);
  });

  it("copies the bytes it is given", async () => {
    const bytes = new Uint8Array(32).fill(1);
    const ring = new KeyRing([{ id: "k1", bytes }]);
    bytes.fill(0);
    const derived = await deriveBits(ring);
    expect(derived).toEqual(await deriveBits(new KeyRing([{ id: "k1", bytes: new Uint8Array(32).fill(1) }])));
    expect(derived).not.toEqual(await deriveBits(new KeyRing([{ id: "k1", bytes: new Uint8Array(32) }])));
  });

  it("checks keys given as bytes the same way", () => {
    expect(() => new KeyRing([])).toThrow(EncryptionKeyMissingError);
    expect(() => new KeyRing([{ id: "k 1", bytes: new Uint8Array(32) }])).toThrow("1 to 64 characters");
    expect(() => new KeyRing([{ id: "k1", bytes: new Uint8Array(16) }])).toThrow("must be 32 bytes, not 16");
  });

  it("has no root key for another id", async () => {
    await expect(keyRingFromText(`k1:${KEY}`).rootKey("k2")).rejects.toThrow(ValueError);
  });
});

/** The key itself cannot be exported; what it encrypts to shows which one it is. */
async function deriveBits(ring: KeyRing): Promise<Uint8Array> {
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: new Uint8Array(0) },
    await ring.rootKey("k1"),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt"],
  );
  const iv = new Uint8Array(12);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new Uint8Array(16)));
}
