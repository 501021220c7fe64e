/**
 * What a purchase earns: one point for every whole unit of money, twice that for gold customers.
 *
 * Owns: the rule, and the rule as it was first written, which the example is about. Both are plain arithmetic on whole
 * cents and whole points.
 */

/** A customer's account at one moment. */
export interface LoyaltyAccount {
  readonly points: number;
  /** All purchases together. */
  readonly spentCents: number;
}

/** The account after a purchase. */
export type EarningRule = (account: LoyaltyAccount, purchaseCents: number) => LoyaltyAccount;

/** Who has spent this much is a gold customer from the next purchase on. */
export const GOLD_FROM_CENTS = 100_00;

/**
 * The rule as it is meant: a gold customer's purchase earns twice as many points.
 *
 * @example
 * earnPoints({ points: 100, spentCents: 100_00 }, 50_00); // { points: 200, spentCents: 150_00 }
 */
export function earnPoints({ points, spentCents }: LoyaltyAccount, purchaseCents: number): LoyaltyAccount {
  const earned = Math.floor(purchaseCents / 100) * (spentCents >= GOLD_FROM_CENTS ? 2 : 1);
  return { points: points + earned, spentCents: spentCents + purchaseCents };
}

/**
 * The rule as it was first written. It doubles the balance instead of what the purchase earns.
 *
 * @example
 * earnPointsWithBug({ points: 100, spentCents: 100_00 }, 50_00); // { points: 300, spentCents: 150_00 }
 */
export function earnPointsWithBug({ points, spentCents }: LoyaltyAccount, purchaseCents: number): LoyaltyAccount {
  const total = points + Math.floor(purchaseCents / 100);
  return { points: spentCents >= GOLD_FROM_CENTS ? total * 2 : total, spentCents: spentCents + purchaseCents };
}
