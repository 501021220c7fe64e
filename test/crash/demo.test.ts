/** The README's first command does what it says: it ends with 0 only if the transfer survived its kill. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";

import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

it("the demo kills a transfer half-way and sees it complete", async () => {
  const demo = spawn(process.execPath, ["examples/money-transfer/demo.ts"], { cwd: root });
  let output = "";
  demo.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  demo.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const { promise, resolve: ended } = Promise.withResolvers<number | null>();
  demo.on("close", ended);
  const code = await promise;
  expect(output).toContain("The transfer survived the kill");
  expect(code).toBe(0);
}, 120_000);
