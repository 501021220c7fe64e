import { describe, expectTypeOf, test } from "vitest";

import type {
  Client,
  QueryDefinition,
  SignalDefinition,
  WorkflowHandle,
  WorkflowHandleWithStartDetails,
} from "../../src/sdk/client/index.ts";

type Transfer = (order: { readonly amountCents: number }, note?: string) => Promise<{ readonly balance: number }>;
type Ping = () => Promise<string>;
type MaybeNamed = (name?: string) => Promise<void>;

// What these tests state is stated to the compiler: it runs over them, and they are called by nobody.
const _typed = {
  start: (client: Client, transfer: Transfer) =>
    client.workflow.start(transfer, { workflowId: "a", args: [{ amountCents: 1 }] }),
  startByName: (client: Client) =>
    client.workflow.start<Transfer>("transfer", { workflowId: "a", args: [{ amountCents: 1 }, "rent"] }),
  startUntyped: (client: Client) => client.workflow.start("transfer", { workflowId: "a", args: [1, "two"] }),
  startWithoutParameters: (client: Client, ping: Ping) => client.workflow.start(ping, { workflowId: "a" }),
  startWithOptionalParameter: (client: Client, named: MaybeNamed) => client.workflow.start(named, { workflowId: "a" }),
  startWithoutArgs: (client: Client, transfer: Transfer) =>
    // @ts-expect-error the workflow has a required parameter
    client.workflow.start(transfer, { workflowId: "a" }),
  startWithWrongArgs: (client: Client, transfer: Transfer) =>
    // @ts-expect-error amountCents is a number
    client.workflow.start(transfer, { workflowId: "a", args: [{ amountCents: "1" }] }),
  execute: (client: Client, transfer: Transfer) =>
    client.workflow.execute(transfer, { workflowId: "a", args: [{ amountCents: 1 }] }),
  signal: (handle: WorkflowHandle<Ping>, approve: SignalDefinition<[by: string]>) => handle.signal(approve, "carol"),
  signalWithWrongArgs: (handle: WorkflowHandle<Ping>, approve: SignalDefinition<[by: string]>) =>
    // @ts-expect-error the signal's argument is a string
    handle.signal(approve, 7),
  query: (handle: WorkflowHandle<Ping>, progress: QueryDefinition<"waiting" | "done">) => handle.query(progress),
  queryWithWrongArgs: (handle: WorkflowHandle<Ping>, progress: QueryDefinition<string>) =>
    // @ts-expect-error the query has no arguments
    handle.query(progress, "verbose"),
  signalWithStart: (client: Client, transfer: Transfer, approve: SignalDefinition<[by: string]>) =>
    client.workflow.signalWithStart(transfer, {
      workflowId: "a",
      args: [{ amountCents: 1 }],
      signal: approve,
      signalArgs: ["carol"],
    }),
  signalWithStartWithoutArgs: (client: Client, ping: Ping, approve: SignalDefinition<[by: string]>) =>
    // @ts-expect-error the signal has a required argument
    client.workflow.signalWithStart(ping, { workflowId: "a", signal: approve }),
};

describe("types flow from the workflow function", () => {
  test("to the handle and its result", () => {
    expectTypeOf<ReturnType<typeof _typed.start>>().resolves.toEqualTypeOf<WorkflowHandleWithStartDetails<Transfer>>();
    expectTypeOf<WorkflowHandle<Transfer>["result"]>().returns.resolves.toEqualTypeOf<{ readonly balance: number }>();
    expectTypeOf<ReturnType<typeof _typed.execute>>().resolves.toEqualTypeOf<{ readonly balance: number }>();
  });

  test("to nothing known when only the name is", () => {
    expectTypeOf<Awaited<ReturnType<typeof _typed.startUntyped>>["result"]>().returns.resolves.toBeUnknown();
  });

  test("from a query's definition to its answer", () => {
    expectTypeOf<ReturnType<typeof _typed.query>>().resolves.toEqualTypeOf<"waiting" | "done">();
  });
});
