// As in the other deployment, with fewer customers: what is different here is the way between the Workers.
import { describe, expect, it } from "vitest";

import { tellLoyaltyStory } from "../both/loyalty-kit.ts";

describe("the loyalty points of 200 customers", () => {
  it("come to the right balance when the code is mended and every run is reset", async () => {
    await expect(tellLoyaltyStory(200)).resolves.toBeUndefined();
  }, 120_000);
});
