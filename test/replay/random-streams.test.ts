// Streams of randomness: drawing as Temporal's SDK draws, and moving no other stream.
import { describe, expect, it } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import type { RandomSource } from "../../src/replay/random-source.ts";
import { RunRandomness } from "../../src/replay/run-randomness.ts";
import { bigEndianBytes, randomnessSeed } from "../../src/replay/siphash13.ts";
import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  DeterminismViolationError,
  getRandomStream,
  IllegalStateError,
  scheduleActivity,
  setHandler,
  sleep,
  startChild,
  uuid4,
  type WorkflowInterceptorsFactory,
  workflowRandom,
  type WorkflowRandomStream,
} from "../../src/sdk/workflow/index.ts";
import {
  commandsOf,
  failureOf,
  history,
  replay,
  RUN_ID,
  TestSession,
  updateMessage,
  valuesOf,
} from "./history-builder.ts";
import { bothWays, type TestService } from "./test-service.ts";

/** What a workflow returns from its first task. */
async function resultOf(workflow: () => unknown): Promise<unknown> {
  const [command] = await replay(workflow, history("workflow").taskStarted());
  return command && "result" in command ? valuesOf(command.result)[0] : command;
}

function fill(stream: WorkflowRandomStream, target: Uint8Array): Uint8Array {
  return stream.fill(target);
}

/** The streams of the run under test, as nobody has drawn from them yet. */
const untouched = () => new RunRandomness(randomnessSeed(RUN_ID));

describe("the streams of a seed draw what Temporal's SDK draws from them:", () => {
  const seed = bigEndianBytes(1337n);

  it.each([
    [
      "a",
      0.15242319833487272,
      0.5256540027912706,
      "40b22099-4e7d-407c-a9ae-7a27d730c7f5",
      [196, 102, 213, 168, 27, 157],
    ],
    ["", 0.015584869077429175, 0.18251557787880301, "04044c27-eb94-4f56-b368-0cdf0459df5d", [165, 16, 56, 34, 23, 57]],
    [
      "tracing/ä€😀",
      0.9741201072465628,
      0.9915349567309022,
      "cf9d8078-9b74-4de3-af92-f3bf084c0d15",
      [250, 244, 244, 76, 84, 51],
    ],
    [
      "long ".repeat(60),
      0.22986032557673752,
      0.724390727467835,
      "ad9b73c0-d259-4df1-a59c-aebccf676cdb",
      [204, 28, 33, 115, 91, 219],
    ],
  ])("%j", (name, first, second, id, bytes) => {
    const stream = new RunRandomness(seed).named(name);
    expect([stream.next(), stream.next(), stream.uuid4()]).toEqual([first, second, id]);
    expect(bytes.map(() => Math.floor(stream.next() * 0x100))).toEqual(bytes);
  });

  it("the main one", () => {
    const { main } = new RunRandomness(seed);
    expect([main.next(), main.uuid4()]).toEqual([0.8380154962651432, "a50eca73-ff3e-4445-a512-2330c2f4f86e"]);
    expect([0, 0, 0, 0, 0, 0].map(() => Math.floor(main.next() * 0x100))).toEqual([204, 82, 160, 219, 97, 217]);
  });

  it("of another seed, others", () => {
    const other = new RunRandomness([255, 1, 2, 3, 4, 5, 6, 7]);
    expect(other.named("a").uuid4()).toBe("8b6cfe32-12b5-4842-bfd2-f008382a76a0");
    expect(other.named("b").uuid4()).toBe("966227e2-ce48-4455-a900-7b1d748c85e3");
  });
});

