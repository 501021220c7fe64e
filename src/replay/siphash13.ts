/**
 * SipHash-1-3 with both keys zero: the hash behind the seed of a run's randomness.
 *
 * Owns: the hash and the seed derivation. Bytes in, bytes out; the same bytes that Temporal's SDKs derive, so that
 * ids made by a workflow are the ones another runtime would make.
 */

const WORD = 0xffff_ffff_ffff_ffffn;

function rotateLeft(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & WORD;
}

/** The four lanes of the state, mixed in place. */
class SipState {
  // The constants are the ASCII text "somepseudorandomlygeneratedbytes"; a zero key leaves them as they are.
  v0 = 0x736f_6d65_7073_6575n;
  v1 = 0x646f_7261_6e64_6f6dn;
  v2 = 0x6c79_6765_6e65_7261n;
  v3 = 0x7465_6462_7974_6573n;

  round(): void {
    this.v0 = (this.v0 + this.v1) & WORD;
    this.v2 = (this.v2 + this.v3) & WORD;
    this.v1 = rotateLeft(this.v1, 13n) ^ this.v0;
    this.v3 = rotateLeft(this.v3, 16n) ^ this.v2;
    this.v0 = rotateLeft(this.v0, 32n);
    this.v2 = (this.v2 + this.v1) & WORD;
    this.v0 = (this.v0 + this.v3) & WORD;
    this.v1 = rotateLeft(this.v1, 17n) ^ this.v2;
    this.v3 = rotateLeft(this.v3, 21n) ^ this.v0;
    this.v2 = rotateLeft(this.v2, 32n);
  }

  absorb(word: bigint): void {
    this.v3 ^= word;
    this.round();
    this.v0 ^= word;
  }

  finish(): bigint {
    this.v2 ^= 0xffn;
    this.round();
    this.round();
    this.round();
    return this.v0 ^ this.v1 ^ this.v2 ^ this.v3;
  }
}

/** Little-endian word of up to eight bytes from `offset`. */
function wordAt(bytes: Uint8Array, offset: number): bigint {
  let word = 0n;
  for (let index = Math.min(bytes.length, offset + 8) - 1; index >= offset; index -= 1)
    word = (word << 8n) | BigInt(bytes[index] ?? 0);
  return word;
}

/** SipHash-1-3 of `bytes` under a zero key, as an unsigned 64-bit integer. */
export function sipHash13(bytes: Uint8Array): bigint {
  const state = new SipState();
  const tail = bytes.length - (bytes.length % 8);
  for (let offset = 0; offset < tail; offset += 8) state.absorb(wordAt(bytes, offset));
  state.absorb((BigInt(bytes.length & 0xff) << 56n) | wordAt(bytes, tail));
  return state.finish();
}

/** Eight bytes, most significant first. */
export function bigEndianBytes(value: bigint): number[] {
  return Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(56 - index * 8)) & 0xffn));
}

/** The seed of a run: the hash of its original run id, closed by the byte 0xFF, most significant byte first. */
export function randomnessSeed(originalExecutionRunId: string): number[] {
  const text = new TextEncoder().encode(originalExecutionRunId);
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  bytes[text.length] = 0xff;
  return bigEndianBytes(sipHash13(bytes));
}
