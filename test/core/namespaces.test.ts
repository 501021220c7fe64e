/** What a sender makes of a namespace that is not there, and which policies a child's start has. */
import { describe, expect, it } from "vitest";

import type { HistoryEvent } from "../../src/core/history-event.ts";
import { namespaceOfObject, workflowObjectName } from "../../src/core/identifiers.ts";
import { type OutboxItem, deliveryOf, outboxOf, resultOf } from "../../src/core/outbox.ts";
import { rejected } from "../../src/core/rejection.ts";
import { given, started, taskCompleted } from "./given.ts";
import * as make from "./requests.ts";

describe("the name of an object", () => {
  it("says its namespace, whatever the workflow id", () => {
    expect(namespaceOfObject(workflowObjectName("orders", "a/b/c"))).toBe("orders");
    for (const name of [undefined, "", "no-slash", "/id"]) expect(namespaceOfObject(name)).toBeUndefined();
  });
});

describe("a delivery to a namespace that is not there", () => {
  const kinds: readonly OutboxItem["kind"][] = [
    "startChild",
    "signal",
    "cancel",
    "terminateChild",
    "cancelChild",
    "tellParent",
  ];

  it.each(kinds)("has failed for good: %s", (kind) => {
    const item = { key: "k", kind, namespace: "nowhere", workflowId: "w", initiatedEventId: 5 };
    expect(resultOf(item, rejected("NamespaceNotFound", "no"))).toEqual({ kind: "namespaceNotFound" });
  });

  it("fails the start of a child, and a signal, for the workflow to see", () => {
    const scenario = given(started(), taskCompleted(make.startChild("child"), make.signalExternal("other")));
    const outcome = { kind: "failed", cause: "NAMESPACE_NOT_FOUND" } as const;
    scenario
      .when("recordChildStart", { runId: make.RUN_ID, initiatedEventId: 5, outcome })
      .thenEvents(
        ["StartChildWorkflowExecutionFailed", { cause: "NAMESPACE_NOT_FOUND" }],
        "WorkflowTaskScheduled",
        "WorkflowTaskStarted",
      );
    scenario
      .when("recordExternalResult", { runId: make.RUN_ID, initiatedEventId: 6, outcome })
      .thenBuffered(["SignalExternalWorkflowExecutionFailed", { cause: "NAMESPACE_NOT_FOUND" }]);
  });
});

describe("a child's start", () => {
  const fails = { workflowIdConflictPolicy: "FAIL" };
  it.each([
    [undefined, fails],
    ["ALLOW_DUPLICATE", { ...fails, workflowIdReusePolicy: "ALLOW_DUPLICATE" }],
    ["ALLOW_DUPLICATE_FAILED_ONLY", { ...fails, workflowIdReusePolicy: "ALLOW_DUPLICATE_FAILED_ONLY" }],
    ["REJECT_DUPLICATE", { ...fails, workflowIdReusePolicy: "REJECT_DUPLICATE" }],
    [
      "TERMINATE_IF_RUNNING",
      { workflowIdConflictPolicy: "TERMINATE_EXISTING", workflowIdReusePolicy: "ALLOW_DUPLICATE" },
    ],
  ] as const)("with the reuse policy %s", (workflowIdReusePolicy, policies) => {
    const overrides = workflowIdReusePolicy === undefined ? {} : { workflowIdReusePolicy };
    const scenario = given(started(), taskCompleted(make.startChild("child", overrides)));
    const [item] = outboxOf(scenario.run);
    if (!item) throw new Error("nothing waits");
    const delivery = deliveryOf(
      scenario.run,
      item,
      (eventId): HistoryEvent | undefined => scenario.events[eventId - 1],
    );
    expect(delivery).toMatchObject({ method: "start", request: policies });
    if (workflowIdReusePolicy === undefined) expect(delivery.request).not.toHaveProperty("workflowIdReusePolicy");
  });
});
