/**
 * State at module level on workerd: two runs in one isolate, and one run that is replayed there. With the plain module
 * they see each other's, which is why a bundle exists; with the bundle each run finds its modules as they were written.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { bundleWorkflowCode } from "../../../src/bundler/index.ts";
import { startWorker } from "../local-worker.ts";

const here = import.meta.dirname;
const bundles = mkdtempSync(join(tmpdir(), "holdfast-bundle-"));
afterAll(() => rmSync(bundles, { recursive: true }));

/** The application with what `imported` calls `workflows`, on workerd. */
function run(imported: string): Promise<Miniflare> {
  const contents = `${imported}
    import { application } from "./application.ts";
    export { WorkflowExecution } from "../../../src/durable-objects/index.ts";
    const { WorkflowWorker, handlers } = application(workflows);
    export { WorkflowWorker, handlers as default };`;
  return startWorker("module-state", { contents, resolveDir: here });
}

async function ask(worker: Miniflare, path: string): Promise<unknown> {
  return (await worker.dispatchFetch(`http://localhost${path}`)).json();
}

describe("the plain module", () => {
  let worker: Miniflare;
  beforeAll(async () => {
    worker = await run('import * as workflows from "./workflows.ts";');
  }, 30_000);
  afterAll(() => worker.dispose());

  it("shows the runs of an isolate each other's state, and a replay its own past", async () => {
    expect(await ask(worker, "/interleaved")).toEqual([
      { calls: 3, visits: 3, made: 3, globals: 3 },
      { calls: 4, visits: 4, made: 4, globals: 4 },
    ]);
    // One visit before the sleep, the same one replayed, one after it.
    expect(await ask(worker, "/replayed")).toEqual({
      result: { calls: 7, visits: 7, made: 7, globals: 7 },
      sessions: 2,
    });
  }, 20_000);
});

describe("the bundle", () => {
  let worker: Miniflare;
  beforeAll(async () => {
    const outfile = join(bundles, "workflows.bundle.js");
    await bundleWorkflowCode({
      workflowsPath: join(here, "workflows.ts"),
      workflowInterceptorModules: [join(here, "interceptors.ts")],
      outfile,
    });
    worker = await run(`import workflows from ${JSON.stringify(outfile)};`);
  }, 30_000);
  afterAll(() => worker.dispose());

  const own = { calls: 2, visits: 2, made: 2, globals: 2, executions: 1 };

  it("gives each of two runs that take turns its own modules", async () => {
    expect(await ask(worker, "/interleaved")).toEqual([own, own]);
  }, 20_000);

  it("starts a lost session's replay from modules as they were written", async () => {
    expect(await ask(worker, "/replayed")).toEqual({ result: own, sessions: 2 });
  }, 20_000);
});
