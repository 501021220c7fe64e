/** The service's Worker, bundled: what is not in it cannot decode a payload or run user code. */
import { resolve } from "node:path";

import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

async function modulesOf(entryPoint: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [resolve(root, entryPoint)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    external: ["cloudflare:*", "node:*"],
  });
  return Object.keys(metafile.inputs);
}

describe("the service's bundle", () => {
  it("holds core and the Durable Object, and no module of codec, replay, sdk or worker, and of packages croner", async () => {
    const modules = await modulesOf("src/durable-objects/index.ts");
    expect(modules).toContain("src/durable-objects/workflow-execution.ts");
    expect(modules.filter((path) => !/^src\/(core|durable-objects)\//.test(path))).toEqual([
      "node_modules/croner/dist/croner.js",
    ]);
  });

  it("differs from the application's, which does hold them", async () => {
    const modules = await modulesOf("src/worker/index.ts");
    expect(modules.some((path) => path.startsWith("src/codec/"))).toBe(true);
    expect(modules.some((path) => path.startsWith("src/durable-objects/"))).toBe(false);
  });
});
