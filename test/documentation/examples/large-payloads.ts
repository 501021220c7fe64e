import { EncryptionCodec, keyRingFromText, type PayloadBucket, R2PayloadCodec } from "../../../src/codec/index.ts";

export interface Env {
  readonly HOLDFAST_ENCRYPTION_KEYS: string;
  /** An R2 binding: `[[r2_buckets]]` in wrangler.toml. */
  readonly HOLDFAST_PAYLOADS: PayloadBucket;
}

/** For `createWorker({ workflows, activities, dataConverter })`. */
export const dataConverter = (env: Env) => ({
  payloadCodecs: [
    new EncryptionCodec(keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS)),
    new R2PayloadCodec(env.HOLDFAST_PAYLOADS, { thresholdBytes: 256 * 1024 }),
  ],
});
