/**
 * What the routes accept: bodies and ids from outside, checked once and turned into typed values.
 *
 * Owns: the rules and the sentence a caller reads when one is broken. Past this file nothing is checked again.
 */
import { isAmountCents, isBalanceCents } from "./money.ts";
import type { TransferOrder } from "./workflows.ts";

/** A checked value, or what is wrong, in a sentence for the caller. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

export interface OpenAccountRequest {
  readonly id: string;
  readonly openingCents: number;
}

export interface TransferRequest {
  /** Chosen by the caller, so that a repeated request cannot become a second transfer. */
  readonly transferId: string | undefined;
  readonly order: TransferOrder;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const DAY_MS = 24 * 60 * 60 * 1_000;
const MAX_DELAY_MS = 30 * DAY_MS;
const DEFAULT_CLEARING_MS = 5_000;
const MAX_REFERENCE_CHARACTERS = 140;

function problem(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null ? { ...body } : {};
}

function isDelayMs(value: unknown, minimumMs: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= minimumMs && (value as number) <= MAX_DELAY_MS;
}

/**
 * Whether a text can name an account or a transfer.
 *
 * @example
 * isId("alice"); // true
 * isId("../alice"); // false
 */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}

/** The rule of `isId`, for messages. */
export const ID_RULE = "1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit";

/**
 * The body of `POST /accounts`.
 *
 * @example
 * parseOpenAccount({ id: "alice", openingCents: 100_000 });
 */
export function parseOpenAccount(body: unknown): Parsed<OpenAccountRequest> {
  const { id, openingCents } = fieldsOf(body);
  if (!isId(id)) return problem(`id must be ${ID_RULE}`);
  if (!isBalanceCents(openingCents)) return problem("openingCents must be a whole number of cents, zero or more");
  return { ok: true, value: { id, openingCents } };
}

/**
 * The body of `POST /transfers`. `reference`, `clearingMs`, `startDelayMs` and `transferId` may be left out.
 *
 * @example
 * parseTransfer({ from: "alice", to: "bob", amountCents: 2_500 });
 */
export function parseTransfer(body: unknown): Parsed<TransferRequest> {
  const fields = fieldsOf(body);
  const { from, to, amountCents, transferId } = fields;
  const { reference = "", clearingMs = DEFAULT_CLEARING_MS, startDelayMs = 0 } = fields;
  if (!isId(from)) return problem(`from must be an account id: ${ID_RULE}`);
  if (!isId(to)) return problem(`to must be an account id: ${ID_RULE}`);
  if (from === to) return problem("from and to must be two accounts");
  if (!isAmountCents(amountCents)) return problem("amountCents must be a whole number of cents above zero");
  if (typeof reference !== "string" || reference.length > MAX_REFERENCE_CHARACTERS)
    return problem(`reference must be a text of at most ${MAX_REFERENCE_CHARACTERS} characters`);
  if (!isDelayMs(clearingMs, 1)) return problem(`clearingMs must be a whole number from 1 to ${MAX_DELAY_MS}`);
  if (!isDelayMs(startDelayMs, 0)) return problem(`startDelayMs must be a whole number from 0 to ${MAX_DELAY_MS}`);
  if (transferId !== undefined && !isId(transferId)) return problem(`transferId must be ${ID_RULE}`);
  return { ok: true, value: { transferId, order: { from, to, amountCents, reference, clearingMs, startDelayMs } } };
}

/**
 * The body of `POST /transfers/:id/approve`.
 *
 * @example
 * parseApproval({ approvedBy: "carol" });
 */
export function parseApproval(body: unknown): Parsed<{ readonly approvedBy: string }> {
  const { approvedBy } = fieldsOf(body);
  if (!isId(approvedBy)) return problem(`approvedBy must be ${ID_RULE}`);
  return { ok: true, value: { approvedBy } };
}
