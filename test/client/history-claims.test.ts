// Histories whose large payloads are in a bucket, when what another workflow owned there has been cleared away.
import { expect, test } from "vitest";

import {
  encodeValues,
  loadDataConverter,
  type PayloadChannel,
  PayloadClaimError,
  PayloadEncoding,
  R2PayloadCodec,
} from "../../src/codec/index.ts";
import type { EventAttributes, EventType, HistoryEvent } from "../../src/core/history-event.ts";
import { decodeHistory } from "../../src/sdk/client/index.ts";
import { MemoryBucket } from "../codec/memory-bucket.ts";

const bucket = new MemoryBucket();
const converter = loadDataConverter({
  payloadCodecs: [new R2PayloadCodec(bucket, { thresholdBytes: 100, allowUnencrypted: true })],
});
const own = new PayloadEncoding(converter, { namespace: "default", workflowId: "parent-1" });
const others = new PayloadEncoding(converter, { namespace: "default", workflowId: "child-1" });
const long = "x".repeat(1_000);
const inClear = btoa(JSON.stringify(long));

/** An event with a long input, and of its other attributes only what says whom that is for. */
async function sent<T extends EventType>(
  eventId: number,
  eventType: T,
  by: PayloadEncoding,
  channel: PayloadChannel,
  attributes: Partial<EventAttributes[T]>,
): Promise<HistoryEvent> {
  const input = await encodeValues(by, channel, [long]);
  return { eventId, eventTimeMs: eventId, eventType, attributes: { ...attributes, input } } as unknown as HistoryEvent;
}

const namespace = "default";
const workflowExecution = { workflowId: "child-1" };

test("what was sent to a workflow that is gone stays a claim, and the rest is decoded", async () => {
  const start = { kind: "workflow-input" } as const;
  const signal = { kind: "signal", signalName: "tell", requestId: "r" } as const;
  const [started, initiated, signalled] = await Promise.all([
    sent(1, "WorkflowExecutionStarted", own, start, { originalExecutionRunId: "run-1" }),
    sent(2, "StartChildWorkflowExecutionInitiated", others, start, { namespace, workflowId: "child-1" }),
    sent(3, "SignalExternalWorkflowExecutionInitiated", others, signal, {
      namespace,
      workflowExecution,
      signalName: "tell",
      signalRequestId: "r",
    }),
  ]);
  const events = [started, initiated, signalled];
  for (const event of await decodeHistory(own, events)) expect(JSON.stringify(event)).toContain(inClear);

  const ownKeys = bucket.keys.filter((key) => JSON.stringify(started).includes(btoa(key)));
  expect(ownKeys).toHaveLength(1);
  await bucket.delete(bucket.keys.filter((key) => !ownKeys.includes(key)));
  const [first, ...rest] = await decodeHistory(own, events);
  expect(JSON.stringify(first)).toContain(inClear);
  expect(rest).toEqual([initiated, signalled]);

  // What the workflow itself owns must be there.
  await bucket.delete(ownKeys);
  await expect(decodeHistory(own, events)).rejects.toThrow(PayloadClaimError);
});
