import { condition, continueAsNew, defineSignal, setHandler, workflowInfo } from "../../../src/sdk/workflow/index.ts";

export const deposit = defineSignal<[cents: number]>("deposit");
export const close = defineSignal("close");

export async function piggyBank(cents: number): Promise<number> {
  let isClosed = false;
  setHandler(deposit, (more) => {
    cents += more;
  });
  setHandler(close, () => {
    isClosed = true;
  });
  await condition(() => isClosed || workflowInfo().continueAsNewSuggested);
  if (!isClosed) await continueAsNew<typeof piggyBank>(cents);
  return cents;
}
