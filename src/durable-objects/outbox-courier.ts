/**
 * The courier: delivers what runs have to tell other executions, and brings the answers back as turns of their own.
 *
 * Owns: what is under way, and how often what has failed was tried. Both are only memory: what is lost with the object
 * is derived from history and delivered again, and its receiver tells the repetition. Each delivery is a call of its
 * own. Deliveries to one target are made one after another, so that a child is started before it is signalled.
 *
 * No turn waits for a delivery. A delivery leaves after the commit it comes from: the platform holds every call back
 * until what was written before it is durable.
 */
import {
  type Delivery,
  type DeliveryResult,
  type OutboxItem,
  deliveryOf,
  outboxOf,
  redeliveryBackoffMs,
  resultOf,
} from "../core/outbox.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { Reply } from "../core/rejection.ts";
import type { ExecutionTurn } from "./execution-turn.ts";
import type { LoadedRun } from "./run-store.ts";
import type { ExecutionStub } from "./service-env.ts";

/** Deliveries under way at once. */
const MAX_UNDER_WAY = 32;
/** A delivery that has no answer after this counts as lost. Longer than an execution takes to commit. */
const ANSWER_WITHIN_MS = 30_000;

export interface OutboxCourierOptions {
  readonly turn: Pick<ExecutionTurn, "unsettled" | "redeliverAt" | "settleOutbox" | "take" | "committed">;
  readonly readEvent: (run: LoadedRun, eventId: number) => HistoryEvent | undefined;
  readonly target: (namespace: string, workflowId: string) => ExecutionStub;
  /** Keeps the object alive until the promise is settled. */
  readonly keepAlive: (work: Promise<void>) => void;
}

/** What memory knows of one item. */
interface Attempts {
  count: number;
  notBeforeMs: number;
}

export class OutboxCourier {
  readonly #options: OutboxCourierOptions;
  /** Targets that a delivery is under way to. */
  readonly #busy = new Set<string>();
  readonly #attempts = new Map<string, Attempts>();
  /** Items of closed runs that are done with, until the run as a whole is. */
  readonly #settled = new Set<string>();

  constructor(options: OutboxCourierOptions) {
    this.#options = options;
  }

