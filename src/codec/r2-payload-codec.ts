/**
 * Large payloads in R2: the service is given a claim, the bucket the payload.
 *
 * Owns: what is stored under a claim's key (the payload's frame, see `payload-frame.ts`), and the checks when it is
 * fetched. The last codec of a list: what it stores has been encrypted before, and what it fetches is decrypted after.
 *
 * A claim is written by whoever can write to the service's storage, so nothing it says is trusted: its key must be one
 * of the workflow that it is for, and the bytes there must have its digest. That they belong where they are is the
 * encryption's business.
 */
import { CLAIM_DIGEST, CLAIM_ENCODING, CLAIM_KEY, CLAIM_SIZE, claimPrefix } from "../core/payload-claim.ts";
import { type Bytes, decodeText, encodeText } from "./bytes.ts";
import { ENCRYPTED_ENCODING } from "./encryption/encryption-codec.ts";
import { UnencryptedPayloadError } from "./encryption/errors.ts";
import { decodeFrame, encodeFrame } from "./encryption/payload-frame.ts";
import { identifyClass } from "./error-identity.ts";
import { PayloadTooLargeError, ValueError } from "./errors.ts";
import type { PayloadCodec } from "./payload-codec.ts";
import { METADATA_ENCODING_KEY, type Payload } from "./payload-converter.ts";
import type { SerializationContext } from "./serialization-context.ts";

const DEFAULT_THRESHOLD_BYTES = 128 * 1024;
const DEFAULT_MAXIMUM_BYTES = 32 * 1024 * 1024;
/** Tries of one call of the bucket. */
const MAX_BUCKET_ATTEMPTS = 3;

/** The platform's own, taken when this module loads: inside a workflow run the global one repeats itself on replay. */
const randomUUID = crypto.randomUUID.bind(crypto);

/** What the codec asks of a bucket. Every R2 bucket binding is one. */
export interface PayloadBucket {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  put(key: string, value: Uint8Array): Promise<unknown>;
}

export interface R2PayloadCodecOptions {
  /** Payloads with more bytes than this are moved into the bucket. Default: 128 KiB. */
  readonly thresholdBytes?: number | undefined;
  /** Payloads with more bytes than this are refused, because they have to fit a Worker's memory. Default: 32 MiB. */
  readonly maximumBytes?: number | undefined;
  /**
   * True stores payloads that `EncryptionCodec` has not encrypted: where an encryption of your own comes first, or where
   * whoever can read the bucket may read the data.
   */
  readonly allowUnencrypted?: boolean | undefined;
}

/** A payload that was moved into a bucket could not be had back, or is not the one that was moved there. */
export class PayloadClaimError extends Error {
  static {
    identifyClass(this, "PayloadClaimError");
  }
}

interface Claim {
  readonly key: string;
  readonly size: number;
  readonly digest: string;
}

/**
 * Moves payloads over a threshold into an R2 bucket. Comes after the codec that encrypts.
 *
 * @example
 * const encryption = new EncryptionCodec(keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS));
 * loadDataConverter({ payloadCodecs: [encryption, new R2PayloadCodec(env.HOLDFAST_PAYLOADS)] });
 */
export class R2PayloadCodec implements PayloadCodec {
  readonly #bucket: PayloadBucket;
  readonly #thresholdBytes: number;
  readonly #maximumBytes: number;
  readonly #allowUnencrypted: boolean;

  /** Throws `ValueError` when there is no bucket, or for a limit that is no whole number of bytes. */
  constructor(bucket: PayloadBucket, options: R2PayloadCodecOptions = {}) {
    // A binding that is not there is undefined, whatever its type says.
    if (typeof (bucket as PayloadBucket | undefined)?.put !== "function")
      throw new ValueError("R2PayloadCodec needs an R2 bucket: add an R2 binding to the Worker and pass it");
    this.#bucket = bucket;
    this.#thresholdBytes = wholeBytes("thresholdBytes", options.thresholdBytes ?? DEFAULT_THRESHOLD_BYTES);
    this.#maximumBytes = wholeBytes("maximumBytes", options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES);
    this.#allowUnencrypted = options.allowUnencrypted ?? false;
  }

