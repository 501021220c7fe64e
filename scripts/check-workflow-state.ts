// Looks for state at module level in the workflow modules of the examples, the tests and the judge, which run unbundled.
// Usage: node scripts/check-workflow-state.ts [more workflow modules]
import { globSync } from "node:fs";
import { resolve } from "node:path";

import { findModuleState } from "../src/bundler/module-state.ts";

const root = resolve(import.meta.dirname, "..");
const places = ["examples/**/*workflows.ts", "test/**/*workflows.ts", "bench/workers/*workflows.ts"];

const modules = globSync(places, { cwd: root }).map((path) => resolve(root, path));
const findings = await findModuleState([...modules, ...process.argv.slice(2)]);
for (const { file, line, column, message } of findings) console.error(`${file}:${line}:${column} ${message}`);
console.log(`${modules.length} workflow modules, ${findings.length} findings of state at module level`);
process.exitCode = findings.length === 0 ? 0 : 1;
