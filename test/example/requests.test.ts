// What the routes accept and what they say when they do not.
import { describe, expect, test } from "vitest";

import { isId, parseApproval, parseOpenAccount, parseTransfer } from "../../examples/money-transfer/requests.ts";

const transfer = { from: "alice", to: "bob", amountCents: 2_500 };

function messageOf(parsed: { readonly ok: boolean; readonly message?: string }): string {
  return parsed.ok ? "accepted" : (parsed.message ?? "");
}

describe("isId", () => {
  test.each(["a", "alice", "0-_.", "x".repeat(64)])("takes %s", (id) => expect(isId(id)).toBe(true));
  test.each(["", "-a", ".", "../a", "a b", "a/b", "é", "a\n", "x".repeat(65), 1, null])("refuses %s", (id) =>
    expect(isId(id)).toBe(false),
  );
});

describe("parseOpenAccount", () => {
  test("takes an id and a balance", () => {
    expect(parseOpenAccount({ id: "alice", openingCents: 0 })).toEqual({
      ok: true,
      value: { id: "alice", openingCents: 0 },
    });
  });

  test.each([
    [undefined, "id"],
    ["alice", "id"],
    [{ id: "alice" }, "openingCents"],
    [{ id: "alice", openingCents: -1 }, "openingCents"],
    [{ id: "alice", openingCents: "5" }, "openingCents"],
    [{ id: "al ice", openingCents: 5 }, "id"],
  ])("%j is refused and the message names %s", (body, field) => {
    expect(messageOf(parseOpenAccount(body))).toMatch(new RegExp(`^${field} must`));
  });
});

describe("parseTransfer", () => {
  test("fills in what may be left out", () => {
    expect(parseTransfer(transfer)).toEqual({
      ok: true,
      value: { transferId: undefined, order: { ...transfer, reference: "", clearingMs: 5_000, startDelayMs: 0 } },
    });
  });

  test("keeps what is given and drops what it does not know", () => {
    const given = { ...transfer, reference: "rent", clearingMs: 1, startDelayMs: 60_000 };
    expect(parseTransfer({ ...given, transferId: "t-1", admin: true })).toEqual({
      ok: true,
      value: { transferId: "t-1", order: given },
    });
  });

  test.each([
    [{ from: "" }, "from must"],
    [{ to: 7 }, "to must"],
    [{ to: "alice" }, "from and to must be two accounts"],
    [{ amountCents: 0 }, "amountCents must"],
    [{ amountCents: 1.5 }, "amountCents must"],
    [{ amountCents: "2500" }, "amountCents must"],
    [{ reference: "x".repeat(141) }, "reference must"],
    [{ reference: 1 }, "reference must"],
    [{ clearingMs: 0 }, "clearingMs must"],
    [{ clearingMs: 31 * 24 * 3_600_000 }, "clearingMs must"],
    [{ startDelayMs: -1 }, "startDelayMs must"],
    [{ transferId: "a/b" }, "transferId must"],
    [{ transferId: null }, "transferId must"],
  ])("%j is refused: %s", (over, message) => {
    expect(messageOf(parseTransfer({ ...transfer, ...over }))).toContain(message);
  });
});

test("an approval names who approves", () => {
  expect(parseApproval({ approvedBy: "carol" })).toEqual({ ok: true, value: { approvedBy: "carol" } });
  expect(messageOf(parseApproval({}))).toContain("approvedBy must");
});
