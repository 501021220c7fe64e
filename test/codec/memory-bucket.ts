/** A bucket in memory: what R2 does, as far as payloads need it. */
export class MemoryBucket {
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly uploaded: Date }>();
  /** Asked when an object is stored. */
  now: () => number = () => 0;

  async get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null> {
    const object = this.objects.get(key);
    return object ? { arrayBuffer: async () => new Uint8Array(object.bytes).buffer } : null;
  }

  async put(key: string, value: Uint8Array): Promise<unknown> {
    this.objects.set(key, { bytes: value.slice(), uploaded: new Date(this.now()) });
    return undefined;
  }

  async delete(keys: string | readonly string[]): Promise<void> {
    for (const key of typeof keys === "string" ? [keys] : keys) this.objects.delete(key);
  }

  /** Pages end where `limit` says, and a cursor is the last key of the page before. */
  async list({ prefix, limit, cursor = "" }: { prefix: string; limit: number; cursor?: string }): Promise<{
    readonly objects: readonly { readonly key: string; readonly uploaded: Date }[];
    readonly truncated: boolean;
    readonly cursor?: string;
  }> {
    const keys = this.keys.filter((key) => key.startsWith(prefix) && key > cursor);
    const objects = keys
      .slice(0, limit)
      .map((key) => ({ key, uploaded: this.objects.get(key)?.uploaded ?? new Date(0) }));
    const last = objects.at(-1)?.key;
    const truncated = keys.length > objects.length;
    return { objects, truncated, ...(truncated && last !== undefined ? { cursor: last } : {}) };
  }

  /** Every key, in order. */
  get keys(): readonly string[] {
    return [...this.objects.keys()].toSorted();
  }
}
