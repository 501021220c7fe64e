import { join } from "node:path";

import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { codeBlocks, published } from "../../client/examples/doc-examples.ts";

const root = join(import.meta.dirname, "../../..");
const common = { modules: true, compatibilityDate: "2026-10-01" } as const;

async function bundle(entryPoint: string) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, entryPoint)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2024",
    keepNames: true,
    external: ["cloudflare:*", "node:*"],
  });
  return { script: outputFiles[0]?.text ?? "", modules: Object.keys(metafile.inputs) };
}

/** The example as two Workers, bound to each other as docs/guides/deploy.md says. */
async function deploy(): Promise<Miniflare> {
  const [application, service] = await Promise.all([bundle("application.ts"), bundle("service.ts")]);
  const options = convertV4MiniflareOptions({
    workers: [
      {
        ...common,
        name: "application",
        script: application.script,
        bindings: { HOLDFAST_ENCRYPTION_KEYS: `k1:${btoa("0123456789abcdef0123456789abcdef")}` },
        durableObjects: { WORKFLOW_EXECUTION: { className: "WorkflowExecution", scriptName: "service" } },
        queueConsumers: { tasks: { maxBatchTimeout: 0 } },
      },
      {
        ...common,
        name: "service",
        script: service.script,
        durableObjects: { WORKFLOW_EXECUTION: { className: "WorkflowExecution", useSQLite: true } },
        queueProducers: { ACTIVITY_TASKS: "tasks" },
        serviceBindings: { WORKFLOW_WORKER: { name: "application", entrypoint: "WorkflowWorker" } },
      },
    ],
  });
  return new Miniflare(options);
}

describe("the example of docs/concepts/deployments.md", () => {
  let workers: Miniflare;
  beforeAll(async () => {
    workers = await deploy();
  }, 30_000);
  afterAll(() => workers.dispose());

  test("is the one in the page", () => {
    const blocks = codeBlocks("docs/concepts/deployments.md");
    expect(blocks).toContain(published("test/worker/examples/application.ts"));
    expect(blocks).toContain(published("test/worker/examples/service.ts"));
  });

  test("has nothing in the service's Worker that could decode a payload or run user code", async () => {
    const { modules } = await bundle("service.ts");
    const others = modules.filter((path) => !/^src\/(core|durable-objects)\//.test(path));
    expect(others).toEqual(["node_modules/croner/dist/croner.js", "test/worker/examples/service.ts"]);
  });

  test("answers a request with what a workflow and its activity made of it", async () => {
    const response = await workers.dispatchFetch("http://localhost/greetings/Ada");
    expect(await response.text()).toBe("Hello, Ada!");
  }, 20_000);
});
