/**
 * The versions of some workflows that the judged Worker runs, where the official SDK replays others of the same name.
 *
 * Owns: old code that new code has to replay, and broken code that was mended while the workflow ran.
 */
import { deprecatePatch, patched, proxyActivities, sleep, workflowInfo } from "holdfast/workflow";

import * as mended from "../scenarios/failures.ts";
import type * as activities from "../worker/activities.ts";
import { flagValue, raiseFlag } from "../worker/flags.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });
const once = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds", retry: { maximumAttempts: 1 } });

export async function wasNotPatched(): Promise<readonly unknown[]> {
  const way = await echo("old way");
  await sleep(5);
  return [way, await echo("end")];
}

export async function wasPatched(): Promise<readonly unknown[]> {
  const way = patched("finished-change") ? await echo("new way") : await echo("old way");
  await sleep(5);
  return [way, await echo("end")];
}

export async function wasDeprecated(): Promise<readonly unknown[]> {
  deprecatePatch("forgotten-change");
  const way = await echo("new way");
  await sleep(5);
  return [way, await echo("end")];
}

/** Whether the workflow's code has been mended by its driver; says that it has been run, too. */
function isCodeMended(): boolean {
  const { workflowId } = workflowInfo();
  raiseFlag(`${workflowId}/broken`);
  return flagValue(`${workflowId}/mended`) !== undefined;
}

export async function isMended(): Promise<readonly unknown[]> {
  if (isCodeMended()) return await mended.isMended();
  await once.echo("before");
  throw new TypeError("the code is broken");
}

export async function isMendedRejection(): Promise<string> {
  if (isCodeMended()) return await mended.isMendedRejection();
  await sleep(5);
  void Promise.reject(new Error("nobody handles this"));
  return await once.echo("mended");
}
