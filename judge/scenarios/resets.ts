/** Workflows that are reset: what they draw, are told and wait for, before the point and after it. */
import {
  condition,
  defineSignal,
  defineUpdate,
  getRandomStream,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  uuid4,
  workflowInfo,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const addAmount = defineSignal<[number]>("addAmount");
export const raiseBy = defineUpdate<string, [number]>("raiseBy");
export const closeAccountOf = defineSignal("closeAccountOf");
export const letGo = defineSignal("letGo");

/** Draws of every kind in every task; what is drawn after a reset comes from another seed. */
export async function drawsAcrossResets(): Promise<readonly unknown[]> {
  const stream = getRandomStream("resets");
  const lots: unknown[] = [];
  const draw = (): void => void lots.push(Math.random(), uuid4(), stream.random());
  let isClosed = false;
  setHandler(addAmount, (amount) => {
    lots.push(`${amount} ${Math.random()} ${uuid4()}`);
  });
  setHandler(closeAccountOf, () => {
    isClosed = true;
  });
  draw();
  await echo(lots[1]);
  draw();
  await sleep(20);
  draw();
  await echo(lots.length);
  draw();
  await condition(() => isClosed);
  draw();
  return lots;
}

/** A sum by signals and updates. Updates that are taken over by a reset are asked for, and refused, again. */
export async function accountAcrossResets(): Promise<readonly string[]> {
  const entries: string[] = [];
  let isClosed = false;
  setHandler(addAmount, (amount) => {
    entries.push(`added ${amount}`);
  });
  setHandler(
    raiseBy,
    async (amount) => {
      entries.push(`asked ${amount} ${uuid4()}`);
      const said = await echo(`raised ${amount}`);
      entries.push(said);
      return said;
    },
    {
      validator: (amount) => {
        if (amount < 0) throw new Error("no less than nothing");
      },
    },
  );
  setHandler(closeAccountOf, () => {
    isClosed = true;
  });
  entries.push(await echo("open"));
  await condition(() => isClosed);
  return entries;
}

/** Waits for its parent's word. */
export async function childAcrossResets(): Promise<string> {
  let isLetGo = false;
  setHandler(letGo, () => {
    isLetGo = true;
  });
  await condition(() => isLetGo);
  return `of ${workflowInfo().parent?.workflowId}`;
}

/** Its child begins before the reset and ends after it. */
export async function parentAcrossResets(): Promise<string> {
  const childId = `${workflowInfo().workflowId}.child`;
  const child = await startChild(childAcrossResets, { workflowId: childId });
  const nap = sleep(30);
  await echo("waiting");
  await nap;
  return `${await child.result()} ${uuid4()}`;
}
