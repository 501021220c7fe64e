/** Workflows about failing: the classes, what fails a workflow and what only its task. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  condition,
  defineSignal,
  executeChild,
  proxyActivities,
  setHandler,
  setWorkflowOptions,
  sleep,
  TemporalFailure,
  TimeoutFailure,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { describeError } from "./described-errors.ts";

const once = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds", retry: { maximumAttempts: 1 } });

export const upset = defineSignal<[string]>("upset");

/** With everything that an application failure can hold. */
export async function failsInDetail(): Promise<never> {
  await once.echo("before");
  throw ApplicationFailure.create({
    message: "in detail",
    type: "Detailed",
    nonRetryable: true,
    details: ["first", { second: 2 }, null],
    nextRetryDelay: "3 seconds",
    category: "BENIGN",
    cause: new Error("the cause", { cause: ApplicationFailure.retryable("the cause's cause", "Deeper", 1) }),
  });
}

/** What an activity failed with goes out unchanged. */
export async function passesActivityFailureOn(): Promise<unknown> {
  return await once.throwsChain();
}

export async function wrapsActivityFailure(): Promise<never> {
  try {
    await once.fails({ message: "inner", type: "Inner", details: [1] });
  } catch (error) {
    throw ApplicationFailure.nonRetryable(
      "outer",
      "Outer",
      error instanceof ActivityFailure ? error.activityType : null,
    );
  }
  throw new Error("it was to fail");
}

export async function throwsTimeoutFailure(): Promise<never> {
  await sleep(2);
  throw new TimeoutFailure("took too long", "details", "START_TO_CLOSE");
}

export class OwnError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OwnError";
  }
}

/** Fails the workflow, because its options name the class. */
export async function failsByOwnClass(): Promise<never> {
  await sleep(2);
  throw new OwnError("named in the options");
}
setWorkflowOptions({ failureExceptionTypes: [OwnError] }, failsByOwnClass);

export async function failsByAnyError(): Promise<never> {
  setHandler(upset, () => {
    throw new RangeError("in a handler");
  });
  await condition(() => false);
  throw new Error("not reached");
}
setWorkflowOptions(() => ({ failureExceptionTypes: [Error] }), failsByAnyError);

/** Instances of every class, as code tells them apart. */
export async function knowsClasses(): Promise<readonly unknown[]> {
  const samples: readonly Error[] = [
    ApplicationFailure.create({ message: "a" }),
    ApplicationFailure.retryable("b"),
    ApplicationFailure.nonRetryable("c", "Own", 1),
    ApplicationFailure.fromError(new TypeError("d")),
    ApplicationFailure.fromError(new TypeError("e"), { type: "Changed", nonRetryable: true }),
    new CancelledFailure("f", [1]),
    new TimeoutFailure("g", undefined, "HEARTBEAT"),
  ];
  return [
    samples.map((sample) => [
      sample.name,
      sample instanceof TemporalFailure,
      sample instanceof ApplicationFailure,
      sample instanceof Error,
      describeError(sample),
    ]),
    await once.echo("on"),
  ];
}

/** Its code was broken until it was mended: see `drivers/deployed-workflows.ts`. */
export async function isMended(): Promise<readonly unknown[]> {
  const first = await once.echo("before");
  await sleep(5);
  return [first, await once.echo("mended")];
}

/** Left a rejection behind until it was mended. */
export async function isMendedRejection(): Promise<string> {
  await sleep(5);
  return await once.echo("mended");
}

/** Its update handler was broken until it was mended. */
export async function childIsMended(childId: string): Promise<unknown> {
  return await executeChild(isMended, { workflowId: childId });
}
