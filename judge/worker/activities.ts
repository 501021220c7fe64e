/**
 * The activities of all scenarios, local ones included.
 *
 * Owns: what an activity may do to a workflow: give something back, fail in every way, wait, be cancelled. Waiting is
 * for flags that a driver raises.
 */
import { activityInfo, ApplicationFailure, CancelledFailure, Context, heartbeat } from "holdfast/activity";

import { flag, flagValue, raiseFlag } from "./flags.ts";

const POLL_MS = 4;

/** How a failing activity fails. */
export interface FailureSpec {
  readonly message: string;
  readonly type?: string;
  readonly nonRetryable?: boolean;
  readonly details?: readonly unknown[];
}

export async function echo<T>(value: T): Promise<T> {
  return value;
}

export async function add(left: number, right: number): Promise<number> {
  return left + right;
}

export async function nothing(): Promise<void> {}

export async function joinAll(...parts: readonly string[]): Promise<string> {
  return parts.join("+");
}

export async function bytes(length: number): Promise<Uint8Array> {
  return Uint8Array.from({ length }, (_, index) => (index * 7) % 256);
}

/** Always fails, as told. */
export async function fails(spec: FailureSpec): Promise<never> {
  throw ApplicationFailure.create({ ...spec, details: [...(spec.details ?? [])] });
}

export async function throwsTypeError(message: string): Promise<never> {
  throw new TypeError(message);
}

export async function throwsText(): Promise<never> {
  // oxlint-disable-next-line typescript/only-throw-error -- It is what the scenario is about.
  throw "not an error";
}

export async function throwsChain(): Promise<never> {
  throw ApplicationFailure.create({
    message: "outer",
    type: "Outer",
    nonRetryable: true,
    cause: new Error("middle", { cause: new TypeError("inner") }),
  });
}

/** Fails in each attempt before the given one; then says which it was. */
export async function succeedsAtAttempt(attempt: number): Promise<number> {
  const info = activityInfo();
  if (info.attempt < attempt) throw new Error(`attempt ${info.attempt} fails`);
  return info.attempt;
}

/** Raises a flag. */
export async function raise(name: string): Promise<string> {
  raiseFlag(name);
  return name;
}

/** Says that it has begun, and ends when it is told to, with the value it is told. Does not hear of cancellation. */
export async function meet(name: string): Promise<unknown> {
  raiseFlag(`${name}/begun`);
  return await flag(`${name}/end`);
}

/** How an activity answers a cancellation. */
export type Answer = "rethrow" | "complete" | "fail" | "ignore";

/** Begins like `meet`, heartbeats, and answers cancellation as told. */
export async function attend(name: string, answer: Answer): Promise<unknown> {
  raiseFlag(`${name}/begun`);
  const { cancellationSignal } = Context.current();
  for (let beat = 0; flagValue(`${name}/end`) === undefined; beat += 1) {
    if (cancellationSignal.aborted && answer !== "ignore") {
      raiseFlag(`${name}/cancelled`);
      switch (answer) {
        case "rethrow":
          throw new CancelledFailure("heard it", [name]);
        case "complete":
          return "cleaned up";
        case "fail":
          throw ApplicationFailure.nonRetryable("could not clean up", "Cleanup");
      }
    }
    if (beat % 5 === 0) heartbeat(beat);
    await scheduler.wait(POLL_MS);
  }
  return flagValue(`${name}/end`);
}

/** Takes its time, in milliseconds, and never hears of cancellation. */
export async function takes(durationMs: number): Promise<number> {
  await scheduler.wait(durationMs);
  return durationMs;
}

/** Beats once with details, then hangs in the first attempt; the next attempt gives the details back. */
export async function remembers(details: string): Promise<unknown> {
  const info = activityInfo();
  if (info.attempt > 1) return info.heartbeatDetails;
  heartbeat(details);
  await scheduler.wait(2_000);
  return "too late";
}

/** What an activity is told about itself. */
export async function introduces(): Promise<Record<string, unknown>> {
  const { activityId, activityType, attempt, isLocal, workflowType, taskQueue } = activityInfo();
  return { activityId, activityType, attempt, isLocal, workflowType, taskQueue };
}
