/**
 * The application's routes, called from the test.
 *
 * Owns: what was promised. A start, signal or cancellation whose answer arrived is accepted and must be found after the
 * kill; one that was cut off may be found or not, and is never sent a second time under the same token.
 */
import type { WorkflowExecutionDescription } from "../../src/sdk/client/index.ts";
import type { Ending, StartBody, StoredHistory } from "./app/routes.ts";
import type { Runtime } from "./runtime.ts";

const REQUEST_TIMEOUT_MS = 40_000;

/** Refused: there is no such workflow, or it has ended. */
export type Delivery = "accepted" | "cut off" | "refused";

/** A signal that was sent. Each carries a text of its own, by which it is found again. */
export interface SentSignal {
  readonly name: "approve" | "note";
  readonly text: string;
  readonly delivery: Delivery;
}

/** What was asked for one workflow, and what came back. */
export interface Promised {
  readonly workflowId: string;
  readonly workflow: StartBody["workflow"];
  readonly args: readonly unknown[];
  /** Undefined when the start was cut off. */
  runId: string | undefined;
  readonly signals: SentSignal[];
  cancel: Delivery | undefined;
}

export class Application {
  readonly #runtime: Runtime;
  readonly #promised = new Map<string, Promised>();
  #signals = 0;
  readonly #requests: { readonly workflowId: string; readonly atMs: number }[] = [];

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Everything that was asked for so far. */
  get promised(): readonly Promised[] {
    return [...this.#promised.values()];
  }

  promisedTo(workflowId: string): Promised {
    const promised = this.#promised.get(workflowId);
    if (!promised) throw new Error(`${workflowId} was never started`);
    return promised;
  }

  /** When a workflow was first asked anything after a moment, or undefined if it was left alone. */
  firstRequestMs(workflowId: string, afterMs: number): number | undefined {
    return this.#requests.find((request) => request.workflowId === workflowId && request.atMs > afterMs)?.atMs;
  }

  async start(workflowId: string, workflow: StartBody["workflow"], ...args: readonly unknown[]): Promise<Delivery> {
    const promised: Promised = { workflowId, workflow, args, runId: undefined, signals: [], cancel: undefined };
    this.#promised.set(workflowId, promised);
    const { delivery, answer } = await this.#post(`/workflows/${workflowId}`, { workflow, args } satisfies StartBody);
    if (delivery === "accepted") promised.runId = (answer as { readonly runId: string }).runId;
    return delivery;
  }

  async signal(workflowId: string, name: SentSignal["name"]): Promise<Delivery> {
    this.#signals += 1;
    const text = `${name} ${this.#signals}`;
    const { delivery } = await this.#post(`/workflows/${workflowId}/signals/${name}`, text);
    this.promisedTo(workflowId).signals.push({ name, text, delivery });
    return delivery;
  }

  async cancel(workflowId: string): Promise<Delivery> {
    const { delivery } = await this.#post(`/workflows/${workflowId}/cancel`, {});
    this.promisedTo(workflowId).cancel = delivery;
    return delivery;
  }

  async ending(workflowId: string): Promise<Ending> {
    return (await this.#get(`/workflows/${workflowId}/result`)) as Ending;
  }

  async history(workflowId: string): Promise<StoredHistory> {
    return (await this.#get(`/workflows/${workflowId}/history`)) as StoredHistory;
  }

  async describe(workflowId: string): Promise<WorkflowExecutionDescription> {
    return (await this.#get(`/workflows/${workflowId}`)) as WorkflowExecutionDescription;
  }

  /** What the query `notes` answers. */
  async notes(workflowId: string): Promise<readonly string[]> {
    return (await this.#get(`/workflows/${workflowId}/queries/notes`)) as readonly string[];
  }

  /** Whether there is such a workflow; for starts that were cut off. */
  async exists(workflowId: string): Promise<boolean> {
    const response = await this.#fetch(`/workflows/${workflowId}`, {});
    await response.body?.cancel();
    return response.status !== 404;
  }

  #fetch(path: string, init: RequestInit): Promise<Response> {
    this.#requests.push({ workflowId: path.split("/")[2] ?? "", atMs: Date.now() });
    return fetch(`${this.#runtime.address}${path}`, { ...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path, {});
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Throws when the answer is something that nobody should ever see. */
  async #post(path: string, body: unknown): Promise<{ readonly delivery: Delivery; readonly answer?: unknown }> {
    if (!this.#runtime.isReady) return { delivery: "cut off" };
    const killsBefore = this.#runtime.kills;
    let status: number;
    let text: string;
    try {
      const response = await this.#fetch(path, { method: "POST", body: JSON.stringify(body) });
      status = response.status;
      text = await response.text();
    } catch (error) {
      if (this.#runtime.kills > killsBefore) return { delivery: "cut off" };
      throw error;
    }
    if (status < 300) return { delivery: "accepted", answer: JSON.parse(text) };
    // wrangler's proxy may outlive workerd by a moment, and says so in its own words.
    if (this.#runtime.kills > killsBefore) return { delivery: "cut off" };
    if (status === 404) return { delivery: "refused" };
    throw new Error(`POST ${path} answered ${status}: ${text}`);
  }
}
