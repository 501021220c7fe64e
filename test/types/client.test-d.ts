/**
 * What must not compile in code that uses the client. `tsc` checks this file; nothing runs it.
 *
 * Owns: one line for each mistake that the types of the client are there to catch.
 */
import { expectTypeOf } from "vitest";

import {
  type Client,
  defineSearchAttributeKey,
  SearchAttributeType,
  WithStartWorkflowOperation,
  type WorkflowClientInterceptor,
  type WorkflowUpdateHandle,
} from "../../src/sdk/client/index.ts";
import { defineQuery, defineSignal, defineUpdate } from "../../src/sdk/workflow/index.ts";

declare const client: Client;

declare function cart(customer: string, limit: number): Promise<{ readonly total: number }>;
declare function ping(): Promise<void>;

const approve = defineSignal<[who: string, weight: number]>("approve");
const close = defineSignal("close");
const total = defineQuery<number, [factor: number]>("total");
const addItem = defineUpdate<number, [item: string, count: number]>("addItem");
const checkOut = defineUpdate<string>("checkOut");

export async function startsAreTyped(): Promise<void> {
  const handle = await client.workflow.start(cart, { workflowId: "a", args: ["alice", 3] });
  expectTypeOf(await handle.result()).toEqualTypeOf<{ readonly total: number }>();
  expectTypeOf(await client.workflow.execute(cart, { workflowId: "a", args: ["alice", 3] })).toEqualTypeOf<{
    readonly total: number;
  }>();
  await client.workflow.start(ping, { workflowId: "a" });
  await client.workflow.start("cart", { workflowId: "a", args: ["alice", 3] });
  await client.workflow.start<typeof cart>("cart", { workflowId: "a", args: ["alice", 3] });
  // @ts-expect-error -- the arguments are missing.
  await client.workflow.start(cart, { workflowId: "a" });
  // @ts-expect-error -- an argument is missing.
  await client.workflow.start(cart, { workflowId: "a", args: ["alice"] });
  // @ts-expect-error -- an argument of the wrong type.
  await client.workflow.start(cart, { workflowId: "a", args: ["alice", "3"] });
  // @ts-expect-error -- an argument too many.
  await client.workflow.start(ping, { workflowId: "a", args: [1] });
  // @ts-expect-error -- no workflow id.
  await client.workflow.start(ping, {});
  // @ts-expect-error -- a result of the wrong type.
  expectTypeOf<string>(await handle.result());
  // @ts-expect-error -- the type that was named has arguments.
  await client.workflow.start<typeof cart>("cart", { workflowId: "a" });
  // @ts-expect-error -- not a workflow: it resolves to nothing that could be awaited.
  await client.workflow.start((customer: string) => customer, { workflowId: "a", args: ["alice"] });
}

export async function messagesAreTyped(): Promise<void> {
  const handle = client.workflow.getHandle<typeof cart>("a");
  await handle.signal(approve, "carol", 1);
  await handle.signal(close);
  await handle.signal<[who: string]>("approve", "carol");
  expectTypeOf(await handle.query(total, 2)).toEqualTypeOf<number>();
  // @ts-expect-error -- a payload of the wrong type.
  await handle.signal(approve, "carol", "1");
  // @ts-expect-error -- a payload is missing.
  await handle.signal(approve, "carol");
  // @ts-expect-error -- the signal carries nothing.
  await handle.signal(close, "now");
  // @ts-expect-error -- a query is no signal.
  await handle.signal(total, 2);
  // @ts-expect-error -- an argument of the wrong type.
  await handle.query(total, "2");
  // @ts-expect-error -- an answer of the wrong type.
  expectTypeOf<string>(await handle.query(total, 2));
  await client.workflow.signalWithStart(cart, {
    workflowId: "a",
    args: ["alice", 3],
    signal: approve,
    signalArgs: ["carol", 1],
  });
  await client.workflow.signalWithStart("cart", { workflowId: "a", args: ["alice", 3], signal: "close" });
  // @ts-expect-error -- the signal's arguments are missing.
  await client.workflow.signalWithStart(cart, { workflowId: "a", args: ["alice", 3], signal: approve });
}

export async function updatesAreTyped(): Promise<void> {
  const handle = client.workflow.getHandle<typeof cart>("a");
  expectTypeOf(await handle.executeUpdate(addItem, { args: ["book", 1] })).toEqualTypeOf<number>();
  expectTypeOf(await handle.executeUpdate(checkOut)).toEqualTypeOf<string>();
  expectTypeOf(await handle.executeUpdate(checkOut, { updateId: "u" })).toEqualTypeOf<string>();
  expectTypeOf(await handle.executeUpdate<number, [string]>("addItem", { args: ["book"] })).toEqualTypeOf<number>();
  const started = await handle.startUpdate(addItem, { args: ["book", 1], waitForStage: "ACCEPTED" });
  expectTypeOf(started).toEqualTypeOf<WorkflowUpdateHandle<number>>();
  expectTypeOf(await handle.getUpdateHandle<string>("u").result()).toEqualTypeOf<string>();
  // @ts-expect-error -- the arguments are missing.
  await handle.executeUpdate(addItem);
  // @ts-expect-error -- an argument of the wrong type.
  await handle.executeUpdate(addItem, { args: ["book", "1"] });
  // @ts-expect-error -- an argument is missing.
  await handle.executeUpdate(addItem, { args: ["book"] });
  // @ts-expect-error -- the update takes nothing.
  await handle.executeUpdate(checkOut, { args: ["now"] });
  // @ts-expect-error -- a result of the wrong type.
  expectTypeOf<string>(await handle.executeUpdate(addItem, { args: ["book", 1] }));
  // @ts-expect-error -- a signal is no update.
  await handle.executeUpdate(close);
  // @ts-expect-error -- it must be said for which stage to wait.
  await handle.startUpdate(checkOut, {});
  // @ts-expect-error -- only ACCEPTED can be waited for.
  await handle.startUpdate(checkOut, { waitForStage: "ADMITTED" });
}

