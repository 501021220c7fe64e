/**
 * The workflows behind `test/histories/replay/*.json`.
 *
 * Owns: code that must not change any more. Each history was recorded from the function of its workflow type, and has to
 * replay on every later version; a change of behaviour gets a flag and a new workflow here, not an edit.
 */
import { defineSearchAttributeKey } from "../../src/sdk/common/index.ts";
import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  deprecatePatch,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  rootCause,
  scheduleActivity,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";

interface Activities {
  withdraw(account: string, amount: number, key: string): string;
  deposit(account: string, amount: number, key: string): string;
  remind(): void;
}

const { withdraw, deposit, remind } = proxyActivities<Activities>({
  startToCloseTimeout: "10 seconds",
  cancellationType: "WAIT_CANCELLATION_COMPLETED",
});

/** Withdraws, deposits elsewhere, and gives back what could not be deposited. */
export async function transferWithRefund(from: string, to: string, amount: number): Promise<string> {
  await withdraw(from, amount, uuid4());
  await sleep("1 second");
  try {
    return await deposit(to, amount, uuid4());
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return `refunded: ${await deposit(from, amount, uuid4())} (${String(Math.random())})`;
  }
}

export const approve = defineSignal<[who: string]>("approve");
export const approvals = defineQuery<string[]>("approvals");

/** Waits for two approvals, reminding meanwhile; cleans up when it is cancelled. */
export async function collectApprovals(): Promise<string[]> {
  const names: string[] = [];
  setHandler(approvals, () => names);
  setHandler(approve, (who) => void names.push(`${who} at ${new Date().toISOString()}`));
  try {
    while (!(await condition(() => names.length >= 2, "1 hour")))
      await CancellationScope.withTimeout("1 minute", async () => remind());
    await sleep("1 day");
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => remind());
    throw error;
  }
  return names;
}

export const order = defineUpdate<string, [item: string]>("order");
export const close = defineSignal("close");

/** Takes orders as updates, refuses some and fails others, and waits for those under way. */
export async function takeOrders(): Promise<string[]> {
  const taken: string[] = [];
  let isClosed = false;
  const take = async (item: string): Promise<string> => {
    const receipt = `${item} ${String(currentUpdateInfo()?.id)} ${uuid4()}`;
    if (item === "fragile") throw ApplicationFailure.create({ message: "It broke", type: "Breakage" });
    if (item === "heavy") await sleep("5 seconds");
    taken.push(`${receipt} at ${new Date().toISOString()}`);
    return receipt;
  };
  const validator = (item: string): void => {
    if (item === "") throw new Error("Nothing was ordered");
  };
  setHandler(order, take, { validator });
  setHandler(close, () => void (isClosed = true));
  await condition(() => isClosed);
  await condition(allHandlersFinished);
  return taken;
}

export const hurry = defineSignal<[reason: string]>("hurry");

/** A child of `deliverParcels`: its history is not among the recorded ones. */
export declare function deliver(parcel: string): Promise<string>;

/** One child to its end, one that fails, one that cannot start, one that is told something and then cancelled. */
export async function deliverParcels(): Promise<string[]> {
  const outcomes = [await executeChild<typeof deliver>("deliver", { args: ["book"], staticSummary: "The book" })];
  const failed = executeChild<typeof deliver>("deliver", { args: ["vase"], parentClosePolicy: "ABANDON" });
  const taken = executeChild<typeof deliver>("deliver", { args: ["lamp"], workflowId: "taken" });
  const described = async (delivery: Promise<string>): Promise<string> =>
    delivery.catch((error: unknown) => `${error instanceof ChildWorkflowFailure} ${String(rootCause(error))}`);
  outcomes.push(...(await Promise.all([described(failed), described(taken)])));
  const scope = new CancellationScope();
  const slow = await scope.run(async () => startChild<typeof deliver>("deliver", { args: ["piano"] }));
  await slow.signal(hurry, "rain");
  const ending = described(slow.result());
  scope.cancel();
  return [...outcomes, slow.firstExecutionRunId, await ending];
}

/** Signals one neighbour, cannot find another, and cancels a third. */
export async function warnNeighbours(): Promise<string> {
  await getExternalWorkflowHandle("upstairs").signal(hurry, "water");
  const missing = getExternalWorkflowHandle("nobody").signal(hurry, "water");
  const reason = await missing.then(String, rootCause);
  await getExternalWorkflowHandle("downstairs", "the-run-downstairs").cancel();
  return `${String(reason)} ${uuid4()}`;
}

export const count = defineSignal("count");

