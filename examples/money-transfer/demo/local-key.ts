/**
 * The encryption key of a local run, kept in `.dev.vars`, which git ignores and `wrangler dev` reads.
 *
 * Owns: that file's one line. A key that is there already is never replaced: what was encrypted with it could not be
 * read again.
 */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const VARIABLE = "HOLDFAST_ENCRYPTION_KEYS";

/**
 * The text of a vars file with a key in it, or undefined when it has one already.
 *
 * @param key 32 bytes
 * @example
 * varsWithKey("", randomBytes(32)); // "HOLDFAST_ENCRYPTION_KEYS=demo:…\n"
 */
export function varsWithKey(text: string, key: Uint8Array): string | undefined {
  if (new RegExp(`^\\s*(export\\s+)?${VARIABLE}\\s*=`, "m").test(text)) return undefined;
  const before = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return `${before}${VARIABLE}=demo:${Buffer.from(key).toString("base64")}\n`;
}

/**
 * Makes sure that `.dev.vars` in a folder holds a key. A new file can be read by its owner only.
 *
 * @returns whether a key was made just now
 * @throws when the file can be neither read nor written
 * @example
 * await ensureLocalKey(process.cwd());
 */
export async function ensureLocalKey(folder: string): Promise<boolean> {
  const path = join(folder, ".dev.vars");
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const after = varsWithKey(before, randomBytes(32));
  if (after === undefined) return false;
  await writeFile(path, after, { mode: 0o600 });
  return true;
}
