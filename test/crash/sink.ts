/**
 * The outside world: an HTTP server in the test's own process, which no kill of the runtime reaches.
 *
 * Owns: the record of every execution of an activity, the ledger of their effects by idempotency key, and the gates.
 * A request that is held gets no answer until the kill cuts it off; from then on everything passes.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import type { EffectRequest } from "./app/activities.ts";
import type { GateKind } from "./app/gate.ts";

/** begin: an activity runs and has done nothing yet; end: its effect is done and it has not reported. */
export type HoldKind = GateKind | "begin" | "end";

/** One execution of an activity that reached its side effect. */
export interface Execution extends EffectRequest {
  readonly atMs: number;
  readonly receipt: number;
}

interface Plan {
  readonly kind: HoldKind;
  readonly ordinal: number;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return JSON.parse(text);
}

function effectKey(request: Pick<EffectRequest, "workflowId" | "activityId">): string {
  return `${request.workflowId}#${request.activityId}`;
}

export class Sink implements AsyncDisposable {
  readonly #server: Server;
  readonly #executions: Execution[] = [];
  readonly #receipts = new Map<string, number>();
  readonly #plans = new Map<string, Plan>();
  /** How often a workflow came to a kind of gate, by `workflowId kind`. */
  readonly #arrivals = new Map<string, number>();
  readonly #heldSinceMs = new Map<string, number>();
  /** Requests so far: a sign of life from the runtime. */
  requests = 0;
  readonly #watchers = new Set<(execution: Execution) => void>();

  readonly #latencyMs: () => number;

  private constructor(server: Server, latencyMs: () => number) {
    this.#server = server;
    this.#latencyMs = latencyMs;
  }

  /** Opens a sink on a loopback port. `latencyMs` says how long an effect takes, before it is done and once more after. */
  static async open(latencyMs = (): number => 0): Promise<Sink> {
    const server = createServer();
    const sink = new Sink(server, latencyMs);
    server.on("request", (request, response) => {
      // A request that the kill cut off fails here; whoever sent it is dead.
      sink.#answer(request, response).catch(() => response.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return sink;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the sink is not listening");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Everything that was done, in order; of one workflow if one is named. */
  executions(workflowId?: string): readonly Execution[] {
    return this.#executions.filter((execution) => workflowId === undefined || execution.workflowId === workflowId);
  }

  /** The receipt of an effect. Each key has one, however often it was asked for. */
  receipt(workflowId: string, activityId: string): number | undefined {
    return this.#receipts.get(effectKey({ workflowId, activityId }));
  }

  /** Whether a workflow has spoken its last word. */
  hasAnnounced(workflowId: string): boolean {
    return this.executions(workflowId).some(({ activityType }) => activityType === "announce");
  }

  /** Holds a workflow when it comes to a kind of gate for the `ordinal`-th time, once. */
  holdAt(workflowId: string, kind: HoldKind, ordinal: number): void {
    this.#plans.set(workflowId, { kind, ordinal });
  }

  /** Since when a workflow has been held, or undefined if it is not. */
  heldSinceMs(workflowId: string): number | undefined {
    return this.#heldSinceMs.get(workflowId);
  }

  /** Nothing is held from now on. To be called before the runtime is started again. */
  openAllGates(): void {
    this.#plans.clear();
    this.#heldSinceMs.clear();
  }

  /** Calls back after each execution. Returns how to stop that. */
  watch(watcher: (execution: Execution) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    this.requests += 1;
    if (request.url === "/gates") {
      const { workflowId, kind } = body as { readonly workflowId: string; readonly kind: GateKind };
      await this.#pass(workflowId, kind, response);
      response.end();
      return;
    }
    const effect = body as EffectRequest;
    await this.#pass(effect.workflowId, "begin", response);
    await delay(this.#latencyMs());
    const receipt = this.#carryOut(effect);
    await delay(this.#latencyMs());
    await this.#pass(effect.workflowId, "end", response);
    const refused = effect.activityType === "charge" && effect.attempt === 1;
    response.writeHead(refused ? 503 : 200).end(refused ? "come back later" : String(receipt));
  }

  #carryOut(effect: EffectRequest): number {
    const key = effectKey(effect);
    const receipt = this.#receipts.get(key) ?? this.#receipts.size + 1;
    this.#receipts.set(key, receipt);
    const execution = { ...effect, atMs: Date.now(), receipt };
    this.#executions.push(execution);
    for (const watcher of this.#watchers) watcher(execution);
    return receipt;
  }

  /** Lets a request on, or holds it until its sender dies: then it rejects. */
  async #pass(workflowId: string, kind: HoldKind, response: ServerResponse): Promise<void> {
    const place = `${workflowId} ${kind}`;
    const ordinal = (this.#arrivals.get(place) ?? 0) + 1;
    this.#arrivals.set(place, ordinal);
    const plan = this.#plans.get(workflowId);
    if (plan?.kind !== kind || plan.ordinal !== ordinal) return;
    this.#heldSinceMs.set(workflowId, Date.now());
    if (!response.destroyed) await once(response, "close");
    throw new Error(`${workflowId} was cut off at ${kind} ${ordinal}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
