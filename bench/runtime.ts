/**
 * One workerd with the subjects in it, through Miniflare, and the way to ask them.
 *
 * Owns: bundling, the process, one kept-alive connection to each subject. Requests go to the Worker's own socket: neither
 * wrangler's proxy nor Miniflare's entry Worker stands between, and the way is the same for every subject.
 */
import { Agent, request as httpRequest } from "node:http";
import { resolve } from "node:path";

import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4WorkerOptions } from "miniflare";

import { subjectWorker, type SubjectName, type SubjectWorker, type Variant } from "./subjects.ts";
import type { Answers, Requests } from "./workers/workflow-system.ts";

/** A running subject. */
export interface Subject {
  readonly name: SubjectName;
  /** Asks one of the routes that every subject has. Throws with the Worker's error text if it fails. */
  call<Route extends keyof Requests>(route: Route, body: Requests[Route]): Promise<Answers[Route]>;
  /** Asks a route that only this subject has. */
  ask(route: string, body: unknown): Promise<unknown>;
}

export interface Runtime extends AsyncDisposable {
  readonly subjects: readonly Subject[];
}

/** A subject that hangs ends the run with an error that names it, and not the patience of whoever waits. */
const ANSWER_TIMEOUT_MS = 120_000;

/**
 * Starts workerd with the named subjects. State is kept in a temporary folder that goes with the runtime.
 *
 * @example
 * await using runtime = await openRuntime(["floor", "workflows"], "timed");
 */
export async function openRuntime(names: readonly SubjectName[], variant: Variant): Promise<Runtime> {
  const workers = await Promise.all(names.map((name) => workerOptions(subjectWorker(name, variant))));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ workers, cf: false, logRequests: false, log: new Log(LogLevel.WARN) }),
  );
  await miniflare.ready;
  const agent = new Agent({ keepAlive: true });
  const subjects = await Promise.all(
    names.map(async (name) => openSubject(name, String(await miniflare.unsafeGetDirectURL(name)), agent)),
  );
  return {
    subjects,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await miniflare.dispose();
    },
  };
}

async function workerOptions(worker: SubjectWorker): Promise<V4WorkerOptions> {
  return {
    ...worker.options,
    name: worker.name,
    modules: true,
    script: await bundle(worker.entry),
    unsafeDirectSockets: [{ port: 0 }],
  };
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild wrote nothing for ${entry}.`);
  return output.text;
}

function openSubject(name: SubjectName, base: string, agent: Agent): Subject {
  const ask = (route: string, body: unknown): Promise<unknown> => post(`${base}${route.slice(1)}`, agent, body);
  return {
    name,
    ask,
    call: <Route extends keyof Requests>(route: Route, body: Requests[Route]) =>
      ask(route, body) as Promise<Answers[Route]>,
  };
}

// node:http and not fetch, because it adds less to each request and its times scatter less.
function post(url: string, agent: Agent, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent, method: "POST" }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
      });
    });
    request.on("error", reject);
    request.setTimeout(ANSWER_TIMEOUT_MS, () => {
      request.destroy(new Error(`${url} gave no answer within ${ANSWER_TIMEOUT_MS} ms.`));
    });
    request.end(JSON.stringify(body));
  });
}
