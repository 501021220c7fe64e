/** Workflows that keep state where they should not: in their module, in one it imports, and in the global object. */
import { condition, defineQuery, defineSignal, setHandler, sleep } from "../../../src/sdk/workflow/index.ts";
import { Visitor, visits } from "./visits.ts";

// holdfast-allow-module-state: what the test is about
let calls = 0;

export const proceed = defineSignal("proceed");
export const hasVisited = defineQuery<boolean>("hasVisited");

/** Everything that this run can see of all runs. */
export interface Seen {
  readonly calls: number;
  readonly visits: number;
  readonly made: number;
  readonly globals: number;
}

function visit(): Seen {
  const globals = globalThis as { holdfastVisits?: number };
  calls += 1;
  visits.push(new Visitor()); // holdfast-allow-module-state: what the test is about
  // holdfast-allow-module-state: what the test is about
  globals.holdfastVisits = (globals.holdfastVisits ?? 0) + 1;
  return { calls, visits: visits.length, made: Visitor.made, globals: globals.holdfastVisits };
}

/** Visits, lets other runs go, visits again. */
export async function visitsTwice(): Promise<Seen> {
  let mayProceed = false;
  setHandler(proceed, () => void (mayProceed = true));
  setHandler(hasVisited, () => true);
  visit();
  await condition(() => mayProceed);
  return visit();
}

/** Visits before and after a sleep that is longer than an idle session lives. */
export async function outlivesItsSession(): Promise<Seen> {
  visit();
  await sleep("3 seconds");
  return visit();
}
