import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
} from "../../../src/sdk/workflow/index.ts";

interface Activities {
  announce(text: string): Promise<void>;
}

const { announce } = proxyActivities<Activities>({ startToCloseTimeout: "10 seconds" });

export const approve = defineSignal<[who: string]>("approve");
export const approvals = defineQuery<string[]>("approvals");
export const setRequired = defineUpdate<number, [required: number]>("setRequired");

export async function release(required: number): Promise<string[]> {
  const names = new Set<string>();
  setHandler(approvals, () => [...names]);
  setHandler(approve, (who) => {
    names.add(who);
  });
  const change = async (changed: number): Promise<number> => {
    await announce(`${changed} approvals are required now`);
    required = changed;
    return Math.max(0, required - names.size);
  };
  const validator = (changed: number): void => {
    if (changed < 1) throw new RangeError("A release needs an approval");
  };
  setHandler(setRequired, change, { validator, description: "Answers how many approvals are missing" });

  await condition(() => names.size >= required);
  await condition(allHandlersFinished);
  return [...names];
}
