/**
 * Makes a bundle of workflow code whose modules are evaluated once for each run.
 *
 * Owns: the shape of the written file, which `src/replay/workflow-bundle.ts` reads. Wrangler takes the file in like any
 * other module, and nothing in it needs `eval`: the user's modules are the body of a function.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";

import { build, type BuildResult } from "esbuild";

import { RefusedImportsError } from "./import-chains.ts";
import { SharedModules } from "./shared-modules.ts";
import { workflowImports } from "./workflow-imports-plugin.ts";

export interface BundleOptions {
  /** The module that exports the workflow functions. */
  readonly workflowsPath: string;
  /** Modules that export `interceptors`, a factory; evaluated with the workflows, before them. */
  readonly workflowInterceptorModules?: readonly string[] | undefined;
  /** Where the bundle is written, a `.js` or `.mjs` file; its types are written beside it. Default: nothing is written. */
  readonly outfile?: string | undefined;
  /** Packages or modules that all runs share: large ones that keep no state cost every run time and memory otherwise. */
  readonly preloadModules?: readonly string[] | undefined;
  /** Packages or modules that are replaced by empty ones: what workflow code imports and never uses. */
  readonly ignoreModules?: readonly string[] | undefined;
  /** Whether the bundle ends with a source map. Default: true. */
  readonly sourcemap?: boolean | undefined;
}

export interface BundledWorkflowCode {
  /** The text of an ES module; its default export goes to `createWorker` as `workflows`. */
  readonly code: string;
  /** The files that it was made of, absolute. */
  readonly inputs: readonly string[];
}

const TYPES = `import type { WorkflowBundle } from "holdfast/worker";

declare const bundle: WorkflowBundle;
export default bundle;
`;

/**
 * Bundles a workflow module and all that it imports, so that every run gets instances of its own.
 *
 * Holdfast itself, the deterministic modules of Node.js and `preloadModules` stay outside and are shared. Throws
 * `RefusedImportsError` for imports that workflow code must not have, and esbuild's error for code that does not build;
 * top-level `await` does not, because evaluation is synchronous.
 *
 * @example
 * await bundleWorkflowCode({ workflowsPath: "src/workflows.ts", outfile: "src/workflows.bundle.js" });
 */
export async function bundleWorkflowCode(options: BundleOptions): Promise<BundledWorkflowCode> {
  const workflowsPath = resolve(options.workflowsPath);
  const outfile = options.outfile === undefined ? undefined : resolve(options.outfile);
  const folder = dirname(outfile ?? workflowsPath);
  const shared = new SharedModules(dirname(workflowsPath));
  const { preloadModules = [], ignoreModules = [], workflowInterceptorModules = [] } = options;
  const imports = workflowImports({ preloadModules, ignoreModules }, shared);
  const result = await build({
    stdin: {
      contents: entryText(workflowsPath, workflowInterceptorModules),
      resolveDir: dirname(workflowsPath),
    },
    outfile: outfile ?? resolve(folder, "workflows.bundle.js"),
    plugins: [imports.plugin],
    bundle: true,
    write: false,
    metafile: true,
    format: "iife",
    globalName: "holdfastModules",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    charset: "utf8",
    // Two modules may have a class of one name, and the names of errors are told to the service.
    keepNames: true,
    define: { globalThis: "holdfastGlobals", self: "holdfastGlobals", global: "holdfastGlobals" },
    sourcemap: "external",
    logLevel: "silent",
  });
  if (imports.refusedImports.length > 0) throw new RefusedImportsError(imports.refusedImports.map(relativeChain));
  const bundled = bundledCode(result, shared.imports(folder), options);
  if (outfile !== undefined) await writeBundle(outfile, bundled.code);
  return bundled;
}

function entryText(workflowsPath: string, interceptorModules: readonly string[]): string {
  const interceptors = interceptorModules.map(
    (path, index) => `export * as interceptors${index} from ${JSON.stringify(resolve(path))};`,
  );
  return [...interceptors, `export * as workflows from ${JSON.stringify(workflowsPath)};`].join("\n");
}

/** Paths as a reader knows them. */
function relativeChain<T extends { readonly chain: readonly string[] }>(refused: T): T {
  return { ...refused, chain: refused.chain.map((path) => relative(process.cwd(), path)) };
}

function bundledCode(
  { outputFiles = [], metafile }: BuildResult,
  imports: readonly string[],
  { workflowsPath, workflowInterceptorModules = [], sourcemap = true }: BundleOptions,
): BundledWorkflowCode {
  const code = outputFiles.find(({ path }) => !path.endsWith(".map"))?.text ?? "";
  const map = outputFiles.find(({ path }) => path.endsWith(".map"))?.text ?? "{}";
  const modules = workflowInterceptorModules.map((_, index) => `holdfastModules.interceptors${index}`);
  const head = [
    `// Made from ${relative(process.cwd(), resolve(workflowsPath))} by holdfast-bundle: do not edit.`,
    ...imports,
    "export default {",
    "  holdfastWorkflowBundle: 1,",
    "  instantiate(holdfastGlobals) {",
  ];
  const tail = [
    `    return { workflows: holdfastModules.workflows, interceptorModules: [${modules.join(", ")}] };`,
    "  },",
    "};",
  ];
  const text = [...head, code.trimEnd(), ...tail, ""].join("\n");
  return {
    code: sourcemap ? text + sourceMapComment(map, head.length) : text,
    inputs: Object.keys(metafile?.inputs ?? {})
      .filter((path) => !/^(holdfast-|<)/.test(path))
      .map((path) => resolve(path)),
  };
}

/** The source map of the code, moved down by the lines that were put before it. */
function sourceMapComment(map: string, linesBefore: number): string {
  const parsed = JSON.parse(map) as { mappings?: string };
  const moved = { ...parsed, mappings: ";".repeat(linesBefore) + (parsed.mappings ?? "") };
  const encoded = Buffer.from(JSON.stringify(moved)).toString("base64");
  return `//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

async function writeBundle(outfile: string, code: string): Promise<void> {
  const types = outfile.replace(/\.(m?)js$/, ".d.$1ts");
  if (types === outfile) throw new TypeError(`The bundle must be a .js or .mjs file: ${outfile}`);
  await mkdir(dirname(outfile), { recursive: true });
  await writeChanged(outfile, code);
  await writeChanged(types, TYPES);
}

/** A file that is written anew wakes whoever watches the folder, and wrangler would build for ever. */
async function writeChanged(path: string, text: string): Promise<void> {
  const written = await readFile(path, "utf8").catch(() => undefined);
  if (written !== text) await writeFile(path, text);
}
