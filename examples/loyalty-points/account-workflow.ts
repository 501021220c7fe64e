/**
 * A customer's points, kept by a workflow for as long as there is a customer.
 *
 * Owns: the messages and what they do to the account. How many points a purchase earns is the rule's affair, so that
 * the two versions of this example differ in nothing else. The balance is nowhere but here: it is what the code makes
 * of the signals in its history, and changes with the code when the history is replayed.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from "../../src/sdk/workflow/index.ts";
import type { EarningRule, LoyaltyAccount } from "./points.ts";

/** The customer has bought something. */
export const purchase = defineSignal<[purchaseCents: number]>("purchase");
/** Spends points; answers with those that are left. Refused when there are not enough. */
export const redeem = defineUpdate<number, [points: number]>("redeem");
/** The points that the customer has. */
export const balance = defineQuery<number>("balance");
/** The customer leaves; the workflow ends. */
export const leave = defineSignal("leave");

/** The workflow with a rule. It answers with the points that were left. */
export function loyaltyAccountBy(rule: EarningRule): () => Promise<number> {
  return async function loyaltyAccount(): Promise<number> {
    let account: LoyaltyAccount = { points: 0, spentCents: 0 };
    let hasLeft = false;
    setHandler(purchase, (purchaseCents) => {
      account = rule(account, purchaseCents);
    });
    setHandler(
      redeem,
      (points) => {
        account = { ...account, points: account.points - points };
        return account.points;
      },
      {
        validator: (points) => {
          if (points <= account.points) return;
          throw ApplicationFailure.nonRetryable(`there are only ${account.points} points`, "NotEnoughPoints");
        },
      },
    );
    setHandler(balance, () => account.points);
    setHandler(leave, () => {
      hasLeft = true;
    });
    await condition(() => hasLeft && allHandlersFinished());
    return account.points;
  };
}
