/**
 * Search attributes: named values by which executions are found, with their types.
 *
 * Owns: the types, the checks of values against them, and the wire form: JSON in clear, with the type beside it in the
 * payload's metadata. Search attributes pass neither converters nor codecs, because the service searches by them: what
 * must stay secret does not belong here. A deletion is a payload of JSON null, or of an empty list, without a type.
 */
import type { Payload as WirePayload, SearchAttributeMap } from "../core/payload.ts";
import { decodeText, encodeBase64, encodeText } from "./bytes.ts";
import { ValueError } from "./errors.ts";
import { encodingTypes, METADATA_ENCODING_KEY } from "./payload-converter.ts";
import { payloadFromWire } from "./wire-payload.ts";

/** What a search attribute holds. KEYWORD is matched whole, TEXT by its words. */
export const SearchAttributeType = Object.freeze({
  TEXT: "TEXT",
  KEYWORD: "KEYWORD",
  INT: "INT",
  DOUBLE: "DOUBLE",
  BOOL: "BOOL",
  DATETIME: "DATETIME",
  KEYWORD_LIST: "KEYWORD_LIST",
});
export type SearchAttributeType = keyof typeof SearchAttributeType;

/** The type of the values of each kind of search attribute. */
export interface SearchAttributeValues {
  TEXT: string;
  KEYWORD: string;
  INT: number;
  DOUBLE: number;
  BOOL: boolean;
  DATETIME: Date;
  KEYWORD_LIST: string[];
}

/** A name with its type. */
export interface SearchAttributeKey<T extends SearchAttributeType> {
  readonly name: string;
  readonly type: T;
}

/** A search attribute and its value. */
export type SearchAttributePair = {
  [T in SearchAttributeType]: { readonly key: SearchAttributeKey<T>; readonly value: SearchAttributeValues[T] };
}[SearchAttributeType];

/** A change of a search attribute; null deletes it. */
export type SearchAttributeUpdatePair = {
  [T in SearchAttributeType]: { readonly key: SearchAttributeKey<T>; readonly value: SearchAttributeValues[T] | null };
}[SearchAttributeType];

/** The values of an untyped search attribute, all of one type. */
export type SearchAttributeValue = string[] | number[] | boolean[] | Date[];

/** Search attributes by name, without their types. The typed form is to be preferred: here types are guessed. */
export type SearchAttributes = Record<string, Readonly<SearchAttributeValue> | undefined>;

/** Untyped search attributes as they are taken; what is in the lists is checked. */
export type UntypedSearchAttributes = Readonly<Record<string, readonly unknown[] | null | undefined>>;

/** The names of the types as they stand in metadata. */
const METADATA_TYPES: Readonly<Record<SearchAttributeType, string>> = {
  TEXT: "Text",
  KEYWORD: "Keyword",
  INT: "Int",
  DOUBLE: "Double",
  BOOL: "Bool",
  DATETIME: "Datetime",
  KEYWORD_LIST: "KeywordList",
};

/** Histories written elsewhere may name the types in capitals, as the API's enumeration does. */
const TYPES_BY_METADATA: ReadonlyMap<string, SearchAttributeType> = new Map(
  (Object.keys(METADATA_TYPES) as SearchAttributeType[]).flatMap((type) => [
    [METADATA_TYPES[type], type],
    [`INDEXED_VALUE_TYPE_${type}`, type],
  ]),
);

/**
 * Names a search attribute together with its type.
 *
 * @example
 * const customerId = defineSearchAttributeKey("CustomerId", SearchAttributeType.KEYWORD);
 * customerId.name; // "CustomerId"
 */
export function defineSearchAttributeKey<T extends SearchAttributeType>(name: string, type: T): SearchAttributeKey<T> {
  return { name, type };
}

/**
 * Search attributes with their types. An instance never changes; `updateCopy` makes another one.
 *
 * @example
 * const customerId = defineSearchAttributeKey("CustomerId", "KEYWORD");
 * new TypedSearchAttributes([{ key: customerId, value: "c-17" }]).get(customerId); // "c-17"
 */
export class TypedSearchAttributes {
  readonly #pairs: ReadonlyMap<string, SearchAttributePair>;

  /** Throws `ValueError` when two of the pairs have the same name. */
  constructor(initialAttributes: readonly SearchAttributePair[] = []) {
    const pairs = new Map<string, SearchAttributePair>();
    for (const pair of initialAttributes) {
      if (pairs.has(pair.key.name)) throw new ValueError(`Duplicate search attribute key: ${pair.key.name}`);
      pairs.set(pair.key.name, copyPair(pair));
    }
    this.#pairs = pairs;
  }

