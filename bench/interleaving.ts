/**
 * The order in which subjects are measured: A B C, A B C, …
 *
 * Owns: warm-up, rounds, and the pause after each sample. A disturbance of the machine hits all subjects alike, because
 * the subjects take turns within every round; nothing is measured for one subject first and for another later.
 */
import type { Subject } from "./runtime.ts";
import type { SubjectName } from "./subjects.ts";

export type Samples = ReadonlyMap<SubjectName, readonly number[]>;

export interface Rounds {
  /** Rounds whose samples are thrown away: code is compiled, connections are opened. */
  readonly warmUp: number;
  readonly repetitions: number;
}

/** What a subject does after it has answered (checkpoints, acknowledgements) must not fall on the next one's sample. */
const SETTLE_MS = 5;

/**
 * Takes one sample of each subject per round. `sample` gets a text that is new in every call, for workflow ids.
 *
 * @example
 * await interleave(subjects, { warmUp: 10, repetitions: 100 }, (subject, id) => timeOne(subject, id));
 */
export async function interleave(
  subjects: readonly Subject[],
  rounds: Rounds,
  sample: (subject: Subject, id: string) => Promise<number>,
): Promise<Samples> {
  const run = crypto.randomUUID().slice(0, 8);
  const samples = new Map<SubjectName, number[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds.warmUp + rounds.repetitions; round += 1) {
    for (const subject of subjects) {
      const value = await sample(subject, `${run}-${round}`);
      if (round >= rounds.warmUp) samples.get(subject.name)?.push(value);
      await settle(subject);
    }
  }
  return samples;
}

/**
 * Lets the subject finish what its last request left behind. Empty requests pass the time and not a sleep, because a
 * processor that was allowed to sleep needs a millisecond to be quick again, which would drown the floor.
 */
export async function settle(subject: Subject, durationMs: number = SETTLE_MS): Promise<void> {
  const untilMs = performance.now() + durationMs;
  while (performance.now() < untilMs) await subject.call("/empty", {});
}

/** Waits without doing anything. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

/**
 * The milliseconds that a request takes, seen from the harness.
 *
 * @example
 * await timed(() => subject.call("/empty", {}));
 */
export async function timed(request: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await request();
  return performance.now() - startedAtMs;
}
