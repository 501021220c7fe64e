/** The workflows of the example as they were first deployed. The name of each is the same as in `workflows.ts`. */
import { loyaltyAccountBy } from "./account-workflow.ts";
import { earnPointsWithBug } from "./points.ts";

export const loyaltyAccount = loyaltyAccountBy(earnPointsWithBug);
