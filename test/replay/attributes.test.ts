import { describe, expect, it } from "vitest";

import {
  decodeSearchAttributes,
  defaultPayloadConverter,
  defineSearchAttributeKey,
  encodeSearchAttributes,
  fromWireMap,
  SearchAttributeType,
} from "../../src/codec/index.ts";
import type { Command } from "../../src/core/command.ts";
import type { EventAttributes, UserMetadata } from "../../src/core/history-event.ts";
import type { Payload } from "../../src/core/payload.ts";
import {
  condition,
  getCurrentDetails,
  proxyActivities,
  setCurrentDetails,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { brief, commandsOf, failureOf, history, replay, TestSession, valuesOf } from "./history-builder.ts";

type UpsertCommand = Extract<Command, { commandType: "UpsertWorkflowSearchAttributes" }>;
type MemoCommand = Extract<Command, { commandType: "ModifyWorkflowProperties" }>;

const color = defineSearchAttributeKey("Color", SearchAttributeType.KEYWORD);
const note = defineSearchAttributeKey("Note", SearchAttributeType.TEXT);
const due = defineSearchAttributeKey("Due", SearchAttributeType.DATETIME);

function startedWith(more: Partial<EventAttributes["WorkflowExecutionStarted"]>) {
  const builder = history("workflow");
  builder.events.length = 0;
  return builder.started("workflow", [], more).taskStarted();
}

const searchAttributes = encodeSearchAttributes([
  { key: color, value: "red" },
  { key: note, value: "first words" },
])!;

/** What the workflow sees of its search attributes. */
function seen(): unknown {
  const info = workflowInfo();
  return [
    info.searchAttributes,
    info.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, key.type, value]),
  ];
}

describe("upsertSearchAttributes", () => {
  it("changes what is named, typed, and removes with null", async () => {
    const workflow = async () => {
      const before = workflowInfo();
      upsertSearchAttributes([
        { key: color, value: null },
        { key: due, value: new Date(Date.UTC(2026, 1, 1)) },
      ]);
      return [before.searchAttributes, seen()];
    };
    const [command, end] = (await replay(workflow, startedWith({ searchAttributes }))) as [UpsertCommand, Command];
    expect(decodeSearchAttributes(command.searchAttributes)).toEqual({ Due: [new Date(Date.UTC(2026, 1, 1))] });
    expect(Object.keys(command.searchAttributes.indexedFields)).toEqual(["Color", "Due"]);
    expect("result" in end && valuesOf(end.result)[0]).toEqual([
      { Color: ["red"], Note: ["first words"] },
      [
        { Note: ["first words"], Due: ["2026-02-01T00:00:00.000Z"] },
        [
          ["Note", "TEXT", "first words"],
          ["Due", "DATETIME", "2026-02-01T00:00:00.000Z"],
        ],
      ],
    ]);
  });

  it("takes the untyped form, where a text stays a text and an empty list removes", async () => {
    const workflow = async () => {
      upsertSearchAttributes({ Note: ["other words"], Size: [1, 2], Color: [] });
      return seen();
    };
    const commands = await replay(workflow, startedWith({ searchAttributes }));
    expect(brief(commands)).toEqual([
      'UpsertSearchAttributes {"Note":["other words"],"Size":[1,2]}',
      'Complete [{"Note":["other words"],"Size":[1,2]},[["Note","TEXT","other words"]]]',
    ]);
  });

  it("refuses what has no type, and nothing at all", async () => {
    const mixed = async () => upsertSearchAttributes({ Mixed: [1, "a"] as never });
    expect((await failureOf(mixed, history("workflow").taskStarted())).message).toContain("Mixed");
    const nothing = async () => upsertSearchAttributes(undefined as never);
    expect((await failureOf(nothing, history("workflow").taskStarted())).message).toBe(
      "searchAttributes must be a non-null SearchAttributes",
    );
  });

  it("leaves the list of patches alone, and says so", async () => {
    const workflow = async () => upsertSearchAttributes({ TemporalChangeVersion: ["mine"], Size: [1] });
    const session = new TestSession({ workflow }, "workflow");
    const commands = commandsOf(await session.run(history("workflow").taskStarted().events));
    expect(brief(commands)).toEqual(["UpsertSearchAttributes {}", "Complete undefined"]);
    expect(session.lines.map(({ level }) => level)).toEqual(["WARN"]);
  });

  it("replays", async () => {
    const workflow = async () => {
      upsertSearchAttributes([{ key: color, value: "green" }]);
      await sleep(1);
      return workflowInfo().searchAttributes;
    };
    const builder = history("workflow").task();
    builder.searchAttributesUpserted(encodeSearchAttributes([{ key: color, value: "green" }])!);
    builder.timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete {"Color":["green"]}']);
    const other = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    expect((await failureOf(workflow, other)).message).toContain(
      'produced UpsertWorkflowSearchAttributes (names "Color")',
    );
  });
});

