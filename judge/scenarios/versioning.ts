/** Workflows about versions of their own code. Some run as an older version first: see `drivers/deployed-workflows.ts`. */
import {
  condition,
  defineSignal,
  deprecatePatch,
  patched,
  proxyActivities,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const again = defineSignal("again");

export async function isPatched(): Promise<readonly unknown[]> {
  const first = patched("first-change") ? await echo("new way") : await echo("old way");
  await sleep(5);
  return [first, patched("first-change"), patched("second-change"), await echo("end")];
}

/** Several patches in one task, in an order that is not the alphabet's. */
export async function isPatchedTwice(): Promise<readonly unknown[]> {
  const answers = [patched("zebra"), patched("apple"), patched("zebra"), patched("mango")];
  upsertSearchAttributes({ CustomIntField: [1] });
  await echo("x");
  return [answers, patched("banana"), await echo("y")];
}

export async function isDeprecated(): Promise<string> {
  deprecatePatch("old-change");
  return await echo("the only way");
}

/** Asked in a loop, at each turn of which it may be the first time. */
export async function asksInLoop(): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  let turns = 0;
  setHandler(again, () => {
    turns += 1;
  });
  while (answers.length < 3) {
    await condition(() => turns > answers.length);
    answers.push(patched(`turn-${answers.length}`));
    await sleep(2);
  }
  return answers;
}

/** Asked inside a condition's predicate and a signal handler. */
export async function asksEverywhere(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(again, () => void trace.push(patched("in-handler")));
  await condition(() => trace.length > 0 && patched("in-condition"));
  return [trace, await echo("end")];
}

/** Had no patch when it ran. */
export async function wasNotPatched(): Promise<readonly unknown[]> {
  const way = patched("later-change") ? await echo("new way") : await echo("old way");
  await sleep(5);
  return [way, await echo("end")];
}

/** Was patched when it ran; by now the old way is gone. */
export async function wasPatched(): Promise<readonly unknown[]> {
  deprecatePatch("finished-change");
  const way = await echo("new way");
  await sleep(5);
  return [way, await echo("end")];
}

/** Had its patch deprecated when it ran; by now it is not mentioned any more. */
export async function wasDeprecated(): Promise<readonly unknown[]> {
  const way = await echo("new way");
  await sleep(5);
  return [way, await echo("end")];
}
