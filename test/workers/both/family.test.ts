/** Parents, children and strangers as users write them: code, codec and service together. */
import { describe, expect, it } from "vitest";

import {
  cancelsItsChild,
  catchesItsChild,
  listens,
  talksToItsChild,
  tellsAnother,
} from "../fixtures/family-workflows.ts";
import { client, freshId } from "./kit.ts";

describe("a workflow and its child", () => {
  it("talk to each other, in encrypted words", async () => {
    const [workflowId, child] = [freshId("parent"), freshId("child")];
    const result = await client.workflow.execute(talksToItsChild, { workflowId, args: [child] });
    expect(result).toBe(`Ada, child of ${workflowId}, heard hello`);
  });

  it("part with the child's failure", async () => {
    const result = await client.workflow.execute(catchesItsChild, {
      workflowId: freshId("parent"),
      args: [freshId("child")],
    });
    expect(result).toBe("ChildWorkflowFailure: ApplicationFailure: no luck");
  });

  it("are cancelled by the scope that holds the child", async () => {
    const child = freshId("child");
    const result = await client.workflow.execute(cancelsItsChild, { workflowId: freshId("parent"), args: [child] });
    expect(result).toBe("cancelled");
    expect((await client.workflow.getHandle(child).describe()).status.name).toBe("CANCELLED");
  });
});

describe("a workflow and a stranger", () => {
  it("reach each other by id, or hear that there is nobody", async () => {
    const target = freshId("stranger");
    const handle = await client.workflow.start(listens, { workflowId: target, args: ["Bob"] });
    const args: [string, string] = [target, "hi"];
    expect(await client.workflow.execute(tellsAnother, { workflowId: freshId("teller"), args })).toBe("told");
    expect(await handle.result()).toBe("Bob, child of nobody, heard hi");
    expect(await client.workflow.execute(tellsAnother, { workflowId: freshId("teller"), args })).toBe(
      "Unable to signal external workflow because it was not found",
    );
  });
});
