/**
 * `instanceof` that holds over copies of a class.
 *
 * Owns: the mark that stands for a class. A workflow bundle and a client may each hold a copy of this package, and a
 * prototype of one is unknown to the other; a registered symbol is the same in both.
 */

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/**
 * Marks a class so that `instanceof` recognises instances made by any copy of it, and names its instances: by the name
 * of the class unless `instanceName` says otherwise.
 *
 * Subclasses that are not marked themselves are matched by prototype as usual.
 *
 * @example
 * class LedgerError extends Error {}
 * identifyClass(LedgerError, "LedgerError");
 * new LedgerError("out of balance").name; // "LedgerError"
 */
export function identifyClass(
  constructor: abstract new (...args: never[]) => object,
  className: string,
  name: string = className,
): void {
  const mark = Symbol.for(`holdfast.class.${className}`);
  const prototype: object = constructor.prototype;
  Object.defineProperty(prototype, mark, { value: true });
  Object.defineProperty(prototype, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(constructor, Symbol.hasInstance, {
    value(this: { readonly prototype: object }, candidate: unknown): boolean {
      if (!isObject(candidate)) return false;
      if (this === constructor) return Reflect.get(candidate, mark) === true;
      return Object.prototype.isPrototypeOf.call(this.prototype, candidate);
    },
  });
}
