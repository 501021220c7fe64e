// Whatever happens to a workflow id while its commits are deferred, its runs deleted and its process lost: what was
// answered is stored, no run goes too early, and in the end none is left.
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { START_MS } from "../core/requests.ts";
import { Lifetime } from "./lifetime-model.ts";
import { type Act, type Step, steps } from "./lifetime-steps.ts";

/** Lifetimes. LIFETIMES_RUNS and LIFETIMES_SEED extend or repeat a run. */
const RUNS = Number(process.env["LIFETIMES_RUNS"] ?? 2_000);
const SEED = process.env["LIFETIMES_SEED"];

/** What some lifetime must have come to, or the run proves less than it seems to. */
const WANTED = [
  "a commit was refused",
  "a deferred commit was refused",
  "a deleted run has something to deliver",
  "a run's retention has passed",
  "clearing away payloads: cleared",
  "clearing away payloads: fails",
  "clearing away payloads: later",
  "deferred a commit",
  "deleted an earlier run",
  "deleted the current run",
  "died between two steps",
  "died by itself",
  "died while payloads were cleared away",
  "died with a commit deferred",
  "nothing is left",
  "reset",
];

/** What has to come in a tenth of the lifetimes, on average: it is what they are for. */
const OFTEN = ["deferred a commit", "died with a commit deferred", "deleted the current run"];

/** Once there were two sweeps then, and the slower one removed the new run that has the number of an old one. */
const DELETED_MEANWHILE: readonly Act[] = [
  { kind: "start", id: 1, conflict: 0, reuse: 0, chain: 0 },
  { kind: "start", id: 2, conflict: 2, reuse: 0, chain: 0 },
  { kind: "delete", really: 0 },
  { kind: "deleteEarlier", pick: 0 },
  ...Array.from({ length: 4 }, (): Act => ({ kind: "answerClearing", answer: "cleared" })),
  { kind: "start", id: 3, conflict: 0, reuse: 0, chain: 0 },
  { kind: "answerClearing", answer: "cleared" },
];
/** Once that run was removed at once, and the next process did not know of the child that was to be terminated. */
const NAMING_RUN_DELETED: readonly Act[] = [
  { kind: "start", id: 1, conflict: 0, reuse: 0, chain: 0 },
  { kind: "complete", commands: [{ kind: "startChild", id: "a", policy: 0 }], stale: 0, force: 0 },
  { kind: "start", id: 2, conflict: 2, reuse: 0, chain: 0 },
  { kind: "delete", really: 0 },
  { kind: "reload" },
];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  // What cannot be deleted yet is reported there.
  vi.spyOn(console, "error").mockReturnValue();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function live(
  steps: readonly Step[],
  keepsPayloads: boolean,
  note: (what: string) => void = () => undefined,
): Promise<void> {
  vi.clearAllTimers();
  vi.setSystemTime(START_MS);
  await new Lifetime({ keepsPayloads, note }).live(steps);
}

describe("the lifetime of a workflow id", () => {
  it("loses nothing that was answered, keeps every run as long as it must, and leaves nothing", async () => {
    const reached = new Map<string, number>();
    const note = (what: string) => void reached.set(what, (reached.get(what) ?? 0) + 1);
    const property = fc.asyncProperty(steps, fc.boolean(), (...lifetime) => live(...lifetime, note));
    await fc.assert(property, { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
    expect(WANTED.filter((what) => !reached.has(what))).toEqual([]);
    expect(OFTEN.filter((what) => (reached.get(what) ?? 0) < RUNS / 10)).toEqual([]);
  }, 120_000);

  it.each([
    ["a run is deleted while payloads of another are cleared away", DELETED_MEANWHILE],
    ["the run that names others is deleted before they are through", NAMING_RUN_DELETED],
  ])("does so when %s", async (_, acts) => {
    const steps = acts.map((act): Step => ({ act, sequel: "flush" }));
    for (const keepsPayloads of [true, false]) await live(steps, keepsPayloads);
  });
});
