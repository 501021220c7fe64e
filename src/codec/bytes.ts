/**
 * Bytes as text: UTF-8 and base64, on whatever the platform offers.
 *
 * Owns: the two conversions. Used for wire payloads and keys, so decoding is strict: text that is not canonical is
 * refused instead of being guessed at. Knows nothing of payloads.
 */

/** Typed arrays over a plain buffer; WebCrypto takes no others. */
export type Bytes = Uint8Array<ArrayBuffer>;

interface NativeBase64 {
  toBase64?(): string;
}

interface NativeBase64Constructor {
  fromBase64?(text: string): Bytes;
}

const encoder = new TextEncoder();
// Byte order marks are data here, and bytes that are not UTF-8 are an error of whoever wrote them.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `String.fromCharCode` takes its bytes as arguments, and engines limit how many. */
const CHARACTERS_PER_CALL = 0x2000;

/**
 * UTF-8 bytes of a text.
 *
 * @example
 * encodeText("é"); // Uint8Array.of(0xc3, 0xa9)
 */
export function encodeText(text: string): Bytes {
  return encoder.encode(text) as Bytes;
}

/**
 * The text behind UTF-8 bytes. Throws `TypeError` for bytes that are not UTF-8.
 *
 * @example
 * decodeText(Uint8Array.of(0xc3, 0xa9)); // "é"
 */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  const native = bytes as Uint8Array & NativeBase64;
  if (typeof native.toBase64 === "function") return native.toBase64();
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHARACTERS_PER_CALL)
    binary += String.fromCharCode(...bytes.subarray(start, start + CHARACTERS_PER_CALL));
  return btoa(binary);
}

/** The bytes behind standard base64. Throws when the text is not base64. */
export function decodeBase64(text: string): Bytes {
  const native = Uint8Array as unknown as NativeBase64Constructor;
  if (typeof native.fromBase64 === "function") return native.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** The same bytes over a plain buffer; copies only what shares memory between threads. */
export function plainBytes(bytes: Uint8Array): Bytes {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : new Uint8Array(bytes);
}
