/**
 * The workflows that the benchmark runs on Holdfast.
 *
 * Owns: workflow code, written as a user would write it. Bundled into the Holdfast subject; nothing else imports it
 * but for its types.
 */
import {
  condition,
  defineSignal,
  executeChild,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import type * as activities from "./holdfast-activities.ts";

/** How activities reach their worker: handed over directly, as is the default for short ones, or through the queue. */
export type Dispatch = "eager" | "queue";

const startToCloseTimeout = "30 seconds";

const dispatches = {
  eager: proxyActivities<typeof activities>({ startToCloseTimeout }),
  queue: proxyActivities<typeof activities>({ startToCloseTimeout, allowEagerDispatch: false }),
} as const;

export const go = defineSignal<[string]>("go");
export const runMore = defineSignal<[number]>("runMore");
export const finish = defineSignal("finish");

export async function sequence(steps: number, dispatch: Dispatch): Promise<number> {
  const { step } = dispatches[dispatch];
  let ran = 0;
  for (let index = 0; index < steps; index += 1) {
    await step(index);
    ran += 1;
  }
  return ran;
}

export async function parallel(steps: number, dispatch: Dispatch): Promise<number> {
  const { step } = dispatches[dispatch];
  const results = await Promise.all(Array.from({ length: steps }, (_, index) => step(index)));
  return results.length;
}

export async function waiting(): Promise<string> {
  let signal: string | undefined;
  setHandler(go, (value) => {
    signal = value;
  });
  await condition(() => signal !== undefined);
  return signal ?? "";
}

export async function timer(delayMs: number): Promise<void> {
  await sleep(delayMs);
}

/** Takes as many signals as it is told to. */
export async function tally(signals: number): Promise<number> {
  let taken = 0;
  setHandler(go, () => {
    taken += 1;
  });
  await condition(() => taken >= signals);
  return taken;
}

/** Starts children, all at once, and waits for them. */
export async function fanOut(children: number): Promise<number> {
  const { workflowId } = workflowInfo();
  const results = await Promise.all(
    Array.from({ length: children }, (_, index) =>
      executeChild(child, { workflowId: `${workflowId}/child-${index}`, args: [index] }),
    ),
  );
  return results.length;
}

export async function child(index: number): Promise<number> {
  return index;
}

/** Runs activities one after the other, as many as it is asked for, until it is told to finish. */
export async function segments(run: string, first: number): Promise<void> {
  let due = first;
  let finished = false;
  setHandler(runMore, (activities) => {
    due += activities;
  });
  setHandler(finish, () => {
    finished = true;
  });
  for (;;) {
    await condition(() => due > 0 || finished);
    if (due === 0) return;
    due -= 1;
    await dispatches.eager.stamp(run);
  }
}
