import { condition, defineSignal, setHandler, sleep } from "../../../src/sdk/workflow/index.ts";

export const confirmed = defineSignal("confirmed");

export async function trial(): Promise<string> {
  let isConfirmed = false;
  setHandler(confirmed, () => {
    isConfirmed = true;
  });
  if (!(await condition(() => isConfirmed, "14 days"))) return "expired";
  await sleep("30 days");
  return "first invoice due";
}
