// Bundles a Worker from its wrangler.toml into options for one more Worker in a Miniflare, as the tests of the
// two-Worker deployment need it: the test runner builds only the Worker that the tests run in.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { build } from "esbuild";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

const root = resolve(import.meta.dirname, "..");

/** The bundle of one entry file, as wrangler would upload it. */
async function bundle(entryPoint: string): Promise<string> {
  const result = await build({
    entryPoints: [entryPoint],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    sourcemap: "inline",
    logLevel: "warning",
  });
  const output = result.outputFiles[0];
  if (output === undefined) {
    throw new Error(`esbuild wrote nothing for ${entryPoint}.`);
  }
  return output.text;
}

/**
 * Options for Miniflare's `workers` list. The Worker keeps the name of its wrangler.toml, for service bindings to it.
 * `renamed` maps names in its own service bindings: the Worker that the tests run in goes by the test runner's name.
 */
export async function bundleWorker(configPath: string, renamed: Readonly<Record<string, string>> = {}) {
  const path = resolve(root, configPath);
  await readFile(path); // A missing file would otherwise be read as an empty configuration.
  const config = unstable_readConfig({ config: path });
  if (config.main === undefined || config.name === undefined) {
    throw new Error(`${configPath} needs a "name" and a "main".`);
  }
  // The rules for module types belong to wrangler's own bundler; the bundle here is a single module.
  const { modulesRules: _, ...workerOptions } = unstable_getMiniflareWorkerOptions(path).workerOptions;
  const serviceBindings = Object.entries(workerOptions.serviceBindings ?? {}).map(([binding, target]) => {
    if (typeof target !== "object" || !("name" in target) || typeof target.name !== "string") return [binding, target];
    return [binding, { ...target, name: renamed[target.name] ?? target.name }];
  });
  return {
    ...workerOptions,
    serviceBindings: Object.fromEntries(serviceBindings),
    name: config.name,
    modules: true as const,
    script: await bundle(resolve(dirname(path), config.main)),
  };
}
