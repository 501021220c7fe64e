/** Workflows that are paused while they are at work. */
import { condition, defineSignal, proxyActivities, setHandler, sleep } from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const jot = defineSignal<[string]>("jot");

/** Goes on when it is told to, by a timer and an activity, and ends when it is told to. */
export async function worksThroughPauses(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(jot, (text) => void trace.push(text));
  trace.push(await echo("before"));
  await condition(() => trace.includes("go on"));
  const [said] = await Promise.all([echo("after"), sleep(30)]);
  trace.push(said);
  await condition(() => trace.includes("end"));
  return trace;
}

/** Does nothing before its first signal. */
export async function waitsForOneNote(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(jot, (text) => void trace.push(text));
  await condition(() => trace.length > 0);
  return trace;
}
