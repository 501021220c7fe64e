// Removes build output. Usage: node scripts/clean.ts dist [more folders inside the project]
import { rmSync } from "node:fs";
import { resolve, sep } from "node:path";

const root = resolve(import.meta.dirname, "..");

for (const folder of process.argv.slice(2)) {
  const target = resolve(root, folder);
  if (!target.startsWith(root + sep)) {
    throw new Error(`${folder} is outside the project.`);
  }
  rmSync(target, { recursive: true, force: true });
}
