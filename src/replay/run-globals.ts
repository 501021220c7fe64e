/**
 * What the modules of a bundle see as `globalThis`: the platform's globals, under properties of the run's own.
 *
 * Owns: the rule. What workflow code assigns stays with its run; what it did not assign is the platform's. The globals
 * themselves, and the built-in prototypes, are those of the isolate.
 */

type AnyFunction = (...args: unknown[]) => unknown;

/** Names under which the global object holds itself. */
const SELF_NAMES: ReadonlySet<PropertyKey> = new Set(["globalThis", "self", "global"]);

/** One bound copy a function, so that it stays equal to itself. */
const boundFunctions = new WeakMap<object, AnyFunction>();

/** Platform functions refuse another receiver than the global object. Constructors have a prototype and need none. */
function bindToPlatform(value: unknown): unknown {
  if (typeof value !== "function" || Object.hasOwn(value, "prototype")) return value;
  const known = boundFunctions.get(value);
  if (known !== undefined) return known;
  const bound = (value as AnyFunction).bind(globalThis);
  boundFunctions.set(value, bound);
  return bound;
}

/** A global object for one run. */
export function runGlobals(): object {
  const own: object = Object.create(null) as object;
  const globals: object = new Proxy(own, {
    get(target, key) {
      if (Object.hasOwn(target, key)) return Reflect.get(target, key) as unknown;
      return SELF_NAMES.has(key) ? globals : bindToPlatform(Reflect.get(globalThis, key));
    },
    has: (target, key) => Object.hasOwn(target, key) || SELF_NAMES.has(key) || key in globalThis,
    // What belongs to the isolate cannot be taken away from one run: strict code gets a TypeError.
    deleteProperty: (target, key) => !(key in globalThis) && Reflect.deleteProperty(target, key),
  });
  return globals;
}
