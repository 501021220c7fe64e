/**
 * Makes the encryption key of local runs, unless there is one: `npx node examples/money-transfer/make-key.ts`.
 *
 * Owns: nothing; the file is `demo/local-key.ts`'s.
 */
import { resolve } from "node:path";

import { ensureLocalKey } from "./demo/local-key.ts";

const made = await ensureLocalKey(resolve(import.meta.dirname, "../.."));
console.log(made ? "Made an encryption key and put it into .dev.vars." : ".dev.vars has an encryption key already.");
