import { expect, it } from "vitest";

import { addDefaultWorkflowOptions } from "../../src/sdk/workflow/index.ts";
import { brief, history, replay } from "./history-builder.ts";

it("the options of a child are filled in, with an id that every replay draws again", async () => {
  const workflow = async () => addDefaultWorkflowOptions({ taskQueue: "shipping", args: [17] });
  const filledIn = async () => brief(await replay(workflow, history("workflow").taskStarted()));
  const [first] = await filledIn();
  const options: unknown = JSON.parse(first?.replace("Complete ", "") ?? "");
  expect(options).toEqual({
    taskQueue: "shipping",
    args: [17],
    workflowId: expect.stringMatching(/^[\da-f]{8}-[\da-f-]{27}$/) as unknown,
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
  });
  expect(await filledIn()).toEqual([first]);
});
