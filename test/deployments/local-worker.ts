/**
 * A whole application on workerd, bundled from a few lines of source and without a test runner inside.
 *
 * Owns: the bundle and the bindings, which are those of a deployment as one Worker.
 */
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

/** The module of a Worker, and the folder that its imports are relative to. */
export interface WorkerSource {
  readonly contents: string;
  readonly resolveDir: string;
}

/** Starts the Worker; built as wrangler builds. `dispose` ends it. */
export async function startWorker(name: string, source: WorkerSource): Promise<Miniflare> {
  const { outputFiles } = await build({
    stdin: { ...source },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    keepNames: true,
    external: ["cloudflare:*", "node:*"],
  });
  const options = convertV4MiniflareOptions({
    workers: [
      {
        name,
        modules: true,
        script: outputFiles[0]?.text ?? "",
        compatibilityDate: "2026-10-01",
        bindings: { HOLDFAST_ENCRYPTION_KEYS: `k1:${btoa("0123456789abcdef0123456789abcdef")}` },
        additionalUnboundDurableObjects: [{ className: "WorkflowExecution", useSQLite: true }],
        queueProducers: { ACTIVITY_TASKS: "tasks" },
        queueConsumers: { tasks: { maxBatchTimeout: 0 } },
      },
    ],
  });
  return new Miniflare(options);
}
