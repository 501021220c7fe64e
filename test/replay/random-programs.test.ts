import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { WorkflowQueryResult } from "../../src/core/workflow-task.ts";
import { type Program, programs, runProgram } from "./random-programs.ts";
import { type Arrival, TestService } from "./test-service.ts";

const MAX_TASKS = 60;
const FAILURE = { message: "broken", applicationFailureInfo: { type: "Broken" } };
/** Rare branches: a run of all programs in which one never happened proves less than it seems to. */
const reached = { refused: 0, cancelled: 0, activityCancelled: 0, lateResult: 0, completed: 0 };

interface Outcome {
  readonly events: unknown;
  readonly answers: readonly WorkflowQueryResult[];
}

/** One thing that happens to the workflow, chosen by a number. */
function happen(service: TestService, choice: number): void {
  const [timer] = service.timers;
  const activities = [...service.activities.values()];
  const activity = activities[choice % Math.max(1, activities.length)];
  const what = choice % 7;
  // Timers usually come before activities end, so that scopes are cancelled around something.
  const timerFirst = timer !== undefined && choice % 4 !== 0;
  if (activity?.cancelRequested && what < 3) reached.lateResult += 1;
  if (activity?.cancelRequested !== true && timerFirst) service.fireTimer(timer);
  else if (activity && what < 3) service.endActivity(activity.activityId, { result: `result ${choice}` });
  else if (activity?.cancelRequested) {
    reached.activityCancelled += 1;
    service.endActivity(activity.activityId, { canceled: true });
  } else if (activity && what === 3) service.endActivity(activity.activityId, { failure: FAILURE });
  else if (timer !== undefined && what !== 4) service.fireTimer(timer);
  else service.history.signaled("nudge", `n${choice}`);
}

/** Runs a program to its end, with what happens to it chosen by numbers, and asks it about itself after every task. */
async function execute(program: Program, choices: readonly number[], fresh: boolean): Promise<Outcome> {
  const service = new TestService({ runProgram }, "runProgram", [program], { fresh });
  const answers: WorkflowQueryResult[] = [];
  for (let task = 0; task < MAX_TASKS && !service.closed; task += 1) {
    const choice = (choices[task % choices.length] ?? 0) + task;
    if (task > 0) for (let events = 0; events <= choice % 3; events += 1) happen(service, choice + events);
    if (choice % 29 === 0) {
      reached.cancelled += 1;
      service.history.cancelRequested();
    }
    const arrivals: Arrival[] = choice % 5 === 0 ? [(history) => history.signaled("nudge", "meanwhile")] : [];
    await service.runTask(arrivals);
    answers.push(await service.query("marks"));
  }
  reached.refused += service.refused;
  if (service.closed) reached.completed += 1;
  return { events: service.history.events, answers };
}

describe("random programs", () => {
  it("do the same whether their session lives on or is rebuilt for every task", { timeout: 120_000 }, async () => {
    const choices = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 });
    const property = fc.asyncProperty(programs, choices, async (program, choices) => {
      const sticky = await execute(program, choices, false);
      const fresh = await execute(program, choices, true);
      expect(fresh.events).toEqual(sticky.events);
      expect(fresh.answers).toEqual(sticky.answers);
    });
    await fc.assert(property, { numRuns: 300 });
    for (const [branch, times] of Object.entries(reached)) expect(times, branch).toBeGreaterThan(0);
  });
});
