import { describe, expect, it } from "vitest";

import { decodeSearchAttributes, defaultPayloadConverter, encodeText, payloadToWire } from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import type { SearchAttributeMap } from "../../src/core/payload.ts";
import { patchMarkerDetails } from "../../src/replay/markers.ts";
import { condition, defineQuery, deprecatePatch, patched, setHandler, sleep } from "../../src/sdk/workflow/index.ts";
import {
  ALL_FLAGS,
  brief,
  commandsOf,
  failureOf,
  history,
  type HistoryBuilder,
  replay,
  TestSession,
  valuesOf,
} from "./history-builder.ts";

/** The list as a patch writes it. */
function listOf(...ids: string[]): SearchAttributeMap {
  const payload = defaultPayloadConverter.toPayload(ids);
  const metadata = { ...payload.metadata, type: encodeText("KeywordList") };
  return { indexedFields: { TemporalChangeVersion: payloadToWire({ ...payload, metadata }) } };
}

/** The events that a patch leaves. */
function recorded(builder: HistoryBuilder, id: string, deprecated: boolean, ...ids: string[]): HistoryBuilder {
  return builder
    .markerRecorded("core_patch", patchMarkerDetails({ id, deprecated }))
    .searchAttributesUpserted(listOf(...(ids.length === 0 ? [id] : ids)));
}

const marker = (id: string, deprecated: boolean) => `RecordMarker core_patch ${JSON.stringify({ id, deprecated })}`;
const list = (...ids: string[]) => `UpsertSearchAttributes ${JSON.stringify({ TemporalChangeVersion: ids })}`;

describe("the matrix of patches", () => {
  const codes = {
    "no call": () => "new",
    patched: () => (patched("p") ? "new" : "old"),
    deprecatePatch: () => {
      deprecatePatch("p");
      return "new";
    },
  };
  const histories = {
    "no marker": (builder: HistoryBuilder) => builder,
    marker: (builder: HistoryBuilder) => recorded(builder, "p", false),
    "deprecated marker": (builder: HistoryBuilder) => recorded(builder, "p", true),
  };
  const refused = "Nondeterminism at event 5";
  it.each([
    ["no marker", "no call", 'Complete "new"'],
    ["marker", "no call", refused],
    ["deprecated marker", "no call", 'Complete "new"'],
    ["no marker", "patched", 'Complete "old"'],
    ["marker", "patched", 'Complete "new"'],
    ["deprecated marker", "patched", 'Complete "new"'],
    ["no marker", "deprecatePatch", 'Complete "new"'],
    ["marker", "deprecatePatch", 'Complete "new"'],
    ["deprecated marker", "deprecatePatch", 'Complete "new"'],
  ] as const)("replays a history with %s by code with %s", async (past, code, expected) => {
    const workflow = async () => {
      const answer = codes[code]();
      await sleep(1);
      return answer;
    };
    const builder = histories[past](history("workflow").task()).timerStarted("1").timerFired("1").taskStarted();
    if (expected === refused) {
      const { cause, message } = await failureOf(workflow, builder);
      expect(cause).toBe("NON_DETERMINISTIC_ERROR");
      expect(message).toContain(refused);
      expect(message).toContain('MarkerRecorded (markerName "core_patch", patchId "p")');
      expect(message).toContain('produced StartTimer (timerId "1")');
    } else {
      expect(brief(await replay(workflow, builder))).toEqual([expected]);
    }
  });

  it.each([
    ["no call", ['Complete "new"']],
    ["patched", [marker("p", false), list("p"), 'Complete "new"']],
    ["deprecatePatch", [marker("p", true), list("p"), 'Complete "new"']],
  ] as const)("runs live code with %s", async (code, expected) => {
    const workflow = async () => codes[code]();
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(expected);
  });
});

