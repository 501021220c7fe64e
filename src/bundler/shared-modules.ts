/**
 * The modules that all runs share: imported once by the bundle, and handed to the code of every run.
 *
 * Owns: their numbers, what they export, and the module that stands in for each of them inside of a bundle. Names are
 * looked up when the bundle is made, so that a misspelt import fails there.
 */
import { isBuiltin } from "node:module";
import { relative } from "node:path";

import type { Metafile } from "esbuild";
import { build } from "esbuild";

/** As a bundle's text refers to a shared module's namespace. */
const variableOf = (index: number): string => `holdfastShared${index}`;

interface SharedModule {
  readonly specifier: string;
  /** Of a file that is imported by path. */
  readonly path?: string | undefined;
}

export class SharedModules {
  readonly #modules: SharedModule[] = [];
  readonly #resolveDir: string;

  constructor(resolveDir: string) {
    this.#resolveDir = resolveDir;
  }

  /** The key of a shared module; the same module has one key. */
  keyOf(module: SharedModule): string {
    const id = module.path ?? module.specifier;
    const known = this.#modules.findIndex((other) => (other.path ?? other.specifier) === id);
    return String(known === -1 ? this.#modules.push(module) - 1 : known);
  }

  /** The text of the module that stands in for a shared one. */
  async standIn(key: string): Promise<string> {
    const module = this.#modules[Number(key)];
    if (module === undefined) throw new RangeError(`There is no shared module ${key}.`);
    const names = await exportsOf(module, this.#resolveDir);
    const namespace = variableOf(Number(key));
    if (names === "commonjs") return `module.exports = ${namespace}.default;`;
    // Marked as pure, so that what nobody imports is left out.
    return names
      .map((name) => {
        const value = `/* @__PURE__ */ (() => ${namespace}[${JSON.stringify(name)}])()`;
        return `const shared_${name} = ${value};\nexport { shared_${name} as ${name} };`;
      })
      .join("\n");
  }

  /** The import statements of the bundle, which is a file in `folder`. */
  imports(folder: string): string[] {
    return this.#modules.map(({ specifier, path }, index) => {
      const from = path === undefined ? specifier : relativeSpecifier(folder, path);
      return `import * as ${variableOf(index)} from ${JSON.stringify(from)};`;
    });
  }
}

function relativeSpecifier(folder: string, path: string): string {
  const specifier = relative(folder, path).replaceAll("\\", "/");
  return specifier.startsWith(".") ? specifier : `./${specifier}`;
}

async function exportsOf({ specifier, path }: SharedModule, resolveDir: string): Promise<string[] | "commonjs"> {
  if (isBuiltin(specifier)) return builtinExports(specifier);
  const entryPoint = path ?? specifier;
  const { metafile } = await build({
    entryPoints: [entryPoint],
    absWorkingDir: resolveDir,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  if (output?.entryPoint !== undefined && isCommonJs(metafile, output.entryPoint)) return "commonjs";
  return (output?.exports ?? []).filter(isIdentifier);
}

function isCommonJs({ inputs }: Metafile, entryPoint: string): boolean {
  return inputs[entryPoint]?.format === "cjs";
}

function builtinExports(specifier: string): string[] {
  const module = process.getBuiltinModule(specifier);
  return ["default", ...Object.keys(module ?? {}).filter((name) => name !== "default" && isIdentifier(name))];
}

function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}
