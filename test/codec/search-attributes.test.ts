/** Search attributes: typed and untyped values to and from the wire, and what is refused. */
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";

import {
  type SearchAttributePair,
  SearchAttributeType,
  TypedSearchAttributes,
  ValueError,
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  defineSearchAttributeKey,
  encodeSearchAttributeUpdates,
  encodeSearchAttributes,
} from "../../src/codec/index.ts";
import type { Payload } from "../../src/core/payload.ts";

const keyword = defineSearchAttributeKey("CustomerId", SearchAttributeType.KEYWORD);
const keywords = defineSearchAttributeKey("Tags", SearchAttributeType.KEYWORD_LIST);
const int = defineSearchAttributeKey("Amount", SearchAttributeType.INT);
const datetime = defineSearchAttributeKey("DueAt", SearchAttributeType.DATETIME);

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function wire(json: string, type?: string): Payload {
  return {
    metadata: { encoding: base64("json/plain"), ...(type === undefined ? {} : { type: base64(type) }) },
    data: base64(json),
  };
}

const dates = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z") });
const pairs: fc.Arbitrary<SearchAttributePair> = fc.oneof(
  fc.record({ key: fc.constant({ name: "text", type: "TEXT" as const }), value: fc.string() }),
  fc.record({ key: fc.constant({ name: "keyword", type: "KEYWORD" as const }), value: fc.string() }),
  fc.record({ key: fc.constant({ name: "int", type: "INT" as const }), value: fc.maxSafeInteger() }),
  fc.record({
    key: fc.constant({ name: "double", type: "DOUBLE" as const }),
    // JSON has one zero.
    value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  }),
  fc.record({ key: fc.constant({ name: "bool", type: "BOOL" as const }), value: fc.boolean() }),
  fc.record({ key: fc.constant({ name: "datetime", type: "DATETIME" as const }), value: dates }),
  fc.record({ key: fc.constant({ name: "list", type: "KEYWORD_LIST" as const }), value: fc.array(fc.string()) }),
);

describe("typed search attributes on the wire", () => {
  it("are JSON in clear with the type in the metadata", () => {
    const encoded = encodeSearchAttributes([
      { key: keyword, value: "c-17" },
      { key: keywords, value: ["a", "b"] },
      { key: datetime, value: new Date("2026-01-02T03:04:05.006Z") },
    ]);
    expect(encoded).toEqual({
      indexedFields: {
        CustomerId: wire('"c-17"', "Keyword"),
        Tags: wire('["a","b"]', "KeywordList"),
        DueAt: wire('"2026-01-02T03:04:05.006Z"', "Datetime"),
      },
    });
  });

  it("come back as they were, whatever they hold", () => {
    fc.assert(
      fc.property(fc.uniqueArray(pairs, { selector: ({ key }) => key.name }), (given) => {
        const decoded = decodeTypedSearchAttributes(encodeSearchAttributes(given));
        expect(decoded.getAll()).toEqual(given);
        expect(decodeTypedSearchAttributes(encodeSearchAttributes(decoded)).getAll()).toEqual(given);
      }),
    );
  });

  it("are absent when there are none", () => {
    expect(encodeSearchAttributes([])).toBeUndefined();
    expect(encodeSearchAttributes(undefined, {})).toBeUndefined();
    expect(decodeTypedSearchAttributes(undefined).getAll()).toEqual([]);
  });

  it.each([
    { key: keyword, value: 17 },
    { key: int, value: 1.5 },
    { key: datetime, value: new Date(Number.NaN) },
    { key: keywords, value: ["a", 1] },
    { key: defineSearchAttributeKey("Ratio", SearchAttributeType.DOUBLE), value: Number.NaN },
    { key: { name: "Odd", type: "COLOUR" }, value: "red" },
    { key: { name: "", type: "KEYWORD" }, value: "red" },
  ])("refuses $key.name = $value", (pair) => {
    expect(() => encodeSearchAttributes([pair as unknown as SearchAttributePair])).toThrow(ValueError);
  });

  it("leaves out what has no type that it knows, or not a value of it", () => {
    const decoded = decodeTypedSearchAttributes({
      indexedFields: {
        untyped: wire('"a"'),
        unknown: wire('"a"', "Colour"),
        wrong: wire('"a"', "Int"),
        deleted: wire("null"),
        several: wire("[1,2]", "Int"),
        listOfOne: wire("[1]", "Int"),
        otherSpelling: wire('"x"', "INDEXED_VALUE_TYPE_KEYWORD"),
      },
    });
    expect(decoded.getAll()).toEqual([
      { key: { name: "listOfOne", type: "INT" }, value: 1 },
      { key: { name: "otherSpelling", type: "KEYWORD" }, value: "x" },
    ]);
  });
});

