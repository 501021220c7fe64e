import { condition, defineQuery, defineSignal, setHandler } from "../../../src/sdk/workflow/index.ts";

export const approve = defineSignal<[who: string]>("approve");
export const approvals = defineQuery<string[]>("approvals");

export async function release(required: number): Promise<string[]> {
  const names = new Set<string>();
  setHandler(approvals, () => [...names]);
  setHandler(approve, (who) => {
    names.add(who);
  });
  await condition(() => names.size >= required);
  return [...names];
}
