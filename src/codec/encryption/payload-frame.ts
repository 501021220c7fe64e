/**
 * A payload as one run of bytes: what is encrypted.
 *
 * Owns: the format, which stored ciphertexts depend on. It changes only by a new version byte, and old versions stay
 * readable.
 *
 *     version 1:  u8 version = 1
 *                 u32 number of metadata entries, then for each: u32 length, UTF-8 key, u32 length, value
 *                 u8 1 if there is data, else 0; then, if there is: u32 length, data
 *
 * Numbers are big-endian. Nothing may follow.
 */
import { decodeText, encodeText, type Bytes } from "../bytes.ts";
import type { Payload } from "../payload-converter.ts";

const FRAME_VERSION = 1;
const LENGTH_BYTES = 4;

/** The bytes of a payload. */
export function encodeFrame(payload: Payload): Bytes {
  const metadata = Object.entries(payload.metadata ?? {}).map(([key, value]) => [encodeText(key), value] as const);
  let size = 1 + LENGTH_BYTES + 1;
  for (const [key, value] of metadata) size += 2 * LENGTH_BYTES + key.length + value.length;
  if (payload.data) size += LENGTH_BYTES + payload.data.length;

  const writer = new FrameWriter(size);
  writer.byte(FRAME_VERSION);
  writer.length(metadata.length);
  for (const [key, value] of metadata) {
    writer.block(key);
    writer.block(value);
  }
  writer.byte(payload.data ? 1 : 0);
  if (payload.data) writer.block(payload.data);
  return writer.bytes;
}

/** The payload of a frame, or undefined if the bytes are none. */
export function decodeFrame(bytes: Uint8Array): Payload | undefined {
  try {
    const reader = new FrameReader(bytes);
    if (reader.byte() !== FRAME_VERSION) return undefined;
    const metadata: [string, Uint8Array][] = [];
    for (let left = reader.length(); left > 0; left -= 1) metadata.push([decodeText(reader.block()), reader.block()]);
    const data = reader.byte() === 1 ? reader.block() : undefined;
    if (!reader.atEnd) return undefined;
    return {
      ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) } : {}),
      ...(data ? { data } : {}),
    };
  } catch {
    // A length that points past the end, or a key that is not UTF-8.
    return undefined;
  }
}

class FrameWriter {
  readonly bytes: Bytes;
  readonly #view: DataView;
  #offset = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  byte(value: number): void {
    this.#view.setUint8(this.#offset, value);
    this.#offset += 1;
  }

  length(value: number): void {
    this.#view.setUint32(this.#offset, value);
    this.#offset += LENGTH_BYTES;
  }

  block(block: Uint8Array): void {
    this.length(block.length);
    this.bytes.set(block, this.#offset);
    this.#offset += block.length;
  }
}

/** Reads a frame in order; throws `RangeError` at its end. */
class FrameReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  byte(): number {
    const value = this.#view.getUint8(this.#offset);
    this.#offset += 1;
    return value;
  }

  length(): number {
    const value = this.#view.getUint32(this.#offset);
    this.#offset += LENGTH_BYTES;
    return value;
  }

  block(): Uint8Array {
    const length = this.length();
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError("A frame's block ends outside the frame");
    // A copy, so that a small value does not keep a large frame alive.
    const block = this.#bytes.slice(this.#offset, end);
    this.#offset = end;
    return block;
  }
}
