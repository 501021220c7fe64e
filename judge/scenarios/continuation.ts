/** Workflows about continue-as-new. */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  ContinueAsNew,
  defineSignal,
  defineUpdate,
  executeChild,
  isCancellation,
  makeContinueAsNewFunc,
  proxyActivities,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const count = defineSignal<[number]>("count");
export const proceed = defineSignal("proceed");
export const addUpdate = defineUpdate<number, [number]>("addUpdate");

export async function countsDown(left: number, total = 0): Promise<number> {
  if (left === 0) return total;
  const sum = total + (await echo(left));
  return await continueAsNew<typeof countsDown>(left - 1, sum);
}

/** Every option of the next run. */
export async function continuesWithOptions(runs: number): Promise<unknown> {
  const { memo, searchAttributes, runTimeoutMs, taskTimeoutMs, attempt, workflowType, continuedFromExecutionRunId } =
    workflowInfo();
  const told = {
    memo,
    searchAttributes,
    runTimeoutMs,
    taskTimeoutMs,
    attempt,
    workflowType,
    isContinued: continuedFromExecutionRunId !== undefined,
  };
  if (runs === 0) return told;
  const next = makeContinueAsNewFunc<typeof continuesWithOptions>({
    workflowType: "continuesWithOptions",
    workflowRunTimeout: "10 minutes",
    workflowTaskTimeout: "7 seconds",
    memo: { stage: runs, note: "given" },
    searchAttributes: { CustomKeywordField: [`stage-${runs}`] },
  });
  await next(runs - 1);
  return "never reached";
}

/** Nothing is given: what is carried over is what the run began with, and the search attributes of now. */
export async function carriesOver(isFirst: boolean): Promise<unknown> {
  const { memo, searchAttributes, retryPolicy, firstExecutionRunId, runId, originalExecutionRunId } = workflowInfo();
  if (!isFirst)
    return {
      memo,
      searchAttributes,
      retryPolicy,
      isFirst: firstExecutionRunId === runId,
      isOriginal: originalExecutionRunId === runId,
    };
  upsertMemo({ upserted: true });
  upsertSearchAttributes({ CustomIntField: [42] });
  await sleep(5);
  return await continueAsNew<typeof carriesOver>(false);
}

/** Counts what it is told, over several runs. No count may be lost. */
export async function countsOn(total: number, runs: number): Promise<number> {
  let sum = total;
  let isAsked = false;
  setHandler(count, (value) => {
    sum += value;
  });
  setHandler(proceed, () => {
    isAsked = true;
  });
  await condition(() => isAsked);
  if (runs === 0) return sum;
  return await continueAsNew<typeof countsOn>(sum, runs - 1);
}

/** Counts until it is suggested to continue, and hands the count on. */
export async function continuesWhenSuggested(total: number, isFirst: boolean): Promise<readonly unknown[]> {
  let sum = total;
  setHandler(count, (value) => {
    sum += value;
  });
  await condition(() => !isFirst || workflowInfo().continueAsNewSuggested);
  if (!isFirst) return [sum, workflowInfo().continueAsNewSuggested];
  return await continueAsNew<typeof continuesWhenSuggested>(sum, false);
}

/** Continues once the update that asked for it has ended. */
export async function continuesAfterUpdate(total: number): Promise<number> {
  let sum = total;
  setHandler(addUpdate, async (value) => {
    sum += value;
    await sleep(5);
    return sum;
  });
  if (total > 0) return sum;
  await condition(() => sum > 0 && allHandlersFinished());
  return await continueAsNew<typeof continuesAfterUpdate>(sum);
}

/** Continues though an update waits: it is asked of the next run. */
export async function continuesDespiteUpdate(isFirst: boolean): Promise<string> {
  const asked: number[] = [];
  let isAsked = false;
  setHandler(proceed, () => {
    isAsked = true;
  });
  setHandler(addUpdate, (value) => {
    asked.push(value);
    return isFirst ? -value : value;
  });
  await condition(() => (isFirst ? isAsked : asked.length > 0));
  if (!isFirst) return `asked ${asked.join()}`;
  return await continueAsNew<typeof continuesDespiteUpdate>(false);
}

/** What continueAsNew throws is not a cancellation, and passes through what catches those. */
export async function continuesFromWithin(isFirst: boolean): Promise<string> {
  if (!isFirst) return "continued";
  try {
    await sleep(5);
    return await continueAsNew<typeof continuesFromWithin>(false);
  } catch (error) {
    if (isCancellation(error)) return "taken for a cancellation";
    if (error instanceof ContinueAsNew) throw error;
    return "taken for a failure";
  }
}

/** A parent whose child continues as new sees only the end of the last run. */
export async function hasContinuingChild(childId: string): Promise<number> {
  return await executeChild(countsDown, { workflowId: childId, args: [2] });
}

/** Cancelled, it continues nevertheless; the next run is not cancelled. */
export async function continuesWhenCancelled(isFirst: boolean): Promise<string> {
  if (!isFirst) return "not cancelled any more";
  try {
    await sleep("1 hour");
  } catch {
    return await continueAsNew<typeof continuesWhenCancelled>(false);
  }
  return "slept through";
}
