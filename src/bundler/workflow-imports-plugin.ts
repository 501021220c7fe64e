/**
 * The part of a build that judges imports.
 *
 * Owns: where each import goes: into the bundle, to a module that all runs share, to an empty one, or onto the list of
 * the refused. The build goes on after a refusal, so that one error names them all.
 */
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";

import { ImportChains, type RefusedImport } from "./import-chains.ts";
import { type ImportPolicy, type ImportVerdict, judgeFile, judgeSpecifier } from "./import-policy.ts";
import type { SharedModules } from "./shared-modules.ts";

const SHARED_NAMESPACE = "holdfast-shared";
const EMPTY_NAMESPACE = "holdfast-empty";

/** Tells an import that this plugin resolves itself from the one it came from. */
const ASKED_AGAIN = Symbol("asked again");

export interface WorkflowImports {
  readonly plugin: Plugin;
  readonly refusedImports: readonly RefusedImport[];
}

/** A plugin for one build, and what it refused. */
export function workflowImports(policy: ImportPolicy, shared: SharedModules): WorkflowImports {
  const refusedImports: RefusedImport[] = [];
  const chains = new ImportChains();

  async function onResolve(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
    if (args.pluginData === ASKED_AGAIN || args.kind === "entry-point") return undefined;
    const { path: specifier, importer, resolveDir, kind } = args;
    const isBare = !specifier.startsWith(".") && !specifier.startsWith("/");
    const resolved = await build.resolve(specifier, { importer, resolveDir, kind, pluginData: ASKED_AGAIN });
    const isInstalled = resolved.errors.length === 0 && !resolved.external;
    const verdict =
      judgeSpecifier(specifier, policy, isInstalled) ?? (isInstalled ? judgeFile(resolved.path) : undefined);
    // What cannot be found is esbuild's to say.
    if (verdict === undefined) return undefined;
    if (isInstalled && importer !== "<stdin>") chains.note(resolved.path, importer);
    return place(verdict, args, resolved, isBare);
  }

  function place(
    verdict: ImportVerdict,
    { path: specifier, importer }: OnResolveArgs,
    resolved: { readonly path: string; readonly sideEffects: boolean },
    isBare: boolean,
  ): OnResolveResult {
    switch (verdict.kind) {
      case "bundled":
        return { path: resolved.path, sideEffects: resolved.sideEffects };
      case "shared":
        return {
          path: shared.keyOf(isBare ? { specifier } : { specifier, path: resolved.path }),
          namespace: SHARED_NAMESPACE,
          sideEffects: false,
        };
      case "refused":
        refusedImports.push({ specifier, chain: chains.to(importer), reason: verdict.reason });
        return { path: specifier, namespace: EMPTY_NAMESPACE };
      case "ignored":
        return { path: specifier, namespace: EMPTY_NAMESPACE };
    }
  }

  const plugin: Plugin = {
    name: "holdfast-workflow-imports",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => onResolve(build, args));
      build.onLoad({ filter: /.*/, namespace: SHARED_NAMESPACE }, async ({ path }) => ({
        contents: await shared.standIn(path),
      }));
      build.onLoad({ filter: /.*/, namespace: EMPTY_NAMESPACE }, () => ({ contents: "module.exports = {};" }));
    },
  };
  return { plugin, refusedImports };
}
