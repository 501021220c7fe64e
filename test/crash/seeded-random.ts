/**
 * Chance that can be repeated: the same seed gives the same numbers.
 *
 * Owns: the generator, a 32-bit counter whose values are mixed until no pattern is left.
 */

/** Numbers in [0, 1). */
export type Random = () => number;

/**
 * Makes a source of chance.
 *
 * @example
 * const random = seededRandom(7);
 * const delayMs = within(random, 0, 1_000);
 */
export function seededRandom(seed: number): Random {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x9e37_79b9) >>> 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `low` up to and without `high`. */
export function within(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low));
}
