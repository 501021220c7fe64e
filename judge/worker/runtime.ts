/**
 * The judged application on workerd: two Workers in one Miniflare, one that encrypts and one that does not.
 *
 * Owns: bundling, the process, and asking a Worker to drive a scenario. Storage is in a temporary folder that goes with
 * the process; the sockets are on the loopback.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";

import type { DriveAnswer, ListedScenario } from "./entry.ts";

/** The project's folder whose sources are judged. Another one may be named, to judge another version. */
export const HOLDFAST_SOURCE = resolve(process.env["HOLDFAST_SOURCE"] ?? join(import.meta.dirname, "../.."));

const FOLDERS: Readonly<Record<string, string>> = {
  workflow: "sdk/workflow",
  activity: "sdk/activity",
  client: "sdk/client",
  common: "sdk/common",
  worker: "worker",
  "durable-objects": "durable-objects",
};

/** A scenario takes seconds; one that hangs is to end the run with its name. */
const ANSWER_TIMEOUT_MS = 90_000;

export interface Runtime extends AsyncDisposable {
  list(): Promise<readonly ListedScenario[]>;
  drive(scenario: ListedScenario): Promise<DriveAnswer>;
}

/**
 * Bundles the judged Worker and starts it.
 *
 * @example
 * await using runtime = await openRuntime();
 */
export async function openRuntime(): Promise<Runtime> {
  const script = await bundle();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        worker("sealed", script, { HOLDFAST_ENCRYPTION_KEYS: `judge:${btoa("0123456789abcdef0123456789abcdef")}` }),
        worker("clear", script, { IN_CLEAR: "yes" }),
      ],
      cf: false,
      logRequests: false,
      log: new Log(LogLevel.ERROR),
      handleRuntimeStdio: quietStdio,
    }),
  );
  await miniflare.ready;
  const bases = {
    sealed: await miniflare.unsafeGetDirectURL("sealed"),
    clear: await miniflare.unsafeGetDirectURL("clear"),
  };
  return {
    list: async () => (await ask(bases.sealed, "/")) as readonly ListedScenario[],
    drive: async ({ name, inClear }) => {
      try {
        return (await ask(inClear ? bases.clear : bases.sealed, `/${name}`)) as DriveAnswer;
      } catch (error) {
        return { kind: "failed", error: String(error) };
      }
    },
    [Symbol.asyncDispose]: async () => await miniflare.dispose(),
  };
}

async function ask(base: URL, path: string): Promise<unknown> {
  const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

function worker(name: string, script: string, bindings: Record<string, string>): V4WorkerOptions {
  return {
    name,
    modules: true,
    script,
    compatibilityDate: "2026-10-01",
    bindings,
    additionalUnboundDurableObjects: [{ className: "WorkflowExecution", useSQLite: true }],
    queueProducers: { ACTIVITY_TASKS: `tasks-${name}` },
    queueConsumers: { [`tasks-${name}`]: { maxBatchTimeout: 0 } },
    unsafeDirectSockets: [{ port: 0 }],
  };
}

/** What the Workers print is shown only if asked for: scenarios that fail on purpose print a lot. */
function quietStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream): void {
  if (process.env["JUDGE_WORKER_OUTPUT"] === undefined) {
    stdout.resume();
    stderr.resume();
    return;
  }
  stdout.pipe(process.stderr, { end: false });
  stderr.pipe(process.stderr, { end: false });
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "entry.ts")],
    absWorkingDir: HOLDFAST_SOURCE,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    keepNames: true,
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: Object.fromEntries(Object.entries(FOLDERS).map(([name, folder]) => [`holdfast/${name}`, sourceOf(folder)])),
    nodePaths: [join(HOLDFAST_SOURCE, "node_modules")],
    logLevel: "warning",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("esbuild wrote nothing for the judged Worker.");
  return output.text;
}

function sourceOf(folder: string): string {
  const path = join(HOLDFAST_SOURCE, "src", folder, "index.ts");
  if (!existsSync(path)) throw new Error(`There is no ${path}.`);
  return path;
}
