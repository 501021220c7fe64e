/** The workflows of the example, mended. */
import { loyaltyAccountBy } from "./account-workflow.ts";
import { earnPoints } from "./points.ts";

export const loyaltyAccount = loyaltyAccountBy(earnPoints);