describe("patches", () => {
  it("leave one marker however often they are asked for, and list all that came before", async () => {
    const workflow = async () => [patched("b"), patched("a"), patched("b"), patched("c")];
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      marker("b", false),
      list("b"),
      marker("a", false),
      list("a", "b"),
      marker("c", false),
      list("a", "b", "c"),
      "Complete [true,true,true,true]",
    ]);
  });

  it("write marker and list as Temporal's core reads them", async () => {
    const [first, second] = await replay(async () => patched("p"), history("workflow").taskStarted());
    const details = (first as Extract<Command, { commandType: "RecordMarker" }>).details;
    expect(Object.keys(details ?? {})).toEqual(["patch-data"]);
    expect(valuesOf(details?.["patch-data"])).toEqual([{ id: "p", deprecated: false }]);
    const { searchAttributes } = second as Extract<Command, { commandType: "UpsertWorkflowSearchAttributes" }>;
    expect(searchAttributes.indexedFields["TemporalChangeVersion"]?.metadata).toEqual({
      encoding: btoa("json/plain"),
      type: btoa("KeywordList"),
    });
    expect(decodeSearchAttributes(searchAttributes)).toEqual({ TemporalChangeVersion: ["p"] });
  });

  it("that replay denied are in once the code is live", async () => {
    const workflow = async () => {
      const before = patched("p");
      await sleep(1);
      return [before, patched("p")];
    };
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([marker("p", false), list("p"), "Complete [false,true]"]);
  });

  it("are known before the activation that made them, in a session that goes on and in a new one", async () => {
    const workflow = async () => {
      await sleep(1);
      const first = patched("p");
      await sleep(1);
      return [first, patched("p")];
    };
    const builder = history("workflow").taskStarted();
    const session = new TestSession({ workflow }, "workflow");
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["StartTimer 1"]);
    builder.taskCompleted(ALL_FLAGS).timerStarted("1").timerFired("1").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual([
      marker("p", false),
      list("p"),
      "StartTimer 2",
    ]);
    recorded(builder.taskCompleted(), "p", false).timerStarted("2").timerFired("2").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["Complete [true,true]"]);
    expect(brief(await replay(workflow, builder))).toEqual(["Complete [true,true]"]);
  });

  it("replay histories from before the list was written", async () => {
    const workflow = async () => {
      const answer = patched("p");
      await sleep(1);
      return answer;
    };
    const flags = { langUsedFlags: [1, 2], coreUsedFlags: [1, 3] };
    const builder = history("workflow").task(flags);
    builder.markerRecorded("core_patch", patchMarkerDetails({ id: "p", deprecated: false }));
    builder.timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete true"]);
  });

  it("read the markers that early versions of Temporal's core wrote", async () => {
    const workflow = async () => {
      const answer = patched("p");
      await sleep(1);
      return answer;
    };
    const bytes = (data: string) => ({ payloads: [{ data: btoa(data) }] });
    const builder = history("workflow").task({ langUsedFlags: [1, 2], coreUsedFlags: [1] });
    builder.markerRecorded("core_patch", { patch_id: bytes("p"), deprecated: bytes("\0") });
    builder.timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete true"]);
  });

  it.each([
    [2_039, true],
    [2_040, false],
  ])("with a name of %i characters after a short one are listed: %s", async (length, isListed) => {
    const long = "x".repeat(length);
    const session = new TestSession({ workflow: async () => [patched("p"), patched(long)] }, "workflow");
    const commands = commandsOf(await session.run(history("workflow").taskStarted().events));
    const upserts = commands.filter(({ commandType }) => commandType === "UpsertWorkflowSearchAttributes");
    expect(upserts.length).toBe(isListed ? 2 : 1);
    expect(commands.filter(({ commandType }) => commandType === "RecordMarker").length).toBe(2);
    expect(session.lines.map(({ level }) => level)).toEqual(isListed ? [] : ["WARN"]);
  });

  it("may be asked for in a condition", async () => {
    const commands = await replay(() => condition(() => patched("p")), history("workflow").taskStarted());
    expect(brief(commands)).toEqual([marker("p", false), list("p"), "Complete undefined"]);
  });

  it("make no command in a query", async () => {
    const isNew = defineQuery<boolean>("isNew");
    const workflow = async () => {
      setHandler(isNew, () => patched("p"));
      await sleep(1);
      await sleep(1);
    };
    const builder = history("workflow").task().timerStarted("1");
    const session = new TestSession({ workflow }, "workflow");
    const answer = await session.query(builder.events, "isNew");
    expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([false]);
    builder.timerFired("1").taskStarted();
    expect(brief(commandsOf(await session.run(builder.events)))).toEqual(["StartTimer 2"]);
  });

  it("that differ from the recorded one are refused by name", async () => {
    const workflow = async () => {
      patched("q");
      patched("p");
      await sleep(1);
    };
    const builder = history("workflow").task();
    recorded(recorded(builder, "p", false), "q", false, "p", "q")
      .timerStarted("1")
      .timerFired("1")
      .taskStarted();
    const { message } = await failureOf(workflow, builder);
    expect(message).toContain('recorded MarkerRecorded (markerName "core_patch", patchId "p")');
    expect(message).toContain('produced RecordMarker (markerName "core_patch", patchId "q")');
  });

  it("that are deprecated may go while others stay", async () => {
    const workflow = async () => {
      const answer = patched("q");
      await sleep(1);
      return answer;
    };
    const builder = history("workflow").task();
    recorded(recorded(builder, "p", true), "q", false)
      .timerStarted("1")
      .timerFired("1")
      .taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(["Complete true"]);
  });

  it("that are deprecated may move to a later task", async () => {
    const workflow = async () => {
      await sleep(1);
      deprecatePatch("p");
      await sleep(1);
      return "moved";
    };
    const builder = recorded(history("workflow").task(), "p", true).timerStarted("1").timerFired("1");
    builder.task().timerStarted("2").timerFired("2").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete "moved"']);
  });
});