describe("untyped search attributes", () => {
  it("get the type that their values have", () => {
    const at = new Date("2026-01-02T03:04:05.006Z");
    const encoded = encodeSearchAttributes(undefined, {
      One: ["a"],
      Many: ["a", "b"],
      Whole: [1],
      Real: [1, 1.5],
      Yes: [true],
      At: [at],
      Nothing: undefined,
    });
    expect(encoded?.indexedFields).toEqual({
      One: wire('["a"]', "Keyword"),
      Many: wire('["a","b"]', "KeywordList"),
      Whole: wire("[1]", "Int"),
      Real: wire("[1,1.5]", "Double"),
      Yes: wire("[true]", "Bool"),
      At: wire('["2026-01-02T03:04:05.006Z"]', "Datetime"),
    });
    expect(decodeSearchAttributes(encoded)).toEqual({
      One: ["a"],
      Many: ["a", "b"],
      Whole: [1],
      Real: [1, 1.5],
      Yes: [true],
      At: [at],
    });
    expect(decodeTypedSearchAttributes(encoded).get(defineSearchAttributeKey("At", "DATETIME"))).toEqual(at);
  });

  it("give way to the typed value of the same name", () => {
    const encoded = encodeSearchAttributes([{ key: int, value: 1 }], { Amount: [2] });
    expect(decodeSearchAttributes(encoded)).toEqual({ Amount: [1] });
  });

  it.each<readonly [string, unknown]>([
    ["not a list", "a"],
    ["mixed", ["a", 1]],
    ["objects", [{}]],
    ["invalid dates", [new Date(Number.NaN)]],
  ])("are refused: %s", (_what, value) => {
    expect(() => encodeSearchAttributes(undefined, { A: value as unknown[] })).toThrow(ValueError);
  });
});

describe("changes of search attributes", () => {
  it("delete with null or an empty list, without a type", () => {
    const typed = encodeSearchAttributeUpdates([
      { key: keyword, value: null },
      { key: int, value: 2 },
    ]);
    expect(typed.indexedFields).toEqual({ CustomerId: wire("null"), Amount: wire("2", "Int") });
    const untyped = encodeSearchAttributeUpdates({ Tags: [], CustomerId: null });
    expect(untyped.indexedFields).toEqual({ Tags: wire("[]"), CustomerId: wire("null") });
    expect(decodeSearchAttributes(untyped)).toEqual({});
  });

  it("make another instance, and delete only an attribute of the same type", () => {
    const before = new TypedSearchAttributes([
      { key: keyword, value: "c-17" },
      { key: int, value: 1 },
    ]);
    const after = before.updateCopy([
      { key: { name: "CustomerId", type: "TEXT" }, value: null },
      { key: int, value: null },
      { key: keywords, value: ["a"] },
    ]);
    expect(after.getAll()).toEqual([
      { key: keyword, value: "c-17" },
      { key: keywords, value: ["a"] },
    ]);
    expect(before.get(int)).toBe(1);
  });
});

describe("TypedSearchAttributes", () => {
  it("answers undefined for a key of another type, and types its values", () => {
    const attributes = new TypedSearchAttributes([{ key: keyword, value: "c-17" }]);
    expect(attributes.get({ name: "CustomerId", type: "INT" })).toBeUndefined();
    expectTypeOf(attributes.get(keyword)).toEqualTypeOf<string | undefined>();
    expectTypeOf(attributes.get(datetime)).toEqualTypeOf<Date | undefined>();
  });

  it("refuses the same name twice", () => {
    const twice: SearchAttributePair[] = [
      { key: keyword, value: "a" },
      { key: { name: "CustomerId", type: "INT" }, value: 1 },
    ];
    expect(() => new TypedSearchAttributes(twice)).toThrow("Duplicate search attribute key: CustomerId");
  });

  it("does not share dates and lists with its users", () => {
    const tags = ["a"];
    const attributes = new TypedSearchAttributes([{ key: keywords, value: tags }]);
    tags.push("b");
    attributes.get(keywords)?.push("c");
    attributes.copy().get(keywords)?.push("d");
    expect(attributes.get(keywords)).toEqual(["a"]);
    expect(JSON.stringify(attributes)).toBe('[{"key":{"name":"Tags","type":"KEYWORD_LIST"},"value":["a"]}]');
  });
});
