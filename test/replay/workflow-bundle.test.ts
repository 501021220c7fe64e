/** Sessions of a bundle: when its modules are evaluated, in which context, and what follows from an error there. */
import { expect, it } from "vitest";

import type { WorkflowInstance } from "../../src/replay/workflow-bundle.ts";
import { sleep, workflowInfo } from "../../src/sdk/workflow/index.ts";
import { failureText, HistoryBuilder, TestSession, valuesOf } from "./history-builder.ts";
import { TestService } from "./test-service.ts";

/** A bundle as the bundler writes it; its shape is not that of a namespace. */
function bundleOf(instantiate: (globals: object) => WorkflowInstance): Record<string, unknown> {
  return { holdfastWorkflowBundle: 1, instantiate };
}

/** Modules with state, and with lots and times that were drawn while they loaded. */
function instantiate(): WorkflowInstance {
  let calls = 0;
  const loaded = { at: Date.now(), lot: Math.random(), by: workflowInfo().workflowType };
  const counts = async () => {
    calls += 1;
    await sleep(1_000);
    calls += 1;
    return { calls, loaded, lot: Math.random() };
  };
  return { workflows: { counts }, interceptorModules: [] };
}

/** Runs `counts` to its end; answers its result. */
async function runCounts(fresh: boolean): Promise<[unknown, TestService]> {
  const service = new TestService(bundleOf(instantiate), "counts", [], { fresh });
  await service.runTask();
  for (const timer of service.timers) service.fireTimer(timer);
  await service.runTask();
  const last = service.history.events.at(-1);
  if (last?.eventType !== "WorkflowExecutionCompleted") throw new Error(`The workflow ended with ${last?.eventType}.`);
  return [valuesOf(last.attributes.result)[0], service];
}

it("evaluates modules inside the run, so that a replay draws the same lots and finds the state as it was", async () => {
  const [lived, service] = await runCounts(false);
  const [replayed] = await runCounts(true);
  const started = service.history.events.find(({ eventType }) => eventType === "WorkflowTaskStarted");
  expect(lived).toMatchObject({ calls: 2, loaded: { at: started?.eventTimeMs, by: "counts" } });
  expect(replayed).toEqual(lived);
});

it("evaluates them once a session, before the workflow's first job", async () => {
  let evaluations = 0;
  const counted = bundleOf(() => {
    evaluations += 1;
    return instantiate();
  });
  const history = new HistoryBuilder().started("counts", []);
  const session = new TestSession(counted, "counts");
  expect(evaluations).toBe(0);
  history.taskStarted();
  expect((await session.run(history.events)).kind).toBe("completed");
  history.taskCompleted().timerStarted("1", 1_000).timerFired("1").taskStarted();
  expect((await session.run(history.events)).kind).toBe("completed");
  expect(evaluations).toBe(1);
});

it("fails the workflow task when a module fails while it loads, or a type is not in it", async () => {
  const failing = bundleOf(() => {
    throw new RangeError("while it loads");
  });
  const refused = bundleOf(() => {
    void new WeakRef({});
    return instantiate();
  });
  for (const [source, type, message] of [
    [failing, "counts", "while it loads"],
    [refused, "counts", "new WeakRef() is not deterministic"],
    [bundleOf(instantiate), "absent", "no such function is exported by the workflow bundle"],
  ] as const) {
    const history = new HistoryBuilder().started(type, []).taskStarted();
    const result = await new TestSession(source, type).run(history.events);
    expect(result).toMatchObject({ kind: "failed", cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE" });
    expect(result.kind === "failed" && failureText(result.failure)).toContain(message);
  }
});
