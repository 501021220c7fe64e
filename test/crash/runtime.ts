/**
 * A real `wrangler dev` in a process group of its own, with its state in a folder that outlives it.
 *
 * Owns: every process it starts. wrangler starts workerd as a child in the same group, and the group is killed as a
 * whole, with SIGKILL: nothing gets a chance to save anything. A group is named only by the id it was started with.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "../..");
const READY_TIMEOUT_MS = 45_000;
const DEATH_TIMEOUT_MS = 10_000;
const POLL_MS = 25;
const REQUEST_TIMEOUT_MS = 2_000;
const KEPT_OUTPUT_CHARACTERS = 20_000;

/** Quiet, and without a question, a report or a request to anywhere outside. */
const WRANGLER_ENVIRONMENT = {
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  NO_COLOR: "1",
};

/** The application as one module, so that nothing but a kill touches the runtime while the test runs. */
async function bundleApplication(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, "app/worker.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
}

/** The configuration a user would write, but for the number of queues. */
function wranglerConfiguration(main: string, lanes: number): object {
  const queues = Array.from({ length: lanes }, (_, lane) => ({ binding: `LANE_${lane}`, queue: `lane-${lane}` }));
  return {
    name: "holdfast-crash",
    main,
    no_bundle: true,
    compatibility_date: "2026-10-01",
    migrations: [{ tag: "v1", new_sqlite_classes: ["WorkflowExecution"] }],
    queues: {
      producers: queues,
      consumers: queues.map(({ queue }) => ({ queue, max_batch_size: 100, max_batch_timeout: 0, max_retries: 10 })),
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port was given");
  return address.port;
}

/** Whether something accepts connections there. */
async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Groups that are still alive: should this process end early, its end is theirs too. */
const alive = new Set<number>();
process.on("exit", () => {
  for (const groupId of alive) killGroup(groupId);
});

/** Sends SIGKILL to a process group; a group that is gone already is as wanted. */
function killGroup(groupId: number): void {
  try {
    process.kill(-groupId, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly groupId: number;
  readonly port: number;
}

/** One Worker over many lives. Each `start` after a `kill` goes on from the state that was on disk. */
export class Runtime implements AsyncDisposable {
  readonly #folder: string;
  readonly #variables: readonly string[];
  #started: Started | undefined;
  #isReady = false;
  #output = "";
  /** How often it was killed. */
  kills = 0;

  private constructor(folder: string, variables: readonly string[]) {
    this.#folder = folder;
    this.#variables = variables;
  }

  /**
   * Makes a place for the state and starts nothing yet.
   *
   * @param lanes how many queues there are to choose from
   * @example
   * await using runtime = await Runtime.create(sink.address, 8);
   */
  static async create(sinkAddress: string, lanes: number): Promise<Runtime> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-crash-"));
    // In a folder of its own: wrangler watches the folder of the entry file, and the state is written all the time.
    const main = join(folder, "bundle/worker.js");
    await bundleApplication(main);
    await mkdir(join(folder, "temporary"));
    await writeFile(join(folder, "wrangler.json"), JSON.stringify(wranglerConfiguration(main, lanes)));
    const key = `crash:${randomBytes(32).toString("base64")}`;
    return new Runtime(folder, ["--var", `SINK:${sinkAddress}`, "--var", `HOLDFAST_ENCRYPTION_KEYS:${key}`]);
  }

  /** Whether the Worker has answered in this life; before that nothing can be sent to it. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get address(): string {
    if (!this.#started) throw new Error("the runtime is not running");
    return `http://127.0.0.1:${this.#started.port}`;
  }

  /** The last of what wrangler printed, over all lives. */
  get output(): string {
    return this.#output;
  }

  /**
   * Starts wrangler and returns when it has been told to; nobody has asked the Worker anything yet.
   *
   * @example
   * await runtime.launch();
   */
  async launch(): Promise<void> {
    const port = await freePort();
    const child = spawn(
      process.execPath,
      [
        join(ROOT, "node_modules/wrangler/bin/wrangler.js"),
        "dev",
        `--config=${join(this.#folder, "wrangler.json")}`,
        `--persist-to=${join(this.#folder, "state")}`,
        `--port=${port}`,
        "--ip=127.0.0.1",
        "--inspector-port=0",
        "--log-level=warn",
        "--show-interactive-dev-session=false",
        ...this.#variables,
      ],
      {
        cwd: this.#folder,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...process.env,
          ...WRANGLER_ENVIRONMENT,
          WRANGLER_REGISTRY_PATH: join(this.#folder, "registry"),
          // What a killed process leaves lying about goes with the folder.
          TMPDIR: join(this.#folder, "temporary"),
        },
      },
    );
    const groupId = child.pid;
    if (groupId === undefined) throw new Error("wrangler could not be started");
    alive.add(groupId);
    this.#started = { child, groupId, port };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      });
  }

  /**
   * Waits until the Worker answers a route that touches no workflow.
   *
   * @throws Error with wrangler's own output when it does not
   */
  async ready(): Promise<void> {
    const giveUpAtMs = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < giveUpAtMs && this.#started?.child.exitCode === null) {
      const answered = await fetch(`${this.address}/ready`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).then(
        async (response) => (await response.text()) === "ready",
        () => false,
      );
      if (answered) {
        this.#isReady = true;
        return;
      }
      await delay(POLL_MS);
    }
    throw new Error(`wrangler dev did not get ready. Its last output:\n${this.#output}`);
  }

  /** `launch` and `ready`. */
  async start(): Promise<void> {
    await this.launch();
    await this.ready();
  }

  /**
   * Kills the whole process group and waits until wrangler has gone and its port refuses connections.
   *
   * @returns when the signal was sent, as epoch milliseconds
   * @throws Error when something still listens after 10 s
   */
  async kill(): Promise<number> {
    const started = this.#started;
    if (!started) throw new Error("there is nothing to kill");
    this.#started = undefined;
    this.#isReady = false;
    this.kills += 1;
    const { child, groupId, port } = started;
    const killedAtMs = Date.now();
    killGroup(groupId);
    alive.delete(groupId);
    while (Date.now() < killedAtMs + DEATH_TIMEOUT_MS) {
      if (child.signalCode !== null && !(await isListening(port))) return killedAtMs;
      await delay(POLL_MS);
    }
    throw new Error(`process group ${groupId} was killed, yet port ${port} still accepts connections`);
  }

  /** Kills what still runs and removes the state. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#started) await this.kill();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
