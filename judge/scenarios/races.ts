/** Workflows about things that happen at the same moment. Their drivers make the moments. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  executeChild,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { outcomeOf } from "./described-errors.ts";

const { echo, meet } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const ring = defineSignal<[string]>("ring");
export const stop = defineSignal("stop");
export const ask = defineUpdate<string, [string]>("ask");

/** A timer that fires while the task that cancels it runs. */
export async function cancelsFiringTimer(durationMs: number): Promise<readonly unknown[]> {
  let isStopped = false;
  setHandler(stop, () => {
    isStopped = true;
  });
  const scope = new CancellationScope();
  const slept = outcomeOf(scope.run(async () => await sleep(durationMs)));
  await condition(() => isStopped);
  scope.cancel();
  return [await slept, await echo("afterwards")];
}

/** Ends at once; a message that arrives meanwhile is heard before the end. */
export async function endsAtOnce(kind: "complete" | "fail" | "cancel"): Promise<readonly string[]> {
  const heard: string[] = [];
  setHandler(ring, (text) => void heard.push(text));
  if (kind === "fail") throw ApplicationFailure.nonRetryable("at once", "AtOnce", heard.length);
  if (kind === "cancel") await sleep("1 hour");
  return heard;
}

/** Ends as soon as it is rung. What it draws at its end is drawn once, however often its end is put off. */
export async function endsAfterRing(): Promise<{
  readonly heard: readonly string[];
  readonly lots: readonly unknown[];
}> {
  const heard: string[] = [];
  setHandler(ring, (text) => void heard.push(text));
  await condition(() => heard.length > 0);
  return { heard, lots: [Math.random(), uuid4(), heard.length] };
}

/** A handler that continues as new by itself. */
export async function continuesFromHandler(isFirst: boolean): Promise<string> {
  if (!isFirst) return "the next run";
  setHandler(ring, async (text) => {
    await echo(text);
    await continueAsNew<typeof continuesFromHandler>(false);
  });
  await sleep("1 hour");
  return "slept through";
}

/** A signal and a timer in one task: the signal is told first. */
export async function waitsForEither(durationMs: number): Promise<readonly unknown[]> {
  let isRung = false;
  const trace: unknown[] = [];
  setHandler(ring, (text) => {
    trace.push(text);
    isRung = true;
  });
  void sleep(durationMs).then(() => trace.push("timer"));
  trace.push(await condition(() => isRung, durationMs));
  await echo("x");
  return trace;
}

/** Everything at once: signals, an activity's end, a timer, a cancellation. */
export async function takesEverything(flag: string, durationMs: number): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(ring, async (text) => {
    trace.push(`ring ${text}`);
    await Promise.resolve();
    trace.push(`rung ${text}`);
  });
  const note = (name: string) => (): void => void trace.push(name);
  const failed =
    (name: string) =>
    (error: unknown): void =>
      void trace.push(`${name} ${isCancellation(error) ? "cancelled" : "failed"}`);
  const scope = new CancellationScope({ cancellable: false });
  await scope.run(async () => {
    const all = [
      meet(`${flag}/first`).then(note("activity")),
      sleep(durationMs).then(note("timer")),
      meet(`${flag}/second`).then(note("second activity")),
    ];
    void CancellationScope.current().cancelRequested.catch(note("cancel asked for"));
    await Promise.all(all);
  });
  await outcomeOf(sleep(1)).then((outcome) => trace.push(JSON.stringify(outcome).slice(0, 9)));
  await CancellationScope.nonCancellable(async () => await echo("x")).catch(failed("echo"));
  return trace;
}

/** The activity ends while the task that cancels it runs. */
export async function cancelsEndingActivity(
  flag: string,
  cancellationType: "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "ABANDON",
): Promise<readonly unknown[]> {
  const proxied = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds", cancellationType });
  let isStopped = false;
  setHandler(stop, () => {
    isStopped = true;
  });
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await proxied.meet(flag)));
  await condition(() => isStopped);
  scope.cancel();
  return [await outcome, await echo("afterwards")];
}

/** Cancelled while the task in which it completes runs. */
export async function completesWhileCancelled(): Promise<string> {
  let isStopped = false;
  setHandler(stop, () => {
    isStopped = true;
  });
  try {
    await condition(() => isStopped);
    return "completed";
  } catch {
    return "cancelled first";
  }
}

/** An update arrives while the workflow closes. */
export async function closesOnUpdate(): Promise<readonly string[]> {
  const asked: string[] = [];
  let isStopped = false;
  setHandler(ask, (text) => {
    asked.push(text);
    return `heard ${text}`;
  });
  setHandler(stop, () => {
    isStopped = true;
  });
  await condition(() => isStopped);
  return asked;
}

/** Returns in the same task as its update is accepted, which never ends. */
export async function closesWithinUpdate(): Promise<string> {
  let isAsked = false;
  setHandler(
    ask,
    async () => {
      isAsked = true;
      await sleep("1 hour");
      return "never";
    },
    { unfinishedPolicy: "ABANDON" },
  );
  await condition(() => isAsked);
  return "closed first";
}

/** Signal and cancellation in one task. */
export async function isRungAndCancelled(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(ring, (text) => void trace.push(text));
  try {
    await condition(() => trace.includes("enough"));
    trace.push("rung");
  } catch {
    trace.push("cancelled");
  }
  return trace;
}

/** The child ends while the task that cancels it runs. */
export async function cancelsEndingChild(childId: string): Promise<unknown> {
  let isStopped = false;
  setHandler(stop, () => {
    isStopped = true;
  });
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await executeChild(endsAfterRing, { workflowId: childId })));
  await condition(() => isStopped);
  scope.cancel();
  return await outcome;
}
