/** Queries to a workflow whose workflow tasks follow each other without a gap, because a local activity is running. */
import { expect, it } from "vitest";

import { workflowMetadataQuery } from "../../../src/sdk/workflow/index.ts";
import { executions } from "../fixtures/activities.ts";
import { takesItsTime } from "../fixtures/workflows.ts";
import { expectToReplay } from "./authoring-kit.ts";
import { client, freshId, until } from "./kit.ts";

it("are answered meanwhile, and do not make the activity run again", async () => {
  const workflowId = freshId("local-asked");
  const args: [string, number] = [workflowId, 6_000];
  const handle = await client.workflow.start(takesItsTime, { workflowId, args, workflowTaskTimeout: "1 second" });
  const runs = async () => executions.get(`${workflowId}/slow`);
  await until(runs, (count) => count === 1);
  for (let asked = 0; asked < 2; asked += 1) {
    const metadata = await handle.query(workflowMetadataQuery);
    expect(metadata.definition.type).toBe("takesItsTime");
  }
  expect((await handle.describe()).status.name).toBe("RUNNING");
  await handle.result();
  expect(await runs()).toBe(1);
  await expectToReplay(workflowId);
});