  /** The value under a key; undefined when there is none, or one of another type. */
  get<T extends SearchAttributeType>(key: SearchAttributeKey<T>): SearchAttributeValues[T] | undefined {
    const value = this.#pairs.get(key.name)?.value;
    return isValueOfType(key.type, value) ? copyValue(value) : undefined;
  }

  /** All of them, in the order in which their names came first. */
  getAll(): SearchAttributePair[] {
    return [...this.#pairs.values()].map(copyPair);
  }

  /** The same attributes in another instance. */
  copy(): TypedSearchAttributes {
    return new TypedSearchAttributes(this.getAll());
  }

  /** These attributes with changes made. A deletion counts only if its type is the attribute's. */
  updateCopy(updates: readonly SearchAttributeUpdatePair[]): TypedSearchAttributes {
    const pairs = new Map(this.#pairs);
    for (const update of updates) {
      const { key, value } = update;
      if (value !== null) pairs.set(key.name, update as SearchAttributePair);
      else if (pairs.get(key.name)?.key.type === key.type) pairs.delete(key.name);
    }
    return new TypedSearchAttributes([...pairs.values()]);
  }

  /** The pairs, for JSON. */
  toJSON(): SearchAttributePair[] {
    return this.getAll();
  }
}

/**
 * The wire form of the search attributes that an execution starts with; undefined when there are none. A name given in
 * both forms has its typed value.
 *
 * Throws `ValueError` for a value that is not of its type, and for untyped values that are not a list of one type.
 *
 * @example
 * const customerId = defineSearchAttributeKey("CustomerId", "KEYWORD");
 * const map = encodeSearchAttributes([{ key: customerId, value: "c-17" }]);
 * decodeSearchAttributes(map); // { CustomerId: ["c-17"] }
 */
export function encodeSearchAttributes(
  typed: readonly SearchAttributePair[] | TypedSearchAttributes | undefined,
  untyped?: UntypedSearchAttributes,
): SearchAttributeMap | undefined {
  const indexedFields = { ...untypedFields(untyped ?? {}), ...typedFields(typed ?? []) };
  return Object.keys(indexedFields).length === 0 ? undefined : { indexedFields };
}

/**
 * The wire form of changes: typed, where null deletes, or untyped, where null or an empty list does.
 *
 * Throws `ValueError` as `encodeSearchAttributes` does.
 *
 * @example
 * const customerId = defineSearchAttributeKey("CustomerId", "KEYWORD");
 * const map = encodeSearchAttributeUpdates([{ key: customerId, value: null }]);
 * decodeSearchAttributes(map); // {}
 */
export function encodeSearchAttributeUpdates(
  updates: readonly SearchAttributeUpdatePair[] | UntypedSearchAttributes,
): SearchAttributeMap {
  return { indexedFields: isPairs(updates) ? typedFields(updates) : untypedFields(updates) };
}

/**
 * Search attributes from the wire, with their types. Those without a known type, or not of it, are left out.
 *
 * @example
 * const customerId = defineSearchAttributeKey("CustomerId", "KEYWORD");
 * const map = encodeSearchAttributes([{ key: customerId, value: "c-17" }]);
 * decodeTypedSearchAttributes(map).get(customerId); // "c-17"
 */
export function decodeTypedSearchAttributes(map: SearchAttributeMap | undefined): TypedSearchAttributes {
  const pairs: SearchAttributePair[] = [];
  for (const [name, payload] of Object.entries(map?.indexedFields ?? {})) {
    const { type, value } = readPayload(payload);
    if (type === undefined) continue;
    // A list of one is the older form of a single value.
    const single =
      type !== "KEYWORD_LIST" && Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
    const typed = type === "DATETIME" ? dateFromJson(single) : single;
    // The check has just made sure that value and type belong together, which a union of pairs cannot follow.
    if (isValueOfType(type, typed)) pairs.push({ key: { name, type }, value: typed } as SearchAttributePair);
  }
  return new TypedSearchAttributes(pairs);
}

/**
 * Search attributes from the wire as lists by name. Deleted ones are left out.
 *
 * @example
 * const map = encodeSearchAttributes(undefined, { CustomerId: ["c-17"], Amounts: [] });
 * decodeSearchAttributes(map); // { CustomerId: ["c-17"] }
 */
export function decodeSearchAttributes(map: SearchAttributeMap | undefined): SearchAttributes {
  const attributes: [string, SearchAttributeValue][] = [];
  for (const [name, payload] of Object.entries(map?.indexedFields ?? {})) {
    const { type, value } = readPayload(payload);
    if (value === null || value === undefined) continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0) continue;
    attributes.push([name, (type === "DATETIME" ? values.map(dateFromJson) : values) as SearchAttributeValue]);
  }
  return Object.fromEntries(attributes);
}

/** Whether a value is one that an attribute of this type can have. */
function isValueOfType<T extends SearchAttributeType>(type: T, value: unknown): value is SearchAttributeValues[T] {
  switch (type) {
    case "TEXT":
    case "KEYWORD":
      return typeof value === "string";
    case "INT":
      return Number.isInteger(value);
    case "DOUBLE":
      return Number.isFinite(value);
    case "BOOL":
      return typeof value === "boolean";
    case "DATETIME":
      return isDate(value) && !Number.isNaN(value.getTime());
    case "KEYWORD_LIST":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
}

/** Workflow code has a Date of its own, so this goes by what the object is and not by its class. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === "[object Date]";
}

function copyValue<V>(value: V): V {
  if (isDate(value)) return new Date(value.getTime()) as V & Date;
  return Array.isArray(value) ? ([...(value as unknown[])] as V & unknown[]) : value;
}

function copyPair(pair: SearchAttributePair): SearchAttributePair {
  return { key: { ...pair.key }, value: copyValue(pair.value) } as SearchAttributePair;
}

function isPairs(
  updates: readonly SearchAttributeUpdatePair[] | UntypedSearchAttributes,
): updates is readonly SearchAttributeUpdatePair[] {
  return Array.isArray(updates);
}

function typedFields(
  typed: readonly SearchAttributeUpdatePair[] | TypedSearchAttributes,
): Readonly<Record<string, WirePayload>> {
  const pairs = "getAll" in typed ? typed.getAll() : typed;
  return Object.fromEntries(pairs.map(({ key, value }) => [checkedName(key.name), typedPayload(key, value)]));
}

function typedPayload(key: SearchAttributeKey<SearchAttributeType>, value: unknown): WirePayload {
  if (value === null) return jsonPayload(null);
  if (!Object.hasOwn(METADATA_TYPES, key.type))
    throw new ValueError(`Search attribute ${key.name} has the unknown type ${JSON.stringify(key.type)}`);
  if (!isValueOfType(key.type, value))
    throw new ValueError(`Invalid search attribute value ${printed(value)} of ${key.name} for given type ${key.type}`);
  return jsonPayload(value, key.type);
}

function untypedFields(attributes: UntypedSearchAttributes): Readonly<Record<string, WirePayload>> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, values]) => values !== undefined)
      .map(([name, values]) => [checkedName(name), untypedPayload(name, values)]),
  );
}

function untypedPayload(name: string, values: unknown): WirePayload {
  if (values === null) return jsonPayload(null);
  if (!Array.isArray(values)) throw new ValueError(`The untyped search attribute ${name} must be a list of values`);
  if (values.length === 0) return jsonPayload([]);
  const type = guessedType(values);
  if (type === undefined)
    throw new ValueError(
      `The values of the search attribute ${name} must all be strings, numbers, booleans or Dates: ${printed(values)}`,
    );
  return jsonPayload(values, type);
}

/** The type that a list of values has; undefined when they are not of one type that search attributes have. */
function guessedType(values: readonly unknown[]): SearchAttributeType | undefined {
  const holds = (type: SearchAttributeType): boolean => values.every((value) => isValueOfType(type, value));
  if (holds("KEYWORD")) return values.length === 1 ? "KEYWORD" : "KEYWORD_LIST";
  return (["INT", "DOUBLE", "BOOL", "DATETIME"] as const).find(holds);
}

function checkedName(name: unknown): string {
  if (typeof name !== "string" || name === "") throw new ValueError("A search attribute must have a name");
  return name;
}

function printed(value: unknown): string {
  return isDate(value) ? "Invalid Date" : (JSON.stringify(value) ?? String(value));
}

function jsonPayload(value: unknown, type?: SearchAttributeType): WirePayload {
  return {
    metadata: {
      [METADATA_ENCODING_KEY]: base64(encodingTypes.METADATA_ENCODING_JSON),
      ...(type === undefined ? {} : { type: base64(METADATA_TYPES[type]) }),
    },
    data: base64(JSON.stringify(value)),
  };
}

function base64(text: string): string {
  return encodeBase64(encodeText(text));
}

function readPayload(wire: WirePayload): { readonly type: SearchAttributeType | undefined; readonly value: unknown } {
  const { metadata, data } = payloadFromWire(wire);
  const type = metadata?.["type"];
  return {
    type: type === undefined ? undefined : TYPES_BY_METADATA.get(decodeText(type)),
    value: data ? (JSON.parse(decodeText(data)) as unknown) : undefined,
  };
}

function dateFromJson(value: unknown): unknown {
  return typeof value === "string" || typeof value === "number" ? new Date(value) : value;
}
