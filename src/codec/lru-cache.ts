/**
 * A map that forgets what was used longest ago once it is full.
 *
 * Owns: the bound. A `Map` keeps insertion order, so using an entry means inserting it again.
 */
export class LruCache<K, V extends object> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, made by `create` if there is none. */
  getOrCreate(key: K, create: () => V): V {
    const value = this.#entries.get(key) ?? create();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) this.#forgetOldest();
    return value;
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  #forgetOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
