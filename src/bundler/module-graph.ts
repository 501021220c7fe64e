/**
 * The files of a workflow module and of what it imports.
 *
 * Owns: the walk, which esbuild does: what it would bundle is what is looked at. Packages and Holdfast itself are not
 * the user's to mend, and left out.
 */
import { resolve } from "node:path";

import { build, type Plugin } from "esbuild";

import { judgeFile } from "./import-policy.ts";

const ASKED_AGAIN = Symbol("asked again");

/** Leaves Holdfast's own files out where they are imported by path. */
const withoutHoldfast: Plugin = {
  name: "without-holdfast",
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^\./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === ASKED_AGAIN || kind === "entry-point") return undefined;
      const resolved = await pluginBuild.resolve(path, { importer, resolveDir, kind, pluginData: ASKED_AGAIN });
      if (resolved.errors.length > 0 || judgeFile(resolved.path).kind === "bundled") return undefined;
      return { path, external: true };
    });
  },
};

/** The files, absolute and in the order in which they load. Throws esbuild's error where they cannot be read. */
export async function workflowFiles(entryPoints: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [...new Set(entryPoints.map((path) => resolve(path)))],
    plugins: [withoutHoldfast],
    bundle: true,
    write: false,
    metafile: true,
    outdir: "unused",
    format: "esm",
    platform: "browser",
    packages: "external",
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs)
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => resolve(path));
}
