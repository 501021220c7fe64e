// Amounts: what is one, and how it reads. No arithmetic in fractions anywhere.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { formatCents, isAmountCents, isBalanceCents } from "../../examples/money-transfer/money.ts";

describe("isAmountCents", () => {
  test.each([1, 50, Number.MAX_SAFE_INTEGER])("takes %s", (cents) => {
    expect(isAmountCents(cents)).toBe(true);
  });

  test.each([0, -1, 0.5, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER + 1, "100", null, undefined, 10n])(
    "refuses %s",
    (value) => {
      expect(isAmountCents(value)).toBe(false);
    },
  );
});

test("a balance may be zero, an amount may not", () => {
  expect(isBalanceCents(0)).toBe(true);
  expect(isBalanceCents(-1)).toBe(false);
});

describe("formatCents", () => {
  test.each([
    [0, "0.00"],
    [5, "0.05"],
    [-5, "-0.05"],
    [100, "1.00"],
    [99_999, "999.99"],
    [100_000, "1,000.00"],
    [314_159, "3,141.59"],
    [Number.MAX_SAFE_INTEGER, "90,071,992,547,409.91"],
  ])("shows %i as %s", (cents, text) => {
    expect(formatCents(cents)).toBe(text);
  });

  test("refuses a fraction", () => {
    expect(() => formatCents(0.5)).toThrow(RangeError);
  });

  test("loses no digit of any amount", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (cents) => {
        expect(Number(formatCents(cents).replace(/[,.]/g, ""))).toBe(cents === 0 ? 0 : cents);
      }),
    );
  });
});