describe("workflowRandom and getRandomStream", () => {
  it("fill with one draw for each byte, and give back what they filled", async () => {
    const random = untouched();
    const draw = (source: RandomSource) => Math.floor(source.next() * 0x100);
    const expected = [draw(random.main), draw(random.main), draw(random.named("s")), draw(random.named("s"))];
    const workflow = () => {
      const target = new Uint8Array(2);
      const isSame = fill(workflowRandom, target) === target;
      return [isSame, ...target, ...fill(getRandomStream("s"), target)];
    };
    expect(await resultOf(workflow)).toEqual([true, ...expected]);
  });

  it("leave each other alone: a named stream moves neither Math.random nor uuid4", async () => {
    const random = untouched();
    const [first, second] = [random.named("first"), random.named("second")];
    const expected = [random.main.next(), first.next(), second.uuid4(), random.main.uuid4(), first.uuid4()];
    const workflow = () => {
      const stream = getRandomStream("first");
      const drawn = [Math.random(), stream.random(), getRandomStream("second").uuid4(), uuid4()];
      return [...drawn, getRandomStream("first").uuid4()];
    };
    expect(await resultOf(workflow)).toEqual(expected);
  });

  it("workflowRandom is what Math.random and uuid4 draw from", async () => {
    const { main } = untouched();
    const expected = [main.next(), main.next(), main.uuid4(), main.uuid4()];
    const workflow = () => [Math.random(), workflowRandom.random(), workflowRandom.uuid4(), uuid4()];
    expect(await resultOf(workflow)).toEqual(expected);
  });

  it("draw the same in a replay from the first event, over tasks and signals", async () => {
    const nudge = defineSignal("nudge");
    const workflow = async () => {
      const stream = getRandomStream("plan");
      const drawn: unknown[] = [];
      setHandler(nudge, () => void drawn.push(stream.uuid4(), workflowRandom.random()));
      for (let round = 0; round < 3; round += 1) {
        drawn.push(stream.random(), Math.random());
        await sleep(1 + Math.floor(stream.random() * 1_000));
      }
      await condition(() => drawn.length >= 8);
      return drawn;
    };
    const [live] = await bothWays(workflow, async (service: TestService) => {
      await service.runTask();
      for (const timerId of ["1", "2", "3"]) {
        service.fireTimer(timerId);
        await service.runTask();
      }
      service.history.signaled("nudge");
      await service.runTask();
    });
    expect(live.commands.at(-1)).toMatch(/^Complete /);
    expect(new Set(live.commands).size).toBe(4);
  });

  it("are not moved by what queries draw", async () => {
    const look = defineQuery<readonly unknown[]>("look");
    const draw = (name: string) => [getRandomStream(name).random(), workflowRandom.uuid4()];
    const workflow = async () => {
      const drawn: unknown[] = [getRandomStream("seen").random()];
      setHandler(look, () => [draw("seen"), draw("unseen")]);
      await sleep(1);
      return [...drawn, draw("seen"), draw("unseen")];
    };
    const random = untouched();
    const expected = [random.named("seen").next()];
    const afterwards = [
      [random.named("seen").next(), random.main.uuid4()],
      [random.named("unseen").next(), random.main.uuid4()],
    ];
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").task().timerStarted("1");
    for (let round = 0; round < 2; round += 1) {
      const answer = await session.query(builder.events, "look");
      expect(answer.kind === "answered" && valuesOf(answer.result)).toEqual([afterwards]);
    }
    const [command] = commandsOf(await session.run(builder.timerFired("1").taskStarted().events));
    expect(command && "result" in command && valuesOf(command.result)).toEqual([[...expected, ...afterwards]]);
  });

  it("are not moved by what validators draw", async () => {
    const change = defineUpdate<number>("change");
    const workflow = async () => {
      const stream = getRandomStream("s");
      let changes = 0;
      setHandler(change, () => (changes += stream.random()), { validator: () => void stream.random() });
      await condition(() => changes > 0);
      return changes;
    };
    const session = new TestSession({ workflow }, "workflow");
    const events = history("workflow").taskStarted().events;
    const commands = commandsOf(await session.run(events, [updateMessage("u-1", "change")]));
    const end = commands.find(({ commandType }) => commandType === "CompleteWorkflowExecution");
    expect(end && "result" in end && valuesOf(end.result)).toEqual([untouched().named("s").next()]);
  });

  it("cannot be used outside of workflow code", () => {
    expect(() => getRandomStream("s")).toThrow(IllegalStateError);
    for (const use of [
      () => workflowRandom.random(),
      () => workflowRandom.uuid4(),
      () => fill(workflowRandom, new Uint8Array(1)),
      () => workflowRandom.with(() => 1),
    ])
      expect(use).toThrow("workflowRandom can only be used in workflow code");
  });

  it("are refused where no replay would repeat the draw", async () => {
    const foreign = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<unknown>();
    const workflow = async () => {
      const stream = getRandomStream("s");
      await foreign.promise;
      try {
        stream.random();
      } catch (error) {
        refused.resolve(error);
      }
    };
    await new TestSession({ workflow }, "workflow").run(history("workflow").taskStarted().events);
    foreign.resolve();
    expect(await refused.promise).toBeInstanceOf(DeterminismViolationError);
  });

  it("kept at module level draw for the run that uses them", async () => {
    let kept: ReturnType<typeof getRandomStream> | undefined;
    const workflow = () => (kept ??= getRandomStream("s")).random();
    const expected = untouched().named("s").next();
    expect([await resultOf(workflow), await resultOf(workflow)]).toEqual([expected, expected]);
  });
});