/** Counts one signal and goes on as a new run, until nothing is left to count. */
export async function countDown(left: number): Promise<string> {
  const { continuedFromExecutionRunId, memo } = workflowInfo();
  if (left === 0) return `${String(continuedFromExecutionRunId)} ${JSON.stringify(memo)} ${uuid4()}`;
  let counted = 0;
  setHandler(count, () => void (counted += 1));
  await condition(() => counted > 0);
  upsertMemo({ left });
  return continueAsNew<typeof countDown>(left - 1);
}

/**
 * The price of a thing, after two changes of the code. `price-order.json` was recorded from it as it stands, and
 * `price-order-before-patch.json` from the code before the changes, which only slept a second and withdrew.
 */
export async function priceOrder(base: number): Promise<number> {
  deprecatePatch("rounding");
  let price = base;
  if (patched("surcharge")) {
    await sleep("2 seconds");
    price += 10;
  } else {
    await sleep("1 second");
  }
  if (patched("surcharge")) price += 1;
  await withdraw("buyer", price, uuid4());
  if (patched("receipt")) await sleep("3 seconds");
  return price;
}

interface LocalActivities {
  /** Fails on its first attempts; the result is the number of the attempt. */
  audit(failures: number): number;
}

/** Local activities that succeed, in a row and at once with other work, and one that fails. */
export async function auditAccounts(): Promise<unknown[]> {
  const { audit } = proxyLocalActivities<LocalActivities>({
    startToCloseTimeout: "10 seconds",
    summary: "An audit",
    retry: { initialInterval: 1, maximumAttempts: 2 },
  });
  const results: unknown[] = [await audit(0), await audit(1)];
  results.push(...(await Promise.all([audit(0), withdraw("auditor", 1, uuid4()), audit(0), sleep("1 second")])));
  const failed = await audit(2).catch((error: unknown) => error instanceof ActivityFailure && rootCause(error));
  return [...results, failed, await audit(0), Date.now()];
}

/** A local activity whose retries are far away, and so behind durable timers; the second of them is cancelled. */
export async function auditPatiently(): Promise<unknown[]> {
  const { audit } = proxyLocalActivities<LocalActivities>({
    startToCloseTimeout: "10 seconds",
    localRetryThreshold: "1 second",
    retry: { initialInterval: "1 minute" },
  });
  const results: unknown[] = [await audit(2)];
  const scope = new CancellationScope();
  const endless = scope.run(async () => audit(100)).catch(isCancellation);
  await sleep("30 seconds");
  scope.cancel();
  return [...results, await endless, await audit(0)];
}

const STAGE = defineSearchAttributeKey("Stage", "KEYWORD");

/** Upserts, and summaries on all that takes one. */
export async function describeItself(): Promise<string> {
  upsertMemo({ stage: "packing", carrier: "foot" });
  upsertSearchAttributes([{ key: STAGE, value: "packing" }]);
  setCurrentDetails("Packing");
  await sleep("1 second", { summary: "Until it is packed" });
  await scheduleActivity("remind", [], { startToCloseTimeout: "10 seconds", summary: "Says that it is packed" });
  upsertSearchAttributes([{ key: STAGE, value: null }]);
  upsertMemo({ carrier: null, stage: "sent" });
  await condition(() => false, "1 second", { summary: "Until nobody asks" });
  const { memo, typedSearchAttributes } = workflowInfo();
  return `${JSON.stringify(memo)} ${String(typedSearchAttributes.get(STAGE))}`;
}

/** Cancels an activity, which says that it stopped, and fails. */
export async function giveUp(): Promise<never> {
  const scope = new CancellationScope();
  const withdrawal = scope.run(async () => withdraw("debtor", 1, uuid4())).catch(isCancellation);
  await sleep("1 second");
  scope.cancel();
  throw ApplicationFailure.nonRetryable(`Gave up: ${await withdrawal}`, "GivenUp", uuid4());
}

export const ask = defineSignal<[question: string]>("ask");

/** Draws in every task. Recorded from a run that was reset: its later draws come from another seed than its first. */
export async function tellFortunes(): Promise<string[]> {
  const fortunes: string[] = [];
  let isClosed = false;
  const draw = (question: string): string => `${question} ${uuid4()} ${String(Math.random())}`;
  setHandler(ask, (question) => void fortunes.push(draw(question)));
  setHandler(order, async (item) => {
    await sleep("1 second");
    fortunes.push(draw(item));
    return item;
  });
  setHandler(close, () => void (isClosed = true));
  fortunes.push(await withdraw("fortune", 1, uuid4()));
  fortunes.push(draw("before"));
  await withdraw("fortune", 2, String(Math.random()));
  fortunes.push(draw("after"));
  await condition(() => isClosed && allHandlersFinished());
  return fortunes;
}
