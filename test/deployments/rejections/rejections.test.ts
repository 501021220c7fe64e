/**
 * A rejection that workflow code leaves unhandled, on workerd. Not among the workerd suites, whose runner listens for
 * rejections too and takes every one for a failure of its own.
 */
import { join } from "node:path";

import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";

let worker: Miniflare;

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
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
        name: "rejections",
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
  worker = new Miniflare(options);
}, 30_000);

afterAll(() => worker.dispose());

it("fails the task of the workflow that left it, and of no other", async () => {
  const response = await worker.dispatchFetch("http://localhost/");
  expect(await response.json()).toEqual({
    result: "its own business",
    status: "RUNNING",
    type: "UnhandledRejectionError",
  });
}, 20_000);
