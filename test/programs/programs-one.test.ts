// Random programs do the same whether the session of their code lives on, or is thrown away and replayed after every
// single event: same results, same histories, same answers to queries. One half of them; both run side by side.
import { describe, it } from "vitest";

import { checkPrograms } from "./property.ts";

describe("random programs (half one)", () => {
  it(
    "live the same life with their session kept and with it replayed after every event",
    { timeout: 600_000 },
    checkPrograms,
  );
});