export async function updatesWithStartAreTyped(): Promise<void> {
  const startWorkflowOperation = new WithStartWorkflowOperation(cart, {
    workflowId: "a",
    args: ["alice", 3],
    workflowIdConflictPolicy: "USE_EXISTING",
  });
  const executed = await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation, args: ["book", 1] });
  expectTypeOf(executed).toEqualTypeOf<number>();
  const handle = await startWorkflowOperation.workflowHandle();
  expectTypeOf(await handle.result()).toEqualTypeOf<{ readonly total: number }>();
  expectTypeOf(
    await client.workflow.startUpdateWithStart(checkOut, { startWorkflowOperation, waitForStage: "ACCEPTED" }),
  ).toEqualTypeOf<WorkflowUpdateHandle<string>>();
  // @ts-expect-error -- the arguments of the update are missing.
  await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation });
  // @ts-expect-error -- an argument of the wrong type.
  await client.workflow.executeUpdateWithStart(addItem, { startWorkflowOperation, args: ["book", "1"] });
  // @ts-expect-error -- no operation.
  await client.workflow.executeUpdateWithStart(checkOut, {});
  // @ts-expect-error -- no conflict policy.
  export_(new WithStartWorkflowOperation(cart, { workflowId: "a", args: ["alice", 3] }));
  // @ts-expect-error -- the arguments of the workflow are missing.
  export_(new WithStartWorkflowOperation(cart, { workflowId: "a", workflowIdConflictPolicy: "FAIL" }));
}

declare function export_(value: unknown): void;

export async function searchAttributesAreTyped(): Promise<void> {
  const customerId = defineSearchAttributeKey("CustomerId", SearchAttributeType.KEYWORD);
  const dueAt = defineSearchAttributeKey("DueAt", "DATETIME");
  const { typedSearchAttributes } = await client.workflow.getHandle("a").describe();
  expectTypeOf(typedSearchAttributes.get(customerId)).toEqualTypeOf<string | undefined>();
  expectTypeOf(typedSearchAttributes.get(dueAt)).toEqualTypeOf<Date | undefined>();
  await client.workflow.start(ping, {
    workflowId: "a",
    typedSearchAttributes: [
      { key: customerId, value: "c-17" },
      { key: dueAt, value: new Date() },
    ],
    searchAttributes: { Tags: ["a", "b"] },
  });
  // @ts-expect-error -- a value of the wrong type.
  await client.workflow.start(ping, { workflowId: "a", typedSearchAttributes: [{ key: customerId, value: 17 }] });
  // @ts-expect-error -- a start has nothing to delete.
  await client.workflow.start(ping, { workflowId: "a", typedSearchAttributes: [{ key: customerId, value: null }] });
  // @ts-expect-error -- a list of two types.
  await client.workflow.start(ping, { workflowId: "a", searchAttributes: { Tags: ["a", 1] } });
}

export const interceptorsAreTyped: readonly WorkflowClientInterceptor[] = [
  { signal: (input, next) => next({ ...input, headers: { ...input.headers, tenant: { data: new Uint8Array() } } }) },
  // @ts-expect-error -- a signal answers nothing.
  { signal: async () => 1 },
  // @ts-expect-error -- the input of another call.
  { query: (input, next) => next({ signalName: "a", args: [], headers: input.headers }) },
];

export async function batchesAreTyped(): Promise<void> {
  const rename = defineSignal<[name: string, times: number]>("rename");
  const poke = defineSignal("poke");
  const list = { executions: ["a", { workflowId: "b", runId: "c" }], reason: "because" };
  const handle = await client.batch.start({
    ...list,
    operation: { type: "signal", signalName: rename, args: ["x", 1] },
  });
  await client.batch.start({ ...list, operation: { type: "signal", signalName: poke } });
  await client.batch.start({ ...list, operation: { type: "signal", signalName: "any", args: [1, "two"] } });
  await client.batch.start({ ...list, operation: { type: "terminate", details: [1] } });
  await client.batch.start({ ...list, operation: { type: "reset", options: { eventId: 4 } } });
  expectTypeOf((await handle.result()).state).toEqualTypeOf<"UPLOADING" | "RUNNING" | "COMPLETED" | "FAILED">();
  // @ts-expect-error -- the arguments of the signal are missing.
  await client.batch.start({ ...list, operation: { type: "signal", signalName: rename } });
  // @ts-expect-error -- an argument of the wrong type.
  await client.batch.start({ ...list, operation: { type: "signal", signalName: rename, args: ["x", "y"] } });
  const twoPoints = { eventId: 4, type: "LastWorkflowTask" } as const;
  // @ts-expect-error -- two points to reset to.
  await client.batch.start({ ...list, operation: { type: "reset", options: twoPoints } });
  // @ts-expect-error -- no such operation.
  await client.batch.start({ ...list, operation: { type: "pause" } });
  // @ts-expect-error -- no reason.
  await client.batch.start({ executions: ["a"], operation: { type: "cancel" } });
}
