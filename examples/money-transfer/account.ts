/**
 * Account: the example's own Durable Object, one per account, with the ledger in its SQLite storage.
 *
 * Owns: the money. Holdfast knows nothing of this class; activities and routes call it over RPC. What crosses the
 * edge is plain data from `posting.ts`. The ledger is append-only and its newest row holds the balance, so a posting
 * is one row, written together with the idempotency key that keeps it from being made twice.
 */
import { DurableObject, exports } from "cloudflare:workers";

import {
  decidePosting,
  type LedgerEntry,
  type PostingKind,
  type PostingReply,
  type PostingRequest,
} from "./posting.ts";

/** An account as the routes show it. The ledger is in the order of posting. */
export interface Statement {
  readonly balanceCents: number;
  readonly ledger: readonly LedgerEntry[];
}

type LedgerRow = {
  kind: PostingKind;
  amount_cents: number;
  balance_cents: number;
  reference: string;
  idempotency_key: string;
  posted_at_ms: number;
};

const OPENING_KEY = "opening";

function entryOf(row: LedgerRow): LedgerEntry {
  return {
    kind: row.kind,
    amountCents: row.amount_cents,
    balanceCents: row.balance_cents,
    reference: row.reference,
    idempotencyKey: row.idempotency_key,
    postedAtMs: row.posted_at_ms,
  };
}

export class Account extends DurableObject {
  /**
   * Opens the account, once.
   *
   * @param openingCents the first balance; zero or more
   * @returns false when the account is open already; it is left as it is
   */
  open(openingCents: number): boolean {
    return this.ctx.storage.transactionSync(() => {
      if (this.#isOpen()) return false;
      this.ctx.storage.sql.exec(
        `CREATE TABLE ledger (
           position INTEGER PRIMARY KEY,
           kind TEXT NOT NULL,
           amount_cents INTEGER NOT NULL,
           balance_cents INTEGER NOT NULL CHECK (balance_cents >= 0),
           reference TEXT NOT NULL,
           idempotency_key TEXT NOT NULL UNIQUE,
           posted_at_ms INTEGER NOT NULL
         )`,
      );
      this.#append("opening", openingCents, openingCents, "", OPENING_KEY);
      return true;
    });
  }

  /** Makes a posting, or says why not. The same request again answers as it did the first time. */
  post(request: PostingRequest): PostingReply {
    return this.ctx.storage.transactionSync(() => {
      const reply = decidePosting(this.#balanceCents(), this.#entryWithKey(request.idempotencyKey), request);
      if (reply.kind === "posted") {
        const { kind, amountCents, reference, idempotencyKey } = request;
        this.#append(kind, amountCents, reply.balanceCents, reference, idempotencyKey);
      }
      return reply;
    });
  }

  /** Balance and ledger; undefined when the account was never opened. */
  statement(): Statement | undefined {
    const balanceCents = this.#balanceCents();
    if (balanceCents === undefined) return undefined;
    const rows = this.ctx.storage.sql.exec<LedgerRow>("SELECT * FROM ledger ORDER BY position").toArray();
    return { balanceCents, ledger: rows.map(entryOf) };
  }

  /** The table is made by `open`, so that asking for an account that does not exist stores nothing. */
  #isOpen(): boolean {
    return this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'ledger'").toArray().length > 0;
  }

  #balanceCents(): number | undefined {
    if (!this.#isOpen()) return undefined;
    const newest = "SELECT balance_cents FROM ledger ORDER BY position DESC LIMIT 1";
    return this.ctx.storage.sql.exec<{ balance_cents: number }>(newest).toArray()[0]?.balance_cents;
  }

  #entryWithKey(idempotencyKey: string): LedgerEntry | undefined {
    if (!this.#isOpen()) return undefined;
    const withKey = "SELECT * FROM ledger WHERE idempotency_key = ?";
    const row = this.ctx.storage.sql.exec<LedgerRow>(withKey, idempotencyKey).toArray()[0];
    return row && entryOf(row);
  }

  #append(kind: PostingKind, amountCents: number, balanceCents: number, reference: string, key: string): void {
    this.ctx.storage.sql.exec(
      `INSERT INTO ledger (kind, amount_cents, balance_cents, reference, idempotency_key, posted_at_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
      kind,
      amountCents,
      balanceCents,
      reference,
      key,
      Date.now(),
    );
  }
}

/**
 * The account with this id. Addresses the class through the Worker's own exports, so no binding is needed.
 *
 * @example
 * const statement = await accountWithId("alice").statement();
 */
export function accountWithId(accountId: string): DurableObjectStub<Account> {
  const { Account: accounts } = exports as unknown as { readonly Account: DurableObjectNamespace<Account> };
  return accounts.getByName(accountId);
}
