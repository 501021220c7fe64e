/**
 * Whether anything runs at all: every time an object is loaded, and every call of a method of the service's object or of
 * the workflow worker, whoever makes it.
 *
 * Owns: the counters, one for each Worker (locally a Worker is one isolate), and the wrapper that counts. Unlike
 * `usage.ts`, which counts what is billed, it counts too much rather than too little: what is to be shown is a zero.
 */

export interface Invocations {
  /** Objects constructed. */
  loads: number;
  /** Calls of the object's methods: from outside, by the alarm, by WebSockets, and those it makes itself. */
  objectCalls: number;
  /** Calls of the workflow worker's entrypoint. */
  workerCalls: number;
}

export const invocations: Invocations = { loads: 0, objectCalls: 0, workerCalls: 0 };

/** Route on which a Worker that counts tells what it has counted. It asks no object. */
export const INVOCATIONS_ROUTE = "/invocations";

/**
 * Makes every call of a class's methods count, those that it inherits included, up to what the platform provides.
 *
 * @example
 * countInvocations(CountedWorkflowExecution.prototype, "objectCalls");
 */
export function countInvocations(prototype: object, counter: "objectCalls" | "workerCalls"): void {
  const seen = new Set(["constructor"]);
  for (let holder: object = prototype; isOurs(holder); holder = Object.getPrototypeOf(holder) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (seen.has(name) || typeof value !== "function") continue;
      seen.add(name);
      const original = value as (...args: unknown[]) => unknown;
      Object.defineProperty(prototype, name, {
        configurable: true,
        value(this: unknown, ...args: unknown[]): unknown {
          invocations[counter] += 1;
          return original.apply(this, args);
        },
      });
    }
  }
}

/** The platform's own classes extend nothing but Object. */
function isOurs(prototype: object): boolean {
  const parent: unknown = Object.getPrototypeOf(prototype);
  return parent !== null && parent !== Object.prototype;
}
