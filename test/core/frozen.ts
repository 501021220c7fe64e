/** Frozen copies: a decision that writes to what it was given throws at once. */

/** A deep copy that cannot be changed. Keeps prototypes, which `structuredClone` does not. */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const copy = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const [key, inner] of Object.entries(value))
    Object.defineProperty(copy, key, { value: frozenCopy<unknown>(inner), enumerable: true });
  return Object.freeze(copy) as T;
}
