/**
 * Memo and search attributes of one run, as its code sees them: what it was started with, and its own changes.
 *
 * Owns: the values. Each change makes new objects, so that what `workflowInfo()` gave before stays as it was.
 */
import {
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  type SearchAttributes,
  type SearchAttributeUpdatePair,
  TypedSearchAttributes,
  type UntypedSearchAttributes,
} from "../codec/index.ts";
import type { SearchAttributeMap } from "../core/payload.ts";

export class RunAttributes {
  #memo: Readonly<Record<string, unknown>> = Object.freeze({});
  #untyped: SearchAttributes = Object.freeze({});
  #typed = new TypedSearchAttributes();
  #wire: SearchAttributeMap = { indexedFields: {} };

  get memo(): Readonly<Record<string, unknown>> {
    return this.#memo;
  }

  get searchAttributes(): SearchAttributes {
    return this.#untyped;
  }

  get typedSearchAttributes(): TypedSearchAttributes {
    return this.#typed;
  }

  /** The search attributes as they are now, for the next run; undefined for none. Lists of patches are not among them. */
  get currentSearchAttributes(): SearchAttributeMap | undefined {
    return Object.keys(this.#wire.indexedFields).length === 0 ? undefined : this.#wire;
  }

  initialize(memo: Readonly<Record<string, unknown>>, searchAttributes: SearchAttributeMap | undefined): void {
    this.#memo = Object.freeze({ ...memo });
    this.#untyped = Object.freeze(decodeSearchAttributes(searchAttributes));
    this.#typed = decodeTypedSearchAttributes(searchAttributes);
    this.#wire = searchAttributes ?? { indexedFields: {} };
  }

  /** Merges at the first level; null and undefined remove. */
  upsertMemo(changes: Readonly<Record<string, unknown>>): void {
    const merged = Object.entries({ ...this.#memo, ...changes }).filter(([, value]) => !isAbsent(value));
    this.#memo = Object.freeze(Object.fromEntries(merged));
  }

  /** Takes in changes, in either form, and what they are on the wire. */
  upsertSearchAttributes(
    changes: readonly SearchAttributeUpdatePair[] | UntypedSearchAttributes,
    wire: SearchAttributeMap,
  ): void {
    const isRemoved = isTyped(changes)
      ? new Set(changes.filter(({ value }) => isAbsent(value)).map(({ key }) => key.name))
      : new Set(Object.keys(changes).filter((name) => (changes[name] ?? []).length === 0));
    const merged = { ...this.#wire.indexedFields, ...wire.indexedFields };
    const kept = Object.entries(merged).filter(([name]) => !isRemoved.has(name));
    this.#wire = { indexedFields: Object.fromEntries(kept) };
    this.#untyped = Object.freeze(decodeSearchAttributes(this.#wire));
    this.#typed = isTyped(changes) ? this.#typed.updateCopy(changes) : this.#mergedUntyped(changes, wire);
  }

  /** The typed form after untyped changes. A text that was one stays one, though it looks like a keyword. */
  #mergedUntyped(changes: UntypedSearchAttributes, wire: SearchAttributeMap): TypedSearchAttributes {
    const known = this.#typed.getAll().filter(({ key }) => Object.hasOwn(changes, key.name));
    const removals = known.map(({ key }) => ({ key, value: null }) as SearchAttributeUpdatePair);
    const isText = new Set(known.filter(({ key }) => key.type === "TEXT").map(({ key }) => key.name));
    const values = decodeTypedSearchAttributes(wire)
      .getAll()
      .map((pair) =>
        pair.key.type === "KEYWORD" && isText.has(pair.key.name)
          ? { key: { name: pair.key.name, type: "TEXT" as const }, value: pair.value }
          : pair,
      );
    return this.#typed.updateCopy([...removals, ...values] as SearchAttributeUpdatePair[]);
  }
}

function isAbsent(value: unknown): boolean {
  return value === null || value === undefined;
}

function isTyped(
  changes: readonly SearchAttributeUpdatePair[] | UntypedSearchAttributes,
): changes is readonly SearchAttributeUpdatePair[] {
  return Array.isArray(changes);
}
