/**
 * The activities of an application, by name.
 *
 * Owns: finding the function for a type. Names come from the outside, so only own properties count: an activity called
 * "toString" does not exist unless somebody wrote it.
 */
import { ApplicationFailure, type ActivityFunction } from "../sdk/common/index.ts";

const FALLBACK_NAME = "default";

export class ActivityRegistry {
  readonly #activities: Readonly<Record<string, unknown>>;

  /** Takes an object or a module namespace; whatever in it is no function is passed over. */
  constructor(activities: object) {
    this.#activities = activities as Readonly<Record<string, unknown>>;
  }

  /**
   * The activity of this name, or the one named `default`. If there is neither, a function that fails with a retryable
   * `NotFoundError`: a deploy may bring the activity before the last attempt.
   */
  find(name: string): ActivityFunction {
    return this.#own(name) ?? this.#own(FALLBACK_NAME) ?? this.#missing(name);
  }

  /** Whether `find` has a function of the application's for this name. */
  has(name: string): boolean {
    return (this.#own(name) ?? this.#own(FALLBACK_NAME)) !== undefined;
  }

  #own(name: string): ActivityFunction | undefined {
    if (!Object.hasOwn(this.#activities, name)) return undefined;
    const candidate = this.#activities[name];
    // Called as a method, so that activities written as an object may use `this`.
    return typeof candidate === "function" ? (candidate.bind(this.#activities) as ActivityFunction) : undefined;
  }

  #missing(name: string): ActivityFunction {
    const available = Object.keys(this.#activities).filter((key) => this.#own(key) !== undefined);
    const message = `Activity function ${name} is not registered on this Worker, available activities: ${JSON.stringify(available)}`;
    return () => Promise.reject(ApplicationFailure.retryable(message, "NotFoundError"));
  }
}
