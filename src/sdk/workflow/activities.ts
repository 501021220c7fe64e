/**
 * Activities as functions: a proxy whose methods schedule activities.
 *
 * Owns: the types that carry an activity's arguments and result over, and the proxy.
 */
import type { LocalActivityOptions } from "../../replay/operation-options.ts";
import { type ActivityOptions, assertActivityOptions, scheduleActivity } from "../../replay/schedule-activity.ts";
import { assertLocalActivityOptions, scheduleLocalActivity } from "../../replay/schedule-local-activity.ts";

/** Any activity function: every function type is assignable to this one. */
export type ActivityFunction = (...args: never[]) => unknown;

/**
 * A function as workflow code calls it: itself if it answers with a promise, with its generics and all; else the same
 * with a promise of its answer.
 */
type Scheduled<Activity extends ActivityFunction> = Activity extends (...args: never[]) => Promise<unknown>
  ? Activity
  : (...args: Parameters<Activity>) => Promise<Awaited<ReturnType<Activity>>>;

interface WithOptions<Activity extends ActivityFunction, Options> {
  /** Calls it with options of its own, laid over those of the proxy. */
  executeWithOptions(options: Options, args: Parameters<Activity>): Promise<Awaited<ReturnType<Activity>>>;
}

/** An activity as workflow code calls it. */
export type ActivityFunctionWithOptions<Activity extends ActivityFunction> = Scheduled<Activity> &
  WithOptions<Activity, ActivityOptions>;

/** The activities of a module, as workflow code calls them. What is no function is left out. */
export type ActivityInterfaceFor<Activities> = {
  readonly [
    K in keyof Activities as Activities[K] extends ActivityFunction ? K : never
  ]: Activities[K] extends ActivityFunction ? ActivityFunctionWithOptions<Activities[K]> : never;
};

/** A local activity as workflow code calls it. */
export type LocalActivityFunctionWithOptions<Activity extends ActivityFunction> = Scheduled<Activity> &
  WithOptions<Activity, Partial<LocalActivityOptions>>;

/** The activities of a module, as workflow code calls them locally. What is no function is left out. */
export type LocalActivityInterfaceFor<Activities> = {
  readonly [
    K in keyof Activities as Activities[K] extends ActivityFunction ? K : never
  ]: Activities[K] extends ActivityFunction ? LocalActivityFunctionWithOptions<Activities[K]> : never;
};

/** Activities of which nothing is known but that they are activities. */
export type UntypedActivities = Record<string, (...args: unknown[]) => unknown>;

/**
 * Names that are asked of any object, and so are no activities: a proxy that had a `then` would be taken for a promise.
 */
const NEVER_ACTIVITIES: ReadonlySet<string | symbol> = new Set(["then", "catch", "finally", "toJSON", "constructor"]);

/**
 * Activities to call from workflow code. Import the activities as types only, so that the workflow's bundle does not
 * hold their code.
 *
 * Throws `TypeError` if the options set neither `startToCloseTimeout` nor `scheduleToCloseTimeout`. A call's promise
 * rejects with `ActivityFailure`.
 *
 * @example
 * const { withdraw, deposit } = proxyActivities<typeof activities>({ startToCloseTimeout: "10 seconds" });
 */
export function proxyActivities<Activities = UntypedActivities>(
  options: ActivityOptions,
): ActivityInterfaceFor<Activities> {
  assertActivityOptions(options);
  return activityProxy(options, scheduleActivity) as ActivityInterfaceFor<Activities>;
}

/**
 * Activities to run inside the workflow's worker, within its workflow tasks: quick, and not heard of by the service
 * until they end. A lost worker runs those again that had not ended. Import the activities as types only.
 *
 * Throws `TypeError` if the options set neither `startToCloseTimeout` nor `scheduleToCloseTimeout`. A call's promise
 * rejects with what the activity threw, with `ActivityFailure` around a timeout or a cancellation, and with
 * `ReferenceError` if the worker does not have the activity.
 *
 * @example
 * const { exchangeRate } = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "5 seconds" });
 */
export function proxyLocalActivities<Activities = UntypedActivities>(
  options: LocalActivityOptions,
): LocalActivityInterfaceFor<Activities> {
  assertLocalActivityOptions(options);
  return activityProxy(options, scheduleLocalActivity) as LocalActivityInterfaceFor<Activities>;
}

type Schedule<Options> = (name: string, args: readonly unknown[], options: Options) => Promise<unknown>;

/** An object whose every property is a function that schedules the activity of its name. */
function activityProxy<Options extends object>(options: Options, schedule: Schedule<Options>): object {
  const functions = new Map<string, ActivityFunction>();
  return new Proxy(Object.freeze({}), {
    get(_, name) {
      if (typeof name !== "string" || NEVER_ACTIVITIES.has(name)) return undefined;
      const known = functions.get(name) ?? activityFunction(name, options, schedule);
      functions.set(name, known);
      return known;
    },
  });
}

function activityFunction<Options>(name: string, options: Options, schedule: Schedule<Options>): ActivityFunction {
  const call = (...args: unknown[]) => schedule(name, args, options);
  const executeWithOptions = (overrides: Options, args: unknown[]) =>
    schedule(name, args, { ...options, ...overrides });
  return Object.assign(call, { executeWithOptions });
}
