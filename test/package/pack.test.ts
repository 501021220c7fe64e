// The package as its users get it: packed, installed into a project of its own, type-checked and bundled there.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "..", "..");

/** Where the user's project is, once it stands. */
let user = "";

const userFiles: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "user", version: "1.0.0", private: true, type: "module" }),
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2024",
      lib: ["ES2024", "ESNext.Disposable"],
      module: "ESNext",
      moduleResolution: "Bundler",
      types: ["@cloudflare/workers-types"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    },
    include: ["*.ts"],
  }),
  "activities.ts": `
    import { Context } from "holdfast/activity";

    export async function charge(amount: number): Promise<string> {
      return \`\${Context.current().info.workflowExecution?.workflowId} \${amount}\`;
    }
  `,
  "workflows.ts": `
    import { ApplicationFailure } from "holdfast/common";
    import { condition, defineQuery, defineSignal, proxyActivities, setHandler, sleep } from "holdfast/workflow";

    import type * as activities from "./activities";

    const { charge } = proxyActivities<typeof activities>({ startToCloseTimeout: "1 minute" });

    export const approve = defineSignal<[string]>("approve");
    export const approver = defineQuery<string | undefined>("approver");

    export async function order(amount: number): Promise<string> {
      let by: string | undefined;
      setHandler(approve, (name) => void (by = name));
      setHandler(approver, () => by);
      if (!(await condition(() => by !== undefined, "1 day"))) throw ApplicationFailure.nonRetryable("not approved");
      await sleep("1 second");
      return charge(amount);
    }
  `,
  "worker.ts": `
    import { createWorker } from "holdfast/worker";

    import * as activities from "./activities";
    import * as workflows from "./workflows";

    export { WorkflowExecution } from "holdfast/durable-objects";

    const holdfast = createWorker({ workflows, activities });

    export const WorkflowWorker = holdfast.WorkflowWorker;
    export default { fetch: () => new Response("ok"), queue: holdfast.queue };
  `,
  "client.ts": `
    import type { Client } from "holdfast/client";
    import { EncryptionCodec } from "holdfast/codec";
    import * as testing from "holdfast/testing";

    import { approve, approver, order } from "./workflows";

    export async function run(client: Client): Promise<string> {
      const handle = await client.workflow.start(order, { args: [12], taskQueue: "orders", workflowId: "order-12" });
      await handle.signal(approve, "someone");
      const by: string | undefined = await handle.query(approver);
      const result: string = await handle.result();
      return [by, result].join();
    }

    export const used = [EncryptionCodec, testing];
  `,
};

/** npm sets variables that point at the project whose script it runs; another project's npm must not see them. */
function outsideEnvironment(): NodeJS.ProcessEnv {
  const pointsAtThisProject = /^(npm_(package|lifecycle)_|npm_config_(local_)?prefix$|npm_command$|INIT_CWD$|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !pointsAtThisProject.test(name)));
}

/** Runs a program to its end and returns what it printed; what went wrong is in the error. */
function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    env: outsideEnvironment(),
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Packs the project, which builds it first, and returns the tarball's path. */
function pack(into: string): string {
  run("npm", ["pack", "--pack-destination", into], project);
  const tarball = readdirSync(into).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack wrote no tarball.");
  return join(into, tarball);
}

/** A module that runs nowhere but in a Worker is not the bundler's business. */
const external = ["cloudflare:*", "node:*"];

/** The files of this package that a bundle of `code` takes in, relative to the package. */
async function bundledFiles(code: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: user, loader: "ts" },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "import"],
    absWorkingDir: user,
    external,
  });
  const folder = "node_modules/holdfast/dist/";
  return Object.keys(metafile.inputs)
    .filter((path) => path.includes(folder))
    .map((path) => path.slice(path.indexOf(folder) + folder.length));
}

beforeAll(() => {
  user = mkdtempSync(join(tmpdir(), "holdfast-user-"));
  for (const [path, text] of Object.entries(userFiles)) writeFileSync(join(user, path), text);
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", pack(user)], user);
  // The types of the platform, as `wrangler types` would bring them. The package has them as an optional peer.
  const types = join("node_modules", "@cloudflare", "workers-types");
  mkdirSync(dirname(join(user, types)), { recursive: true });
  symlinkSync(join(project, types), join(user, types), "dir");
});

afterAll(() => {
  rmSync(user, { recursive: true, force: true });
});

describe("the installed package", () => {
  it("brings croner, hono and ms, and nothing else", () => {
    const installed = readdirSync(join(user, "node_modules")).filter((name) => !/^[.@]/.test(name));
    expect(installed.toSorted()).toEqual(["croner", "holdfast", "hono", "ms"]);
  });

  it("holds the build, the licence and nothing of the project's own", () => {
    expect(readdirSync(join(user, "node_modules", "holdfast")).toSorted()).toEqual(
      expect.arrayContaining(["LICENSE", "dist", "package.json"]),
    );
    const others = readdirSync(join(user, "node_modules", "holdfast")).filter(
      (name) => !["LICENSE", "README.md", "dist", "package.json"].includes(name),
    );
    expect(others).toEqual([]);
  });

  it("has a file behind every subpath", () => {
    const { exports } = JSON.parse(readFileSync(join(user, "node_modules/holdfast/package.json"), "utf8")) as {
      exports: Record<string, string | Record<string, string>>;
    };
    for (const target of Object.values(exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    )) {
      expect(readFileSync(join(user, "node_modules/holdfast", target), "utf8"), target).not.toBe("");
    }
  });

  it("type-checks a workflow, its activities, a Worker and a client", () => {
    const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
    expect(run(process.execPath, [compiler, "-p", user], user)).toBe("");
  });

  it("bundles the Worker", async () => {
    expect(await bundledFiles(`export * from "./worker.ts"; export { default } from "./worker.ts";`)).toContain(
      "durable-objects/index.js",
    );
  });
});

describe("a bundle of a workflow", () => {
  it("holds neither client, activity, worker nor service code", async () => {
    const files = await bundledFiles(`export * from "./workflows.ts";`);
    expect(files).toContain("sdk/workflow/index.js");
    expect(files.filter((path) => /^(sdk\/(client|activity|testing)|worker|durable-objects)\//.test(path))).toEqual([]);
  });
});

describe("a bundle of the service", () => {
  it("cannot decode: it holds neither codec, replay, sdk nor worker code", async () => {
    const files = await bundledFiles(`export * from "holdfast/durable-objects";`);
    expect(files).toContain("durable-objects/index.js");
    expect(files.filter((path) => !/^(core|durable-objects)\//.test(path))).toEqual([]);
  });
});

describe("a bundle of the client", () => {
  it("runs outside Workers: it holds neither worker nor service code, and no cloudflare module", async () => {
    const files = await bundledFiles(`export * from "holdfast/client";`);
    expect(files).toContain("sdk/client/index.js");
    expect(files.filter((path) => /^(worker|durable-objects|sdk\/(activity|testing))\//.test(path))).toEqual([]);
  });
});
