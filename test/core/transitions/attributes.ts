/** Markers, search attributes and memo: written down, merged, limited. */
import { describe, expect, it } from "vitest";

import type { Command } from "../../../src/core/command.ts";
import { describeRun } from "../../../src/core/description.ts";
import { MAX_MEMO_BYTES, MAX_PAYLOADS_BYTES, MAX_SEARCH_ATTRIBUTES_BYTES } from "../../../src/core/limits.ts";
import type { Payload } from "../../../src/core/payload.ts";
import { given, signaled, started, taskCompleted } from "../given.ts";
import * as make from "../requests.ts";

const upsert = (indexedFields: Readonly<Record<string, Payload>>): Command => ({
  commandType: "UpsertWorkflowSearchAttributes",
  searchAttributes: { indexedFields },
});
const text = (bytes: number): string => "A".repeat(Math.ceil(bytes / 3 + 1) * 4);

describe("a marker", () => {
  it("is written with its details, failure and summary", () => {
    const details = { "patch-data": make.payloads("patch") };
    const userMetadata = { summary: { data: "AAAA" } };
    const { scenario } = given(started())
      .whenCompleted({
        commandType: "RecordMarker",
        markerName: "core_patch",
        details,
        failure: { message: "no" },
        userMetadata,
      })
      .thenEvents("WorkflowTaskCompleted", [
        "MarkerRecorded",
        { markerName: "core_patch", details, failure: { message: "no" }, workflowTaskCompletedEventId: 4 },
      ]);
    expect(scenario.events.at(-1)?.userMetadata).toEqual(userMetadata);
  });

  it("has a name and a size", () => {
    given(started())
      .whenCompleted({ commandType: "RecordMarker", markerName: "" })
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_RECORD_MARKER_ATTRIBUTES" }]);
    const details = { data: { payloads: [{ data: text(MAX_PAYLOADS_BYTES) }] } };
    given(started())
      .whenCompleted({ commandType: "RecordMarker", markerName: "m", details })
      .thenEvents(["WorkflowTaskFailed", { cause: "PAYLOADS_TOO_LARGE" }]);
  });
});

describe("search attributes", () => {
  it("are laid over those before; null and the empty list remove", () => {
    const { scenario } = given(
      started({
        searchAttributes: { indexedFields: { A: { data: "MQ==" }, B: { data: "Mg==" }, C: { data: "Mw==" } } },
      }),
    )
      .whenCompleted(
        upsert({ A: { data: "W10=" }, B: { data: "NA==" }, D: { data: "NQ==" } }),
        upsert({ C: { data: "bnVsbA==" } }),
      )
      .thenEvents("WorkflowTaskCompleted", "UpsertWorkflowSearchAttributes", "UpsertWorkflowSearchAttributes");
    expect(describeRun(scenario.run, scenario.nowMs).searchAttributes).toEqual({
      indexedFields: { B: { data: "NA==" }, D: { data: "NQ==" } },
    });
  });

  it("have names, and a size that counts all of them together", () => {
    given(started())
      .whenCompleted(upsert({ "": {} }))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_SEARCH_ATTRIBUTES" }]);
    const half = { data: text(MAX_SEARCH_ATTRIBUTES_BYTES / 2) };
    given(started())
      .whenCompleted(upsert({ a: half }), upsert({ b: half }))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_SEARCH_ATTRIBUTES" }]);
    given()
      .when("start", make.startRequest({ searchAttributes: { indexedFields: { a: half, b: half } } }))
      .thenRejected("PayloadTooLarge", /search attributes/);
  });
});

describe("the memo", () => {
  it("is merged by name; what the workflow says is removed goes", () => {
    const { scenario } = given(started({ memo: { fields: { a: { data: "AAAA" }, b: { data: "BBBB" } } } }))
      .whenCompleted({
        commandType: "ModifyWorkflowProperties",
        upsertedMemo: { fields: { a: { data: "CCCC" }, b: {}, c: { data: "DDDD" } } },
        removedMemoKeys: ["b"],
      })
      .thenEvents("WorkflowTaskCompleted", "WorkflowPropertiesModified");
    expect(describeRun(scenario.run, scenario.nowMs).memo).toEqual({
      fields: { a: { data: "CCCC" }, c: { data: "DDDD" } },
    });
  });

  it("counts what its task has changed already, and not what was replaced", () => {
    const upsert = (name: string): Command => ({
      commandType: "ModifyWorkflowProperties",
      upsertedMemo: { fields: { [name]: { data: text(0.75 * MAX_MEMO_BYTES) } } },
    });
    given(started())
      .whenCompleted(upsert("a"), upsert("b"))
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES" }]);
    given(started(), taskCompleted(upsert("a")), signaled("s"))
      .whenCompleted(upsert("a"))
      .thenReplies({ kept: true });
  });

  it("has a size", () => {
    given(started({ memo: { fields: { a: { data: "AAAA" } } } }))
      .whenCompleted({
        commandType: "ModifyWorkflowProperties",
        upsertedMemo: { fields: { b: { data: text(MAX_MEMO_BYTES) } } },
      })
      .thenEvents(["WorkflowTaskFailed", { cause: "BAD_MODIFY_WORKFLOW_PROPERTIES_ATTRIBUTES" }]);
  });
});

describe("what users write about operations", () => {
  it("stands beside the attributes of the event", () => {
    const summary = (data: string) => ({ userMetadata: { summary: { data } } });
    const { scenario } = given(started(summary("AAAA"))).whenCompleted(
      { ...make.startTimer("t"), ...summary("BBBB") },
      { ...make.scheduleActivity("a"), ...summary("CCCC") },
    );
    expect(scenario.events.map((event) => event.userMetadata?.summary?.data)).toEqual([
      "AAAA",
      undefined,
      undefined,
      undefined,
      "BBBB",
      "CCCC",
    ]);
  });
});
