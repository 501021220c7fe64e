/**
 * The official SDK's installation, in this folder and nowhere else.
 *
 * Owns: when it is stale, and `npm ci`. No install script is run: the native bridge comes ready made in its package.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const folder = import.meta.dirname;
const STAMP = join(folder, "node_modules", ".judge-lockfile-hash");

/** Installs what the lockfile says, unless it is installed already. Throws if npm fails. */
export async function install(): Promise<void> {
  const lockfile = await readFile(join(folder, "package-lock.json"));
  const hash = createHash("sha256").update(lockfile).digest("hex");
  if ((await readFile(STAMP, "utf8").catch(() => "")) === hash) return;
  console.error("installing Temporal's SDK into judge/node_modules (once, about 250 MB) …");
  await npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  await writeFile(STAMP, hash);
}

async function npm(args: readonly string[]): Promise<void> {
  const child = spawn("npm", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number | null>((done, fail) => child.once("error", fail).once("close", done));
  if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${code}.`);
}
