/**
 * Encryption of payloads: AES-256-GCM with a key per workflow, bound to the place of each payload.
 *
 * Owns: the envelope. What goes in is a payload in clear, what comes out is one whose metadata says how it was
 * encrypted and whose data is a random IV followed by ciphertext and tag. A payload that was altered or moved does
 * not decrypt. The reasons are in docs/design/encryption.md.
 */
import { decodeText, encodeText, plainBytes } from "../bytes.ts";
import { LruCache } from "../lru-cache.ts";
import type { PayloadCodec } from "../payload-codec.ts";
import { METADATA_ENCODING_KEY, type Payload } from "../payload-converter.ts";
import type { PayloadPlace, SerializationContext } from "../serialization-context.ts";
import { ENVELOPE_VERSION, type ListPosition, associatedData, keyDerivationInfo } from "./associated-data.ts";
import { ENCRYPTION_KEYS_VARIABLE, PayloadDecryptionError, UnencryptedPayloadError } from "./errors.ts";
import { isKeyId, type KeyRing } from "./key-ring.ts";
import { decodeFrame, encodeFrame } from "./payload-frame.ts";

/** Value of the metadata entry `encoding` of what this codec has encrypted. */
export const ENCRYPTED_ENCODING = "binary/encrypted";
const CIPHER = "AES-256-GCM";
const CIPHER_KEY = "encryption-cipher";
const KEY_ID_KEY = "encryption-key-id";
const VERSION_KEY = "encryption-version";

/**
 * The platform's own generator, taken when this module loads: inside a workflow run the global one answers from the
 * run's seed, and an IV that repeats on replay would break the cipher.
 */
const getRandomValues = crypto.getRandomValues.bind(crypto);

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Derived keys kept in memory: some hundred bytes each, and enough for the workflows of a busy isolate. */
const MAX_CACHED_KEYS = 1_000;

export interface EncryptionCodecOptions {
  /**
   * True accepts payloads that were never encrypted, as they are. Only while moving stored workflows to encryption:
   * as long as it is on, whoever can write to the service's storage can make up payloads.
   */
  readonly allowUnencrypted?: boolean;
}

/**
 * Encrypts with the ring's primary key, decrypts with any key of the ring.
 *
 * @example
 * const codec = new EncryptionCodec(keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS));
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #ring: KeyRing;
  readonly #allowUnencrypted: boolean;
  readonly #workflowKeys = new LruCache<string, Promise<CryptoKey>>(MAX_CACHED_KEYS);

  constructor(ring: KeyRing, options: EncryptionCodecOptions = {}) {
    this.#ring = ring;
    this.#allowUnencrypted = options.allowUnencrypted ?? false;
  }

  /** Encrypts each payload for its place and position. */
  async encode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    const keyId = this.#ring.primaryKeyId;
    const key = await this.#workflowKey(keyId, context);
    return Promise.all(
      payloads.map((payload, index) => encrypt(payload, key, keyId, context, { index, count: payloads.length })),
    );
  }

  /**
   * Decrypts each payload. Rejects with `PayloadDecryptionError` for one that was altered, moved, or encrypted with a
   * key that is not in the ring, and with `UnencryptedPayloadError` for one that was never encrypted.
   */
  async decode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    return Promise.all(
      payloads.map((payload, index) => this.#decrypt(payload, context, { index, count: payloads.length })),
    );
  }

  async #decrypt(payload: Payload, context: SerializationContext, position: ListPosition): Promise<Payload> {
    if (metadataText(payload, METADATA_ENCODING_KEY) !== ENCRYPTED_ENCODING) {
      if (this.#allowUnencrypted) return payload;
      throw new UnencryptedPayloadError(
        `A payload that is not encrypted was refused (${describePlace(context, position)}). If it was stored before ` +
          "encryption was turned on, set allowUnencrypted in the EncryptionCodec's options until the move is done",
      );
    }
    const keyId = readEnvelope(payload, context, position);
    if (!this.#ring.has(keyId))
      throw new PayloadDecryptionError(
        `A payload was encrypted with key "${keyId}", which is not in the key ring ` +
          `(${describePlace(context, position)}). Add this key to ${ENCRYPTION_KEYS_VARIABLE}, after the primary key`,
      );
    return decrypt(payload, await this.#workflowKey(keyId, context), keyId, context, position);
  }

  #workflowKey(keyId: string, place: PayloadPlace): Promise<CryptoKey> {
    const name = JSON.stringify([keyId, place.namespace, place.workflowId]);
    return this.#workflowKeys.getOrCreate(name, () => {
      const key = deriveWorkflowKey(this.#ring, keyId, place);
      // Whoever asked sees the rejection; the next one tries again.
      key.catch(() => this.#workflowKeys.delete(name));
      return key;
    });
  }
}

