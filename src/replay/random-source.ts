/**
 * The randomness of one run: the Alea generator of Johannes Baagøe, seeded with bytes.
 *
 * Owns: the generator's state, and what is drawn from it (numbers, uuids, bytes). Every draw moves the state, so the
 * order of draws is part of a workflow's determinism.
 */

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_MINUS_32 = 1 / TWO_TO_32;
/** Multiplier of the multiply-with-carry step. */
const MULTIPLIER = 2_091_639;
/** Mixing constant of the seed hash. */
const MASH_FACTOR = 0.025_196_032_824_169_38;

/** Turns bytes into fractions below one; its state runs through all calls. */
function createMash(): (bytes: readonly number[]) => number {
  let state = 0xefc8_249d;
  return (bytes) => {
    for (const byte of bytes) {
      state += byte;
      let mixed = MASH_FACTOR * state;
      state = mixed >>> 0;
      mixed -= state;
      mixed *= state;
      state = mixed >>> 0;
      mixed -= state;
      state += mixed * TWO_TO_32;
    }
    return (state >>> 0) * TWO_TO_MINUS_32;
  };
}

function wrapToUnit(value: number): number {
  return value < 0 ? value + 1 : value;
}

type Lanes = readonly [number, number, number];

function lanesOf(seed: readonly number[]): Lanes {
  const mash = createMash();
  const space = [0x20];
  const [first, second, third] = [mash(space), mash(space), mash(space)];
  return [wrapToUnit(first - mash(seed)), wrapToUnit(second - mash(seed)), wrapToUnit(third - mash(seed))];
}

/**
 * Draws for one run.
 *
 * @example
 * const random = new RandomSource(randomnessSeed(originalExecutionRunId));
 * random.next(); // the same number in every replay
 */
export class RandomSource {
  #carry = 1;
  readonly #seed: readonly number[];
  /** Made from the seed at the first draw: most runs never draw. */
  #lanes: Lanes | undefined;

  constructor(seed: readonly number[]) {
    this.#seed = seed;
  }

  /** A source that will draw the same, and does not move this one. */
  fork(): RandomSource {
    const fork = new RandomSource(this.#seed);
    fork.#carry = this.#carry;
    fork.#lanes = this.#lanes;
    return fork;
  }

  /** A number from zero up to, and without, one. */
  next(): number {
    const [oldest, middle, newest] = this.#lanes ?? lanesOf(this.#seed);
    const product = MULTIPLIER * oldest + this.#carry * TWO_TO_MINUS_32;
    this.#carry = product | 0;
    const drawn = product - this.#carry;
    this.#lanes = [middle, newest, drawn];
    return drawn;
  }

  /** Fills `target` with random bytes: four from each draw, most significant first. */
  fillBytes(target: Uint8Array): void {
    for (let offset = 0; offset < target.length; offset += 4) {
      const word = (this.next() * TWO_TO_32) >>> 0;
      for (let index = 0; index < 4 && offset + index < target.length; index += 1)
        target[offset + index] = (word >>> (24 - index * 8)) & 0xff;
    }
  }

  /** A version 4 uuid, from four draws. */
  uuid4(): string {
    const bytes = new Uint8Array(16);
    this.fillBytes(bytes);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
}
