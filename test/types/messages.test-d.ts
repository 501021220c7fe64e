/**
 * What must not compile around messages, interceptors and sinks. `tsc` checks this file; nothing runs it.
 *
 * Owns: one line for each mistake that those types are there to catch.
 */
import { expectTypeOf } from "vitest";

import {
  currentUpdateInfo,
  defineUpdate,
  defineWorkflowOptions,
  proxySinks,
  setDefaultUpdateHandler,
  setHandler,
  setWorkflowOptions,
  type Sinks,
  type UpdateInfo,
  type WorkflowInterceptorsFactory,
} from "../../src/sdk/workflow/index.ts";
import type { ActivityInterceptorsFactory, InjectedSinks, WorkerOptions } from "../../src/worker/index.ts";

const deposit = defineUpdate<number, [account: string, amount: number]>("deposit");

export function updatesAreTyped(): void {
  setHandler(
    deposit,
    (account, amount) => {
      expectTypeOf(account).toEqualTypeOf<string>();
      expectTypeOf(amount).toEqualTypeOf<number>();
      return amount;
    },
    {
      validator: (account, amount) => {
        expectTypeOf(account).toEqualTypeOf<string>();
        expectTypeOf(amount).toEqualTypeOf<number>();
      },
      unfinishedPolicy: "ABANDON",
      description: "Adds money.",
    },
  );
  setHandler(deposit, () => Promise.resolve(1));
  setHandler(deposit, undefined);
  // @ts-expect-error -- a result of the wrong type.
  setHandler(deposit, () => "1");
  // @ts-expect-error -- a promise of the wrong type.
  setHandler(deposit, () => Promise.resolve("1"));
  // @ts-expect-error -- an argument of the wrong type.
  setHandler(deposit, (account: number) => account);
  // @ts-expect-error -- a validator that wants another argument.
  setHandler(deposit, () => 1, { validator: (account: boolean) => void account });
  // @ts-expect-error -- no such policy.
  setHandler(deposit, () => 1, { unfinishedPolicy: "WAIT" });
  // @ts-expect-error -- a default handler is told the name first.
  setDefaultUpdateHandler((name: number) => name);
  expectTypeOf(currentUpdateInfo()).toEqualTypeOf<UpdateInfo | undefined>();
}

interface AuditSinks extends Sinks {
  audit: { record(entry: string, amount: number): void };
}

export function sinksAreTyped(): void {
  const { audit } = proxySinks<AuditSinks>();
  audit.record("deposit", 1);
  // @ts-expect-error -- an argument of the wrong type.
  audit.record("deposit", "1");
  // @ts-expect-error -- no such function.
  audit.remove("deposit");
  const sinks: InjectedSinks<AuditSinks> = {
    audit: {
      record: {
        fn(info, entry, amount) {
          expectTypeOf(info.workflowId).toEqualTypeOf<string>();
          expectTypeOf(entry).toEqualTypeOf<string>();
          expectTypeOf(amount).toEqualTypeOf<number>();
        },
      },
    },
  };
  expectTypeOf(sinks).toExtend<NonNullable<WorkerOptions<object>["sinks"]>>();
  // @ts-expect-error -- a function is missing.
  expectTypeOf<InjectedSinks<AuditSinks>>({ audit: {} });
}

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      handleUpdate: (input, next) => {
        expectTypeOf(input.updateId).toEqualTypeOf<string>();
        return next({ ...input, args: [] });
      },
      // @ts-expect-error -- what goes on with the validation answers nothing.
      validateUpdate: (input, next): string => next(input),
    },
  ],
});

export const activityInterceptors: ActivityInterceptorsFactory = (ctx) => {
  expectTypeOf(ctx.info.activityId).toEqualTypeOf<string>();
  return { inbound: { execute: (input, next) => next(input) } };
};

class FundsError extends Error {
  readonly amount: number;

  constructor(amount: number) {
    super("no funds");
    this.amount = amount;
  }
}

export function workflowOptionsAreTyped(): void {
  const workflow = (amount: number) => Promise.resolve(amount);
  setWorkflowOptions({ failureExceptionTypes: [FundsError] }, workflow);
  setWorkflowOptions(() => ({ versioningBehavior: "PINNED" }), workflow);
  defineWorkflowOptions(workflow, { workflowDefinitionOptions: { failureExceptionTypes: [Error] } });
  // @ts-expect-error -- names are for the worker's options.
  setWorkflowOptions({ failureExceptionTypes: ["FundsError"] }, workflow);
}
