import { EncryptionCodec, keyRingFromText, type Payload, type PayloadCodec } from "../../../src/codec/index.ts";

async function piped(bytes: Uint8Array, way: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(way)).arrayBuffer());
}

async function compressed({ metadata, data }: Payload): Promise<Payload> {
  if (!data) return { metadata: metadata ?? {} };
  const compression = new TextEncoder().encode("gzip");
  return { metadata: { ...metadata, compression }, data: await piped(data, new CompressionStream("gzip")) };
}

async function decompressed(payload: Payload): Promise<Payload> {
  const { compression, ...metadata } = payload.metadata ?? {};
  if (!compression || !payload.data) return payload;
  return { metadata, data: await piped(payload.data, new DecompressionStream("gzip")) };
}

export const compressing: PayloadCodec = {
  encode: (payloads) => Promise.all(payloads.map(compressed)),
  decode: (payloads) => Promise.all(payloads.map(decompressed)),
};

/** For `createWorker({ workflows, activities, dataConverter })`. */
export const dataConverter = (env: { readonly HOLDFAST_ENCRYPTION_KEYS: string }) => ({
  payloadCodecs: [compressing, new EncryptionCodec(keyRingFromText(env.HOLDFAST_ENCRYPTION_KEYS))],
});