describe("upsertMemo", () => {
  const memo = (values: Readonly<Record<string, unknown>>) => ({
    fields: Object.fromEntries(
      Object.entries(values).map(([key, value]): [string, Payload] => [
        key,
        { metadata: { encoding: btoa("json/plain") }, data: btoa(JSON.stringify(value)) },
      ]),
    ),
  });

  it("merges at the first level, and removes what is null or undefined", async () => {
    const workflow = async () => {
      const before = workflowInfo().memo;
      upsertMemo({ address: { city: "Delft" }, owner: null, note: undefined, step: 2 });
      return [before, workflowInfo().memo, Object.isFrozen(workflowInfo().memo)];
    };
    const started = { memo: memo({ owner: "Ada", address: { street: "Oude Delft" }, note: "x", kept: 1 }) };
    const [command, end] = (await replay(workflow, startedWith(started))) as [MemoCommand, Command];
    expect(fromWireMap(defaultPayloadConverter, command.upsertedMemo)).toEqual({
      address: { city: "Delft" },
      owner: undefined,
      note: undefined,
      step: 2,
    });
    expect(command.removedMemoKeys).toEqual(["owner", "note"]);
    expect("result" in end && valuesOf(end.result)[0]).toEqual([
      { owner: "Ada", address: { street: "Oude Delft" }, note: "x", kept: 1 },
      { address: { city: "Delft" }, kept: 1, step: 2 },
      true,
    ]);
  });

  it("replays", async () => {
    const workflow = async () => {
      upsertMemo({ step: 2 });
      await sleep(1);
      return workflowInfo().memo;
    };
    const builder = history("workflow")
      .task()
      .memoModified(memo({ step: 2 }));
    builder.timerStarted("1").timerFired("1").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual(['Complete {"step":2}']);
  });

  it("refuses nothing at all", async () => {
    const { message } = await failureOf(async () => upsertMemo(null as never), history("workflow").taskStarted());
    expect(message).toBe("memo must be a non-null Record");
  });
});

describe("current details", () => {
  it("are what was said last", async () => {
    const workflow = async () => {
      const before = getCurrentDetails();
      setCurrentDetails("waiting");
      return [before, getCurrentDetails()];
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual(['Complete ["","waiting"]']);
  });

  it("are part of the workflow's metadata", async () => {
    const workflow = async () => {
      setCurrentDetails("waiting");
      await sleep(1);
    };
    const session = new TestSession({ workflow }, "workflow");
    const answer = await session.query(
      history("workflow").task().timerStarted("1").events,
      "__temporal_workflow_metadata",
    );
    expect(answer.kind === "answered" && valuesOf(answer.result)[0]).toMatchObject({ currentDetails: "waiting" });
  });
});

describe("summaries", () => {
  const textsOf = ({ summary, details }: UserMetadata = {}) =>
    [summary, details].map((payload) => payload && valuesOf({ payloads: [payload] })[0]);

  it("go with activities and timers", async () => {
    const { greet } = proxyActivities<{ greet(): Promise<void> }>({ startToCloseTimeout: 1, summary: "Greeting" });
    const workflow = () =>
      Promise.all([greet(), sleep(1, { summary: "Waiting" }), condition(() => false, 5, { summary: "Or not" })]);
    const commands = await replay(workflow, history("workflow").taskStarted());
    expect(commands.map((command) => "userMetadata" in command && textsOf(command.userMetadata))).toEqual([
      ["Greeting", undefined],
      ["Waiting", undefined],
      ["Or not", undefined],
    ]);
  });

  it("are absent when nothing was said", async () => {
    const [command] = await replay(() => sleep(1), history("workflow").taskStarted());
    expect(command && "userMetadata" in command).toBe(false);
  });
});

describe("unsafe information", () => {
  it("draws what no replay repeats", async () => {
    const workflow = async () => {
      const { random } = workflowInfo().unsafe;
      const bytes = random.fillRandom(new Uint8Array(16));
      return [random.random(), random.uuid4(), [...bytes], Math.random()];
    };
    const draw = async () => {
      const [command] = await replay(workflow, history("workflow").taskStarted());
      return command && "result" in command ? (valuesOf(command.result)[0] as unknown[]) : [];
    };
    const [first, second] = [await draw(), await draw()];
    expect(first[0]).not.toBe(second[0]);
    expect(first[1]).not.toBe(second[1]);
    expect(first[1]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(first[2]).not.toEqual(second[2]);
    expect(first[3]).toBe(second[3]);
  });
});
