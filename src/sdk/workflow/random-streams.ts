/**
 * Streams of randomness for workflow code: the run's own, and others by name.
 *
 * Owns: the handles. A handle holds nothing but a name, so one that is kept at module level draws for whichever run
 * uses it; `src/replay/run-randomness.ts` owns the streams. In queries and validators draws do not count: the workflow
 * goes on as if they had not been made.
 */
import { runInRandomScope } from "../../replay/random-scope.ts";
import type { RandomSource } from "../../replay/random-source.ts";
import { requireFrame } from "../../replay/run-context.ts";

/** Randomness that a replay repeats. All methods throw `IllegalStateError` outside of workflow code. */
export interface WorkflowRandomStream {
  /** From zero up to, and without, one. */
  random(): number;
  /** A version 4 uuid, from four draws. */
  uuid4(): string;
  /** Fills `bytes`, one draw for each, and returns it. */
  fill(bytes: Uint8Array): Uint8Array;
  /**
   * Calls `fn`, and has `Math.random`, `uuid4` and the randomness of `crypto` draw from this stream there and in all
   * that follows from it asynchronously. What interceptors call with `next` is not affected.
   */
  with<T>(fn: () => T): T;
}

class StreamHandle implements WorkflowRandomStream {
  readonly #streamName: string | undefined;
  readonly #title: string;

  constructor(streamName: string | undefined) {
    this.#streamName = streamName;
    this.#title = streamName === undefined ? "workflowRandom" : `The random stream ${streamName}`;
  }

  random(): number {
    return this.#source().next();
  }

  uuid4(): string {
    return this.#source().uuid4();
  }

  fill(bytes: Uint8Array): Uint8Array {
    const source = this.#source();
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = Math.floor(source.next() * 0x100);
    return bytes;
  }

  with<T>(fn: () => T): T {
    requireFrame(this.#title);
    return runInRandomScope({ streamName: this.#streamName }, fn);
  }

  #source(): RandomSource {
    const run = requireFrame(this.#title).workflowRun;
    // A draw at a moment that no replay repeats would shift all that follow.
    if (run.phase === "idle") run.assertActivating(this.#title);
    return this.#streamName === undefined ? run.random.main : run.random.named(this.#streamName);
  }
}

/** The stream that `Math.random` draws from, also inside of another stream's `with`. */
export const workflowRandom: WorkflowRandomStream = new StreamHandle(undefined);

/**
 * A stream of the run's randomness that moves no other, for interceptors and libraries: what they draw leaves the
 * workflow's own draws as they are. The same name is the same stream, over all workflow tasks of a run.
 *
 * Throws `IllegalStateError` outside of workflow code.
 *
 * @example
 * const spanId = getRandomStream("my-tracing").fill(new Uint8Array(8));
 */
export function getRandomStream(name: string): WorkflowRandomStream {
  requireFrame("getRandomStream");
  return new StreamHandle(name);
}
