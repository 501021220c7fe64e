/** The variable HOLDFAST_NAMESPACES: what it may say, and what is said of it when it says something else. */
import { describe, expect, it } from "vitest";

import { readNamespaces } from "../../src/durable-objects/namespace-config.ts";

const DAY_MS = 86_400_000;

describe("without the variable", () => {
  it("every namespace exists and keeps closed runs for three days", () => {
    const namespaces = readNamespaces(undefined);
    expect(namespaces("default")).toEqual({ retentionMs: 3 * DAY_MS });
    expect(namespaces("any other")).toEqual({ retentionMs: 3 * DAY_MS });
  });
});

describe("with the variable", () => {
  it("only the namespaces that it names exist", () => {
    const namespaces = readNamespaces({ orders: { retention: "30 days" }, drafts: {} });
    expect(namespaces("orders")).toEqual({ retentionMs: 30 * DAY_MS });
    expect(namespaces("drafts")).toEqual({ retentionMs: 3 * DAY_MS });
    for (const absent of ["default", "Orders", "constructor", "__proto__", ""])
      expect(namespaces(absent)).toBeUndefined();
  });

  it("may be the JSON of the object", () => {
    expect(readNamespaces('{"orders":{"retention":1000}}')("orders")).toEqual({ retentionMs: 1_000 });
  });

  it("may name no namespace at all", () => {
    expect(readNamespaces("{}")("default")).toBeUndefined();
  });

  it.each([
    [1, 1],
    [1.5, 2],
    ["250 ms", 250],
    ["1 second", 1_000],
    ["90 minutes", 5_400_000],
    ["12hours", 43_200_000],
    ["1.5 days", 1.5 * DAY_MS],
    ["2 Weeks", 14 * DAY_MS],
    ["36500 days", 36_500 * DAY_MS],
  ])("reads %j as a retention", (retention, retentionMs) => {
    expect(readNamespaces({ orders: { retention } })("orders")).toEqual({ retentionMs });
  });

  it.each<[string, unknown, RegExp]>([
    ["no JSON", "{orders", /^HOLDFAST_NAMESPACES is no JSON/],
    ["an empty text", "", /^HOLDFAST_NAMESPACES is no JSON/],
    ["a list", ["orders"], /^HOLDFAST_NAMESPACES must be an object/],
    ["the JSON of null", "null", /^HOLDFAST_NAMESPACES must be an object/],
    [
      "a retention in place of the settings",
      { orders: "7 days" },
      /^HOLDFAST_NAMESPACES\["orders"\] must be an object/,
    ],
    ["a malformed name", { "a/b": {} }, /^HOLDFAST_NAMESPACES\["a\/b"\]: namespace must begin/],
    [
      "a field that is misspelt",
      { orders: { retentoin: 1 } },
      /^HOLDFAST_NAMESPACES\["orders"\] has the field "retentoin"/,
    ],
    ["a retention of zero", { orders: { retention: 0 } }, /^HOLDFAST_NAMESPACES\["orders"\].retention is 0/],
    ["a negative one", { orders: { retention: "-1 days" } }, /retention is "-1 days"/],
    ["one without a unit", { orders: { retention: "7" } }, /retention is "7"/],
    ["one of months", { orders: { retention: "2 months" } }, /retention is "2 months"/],
    ["one of more than 100 years", { orders: { retention: "36501 days" } }, /at most 100 years/],
    ["one that is no number", { orders: { retention: Number.NaN } }, /\.retention is null/],
    ["one that is null", { orders: { retention: null } }, /\.retention is null/],
  ])("is refused as %s", (_what, variable, message) => {
    expect(() => readNamespaces(variable)).toThrow(TypeError);
    expect(() => readNamespaces(variable)).toThrow(message);
  });
});
