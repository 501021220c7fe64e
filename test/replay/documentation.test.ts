import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import * as cancellation from "./doc-examples/cancellation.ts";
import * as determinism from "./doc-examples/determinism.ts";
import * as messages from "./doc-examples/messages.ts";
import * as timers from "./doc-examples/timers.ts";
import * as workflows from "./doc-examples/workflows.ts";
import { valuesOf } from "./history-builder.ts";
import { TestService } from "./test-service.ts";

const pages = ["cancellation", "determinism", "messages", "timers", "workflows"];

/** The result of a workflow that was driven to its end. */
function resultOf(service: TestService): unknown {
  const end = service.history.events.at(-1);
  if (end?.eventType !== "WorkflowExecutionCompleted") return end?.eventType;
  return valuesOf(end.attributes.result)[0];
}

const service = (module: Record<string, unknown>, type: string, ...args: unknown[]) =>
  new TestService({ ...module }, type, args, { fresh: true });

describe("the concept pages", () => {
  it.each(pages)("%s shows the example that runs here", (page) => {
    const root = join(import.meta.dirname, "../..");
    const text = readFileSync(join(root, `docs/concepts/${page}.md`), "utf8");
    const shown = /```ts\n([^]*?)```/.exec(text)?.[1];
    const source = readFileSync(join(import.meta.dirname, `doc-examples/${page}.ts`), "utf8");
    expect(shown).toBe(source.replace("../../../src/sdk/workflow/index.ts", "holdfast/workflow"));
  });

  it("workflows: a transfer calls its activities in order", async () => {
    const transfer = service(workflows, "transfer", "A", "B", 5);
    await transfer.runTask();
    transfer.endActivity("1", {});
    await transfer.runTask();
    transfer.endActivity("2", {});
    await transfer.runTask();
    expect(resultOf(transfer)).toBe("5 moved from A to B");
    const refused = service(workflows, "transfer", "A", "B", 0);
    await refused.runTask();
    expect(resultOf(refused)).toBe("WorkflowExecutionFailed");
  });

  it("timers: a trial expires, or is confirmed in time", async () => {
    const expiring = service(timers, "trial");
    await expiring.runTask();
    expiring.fireTimer("1");
    await expiring.runTask();
    expect(resultOf(expiring)).toBe("expired");
    const kept = service(timers, "trial");
    await kept.runTask();
    kept.history.signaled("confirmed");
    await kept.runTask();
    kept.fireTimer("2");
    await kept.runTask();
    expect(resultOf(kept)).toBe("first invoice due");
  });

  it("cancellation: a cancelled order releases its reservation", async () => {
    const order = service(cancellation, "order", "book");
    await order.runTask();
    order.endActivity("1", {});
    await order.runTask();
    order.history.cancelRequested();
    await order.runTask();
    const released = order.history.events.findLast((event) => event.eventType === "ActivityTaskScheduled");
    expect(released?.attributes).toMatchObject({ activityType: { name: "release" } });
    order.endActivity("3", {});
    await order.runTask();
    expect(resultOf(order)).toBe("WorkflowExecutionCanceled");
  });

  it("messages: a release waits for its approvals, and tells who gave them", async () => {
    const release = service(messages, "release", 2);
    release.history.signaled("approve", "Ada");
    await release.runTask();
    const answer = await release.query("approvals");
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([["Ada"]]);
    release.history.signaled("approve", "Bob");
    await release.runTask();
    expect(resultOf(release)).toEqual(["Ada", "Bob"]);
  });

  it("determinism: a lottery draws the same in every replay", async () => {
    const draw = async () => {
      const lottery = service(determinism, "lottery", ["Ada", "Bob", "Eve"]);
      await lottery.runTask();
      lottery.fireTimer("1");
      await lottery.runTask();
      return resultOf(lottery);
    };
    expect(await draw()).toEqual(await draw());
    expect(await draw()).toMatchObject({ winner: expect.stringMatching(/Ada|Bob|Eve/) as unknown });
  });
});
