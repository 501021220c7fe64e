/**
 * The activities of the benchmark on Holdfast.
 *
 * Owns: two activities that do as little as an activity can, and the moments at which one of them ran. Locally, all
 * of a Worker is one isolate, so the route that asks for the moments reads the module's own memory.
 */

const stampsMs = new Map<string, number[]>();

export async function step(index: number): Promise<number> {
  return index;
}

/** Notes when it ran. It takes no time itself, so the time between two stamps is the gap between two activities. */
export async function stamp(run: string): Promise<void> {
  stampsMs.get(run)?.push(Date.now());
}

/** Starts a fresh list of moments for `run`. */
export function watchStamps(run: string): void {
  stampsMs.set(run, []);
}

/** The moments at which activities of `run` have run since it was last watched. */
export function takenStamps(run: string): readonly number[] {
  return stampsMs.get(run) ?? [];
}
