/**
 * The property that all random programs have, in two halves that run side by side.
 *
 * Owns: how many programs, the seed, and the rare branches that must have been reached.
 */
import * as fc from "fast-check";
import { expect } from "vitest";

import { choices, type Script, scripts } from "./program.ts";
import { type Trace, World } from "./world.ts";

const HALVES = 2;
/** Programs in all. PROGRAMS_RUNS and PROGRAMS_SEED extend or repeat a run. */
const RUNS = Number(process.env["PROGRAMS_RUNS"] ?? 2_000);
const SEED = process.env["PROGRAMS_SEED"];

/** Rare branches: a run of all programs in which one never happened proves less than it seems to. */
const WANTED = [
  "main COMPLETED",
  "main FAILED",
  "main CANCELLED",
  "overtaken",
  "cancel requested",
  "activity cancelled",
  "local activity done",
  "local activity failed",
  "asked slow",
  "asked no",
  "asked fail",
  "delivered startChild: childStarted",
  "delivered signal: delivered",
  "delivered cancel: delivered",
  "delivered signal: notFound",
  "settled tellParent: delivered",
  "settled terminateChild: delivered",
];

/** Checks one half of the programs. Throws with the seed and the smallest program that fails. */
export async function checkPrograms(): Promise<void> {
  const reached = new Map<string, number>();
  const note = (what: string) => void reached.set(what, (reached.get(what) ?? 0) + 1);
  const live = (script: Script, numbers: readonly number[], keepsSessions: boolean): Promise<Trace> =>
    new World({ keepsSessions, reached: note }).live(script, numbers);
  const property = fc.asyncProperty(scripts, choices, async (script, numbers) => {
    const kept = await live(script, numbers, true);
    const replayed = await live(script, numbers, false);
    expect(replayed.histories).toEqual(kept.histories);
    expect(replayed.answers).toEqual(kept.answers);
  });
  const numRuns = Math.ceil(RUNS / HALVES);
  await fc.assert(property, { numRuns, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
  expect(WANTED.filter((what) => !reached.has(what))).toEqual([]);
}
