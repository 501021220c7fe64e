/**
 * One `wrangler dev` in a process group of its own.
 *
 * Owns: every process it starts. wrangler starts workerd as a child in the same group, and the group is killed as a
 * whole, with SIGKILL: that is the demo's crash and also its way of cleaning up, so nothing gets a chance to save
 * anything. A group is never named by anything but the id it was started with.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const READY_TIMEOUT_MS = 45_000;
const DEATH_TIMEOUT_MS = 10_000;
const POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 2_000;
const KEPT_OUTPUT_CHARACTERS = 8_000;

/** Groups that are still alive, so that the end of this process is the end of theirs. */
const alive = new Set<number>();

function killGroup(groupId: number): void {
  try {
    process.kill(-groupId, "SIGKILL");
  } catch (error) {
    // ESRCH: the group is gone already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Kills every group that was started and not killed yet. Synchronous, so that it can run when this process exits.
 *
 * @example
 * process.on("exit", killEverything);
 */
export function killEverything(): void {
  for (const groupId of alive) killGroup(groupId);
  alive.clear();
}

/** A loopback port that nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once("error", fail).listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no free port was given");
  return address.port;
}

/** Whether something accepts connections there. */
function isListening(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: REQUEST_TIMEOUT_MS });
    const end = (listening: boolean) => {
      socket.destroy();
      answer(listening);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** Quiet, without a question, a report or a request to anywhere outside, and with no file outside the state folder. */
function wranglerEnvironment(stateFolder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
    WRANGLER_WRITE_LOGS: "false",
    // Its own, so that a killed process leaves no entry behind where another wrangler dev would find it.
    WRANGLER_REGISTRY_PATH: join(stateFolder, "registry"),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    NO_COLOR: "1",
  };
}

function startWrangler(root: string, stateFolder: string, port: number): ChildProcess {
  const options = ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", "--persist-to", stateFolder];
  return spawn(
    process.execPath,
    [join(root, "node_modules/wrangler/bin/wrangler.js"), "dev", ...options, "--show-interactive-dev-session=false"],
    { cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"], env: wranglerEnvironment(stateFolder) },
  );
}

/** A running `wrangler dev`. Made by `LocalRuntime.start`, ended by `kill`. */
export class LocalRuntime {
  readonly port: number;
  readonly groupId: number;
  readonly #process: ChildProcess;
  #output = "";

  private constructor(port: number, groupId: number, child: ChildProcess) {
    this.port = port;
    this.groupId = groupId;
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      });
  }

  /**
   * Starts the Worker of `root`'s wrangler.toml on a free loopback port and waits until it answers.
   *
   * @param stateFolder where its storage is kept; what is there already is carried on from
   * @throws Error with wrangler's own output when it ends or has not answered within 45 s
   * @example
   * const runtime = await LocalRuntime.start(process.cwd(), ".wrangler/demo");
   */
  static async start(root: string, stateFolder: string): Promise<LocalRuntime> {
    const port = await freePort();
    const child = startWrangler(root, stateFolder, port);
    const groupId = child.pid;
    if (groupId === undefined) {
      const [error] = (await new Promise((done) => child.once("error", (...reason) => done(reason)))) as [Error];
      throw new Error(`wrangler could not be started: ${error.message}`);
    }
    alive.add(groupId);
    const runtime = new LocalRuntime(port, groupId, child);
    await runtime.#ready();
    return runtime;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async #ready(): Promise<void> {
    const giveUpAtMs = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < giveUpAtMs && !this.#ended) {
      const answered = await fetch(this.address, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).then(
        (response) => response.ok,
        () => false,
      );
      if (answered) return;
      await delay(POLL_MS);
    }
    const what = this.#ended ? "ended" : `did not answer within ${READY_TIMEOUT_MS / 1_000} s`;
    throw new Error(`wrangler dev ${what}. Its last output:\n${this.#output}`);
  }

  /**
   * Kills the whole process group and waits until wrangler has gone and its port refuses connections.
   *
   * @returns when the signal was sent, as epoch milliseconds
   * @throws Error when something still listens after 10 s
   * @example
   * const killedAtMs = await runtime.kill();
   */
  async kill(): Promise<number> {
    const killedAtMs = Date.now();
    killGroup(this.groupId);
    alive.delete(this.groupId);
    const giveUpAtMs = killedAtMs + DEATH_TIMEOUT_MS;
    while (Date.now() < giveUpAtMs) {
      if (this.#ended && !(await isListening(this.port))) return killedAtMs;
      await delay(POLL_MS);
    }
    throw new Error(`process group ${this.groupId} was killed, yet port ${this.port} still accepts connections`);
  }
}
