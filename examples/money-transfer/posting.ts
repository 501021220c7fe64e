/**
 * The rules of one account: what a posting does to a balance, and when it is refused or has been made already.
 *
 * Owns: the shapes of postings and of the answers to them, and the decision. It stores nothing; `account.ts` keeps
 * the ledger and asks here before it writes.
 */
import { isAmountCents } from "./money.ts";

/** Why money enters or leaves. A withdrawal takes away; the others add. */
export type PostingKind = "opening" | "withdrawal" | "deposit" | "refund";

export interface PostingRequest {
  readonly kind: Exclude<PostingKind, "opening">;
  readonly amountCents: number;
  readonly reference: string;
  /** The same key never moves money twice. */
  readonly idempotencyKey: string;
}

/** One line of a ledger. */
export interface LedgerEntry {
  readonly kind: PostingKind;
  readonly amountCents: number;
  /** The balance after this entry. */
  readonly balanceCents: number;
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly postedAtMs: number;
}

/** What an account answers to a posting. A refusal is a value: error classes would not survive the RPC call. */
export type PostingReply =
  | { readonly kind: "posted"; readonly balanceCents: number }
  | { readonly kind: "posted-before"; readonly balanceCents: number }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly message: string };

export type RefusalReason =
  | "AccountNotFound"
  | "InsufficientFunds"
  | "InvalidAmount"
  | "BalanceTooLarge"
  | "IdempotencyKeyReused";

function refused(reason: RefusalReason, message: string): PostingReply {
  return { kind: "refused", reason, message };
}

/** The answer to a key that the ledger holds already: the first answer again, or a refusal if it now means another. */
function decideRepeated(earlier: LedgerEntry, request: PostingRequest): PostingReply {
  if (earlier.kind !== request.kind || earlier.amountCents !== request.amountCents)
    return refused("IdempotencyKeyReused", "this idempotency key belongs to another posting");
  return { kind: "posted-before", balanceCents: earlier.balanceCents };
}

/**
 * Decides a posting. `posted` asks the caller to write it; any other answer changes nothing.
 *
 * @param balanceCents the balance now; undefined when the account was never opened
 * @param earlier the ledger entry with the request's idempotency key, if there is one
 * @example
 * decidePosting(500, undefined, { kind: "withdrawal", amountCents: 200, reference: "rent", idempotencyKey: "t1#1" });
 * // { kind: "posted", balanceCents: 300 }
 */
export function decidePosting(
  balanceCents: number | undefined,
  earlier: LedgerEntry | undefined,
  request: PostingRequest,
): PostingReply {
  if (balanceCents === undefined) return refused("AccountNotFound", "there is no such account");
  if (!isAmountCents(request.amountCents))
    return refused("InvalidAmount", "an amount is a whole number of cents above zero");
  if (earlier) return decideRepeated(earlier, request);
  const change = request.kind === "withdrawal" ? -request.amountCents : request.amountCents;
  const nextCents = balanceCents + change;
  if (nextCents < 0) return refused("InsufficientFunds", "the balance does not cover the amount");
  if (!Number.isSafeInteger(nextCents)) return refused("BalanceTooLarge", "the balance would be too large to be exact");
  return { kind: "posted", balanceCents: nextCents };
}
