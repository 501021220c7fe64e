/**
 * Activities as functions: a proxy whose methods schedule activities.
 *
 * Owns: the types that carry an activity's arguments and result over, and the proxy.
 */
import { type ActivityOptions, scheduleActivity } from "../../replay/schedule-activity.ts";

/** Any activity function: every function type is assignable to this one. */
export type ActivityFunction = (...args: never[]) => unknown;

/** An activity as workflow code calls it. */
export interface ActivityFunctionWithOptions<Activity extends ActivityFunction> {
  (...args: Parameters<Activity>): Promise<Awaited<ReturnType<Activity>>>;
  /** Calls it with options of its own, laid over those of the proxy. */
  executeWithOptions(options: ActivityOptions, args: Parameters<Activity>): Promise<Awaited<ReturnType<Activity>>>;
}

/** The activities of a module, as workflow code calls them. What is no function is left out. */
export type ActivityInterfaceFor<Activities> = {
  readonly [
    K in keyof Activities as Activities[K] extends ActivityFunction ? K : never
  ]: Activities[K] extends ActivityFunction ? ActivityFunctionWithOptions<Activities[K]> : never;
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
 * A call throws `TypeError` if the options set neither `startToCloseTimeout` nor `scheduleToCloseTimeout`; its promise
 * rejects with `ActivityFailure`.
 *
 * @example
 * const { withdraw, deposit } = proxyActivities<typeof activities>({ startToCloseTimeout: "10 seconds" });
 */
export function proxyActivities<Activities = UntypedActivities>(
  options: ActivityOptions,
): ActivityInterfaceFor<Activities> {
  const functions = new Map<string, ActivityFunctionWithOptions<ActivityFunction>>();
  const target = Object.freeze({});
  return new Proxy(target, {
    get(_, name) {
      if (typeof name !== "string" || NEVER_ACTIVITIES.has(name)) return undefined;
      const known = functions.get(name) ?? activityFunction(name, options);
      functions.set(name, known);
      return known;
    },
  }) as ActivityInterfaceFor<Activities>;
}

function activityFunction(name: string, options: ActivityOptions): ActivityFunctionWithOptions<ActivityFunction> {
  const call = (...args: unknown[]) => scheduleActivity<unknown>(name, args, options);
  const executeWithOptions = (overrides: ActivityOptions, args: unknown[]) =>
    scheduleActivity<unknown>(name, args, { ...options, ...overrides });
  return Object.assign(call, { executeWithOptions });
}
