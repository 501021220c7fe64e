/** The workflows that the client's examples start; here they are names and their types. */
import { defineSignal, defineUpdate } from "../../../src/sdk/workflow/index.ts";

export interface TransferOrder {
  readonly to: string;
  readonly amountCents: number;
}

export const approve = defineSignal<[by: string]>("approve");

export async function transfer(order: TransferOrder): Promise<{ readonly balanceCents: number }> {
  return { balanceCents: 10_000 - order.amountCents };
}

export const addApproval = defineUpdate<number, [by: string]>("addApproval");

export async function release(version: string): Promise<string> {
  return `${version} is out`;
}
