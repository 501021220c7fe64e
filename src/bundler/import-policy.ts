/**
 * What workflow code may import.
 *
 * Owns: the verdict on a specifier, and on a file of Holdfast's own that a path leads to. Shared modules are the ones
 * that a run must not have of its own: the workflow API knows the run that calls it, and `instanceof` needs one class.
 */
import { isBuiltin } from "node:module";
import { relative, resolve, sep } from "node:path";

export type ImportVerdict =
  | { readonly kind: "bundled" }
  /** One instance for all runs, imported by the bundle. */
  | { readonly kind: "shared" }
  /** Replaced by an empty module. */
  | { readonly kind: "ignored" }
  | { readonly kind: "refused"; readonly reason: string };

export interface ImportPolicy {
  readonly preloadModules: readonly string[];
  readonly ignoreModules: readonly string[];
}

const BUNDLED: ImportVerdict = { kind: "bundled" };
const SHARED: ImportVerdict = { kind: "shared" };

/** Built-ins that workerd has and that answer the same every time. */
const DETERMINISTIC_BUILTINS: ReadonlySet<string> = new Set([
  "assert",
  "assert/strict",
  "buffer",
  "events",
  "path",
  "path/posix",
  "querystring",
  "string_decoder",
  "url",
  "util",
  "util/types",
]);

const NOT_FOR_WORKFLOWS: ReadonlySet<string> = new Set([
  "activity",
  "bundler",
  "client",
  "durable-objects",
  "testing",
  "worker",
]);

/** Where this package's layers are: `src/` in the repository, `dist/` where it is installed. */
const layersFolder = resolve(import.meta.dirname, "..");

function refused(reason: string): ImportVerdict {
  return { kind: "refused", reason };
}

/** The package that a specifier names: `@scope/name/file` is of `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isListed(list: readonly string[], specifier: string): boolean {
  return list.includes(specifier) || list.includes(packageOf(specifier));
}

function judgeSubpath(subpath: string): ImportVerdict {
  if (!NOT_FOR_WORKFLOWS.has(subpath)) return SHARED;
  if (subpath === "activity")
    return refused(
      "activities run outside of workflows: import their types with `import type`, and use proxyActivities()",
    );
  return refused(`holdfast/${subpath} is not for workflow code: import types only, or move the call to an activity`);
}

function judgeBuiltin(specifier: string): ImportVerdict {
  const name = specifier.replace(/^node:/, "");
  if (DETERMINISTIC_BUILTINS.has(name)) return SHARED;
  if (name === "async_hooks") return refused("AsyncLocalStorage is exported by holdfast/workflow");
  return refused("this Node.js module is not deterministic, or not there: use it in an activity");
}

/**
 * The verdict on what an import names. `undefined` if that depends on the file it leads to. A name without `node:` may
 * be a package that replaces the built-in one: `isInstalled` tells.
 */
export function judgeSpecifier(
  specifier: string,
  { preloadModules, ignoreModules }: ImportPolicy,
  isInstalled: boolean,
): ImportVerdict | undefined {
  if (isListed(ignoreModules, specifier)) return { kind: "ignored" };
  if (isListed(preloadModules, specifier)) return SHARED;
  if (specifier.startsWith("cloudflare:"))
    return refused("the platform answers differently from time to time: use it in an activity");
  if (packageOf(specifier) === "holdfast") return judgeSubpath(specifier.slice("holdfast/".length));
  if (specifier.startsWith("@temporalio/"))
    return refused(`import from ${specifier.replace("@temporalio/", "holdfast/")} instead`);
  if (specifier.startsWith("node:") || (isBuiltin(specifier) && !isInstalled)) return judgeBuiltin(specifier);
  return undefined;
}

/** The verdict on a file: those of Holdfast itself are judged by the entry point they are. */
export function judgeFile(path: string): ImportVerdict {
  const inside = relative(layersFolder, path);
  if (inside.startsWith(`..${sep}`) || inside.startsWith(sep)) return BUNDLED;
  const folders = inside.split(sep);
  return judgeSubpath((folders[0] === "sdk" ? folders[1] : folders[0]) ?? "");
}
