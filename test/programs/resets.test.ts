// Random programs, reset at every point that their history has: the code repeats what is kept and goes on from there,
// and it makes no difference whether its session lives on or is replayed after every event.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { choices, scripts } from "./program.ts";
import { type PlannedReset, World } from "./world.ts";

/** Programs. PROGRAMS_SEED repeats a run, RESETS_RUNS extends it. */
const RUNS = Number(process.env["RESETS_RUNS"] ?? 25);
const SEED = process.env["PROGRAMS_SEED"];

const repeated = SEED === undefined ? {} : { seed: Number(SEED) };

/** What a run of all programs must have come to. */
const WANTED = ["reset closed", "reset open", "reset open, an earlier run", "main COMPLETED"];

describe("random programs that are reset", () => {
  const reached = new Map<string, number>();
  const note = (what: string) => void reached.set(what, (reached.get(what) ?? 0) + 1);

  async function expectTheSame(
    script: Parameters<World["live"]>[0],
    numbers: readonly number[],
    resets: readonly PlannedReset[],
  ): Promise<void> {
    const kept = await new World({ keepsSessions: true, reached: note }).live(script, numbers, resets);
    const replayed = await new World({ keepsSessions: false, reached: note }).live(script, numbers, resets);
    expect(replayed.histories).toEqual(kept.histories);
    expect(replayed.answers).toEqual(kept.answers);
  }

  it("go on from every point of their history", { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(scripts, choices, async (script, numbers) => {
      const world = new World({ keepsSessions: true, reached: note });
      await world.live(script, numbers);
      const last = world.points.length - 1;
      for (let point = 0; point < (world.points[last] ?? 0); point += 1)
        await expectTheSame(script, numbers, [{ run: last, point }]);
    });
    await fc.assert(property, { numRuns: RUNS, ...repeated });
  });

  it("may be reset while they run, and again, from any of their runs", { timeout: 600_000 }, async () => {
    const planned = fc.record({ run: fc.nat(5), point: fc.nat(40), afterSteps: fc.integer({ min: 1, max: 60 }) });
    const plans = fc.array(planned, { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(scripts, choices, plans, expectTheSame);
    await fc.assert(property, { numRuns: 4 * RUNS, ...repeated });
    expect(WANTED.filter((what) => !reached.has(what))).toEqual([]);
  });
});