/** A key of its own for each workflow id, so that random IVs are counted per workflow and not per ring key. */
async function deriveWorkflowKey(ring: KeyRing, keyId: string, place: PayloadPlace): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: keyDerivationInfo(place) },
    await ring.rootKey(keyId),
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

async function encrypt(
  payload: Payload,
  key: CryptoKey,
  keyId: string,
  context: SerializationContext,
  position: ListPosition,
): Promise<Payload> {
  const frame = encodeFrame(payload);
  const data = new Uint8Array(IV_BYTES + frame.length + TAG_BYTES);
  const iv = data.subarray(0, IV_BYTES);
  getRandomValues(iv);
  const algorithm = { name: "AES-GCM", iv, additionalData: associatedData(context, position, keyId) };
  data.set(new Uint8Array(await crypto.subtle.encrypt(algorithm, key, frame)), IV_BYTES);
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: encodeText(ENCRYPTED_ENCODING),
      [CIPHER_KEY]: encodeText(CIPHER),
      [KEY_ID_KEY]: encodeText(keyId),
      [VERSION_KEY]: encodeText(String(ENVELOPE_VERSION)),
    },
    data,
  };
}

async function decrypt(
  payload: Payload,
  key: CryptoKey,
  keyId: string,
  context: SerializationContext,
  position: ListPosition,
): Promise<Payload> {
  const data = plainBytes(payload.data ?? new Uint8Array(0));
  if (data.length < IV_BYTES + TAG_BYTES) throw notFromHere(context, position);
  const iv = data.subarray(0, IV_BYTES);
  const algorithm = { name: "AES-GCM", iv, additionalData: associatedData(context, position, keyId) };
  let frame: ArrayBuffer;
  try {
    frame = await crypto.subtle.decrypt(algorithm, key, data.subarray(IV_BYTES));
  } catch {
    throw notFromHere(context, position);
  }
  const clear = decodeFrame(new Uint8Array(frame));
  if (clear === undefined)
    throw new PayloadDecryptionError(
      `A payload was encrypted by a version of Holdfast that this one does not know (${describePlace(context, position)})`,
    );
  return clear;
}

/** Checks what the envelope says of itself and gives its key id, which is trusted no further. */
function readEnvelope(payload: Payload, context: SerializationContext, position: ListPosition): string {
  const version = metadataText(payload, VERSION_KEY);
  const cipher = metadataText(payload, CIPHER_KEY);
  if (version !== String(ENVELOPE_VERSION) || cipher !== CIPHER)
    throw new PayloadDecryptionError(
      `A payload's encryption is not version ${ENVELOPE_VERSION} with ${CIPHER}, the only one this version of ` +
        `Holdfast knows (${describePlace(context, position)})`,
    );
  const keyId = metadataText(payload, KEY_ID_KEY);
  if (keyId === undefined || !isKeyId(keyId)) throw notFromHere(context, position);
  return keyId;
}

function notFromHere(context: SerializationContext, position: ListPosition): PayloadDecryptionError {
  return new PayloadDecryptionError(
    `A payload does not belong here or was altered (${describePlace(context, position)}). It was encrypted for another ` +
      "place, with another key under the same id, or was changed after it was encrypted",
  );
}

/** Ids that the service can read anyway. */
function describePlace(context: SerializationContext, position: ListPosition): string {
  const part = context.failurePart === undefined ? "" : ` ${context.failurePart}`;
  return (
    `namespace "${context.namespace}", workflow "${context.workflowId}", ` +
    `${context.channel.kind}${part}, payload ${position.index + 1} of ${position.count}`
  );
}

function metadataText(payload: Payload, name: string): string | undefined {
  const bytes = payload.metadata?.[name];
  if (!bytes) return undefined;
  try {
    return decodeText(bytes);
  } catch {
    return undefined;
  }
}
