// Thousands of runs with a bug in their code, mended by one batch of resets.
import { describe, expect, it } from "vitest";

import { tellLoyaltyStory } from "../both/loyalty-kit.ts";

describe("the loyalty points of 2,000 customers", () => {
  it("come to the right balance when the code is mended and every run is reset", async () => {
    await expect(tellLoyaltyStory(2_000)).resolves.toBeUndefined();
  }, 300_000);
});
