/**
 * Randomness that no replay repeats.
 *
 * Owns: the platform's own sources, taken before the determinism guards replace them.
 */

/** Draws that differ every time. Never let a decision of workflow code depend on them. */
export interface UnsafeRandomSource {
  /** From zero up to, and without, one. */
  random(): number;
  uuid4(): string;
  /** Fills `bytes`, and returns it. */
  fillRandom(bytes: Uint8Array): Uint8Array;
}

type FillBytes = <T extends ArrayBufferView>(target: T) => T;

/** The platform's `Math.random`. */
export const realRandom: () => number = Math.random;
/** The platform's `crypto.randomUUID`. */
export const realRandomUuid: () => string = crypto.randomUUID.bind(crypto);
/** The platform's `crypto.getRandomValues`. */
export const realRandomValues: FillBytes = crypto.getRandomValues.bind(crypto) as FillBytes;

export const UNSAFE_RANDOM: UnsafeRandomSource = Object.freeze({
  random: () => realRandom(),
  uuid4: () => realRandomUuid(),
  fillRandom: (bytes: Uint8Array) => realRandomValues(bytes),
});
