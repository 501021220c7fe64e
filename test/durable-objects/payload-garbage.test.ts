/** What goes with a run, what stays for others, and what is left alone. */
import { describe, expect, it } from "vitest";

import { type PayloadChannel, payloadToWire, R2PayloadCodec, serializationContext } from "../../src/codec/index.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { Payloads } from "../../src/core/payload.ts";
import { type Clearing, type ParentRun, PayloadGarbage } from "../../src/durable-objects/payload-garbage.ts";
import { MemoryBucket } from "../codec/memory-bucket.ts";

const HOUR_MS = 3_600_000;
const place = { namespace: "default", workflowId: "orders/7" };
const parent: ParentRun = { namespace: "default", workflowId: "shop", runId: "shop-run" };

class World {
  readonly bucket = new MemoryBucket();
  readonly held = new Set<string>();
  nowMs = 10 * HOUR_MS;
  #runs: readonly (readonly HistoryEvent[])[] = [];
  readonly garbage = new PayloadGarbage({
    bucket: this.bucket,
    events: (run) => this.#runs[run] ?? [],
    holds: async ({ runId }) => this.held.has(runId),
    now: () => this.nowMs,
  });

  constructor() {
    this.bucket.now = () => this.nowMs;
  }

  /** Something large, stored as the application does it. */
  async stored(of = place, channel: PayloadChannel = { kind: "workflow-input" }): Promise<Payloads> {
    const codec = new R2PayloadCodec(this.bucket, { thresholdBytes: 0, allowUnencrypted: true });
    const data = new Uint8Array(10);
    return { payloads: (await codec.encode([{ data }], serializationContext(of, channel))).map(payloadToWire) };
  }

  async clear(events: readonly HistoryEvent[], remaining: readonly HistoryEvent[] = []): Promise<Clearing> {
    this.#runs = [events, remaining];
    return await this.garbage.clearRun(place, 0, remaining.length > 0 ? [1] : []);
  }
}

let eventId = 0;
function event(eventType: HistoryEvent["eventType"], attributes: object): HistoryEvent {
  eventId += 1;
  return { eventId, eventTimeMs: 0, eventType, attributes } as unknown as HistoryEvent;
}

const ofParent = {
  parentWorkflowNamespace: parent.namespace,
  parentWorkflowExecution: { workflowId: parent.workflowId, runId: parent.runId },
};

describe("a run that goes", () => {
  it("takes with it whatever its events claim, wherever that is in them", async () => {
    const world = new World();
    const [input, memo, details, result] = [
      await world.stored(),
      await world.stored(),
      await world.stored(),
      await world.stored(),
    ];
    await world.stored(); // an orphan
    await world.clear([
      event("WorkflowExecutionStarted", { input, memo: { fields: { note: memo.payloads[0] } } }),
      event("ActivityTaskFailed", { failure: { cause: { applicationFailureInfo: { details } } } }),
      event("WorkflowExecutionCompleted", { result }),
    ]);
    expect(world.bucket.objects.size).toBe(1);
  });

  it("leaves what another run of the workflow id claims", async () => {
    const world = new World();
    const [shared, own] = [await world.stored(), await world.stored()];
    const events = [
      event("WorkflowExecutionStarted", { input: shared }),
      event("WorkflowExecutionSignaled", { input: own }),
    ];
    const next = [event("WorkflowExecutionStarted", { input: shared })];
    await world.clear(events, next);
    expect(world.bucket.objects.size).toBe(1);
    await world.clear(next);
    expect(world.bucket.objects.size).toBe(0);
  });

  it("leaves what belongs to others: other workflows, and keys that only a claim says are its own", async () => {
    const world = new World();
    const foreign = await world.stored({ ...place, workflowId: "orders/8" });
    await world.bucket.put("something else", new Uint8Array(1));
    const forged = { metadata: { encoding: btoa("binary/r2-claim"), "claim-key": btoa("something else") } };
    const broken = { metadata: { encoding: btoa("binary/r2-claim"), "claim-key": "%" } };
    await world.clear([
      event("StartChildWorkflowExecutionInitiated", { input: foreign }),
      event("WorkflowExecutionSignaled", { input: { payloads: [forged, broken, {}] } }),
    ]);
    expect(world.bucket.objects.size).toBe(2);
  });

  it("more than a thousand claims are deleted in several calls", async () => {
    const world = new World();
    const inputs = await Promise.all(Array.from({ length: 1_001 }, () => world.stored()));
    await world.clear(inputs.map((input) => event("WorkflowExecutionSignaled", { input })));
    expect(world.bucket.objects.size).toBe(0);
  });

  it("rejects when the bucket does, and is cleared by the next try", async () => {
    const world = new World();
    const events = [event("WorkflowExecutionStarted", { input: await world.stored() })];
    const { bucket } = world;
    const failing = Object.assign(Object.create(bucket) as MemoryBucket, {
      delete: async () => {
        throw new Error("the bucket is away");
      },
    });
    const options = { events: () => events, holds: async () => false, now: () => world.nowMs };
    const clearing = new PayloadGarbage({ ...options, bucket: failing }).clearRun(place, 0, []);
    await expect(clearing).rejects.toThrow("the bucket is away");
    await world.clear(events);
    expect(bucket.objects.size).toBe(0);
  });
});

describe("a child that goes", () => {
  async function child(world: World): Promise<readonly HistoryEvent[]> {
    const result = await world.stored(place, { kind: "workflow-result", runId: "r" });
    return [event("WorkflowExecutionStarted", ofParent), event("WorkflowExecutionCompleted", { result })];
  }

  it("stays as long as its parent has its answer", async () => {
    const world = new World();
    const events = await child(world);
    world.held.add(parent.runId);
    expect(await world.clear(events)).toEqual({ kind: "later", atMs: world.nowMs + 6 * HOUR_MS });
    expect(world.bucket.objects.size).toBe(1);
    world.held.clear();
    expect(await world.clear(events)).toEqual({ kind: "cleared" });
    expect(world.bucket.objects.size).toBe(0);
  });

  it("does not wait for a parent that it told nothing large", async () => {
    const world = new World();
    world.held.add(parent.runId);
    const input = await world.stored();
    await world.clear([
      event("WorkflowExecutionStarted", { ...ofParent, input }),
      event("WorkflowExecutionCompleted", { result: { payloads: [{ data: "MQ==" }] } }),
    ]);
    expect(world.bucket.objects.size).toBe(0);
  });
});

describe("a workflow id that goes", () => {
  it("takes its orphans with it, page by page, and nobody else's", async () => {
    const world = new World();
    for (let count = 0; count < 2_500; count += 1) await world.stored();
    await world.stored({ ...place, workflowId: "orders/8" });
    await world.stored({ ...place, namespace: "default2" });
    world.nowMs += HOUR_MS;
    await world.garbage.clearExecution(place);
    expect(world.bucket.objects.size).toBe(2);
  });

  it("leaves for an hour what may belong to a request on its way", async () => {
    const world = new World();
    await world.stored();
    world.nowMs += HOUR_MS - 1;
    await world.stored();
    world.nowMs += 1;
    const youngestMs = world.nowMs - 1;
    const deleting = world.garbage.clearExecution(place);
    expect(await deleting).toEqual({ kind: "later", atMs: youngestMs + HOUR_MS });
    expect(world.bucket.objects.size).toBe(1);
    world.nowMs = youngestMs + HOUR_MS;
    await world.garbage.clearExecution(place);
    expect(world.bucket.objects.size).toBe(0);
  });
});
