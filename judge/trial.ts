/**
 * Trials: a scenario driven, replayed and compared; a broken history shown to the judge.
 *
 * Owns: the steps of a trial. This module loads the official SDK, so it is imported once that is installed.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type Breakage, breakages, type JsonHistory } from "./breakage/breakages.ts";
import { compareReplay } from "./comparison/compare.ts";
import { officialReplayer, type ReplayedHistory, type Replayer } from "./official/replay.ts";
import type { Verdict } from "./verdict.ts";
import type { ListedScenario } from "./worker/entry.ts";
import type { Runtime } from "./worker/runtime.ts";

/** Scenarios wait more than they work, so several are driven at once. */
const CONCURRENCY = 4;

export { officialReplayer };

/** What the official SDK makes of one history: nothing to say, or why it is refused, or what differs. */
type Finding = { readonly kind: "ok" | "refused" | "differs"; readonly details: readonly string[] };

/** A scenario with what it left behind. */
export interface Trial {
  readonly verdict: Verdict;
  readonly runs: readonly ReplayedHistory[];
}

/**
 * Tries scenarios, several at once, and hands each trial to `told` when it is over.
 *
 * @example
 * const trials = await tryScenarios(runtime, replayer, scenarios, { historiesFolder: undefined, told: () => undefined });
 */
export async function tryScenarios(
  runtime: Runtime,
  replayer: Replayer,
  scenarios: readonly ListedScenario[],
  options: { readonly historiesFolder: string | undefined; readonly told: (trial: Trial) => void },
): Promise<readonly Trial[]> {
  const trials = new Map<string, Trial>();
  const waiting = [...scenarios];
  const work = async (): Promise<void> => {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      const trial = await tryScenario(runtime, replayer, scenario);
      if (options.historiesFolder !== undefined) await keep(options.historiesFolder, scenario.name, trial.runs);
      trials.set(scenario.name, trial);
      options.told(trial);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return scenarios.flatMap(({ name }) => trials.get(name) ?? []);
}

async function keep(folder: string, name: string, runs: readonly ReplayedHistory[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(runs, undefined, 2)}\n`);
}

async function tryScenario(runtime: Runtime, replayer: Replayer, scenario: ListedScenario): Promise<Trial> {
  const { name, group } = scenario;
  const answer = await runtime.drive(scenario);
  if (answer.kind === "failed")
    return { runs: [], verdict: { name, group, histories: 0, kind: "not driven", details: [answer.error] } };
  const { runs } = answer;
  const missing = missingEvents(runs, scenario.shows);
  const findings: Finding[] = missing.length === 0 ? [] : [{ kind: "differs", details: missing }];
  for (const run of runs) findings.push(await findingOf(replayer, run));
  const details = findings.flatMap((finding) => finding.details);
  const refused = findings.some(({ kind }) => kind === "refused");
  const kind = refused ? "refused" : details.length > 0 ? "differs" : "ok";
  return { runs, verdict: { name, group, histories: runs.length, kind, details } };
}

/** Event types that the scenario is about, and that none of its histories has. */
function missingEvents(runs: readonly ReplayedHistory[], shows: readonly string[]): readonly string[] {
  const events = runs.flatMap(({ history }) => (history as JsonHistory).events);
  const types = new Set(events.map(({ eventType }) => eventType.replace("EVENT_TYPE_", "")));
  if (runs.length === 0) return ["there is no history to judge"];
  return shows.filter((type) => !types.has(type)).map((type) => `no history has ${type}, which the scenario is about`);
}

async function findingOf(replayer: Replayer, run: ReplayedHistory): Promise<Finding> {
  const outcome = await replayer.replay(run);
  if (outcome.kind === "refused") return { kind: "refused", details: [`${run.workflowId}: ${outcome.reason}`] };
  const differences = compareReplay(outcome.report, { ...run, replayQueue: outcome.queue });
  return {
    kind: differences.length > 0 ? "differs" : "ok",
    details: differences.map((difference) => `${run.workflowId}: ${difference}`),
  };
}

/** Shows the broken histories to the judge. True if each was noticed in the way it has to be. */
export async function tryBreakages(replayer: Replayer, trials: readonly Trial[]): Promise<boolean> {
  let areNoticed = true;
  for (const breakage of breakages) {
    const noticed = await tryBreakage(replayer, breakage, trials);
    areNoticed &&= noticed.isRight;
    console.log(`${noticed.isRight ? "noticed   " : "UNNOTICED "}  ${breakage.name.padEnd(52)}  ${noticed.how}`);
  }
  return areNoticed;
}

async function tryBreakage(
  replayer: Replayer,
  { scenario, noticed, breakHistory }: Breakage,
  trials: readonly Trial[],
): Promise<{ readonly isRight: boolean; readonly how: string }> {
  const run = trials.find(({ verdict }) => verdict.name === scenario)?.runs[0];
  if (run === undefined) return { isRight: false, how: `there is no history of ${scenario} to break` };
  const broken = { ...run, history: breakHistory(run.history as JsonHistory) };
  const finding = await findingOf(replayer, broken);
  const how = `${finding.kind}: ${essence(finding.details[0] ?? "nothing was found")}`;
  // A replay that is refused has been noticed in any case; what only the comparison sees must not be refused for less.
  return { isRight: noticed === "refused" ? finding.kind === "refused" : finding.kind === "differs", how };
}

/** The part of an official refusal that says something. */
function essence(detail: string): string {
  return (/message: "(\[TMPRL1100\][^"]*)"/.exec(detail)?.[1] ?? detail).slice(0, 200);
}
