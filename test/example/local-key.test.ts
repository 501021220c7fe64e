// The demo's key: made once, never replaced.
import { expect, test } from "vitest";

import { varsWithKey } from "../../examples/money-transfer/demo/local-key.ts";

const key = new Uint8Array(32).fill(7);
const line = `HOLDFAST_ENCRYPTION_KEYS=demo:${Buffer.from(key).toString("base64")}\n`;

test("an empty file gets the line, other lines are kept", () => {
  expect(varsWithKey("", key)).toBe(line);
  expect(varsWithKey("OTHER=1\n", key)).toBe(`OTHER=1\n${line}`);
  expect(varsWithKey("OTHER=1", key)).toBe(`OTHER=1\n${line}`);
  expect(varsWithKey("# HOLDFAST_ENCRYPTION_KEYS=…\n", key)).toBe(`# HOLDFAST_ENCRYPTION_KEYS=…\n${line}`);
});

test.each([
  "HOLDFAST_ENCRYPTION_KEYS=old:AAAA",
  "A=1\n  HOLDFAST_ENCRYPTION_KEYS = x\n",
  "export HOLDFAST_ENCRYPTION_KEYS=x",
])("a key that is there is left alone: %j", (text) => {
  expect(varsWithKey(text, key)).toBeUndefined();
});
