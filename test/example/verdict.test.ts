// The demo's checks: all hold for a right run, and each one notices its own kind of wrong.
import { describe, expect, test } from "vitest";

import { type Observed, verdict } from "../../examples/money-transfer/demo/verdict.ts";
import type { LedgerEntry } from "../../examples/money-transfer/posting.ts";

function entry(kind: LedgerEntry["kind"], amountCents: number, balanceCents: number, postedAtMs: number): LedgerEntry {
  return { kind, amountCents, balanceCents, postedAtMs, reference: "rent", idempotencyKey: `${kind}-${postedAtMs}` };
}

const opening = { from: entry("opening", 1_000, 1_000, 0), to: entry("opening", 0, 0, 0) };
const right: Observed = {
  order: { from: "alice", to: "bob", amountCents: 300, reference: "rent", startDelayMs: 0, clearingMs: 8_000 },
  fromOpeningCents: 1_000,
  toOpeningCents: 0,
  from: { balanceCents: 700, ledger: [opening.from, entry("withdrawal", 300, 700, 10)] },
  to: { balanceCents: 300, ledger: [opening.to, entry("deposit", 300, 300, 40)] },
  status: "COMPLETED",
  killedAtMs: 20,
  restartedAtMs: 30,
  leakedFromHistory: [],
  leakedFromStorage: [],
  foundInAccounts: ["rent"],
};

function failing(over: Partial<Observed>): readonly string[] {
  return verdict({ ...right, ...over })
    .filter((check) => !check.ok)
    .map((check) => check.what);
}

test("a right run passes every check", () => {
  expect(failing({})).toEqual([]);
});

describe("a check fails when", () => {
  const withdrawnTwice = [...right.from.ledger, entry("withdrawal", 300, 400, 15)];
  const depositedTwice = [...right.to.ledger, entry("deposit", 300, 600, 50)];
  test.each<[string, Partial<Observed>, string]>([
    ["the workflow still runs", { status: "RUNNING" }, "COMPLETED"],
    ["money left twice", { from: { balanceCents: 400, ledger: withdrawnTwice } }, "exactly one withdrawal"],
    ["money never left", { from: { balanceCents: 1_000, ledger: [opening.from] } }, "exactly one withdrawal"],
    ["money arrived twice", { to: { balanceCents: 600, ledger: depositedTwice } }, "exactly one deposit"],
    ["a balance is off", { to: { ...right.to, balanceCents: 301 } }, "both balances"],
    ["the deposit came before the kill", { killedAtMs: 45, restartedAtMs: 50 }, "the deposit after it"],
    ["the history shows a name", { leakedFromHistory: ["alice"] }, "stored history"],
    ["a file of the service shows a name", { leakedFromStorage: ["alice"] }, "files on disk"],
    ["the search finds nothing anywhere", { foundInAccounts: [] }, "files on disk"],
  ])("%s", (_, over, what) => {
    expect(failing(over)).toContainEqual(expect.stringContaining(what));
  });
});
