// The demo's search for plain text: it must find a word wherever it hides, and nothing in random bytes.
import { randomBytes } from "node:crypto";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { needlesOf, wordsFound } from "../../examples/money-transfer/demo/plaintext-search.ts";

test("a word is found as itself and in base64 at every alignment", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 4, maxLength: 40 }),
      fc.uint8Array({ maxLength: 10 }),
      fc.uint8Array({ maxLength: 10 }),
      fc.boolean(),
      (word, before, after, encoded) => {
        const bytes = Buffer.concat([before, Buffer.from(word, "utf8"), after]);
        const stored = encoded ? Buffer.from(bytes.toString("base64")) : bytes;
        expect(wordsFound(stored, [word])).toEqual([word]);
      },
    ),
  );
});

test("only the words that are there are named", () => {
  const stored = Buffer.from(JSON.stringify({ data: Buffer.from('{"to":"bob-savings"}').toString("base64") }));
  expect(wordsFound(stored, ["alice-checking", "bob-savings"])).toEqual(["bob-savings"]);
});

test("random bytes hold no word", () => {
  expect(wordsFound(randomBytes(100_000), ["alice-checking", "bob-savings", "Rent for November"])).toEqual([]);
});

test("a word too short to mean anything is refused", () => {
  expect(() => needlesOf("abc")).toThrow(RangeError);
});
