/**
 * What must be true at the end of the demo.
 *
 * Owns: the checks. It is given what was seen and measures nothing itself, so that every check can be tried with a
 * case that must fail.
 */
import type { Statement } from "../account.ts";
import type { PostingKind } from "../posting.ts";
import type { TransferOrder } from "../workflows.ts";

export interface Check {
  readonly what: string;
  readonly ok: boolean;
}

/** Everything the demo saw that the checks need. Times are epoch milliseconds. */
export interface Observed {
  readonly order: TransferOrder;
  readonly fromOpeningCents: number;
  readonly toOpeningCents: number;
  readonly from: Statement;
  readonly to: Statement;
  readonly status: string;
  readonly killedAtMs: number;
  readonly restartedAtMs: number;
  /** Words that were found where only ciphertext may be. */
  readonly leakedFromHistory: readonly string[];
  readonly leakedFromStorage: readonly string[];
  /** Words found in the files of the example's own accounts: shows that the search finds what is there. */
  readonly foundInAccounts: readonly string[];
}

/** The one entry of this kind, or undefined when there is none or more than one. */
function onlyEntry(statement: Statement, kind: PostingKind) {
  const entries = statement.ledger.filter((entry) => entry.kind === kind);
  return entries.length === 1 ? entries[0] : undefined;
}

/** Ledgers besides the opening: one movement each, of the right kind and amount. */
function movedOnce(statement: Statement, kind: PostingKind, amountCents: number): boolean {
  return statement.ledger.length === 2 && onlyEntry(statement, kind)?.amountCents === amountCents;
}

/**
 * Each check with its outcome. The demo has succeeded when all are ok.
 *
 * @example
 * const failed = verdict(observed).filter((check) => !check.ok);
 */
export function verdict(observed: Observed): readonly Check[] {
  const { order, from, to } = observed;
  const withdrawal = onlyEntry(from, "withdrawal");
  const deposit = onlyEntry(to, "deposit");
  return [
    { what: "the workflow is COMPLETED", ok: observed.status === "COMPLETED" },
    { what: `${order.from} has exactly one withdrawal`, ok: movedOnce(from, "withdrawal", order.amountCents) },
    { what: `${order.to} has exactly one deposit`, ok: movedOnce(to, "deposit", order.amountCents) },
    {
      what: "both balances moved by exactly the amount",
      ok:
        from.balanceCents === observed.fromOpeningCents - order.amountCents &&
        to.balanceCents === observed.toOpeningCents + order.amountCents,
    },
    {
      what: "the withdrawal was made before the kill, the deposit after it",
      ok:
        withdrawal !== undefined &&
        deposit !== undefined &&
        withdrawal.postedAtMs <= observed.killedAtMs &&
        deposit.postedAtMs >= observed.restartedAtMs,
    },
    { what: "the stored history holds no plain text", ok: observed.leakedFromHistory.length === 0 },
    {
      what: "the service's files on disk hold no plain text (and the same search finds it in the accounts' files)",
      ok: observed.leakedFromStorage.length === 0 && observed.foundInAccounts.length > 0,
    },
  ];
}