  /** Takes up whatever waits and is due. Returns at once. */
  deliver(): void {
    // Whatever comes later for a target waits for what comes first, in this run or one before it.
    const passed = new Set<string>();
    for (const run of this.#options.turn.unsettled) this.#deliverRun(run, passed);
  }

  #deliverRun(run: LoadedRun, passed: Set<string>): void {
    const { turn } = this.#options;
    const nowMs = Date.now();
    const waiting = outboxOf(run.state).filter((item) => !this.#settled.has(nameOf(run, item)));
    if (waiting.length === 0 && run.state.status !== "RUNNING") return this.#settle(run);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const item of waiting) {
      const target = `${item.namespace}/${item.workflowId}`;
      if (passed.has(target)) continue;
      passed.add(target);
      if (this.#busy.has(target)) continue;
      const notBeforeMs = this.#attempts.get(nameOf(run, item))?.notBeforeMs ?? 0;
      if (notBeforeMs > nowMs) nextMs = Math.min(nextMs, notBeforeMs);
      else if (this.#busy.size < MAX_UNDER_WAY) this.#send(run, item, target);
    }
    if (nextMs < run.state.redeliverMs) turn.redeliverAt(run, nextMs);
  }

  #settle(run: LoadedRun): void {
    try {
      this.#options.turn.settleOutbox(run);
    } catch (error) {
      console.warn(`holdfast: the end of run ${run.state.identity.runId} was told but not noted: ${String(error)}`);
      return;
    }
    const prefix = `${run.number}/`;
    for (const name of this.#settled) if (name.startsWith(prefix)) this.#settled.delete(name);
  }

  #send(run: LoadedRun, item: OutboxItem, target: string): void {
    this.#busy.add(target);
    const work = async (): Promise<void> => {
      const result = await this.#call(run, item);
      try {
        await this.#take(run, item, result);
      } catch (error) {
        this.#failed(run, item, String(error));
      } finally {
        this.#busy.delete(target);
      }
      this.deliver();
    };
    // The caller's turn may be in the middle of its work: what follows is no part of it.
    this.#options.keepAlive(work().catch((error: unknown) => console.error(`holdfast: courier: ${String(error)}`)));
  }

  async #call(run: LoadedRun, item: OutboxItem): Promise<DeliveryResult> {
    try {
      const delivery = deliveryOf(run.state, item, (eventId) => this.#options.readEvent(run, eventId));
      const stub = this.#options.target(item.namespace, item.workflowId);
      return resultOf(item, await within(ANSWER_WITHIN_MS, send(stub, delivery)));
    } catch (error) {
      return { kind: "failed", message: String(error) };
    }
  }

  /** Brings an answer back. An open run writes it down; a closed one has nothing more to write but that it is done. */
  async #take(run: LoadedRun, item: OutboxItem, result: DeliveryResult): Promise<void> {
    if (result.kind === "failed") return this.#failed(run, item, result.message);
    this.#attempts.delete(nameOf(run, item));
    const { turn } = this.#options;
    const { runId } = run.state.identity;
    const { initiatedEventId } = item;
    if (run.state.status !== "RUNNING") {
      this.#settled.add(nameOf(run, item));
      return;
    }
    switch (result.kind) {
      case "childStarted": {
        const outcome = { kind: "started", childRunId: result.childRunId } as const;
        turn.take("recordChildStart", { runId, initiatedEventId, outcome });
        break;
      }
      case "childNotStarted": {
        const outcome = { kind: "failed", cause: "WORKFLOW_ALREADY_EXISTS" } as const;
        turn.take("recordChildStart", { runId, initiatedEventId, outcome });
        break;
      }
      case "namespaceNotFound": {
        const outcome = { kind: "failed", cause: "NAMESPACE_NOT_FOUND" } as const;
        if (item.kind === "startChild") turn.take("recordChildStart", { runId, initiatedEventId, outcome });
        else turn.take("recordExternalResult", { runId, initiatedEventId, outcome });
        break;
      }
      case "delivered":
        turn.take("recordExternalResult", { runId, initiatedEventId, outcome: { kind: "delivered" } });
        break;
      case "notFound":
      case "tooManySignals": {
        const cause =
          result.kind === "notFound" ? "EXTERNAL_WORKFLOW_EXECUTION_NOT_FOUND" : "SIGNAL_COUNT_LIMIT_EXCEEDED";
        turn.take("recordExternalResult", { runId, initiatedEventId, outcome: { kind: "failed", cause } });
        break;
      }
    }
    await turn.committed;
  }

  #failed(run: LoadedRun, item: OutboxItem, message: string): void {
    const name = nameOf(run, item);
    const count = (this.#attempts.get(name)?.count ?? 0) + 1;
    const notBeforeMs = Date.now() + redeliveryBackoffMs(count);
    this.#attempts.set(name, { count, notBeforeMs });
    const { workflowId, namespace } = item;
    console.warn(`holdfast: ${item.kind} for '${workflowId}' in ${namespace} was not delivered (${count}): ${message}`);
  }
}

/** Names an item among those of all runs. */
function nameOf(run: LoadedRun, item: OutboxItem): string {
  return `${run.number}/${item.key}`;
}

type AnyReply = Reply<{ readonly runId?: string; readonly firstExecutionRunId?: string }>;

async function send(stub: ExecutionStub, delivery: Delivery): Promise<AnyReply> {
  switch (delivery.method) {
    case "start":
      return await stub.start(delivery.request);
    case "signal":
      return await stub.signal(delivery.request);
    case "requestCancel":
      return await stub.requestCancel(delivery.request);
    case "terminate":
      return await stub.terminate(delivery.request);
    case "childClosed":
      return asRunless(await stub.childClosed(delivery.request));
  }
}

function asRunless(reply: Reply<unknown>): AnyReply {
  return reply.ok ? { ok: true, value: {} } : reply;
}

/** Rejects when an answer takes too long: its receiver may hang, and the next delivery finds it in order. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer after ${ms} ms`)), ms);
  try {
    return await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
