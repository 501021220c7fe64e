// Whole histories replayed on workerd, as an application's own tests would.
import { expect, it } from "vitest";

import { NondeterminismError, replayHistory } from "../../../src/sdk/testing/index.ts";
import backoff from "../../histories/temporal/local-activity-backoff.json" with { type: "json" };
import children from "../../histories/temporal/child-workflows.json" with { type: "json" };
import legacy from "../../histories/temporal/legacy-without-flags.json" with { type: "json" };
import updates from "../../histories/temporal/updates.json" with { type: "json" };
import * as workflows from "../../replay/temporal-workflows.ts";

it.each(Object.entries({ backoff, children, legacy, updates }))("replays on workerd: %s", async (_, history) => {
  await expect(replayHistory({ workflows, history, compareInputs: "error" })).resolves.toBeUndefined();
});

it("refuses a broken history on workerd", async () => {
  const history = JSON.parse(JSON.stringify(children).replaceAll("greetChild", "otherChild")) as object;
  const refusal: unknown = await replayHistory({ workflows, history }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(NondeterminismError);
  expect(refusal).toMatchObject({ eventId: 5 });
});
