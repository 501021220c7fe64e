/**
 * The keys of an application: one that encrypts, and older ones that still decrypt.
 *
 * Owns: reading and checking keys, and their secrecy: the bytes are private, are never part of a message, and are not
 * shown by a console or JSON. A ring's keys are roots only; payloads are encrypted with keys derived from them.
 */
import { decodeBase64, encodeBase64, plainBytes, type Bytes } from "../bytes.ts";
import { ValueError } from "../errors.ts";
import { ENCRYPTION_KEYS_VARIABLE, EncryptionKeyMissingError } from "./errors.ts";

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
const HOW_TO_MAKE_A_KEY = "Make a key with `openssl rand -base64 32`";

/** A key with its name. The name is stored with every payload and readable by the service. */
export interface EncryptionKey {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Whether a text may name a key. */
export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

/**
 * Keys by id; the first one encrypts.
 *
 * @example
 * const ring = new KeyRing([{ id: "2026-11", bytes: crypto.getRandomValues(new Uint8Array(32)) }]);
 */
export class KeyRing {
  readonly primaryKeyId: string;
  readonly #keys = new Map<string, Bytes>();
  readonly #roots = new Map<string, CryptoKey>();

  /** Throws `EncryptionKeyMissingError` for no keys, `ValueError` for a malformed or repeated one. */
  constructor(keys: readonly EncryptionKey[]) {
    const [primary] = keys;
    if (primary === undefined) throw new EncryptionKeyMissingError();
    this.primaryKeyId = primary.id;
    for (const [index, { id, bytes }] of keys.entries()) {
      checkKey(index, id, bytes);
      if (this.#keys.has(id))
        throw new ValueError(`Encryption key id "${id}" is given twice: each key needs its own id`);
      // A copy over a plain buffer: the caller may go on to overwrite its own.
      this.#keys.set(id, new Uint8Array(plainBytes(bytes)));
    }
  }

  get keyIds(): readonly string[] {
    return [...this.#keys.keys()];
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /**
   * The root key of an id in the ring, good for derivation only. Rejects with `ValueError` for another id.
   *
   * @internal
   */
  async rootKey(keyId: string): Promise<CryptoKey> {
    const bytes = this.#keys.get(keyId);
    if (bytes === undefined) throw new ValueError(`No encryption key with id "${keyId}" in the ring`);
    const known = this.#roots.get(keyId);
    if (known !== undefined) return known;
    const root = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
    this.#roots.set(keyId, root);
    return root;
  }
}

function checkKey(index: number, id: string, bytes: Uint8Array): void {
  if (!isKeyId(id))
    throw new ValueError(
      `Encryption key ${index + 1}: the id must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_', '-'`,
    );
  if (bytes.length !== KEY_BYTES)
    throw new ValueError(
      `Encryption key "${id}": must be ${KEY_BYTES} bytes, not ${bytes.length}. ${HOW_TO_MAKE_A_KEY}`,
    );
}

/**
 * The ring written as `id:base64[,id:base64…]`, the primary key first.
 *
 * Throws `EncryptionKeyMissingError` for an absent or empty text, and `ValueError` for a malformed one; the message
 * never shows the text, which is secret.
 *
 * @example
 * const ring = keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS);
 */
export function keyRingFromText(text: string | undefined | null): KeyRing {
  if (text === undefined || text === null || text.trim() === "") throw new EncryptionKeyMissingError();
  return new KeyRing(text.split(",").map((entry, index) => readEntry(entry.trim(), index)));
}

function readEntry(entry: string, index: number): EncryptionKey {
  const colon = entry.indexOf(":");
  const id = entry.slice(0, Math.max(0, colon));
  if (!isKeyId(id))
    throw new ValueError(
      `${ENCRYPTION_KEYS_VARIABLE}: entry ${index + 1} must read id:key, the id 1 to 64 characters of A-Z, a-z, 0-9, ` +
        `'.', '_', '-', the key ${KEY_BYTES} bytes in base64. ${HOW_TO_MAKE_A_KEY}`,
    );
  const bytes = readKey(entry.slice(colon + 1).trim());
  if (bytes === undefined)
    throw new ValueError(
      `${ENCRYPTION_KEYS_VARIABLE}: key "${id}" must be ${KEY_BYTES} bytes in base64. ${HOW_TO_MAKE_A_KEY}`,
    );
  return { id, bytes };
}

/** The bytes of a key, or undefined. Decoders forgive missing padding and spaces; a mistyped key must not pass. */
function readKey(base64: string): Bytes | undefined {
  try {
    const bytes = decodeBase64(base64);
    return bytes.length === KEY_BYTES && encodeBase64(bytes) === base64 ? bytes : undefined;
  } catch {
    return undefined;
  }
}