  /**
   * Stores each large payload under a key of its own and puts a claim in its place. Rejects with `PayloadTooLargeError` for
   * one over the maximum, with `UnencryptedPayloadError` for one that is not encrypted, and with the bucket's errors.
   */
  async encode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.#stored(payload, context)));
  }

  /**
   * Fetches what claims stand for. Rejects with `PayloadClaimError` when that is not there, or not what was stored, and
   * with the bucket's errors. Other payloads pass as they are.
   */
  async decode(payloads: Payload[], context: SerializationContext): Promise<Payload[]> {
    return await Promise.all(payloads.map((payload) => this.#fetched(payload, context)));
  }

  async #stored(payload: Payload, context: SerializationContext): Promise<Payload> {
    const size = sizeOf(payload);
    if (size <= this.#thresholdBytes) return payload;
    const what = `A payload of ${size} bytes (${describePlace(context)})`;
    if (size > this.#maximumBytes)
      throw new PayloadTooLargeError(
        `${what} is over the ${this.#maximumBytes} bytes that R2PayloadCodec stores at most`,
      );
    if (!this.#allowUnencrypted && metadataText(payload, METADATA_ENCODING_KEY) !== ENCRYPTED_ENCODING)
      throw new UnencryptedPayloadError(
        `${what} is not encrypted and was not moved into the bucket. Put EncryptionCodec before R2PayloadCodec in ` +
          "payloadCodecs, or set allowUnencrypted in the options of R2PayloadCodec",
      );
    const frame = encodeFrame(payload);
    const key = (await prefixOf(context)) + randomUUID();
    await retried(() => this.#bucket.put(key, frame));
    return claimPayload({ key, size: frame.length, digest: await digestOf(frame) });
  }

  async #fetched(payload: Payload, context: SerializationContext): Promise<Payload> {
    if (metadataText(payload, METADATA_ENCODING_KEY) !== CLAIM_ENCODING) return payload;
    const where = describePlace(context);
    const claim = readClaim(payload);
    if (claim === undefined) throw new PayloadClaimError(`The claim of a payload is malformed (${where})`);
    if (!claim.key.startsWith(await prefixOf(context)))
      throw new PayloadClaimError(
        `The claim of a payload points to "${claim.key}", which is no payload of this workflow (${where})`,
      );
    const object = await retried(() => this.#bucket.get(claim.key));
    if (object === null)
      throw new PayloadClaimError(
        `The bucket has no payload "${claim.key}" (${where}). It was deleted, by retention or a lifecycle rule of the ` +
          "bucket, or the binding now names another bucket",
      );
    const frame = new Uint8Array(await object.arrayBuffer());
    const isWhole = frame.length === claim.size && (await digestOf(frame)) === claim.digest;
    const stored = isWhole ? decodeFrame(frame) : undefined;
    if (stored === undefined)
      throw new PayloadClaimError(`The payload "${claim.key}" is not the one that was stored (${where})`);
    return stored;
  }
}

/** Buckets fail now and then and ask for another try; without it an activity would run again for its result's sake. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt >= MAX_BUCKET_ATTEMPTS) throw error;
    }
  }
}

function wholeBytes(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ValueError(`${name} must be a whole number of bytes`);
}

function sizeOf({ metadata, data }: Payload): number {
  let size = data?.length ?? 0;
  for (const [name, value] of Object.entries(metadata ?? {})) size += name.length + value.length;
  return size;
}

function claimPayload({ key, size, digest }: Claim): Payload {
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: encodeText(CLAIM_ENCODING),
      [CLAIM_KEY]: encodeText(key),
      [CLAIM_SIZE]: encodeText(String(size)),
      [CLAIM_DIGEST]: encodeText(digest),
    },
  };
}

function readClaim(payload: Payload): Claim | undefined {
  const key = metadataText(payload, CLAIM_KEY);
  const size = Number(metadataText(payload, CLAIM_SIZE));
  const digest = metadataText(payload, CLAIM_DIGEST);
  return key === undefined || digest === undefined || !Number.isSafeInteger(size) ? undefined : { key, size, digest };
}

async function prefixOf({ namespace, workflowId }: SerializationContext): Promise<string> {
  return claimPrefix(namespace, await digestOf(encodeText(workflowId)));
}

async function digestOf(bytes: Bytes): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where a payload was to go. Names only ids, which the service can read anyway. */
function describePlace({ namespace, workflowId, channel }: SerializationContext): string {
  return `namespace "${namespace}", workflow "${workflowId}", ${channel.kind}`;
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
