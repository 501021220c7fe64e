/**
 * All randomness of one run: a main stream, and streams by name that draw independently of it and of each other.
 *
 * Owns: the streams and the seeds of the named ones, which are those of Temporal's SDK: the same seed and name give the
 * same draws there.
 */
import { encodeText } from "../codec/index.ts";
import { currentRandomScope } from "./random-scope.ts";
import { RandomSource } from "./random-source.ts";

const SEED_PREFIX = encodeText("temporal-workflow-random-stream-v1");

function lengthBytes(length: number): readonly number[] {
  return [(length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
}

/** The seed of a named stream. Lengths stand before what they measure, so that no two pairs make the same bytes. */
function streamSeed(seed: readonly number[], name: string): readonly number[] {
  const nameBytes = encodeText(name);
  return [...SEED_PREFIX, ...lengthBytes(seed.length), ...seed, ...lengthBytes(nameBytes.length), ...nameBytes];
}

/**
 * The streams of one run.
 *
 * @example
 * const random = new RunRandomness(randomnessSeed(originalExecutionRunId));
 * random.named("tracing").next(); // leaves random.main where it is
 */
export class RunRandomness {
  readonly #seed: readonly number[];
  readonly #named = new Map<string, RandomSource>();
  readonly main: RandomSource;

  constructor(seed: readonly number[], main = new RandomSource(seed)) {
    this.#seed = seed;
    this.main = main;
  }

  /** Randomness that will draw the same, and does not move this one. */
  fork(): RunRandomness {
    const fork = new RunRandomness(this.#seed, this.main.fork());
    for (const [name, source] of this.#named) fork.#named.set(name, source.fork());
    return fork;
  }

  /** The stream of this name, always where its last draw left it. */
  named(name: string): RandomSource {
    const known = this.#named.get(name);
    if (known) return known;
    const source = new RandomSource(streamSeed(this.#seed, name));
    this.#named.set(name, source);
    return source;
  }

  /** The stream that the code which executes now has chosen. Default: the main one. */
  get chosen(): RandomSource {
    const name = currentRandomScope()?.streamName;
    return name === undefined ? this.main : this.named(name);
  }
}
