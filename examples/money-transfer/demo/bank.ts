/**
 * The example's HTTP routes as functions.
 *
 * Owns: the requests of the demo and the shapes it reads from the answers. Every request has a deadline, and an answer
 * that is not a success is an error with the server's own words.
 */
import type { Statement } from "../account.ts";
import type { OpenAccountRequest } from "../requests.ts";
import type { TransferView } from "../routes.ts";
import type { TransferOrder } from "../workflows.ts";
import type { JsonEvent } from "./history-table.ts";

const REQUEST_TIMEOUT_MS = 10_000;

async function request<T>(url: URL, body?: unknown): Promise<T> {
  const response = await fetch(url, {
    ...(body === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** The bank behind one base address. */
export interface Bank {
  readonly openAccount: (account: OpenAccountRequest) => Promise<unknown>;
  readonly statement: (accountId: string) => Promise<Statement>;
  readonly postTransfer: (
    order: TransferOrder & { readonly transferId: string },
  ) => Promise<{ readonly transferId: string }>;
  readonly transfer: (transferId: string) => Promise<TransferView>;
  readonly history: (
    transferId: string,
    form: "decoded" | "stored",
  ) => Promise<{ readonly events: readonly JsonEvent[] }>;
}

/**
 * Calls the example at an address.
 *
 * @example
 * const bank = bankAt("http://127.0.0.1:8787");
 * await bank.statement("alice");
 */
export function bankAt(address: string): Bank {
  const to = (path: string) => new URL(path, address);
  return {
    openAccount: (account) => request(to("/accounts"), account),
    statement: (accountId) => request(to(`/accounts/${accountId}`)),
    postTransfer: (order) => request(to("/transfers"), order),
    transfer: (transferId) => request(to(`/transfers/${transferId}`)),
    history: (transferId, form) => request(to(`/transfers/${transferId}/history?form=${form}`)),
  };
}
