// What a purchase earns in the loyalty-points example, as it is meant and as it was first written.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { earnPoints, earnPointsWithBug, GOLD_FROM_CENTS } from "../../examples/loyalty-points/points.ts";

const nothing = { points: 0, spentCents: 0 };

describe("a purchase", () => {
  it("earns a point for every whole unit of money", () => {
    expect(earnPoints(nothing, 12_99)).toEqual({ points: 12, spentCents: 12_99 });
    expect(earnPoints(nothing, 99)).toEqual({ points: 0, spentCents: 99 });
  });

  it("earns twice as many for who has been a gold customer before it", () => {
    const gold = earnPoints(nothing, GOLD_FROM_CENTS);
    expect(gold).toEqual({ points: 100, spentCents: 100_00 });
    expect(earnPoints(gold, 50_00)).toEqual({ points: 200, spentCents: 150_00 });
  });

  it("earned the same with the bug, until the customer was a gold customer", () => {
    const purchases = fc.array(fc.integer({ min: 1, max: 60_00 }), { maxLength: 6 });
    fc.assert(
      fc.property(purchases, (cents) => {
        const right = cents.reduce(earnPoints, nothing);
        const wrong = cents.reduce(earnPointsWithBug, nothing);
        const beforeLast = cents.slice(0, -1).reduce((sum, value) => sum + value, 0);
        expect(wrong.spentCents).toBe(right.spentCents);
        if (beforeLast < GOLD_FROM_CENTS) expect(wrong).toEqual(right);
        else expect(wrong.points).toBeGreaterThanOrEqual(right.points);
      }),
    );
  });

  it("doubled the balance with the bug", () => {
    expect(earnPointsWithBug({ points: 100, spentCents: 100_00 }, 50_00)).toEqual({ points: 300, spentCents: 150_00 });
  });
});
