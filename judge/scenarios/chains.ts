/** Workflows whose runs follow one another by a schedule, after a timeout, or after a wait. */
import {
  ApplicationFailure,
  condition,
  defineSignal,
  defineUpdate,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from "holdfast/workflow";

export const nudge = defineSignal<[string]>("nudge");
export const rouse = defineUpdate<string, [string]>("rouse");

/** What a run knows of those before it. */
function known(): Record<string, unknown> {
  const { attempt, lastResult, lastFailure, cronSchedule, cronScheduleToScheduleInterval, runTimeoutMs } =
    workflowInfo();
  return {
    attempt,
    lastResult,
    lastFailure: lastFailure?.message,
    failureName: lastFailure?.name,
    cronSchedule,
    cronScheduleToScheduleInterval,
    runTimeoutMs,
  };
}

/** Completes, fails, and then says what it knows of both. */
export async function ticksThrice(): Promise<unknown> {
  const { lastResult, lastFailure } = workflowInfo();
  await sleep(1);
  if (lastResult === undefined) return "the first tick";
  if (lastFailure === undefined) throw ApplicationFailure.create({ message: "the second tick", type: "Ticked" });
  return known();
}

/** Runs out of time, until its second attempt. */
export async function runsOutOfTime(): Promise<unknown> {
  if (workflowInfo().attempt < 2) await sleep("1 hour");
  return known();
}

/** Waits for whoever wakes it. */
export async function isWoken(): Promise<string> {
  let by: string | undefined;
  setHandler(nudge, (who) => {
    by = who;
  });
  setHandler(rouse, (who) => {
    by = who;
    return `roused by ${who}`;
  });
  await condition(() => by !== undefined, "1 minute");
  return by ?? "nobody";
}

/** Starts a child that runs by a schedule, and leaves it. */
export async function startsTickingChild(childId: string): Promise<string> {
  const child = await startChild(ticksThrice, {
    workflowId: childId,
    cronSchedule: "TZ=Europe/Zurich 0 8 * * mon-fri",
    parentClosePolicy: ParentClosePolicy.TERMINATE,
    retry: { maximumAttempts: 3 },
  });
  return child.workflowId;
}
