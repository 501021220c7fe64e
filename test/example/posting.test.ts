// The rules of an account, and that no order of repeated postings makes or loses money.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { decidePosting, type LedgerEntry, type PostingRequest } from "../../examples/money-transfer/posting.ts";

function request(over: Partial<PostingRequest> = {}): PostingRequest {
  return { kind: "withdrawal", amountCents: 200, reference: "rent", idempotencyKey: "transfer-1#1", ...over };
}

function entry(over: Partial<LedgerEntry> = {}): LedgerEntry {
  return { ...request(), balanceCents: 300, postedAtMs: 0, ...over };
}

describe("decidePosting", () => {
  test("a withdrawal takes away, a deposit and a refund add", () => {
    expect(decidePosting(500, undefined, request())).toEqual({ kind: "posted", balanceCents: 300 });
    expect(decidePosting(500, undefined, request({ kind: "deposit" }))).toEqual({ kind: "posted", balanceCents: 700 });
    expect(decidePosting(500, undefined, request({ kind: "refund" }))).toEqual({ kind: "posted", balanceCents: 700 });
  });

  test("the whole balance may be withdrawn, a cent more may not", () => {
    expect(decidePosting(200, undefined, request())).toEqual({ kind: "posted", balanceCents: 0 });
    expect(decidePosting(199, undefined, request())).toMatchObject({ kind: "refused", reason: "InsufficientFunds" });
  });

  test("an account that was never opened takes nothing", () => {
    expect(decidePosting(undefined, undefined, request())).toMatchObject({ reason: "AccountNotFound" });
  });

  test.each([0, -200, 0.5])("an amount of %s is refused", (amountCents) => {
    expect(decidePosting(500, undefined, request({ amountCents }))).toMatchObject({ reason: "InvalidAmount" });
  });

  test("a balance stays exact", () => {
    const deposit = request({ kind: "deposit", amountCents: 1 });
    expect(decidePosting(Number.MAX_SAFE_INTEGER, undefined, deposit)).toMatchObject({ reason: "BalanceTooLarge" });
  });

  test("the same request again is answered as the first time, even when the balance would no longer cover it", () => {
    expect(decidePosting(0, entry(), request())).toEqual({ kind: "posted-before", balanceCents: 300 });
  });

  test.each([{ amountCents: 201 }, { kind: "refund" as const }])("a key is not lent to another posting: %o", (over) => {
    expect(decidePosting(500, entry(), request(over))).toMatchObject({ reason: "IdempotencyKeyReused" });
  });
});

test("however often postings are repeated, the balance is the sum of the distinct ones", () => {
  const kinds = fc.constantFrom("withdrawal" as const, "deposit" as const, "refund" as const);
  const posting = fc.record({ kind: kinds, amountCents: fc.integer({ min: 1, max: 1_000 }) });
  const deliveries = fc.array(fc.nat({ max: 9 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(posting, { minLength: 10, maxLength: 10 }), deliveries, (postings, order) => {
      const ledger = new Map<string, LedgerEntry>();
      let balanceCents = 2_000;
      for (const index of order) {
        const asked = request({ ...postings[index], idempotencyKey: `transfer#${index}` });
        const reply = decidePosting(balanceCents, ledger.get(asked.idempotencyKey), asked);
        if (reply.kind !== "posted") continue;
        balanceCents = reply.balanceCents;
        ledger.set(asked.idempotencyKey, { ...asked, balanceCents, postedAtMs: 0 });
      }
      const changes = [...ledger.values()].map((made) => (made.kind === "withdrawal" ? -1 : 1) * made.amountCents);
      expect(balanceCents).toBe(changes.reduce((sum, change) => sum + change, 2_000));
      expect(balanceCents).toBeGreaterThanOrEqual(0);
    }),
  );
});
