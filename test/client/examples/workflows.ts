/** The workflow that the client's example starts; here it is a name and its types. */
import { defineSignal } from "../../../src/sdk/workflow/index.ts";

export interface TransferOrder {
  readonly to: string;
  readonly amountCents: number;
}

export const approve = defineSignal<[by: string]>("approve");

export async function transfer(order: TransferOrder): Promise<{ readonly balanceCents: number }> {
  return { balanceCents: 10_000 - order.amountCents };
}
