/** Workflows that are intercepted, by `interceptors.ts`. */
import {
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  startChild,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo, joinAll } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });
const local = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const knock = defineSignal<[string]>("knock");
export const enter = defineUpdate<string, [string]>("enter");

export async function interceptedChild(): Promise<readonly string[]> {
  const knocks: string[] = [];
  setHandler(knock, (text) => void knocks.push(text));
  await condition(() => knocks.length > 0);
  return knocks;
}

export async function interceptedParent(childId: string, ...more: readonly unknown[]): Promise<readonly unknown[]> {
  const trace: unknown[] = [...more, await echo("x"), await local.joinAll("y"), await joinAll("a", "b")];
  await sleep(5);
  const child = await startChild(interceptedChild, { workflowId: childId });
  await child.signal(knock, "from the parent");
  return [...trace, await child.result()];
}

export async function interceptedHost(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(knock, (text) => void trace.push(text));
  setHandler(
    enter,
    (text) => {
      trace.push(text);
      return `${text} entered`;
    },
    {
      validator: (text) => {
        if (text === "") throw new Error("nobody there");
      },
    },
  );
  await condition(() => trace.length >= 2);
  return trace;
}

export async function interceptedRuns(left: number, ...more: readonly unknown[]): Promise<readonly unknown[]> {
  if (left === 0) return more;
  await sleep(2);
  return await continueAsNew<(left: number) => Promise<readonly unknown[]>>(left - 1);
}