describe("with", () => {
  it("has Math.random, uuid4 and crypto draw from the stream, and workflowRandom from its own", async () => {
    const random = untouched();
    const stream = random.named("s");
    const filled = new Uint8Array(3);
    const expected = [stream.next(), stream.uuid4(), stream.uuid4(), random.main.next(), random.named("t").next()];
    stream.fillBytes(filled);
    const workflow = () =>
      getRandomStream("s").with(() => {
        const drawn = [Math.random(), uuid4(), crypto.randomUUID(), workflowRandom.random()];
        const inner = getRandomStream("t").with(() => Math.random());
        const bytes = crypto.getRandomValues(new Uint8Array(3));
        return [...drawn, inner, [...bytes], workflowRandom.with(() => Math.random())];
      });
    expect(await resultOf(workflow)).toEqual([...expected, [...filled], random.main.next()]);
  });

  it("follows awaits, and ends with them", async () => {
    const random = untouched();
    const [one, two] = [random.named("one"), random.named("two")];
    const expected = [one.next(), two.next(), random.main.next(), one.next(), two.next(), random.main.next()];
    const workflow = async () => {
      const drawn: number[] = [];
      const course = async () => {
        drawn.push(Math.random());
        await sleep(1);
        drawn.push(Math.random());
      };
      const courses = [getRandomStream("one").with(course), getRandomStream("two").with(course)];
      drawn.push(Math.random());
      await Promise.all(courses);
      return [...drawn, Math.random()];
    };
    const builder = history("workflow").task().timerStarted("1").timerStarted("2");
    builder.timerFired("1").timerFired("2").taskStarted();
    const [command] = await replay(workflow, builder);
    expect(command && "result" in command && valuesOf(command.result)).toEqual([expected]);
  });

  it("gives children their default ids from the stream", async () => {
    const expected = untouched().named("s").uuid4();
    const workflow = async () => void (await getRandomStream("s").with(() => startChild("child")));
    const [command] = await replay(workflow, history("workflow").taskStarted());
    expect(command).toMatchObject({ workflowId: expected });
  });

  it("passes on what is returned and thrown", async () => {
    const workflow = () => getRandomStream("s").with(() => Promise.reject(new Error("from within")));
    const { message } = await failureOf(workflow, history("workflow").taskStarted());
    expect(message).toBe("from within");
  });

  it("of an interceptor does not reach what it calls with next", async () => {
    const random = untouched();
    const { main } = random;
    const plugin = random.named("plugin");
    const expected = [main.next(), plugin.next(), plugin.next(), main.next()];
    const drawn: number[] = [];
    const draw = () => void drawn.push(Math.random());
    const interceptors: WorkflowInterceptorsFactory = () => ({
      inbound: [{ execute: (input, next) => getRandomStream("plugin").with(() => next(input)) }],
      outbound: [
        {
          scheduleActivity: (input, next) =>
            getRandomStream("plugin").with(() => {
              draw();
              const scheduled = next(input);
              draw();
              return scheduled;
            }),
        },
        {
          scheduleActivity(input, next) {
            draw();
            return next(input);
          },
        },
      ],
    });
    const workflow = async () => {
      draw();
      await scheduleActivity("pay", [], { startToCloseTimeout: 1_000 });
    };
    const session = new TestSession({ workflow }, "workflow", loadDataConverter(), { interceptors: [interceptors] });
    commandsOf(await session.run(history("workflow").taskStarted().events));
    expect(drawn).toEqual([expected[0], expected[1], expected[3], expected[2]]);
  });
});
