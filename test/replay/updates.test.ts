import { describe, expect, it } from "vitest";

import {
  EncryptionCodec,
  encodeValues,
  keyRingFromText,
  loadDataConverter,
  PayloadEncoding,
} from "../../src/codec/index.ts";
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  currentUpdateInfo,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
  uuid4,
} from "../../src/sdk/workflow/index.ts";
import { failureText, history, TestSession, updateMessage } from "./history-builder.ts";
import { bothWays, type TestService } from "./test-service.ts";

const add = defineUpdate<number, [number]>("add");
const note = defineUpdate<void, [string]>("note");
const tell = defineSignal<[string]>("tell");
const stop = defineSignal("stop");

/** The history says nothing of rejected updates, so what a task answered is asked of its commands. */
function answersOf(services: readonly TestService[]): readonly string[] {
  const [live, fresh] = services.map((service) => service.commands);
  expect(fresh).toEqual(live);
  return live ?? [];
}

async function until(done: () => boolean): Promise<void> {
  await condition(done);
}

describe("an update", () => {
  const counter = async () => {
    let total = 0;
    setHandler(add, (value) => (total += value), {
      validator: (value) => {
        if (value < 0) throw ApplicationFailure.nonRetryable(`negative: ${value}`, "Refused");
      },
    });
    await until(() => total >= 10);
    return total;
  };

  it("is accepted and completed in the task that carries it", async () => {
    const services = await bothWays(counter, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 3)]);
      await service.runTask([], [updateMessage("u2", "add", 7)]);
    });
    expect(answersOf(services)).toEqual([
      "AcceptUpdate u1",
      "CompleteUpdate u1 3",
      "AcceptUpdate u2",
      "CompleteUpdate u2 10",
      "Complete 10",
    ]);
  });

  it("is rejected when its validator throws, and leaves nothing behind", async () => {
    const services = await bothWays(counter, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", -1), updateMessage("u2", "add", 12)]);
    });
    expect(answersOf(services)).toEqual([
      "RejectUpdate u1 negative: -1",
      "AcceptUpdate u2",
      "CompleteUpdate u2 12",
      "Complete 12",
    ]);
    const types = services[0].history.events.map(({ eventType }) => eventType).slice(-4);
    expect(types).toEqual([
      "WorkflowTaskCompleted",
      "WorkflowExecutionUpdateAccepted",
      "WorkflowExecutionUpdateCompleted",
      "WorkflowExecutionCompleted",
    ]);
  });

  it("that comes with the first task waits for its handler", async () => {
    const services = await bothWays(counter, async (service) => {
      await service.runTask([], [updateMessage("u1", "add", 10)]);
    });
    expect(answersOf(services)).toEqual(["AcceptUpdate u1", "CompleteUpdate u1 10", "Complete 10"]);
  });

  it("is rejected at the end of its activation if nobody handles it", async () => {
    const workflow = async () => {
      await until(() => false);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "unknown")]);
      await service.runTask([], [updateMessage("u2", "other")]);
    });
    expect(answersOf(services)).toEqual([
      "RejectUpdate u1 No registered handler for update: unknown",
      "RejectUpdate u2 No registered handler for update: other",
    ]);
  });

  it("finds a handler that is set late in its activation, but not one set in the next", async () => {
    const workflow = async () => {
      await sleep(10);
      await Promise.resolve();
      setHandler(add, (value) => value * 2);
      await until(() => false);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask([], [updateMessage("early", "add", 1)]);
      service.fireTimer("1");
      await service.runTask([], [updateMessage("late", "add", 2)]);
    });
    expect(answersOf(services)).toEqual([
      "StartTimer 1",
      "RejectUpdate early No registered handler for update: add",
      "AcceptUpdate late",
      "CompleteUpdate late 4",
    ]);
  });

  it("is accepted in the order in which handlers are registered", async () => {
    const workflow = async () => {
      const seen: string[] = [];
      await Promise.resolve();
      setHandler(note, (text) => void seen.push(text));
      setHandler(add, (value) => seen.push(String(value)));
      return seen;
    };
    const services = await bothWays(workflow, (service) =>
      service.runTask(
        [],
        [updateMessage("u1", "add", 1), updateMessage("u2", "note", "n"), updateMessage("u3", "add", 3)],
      ),
    );
    expect(answersOf(services).filter((line) => line.startsWith("Accept"))).toEqual([
      "AcceptUpdate u2",
      "AcceptUpdate u1",
      "AcceptUpdate u3",
    ]);
    expect(answersOf(services).at(-1)).toBe('Complete ["n","1","3"]');
  });

  it("gives its validator a copy of the arguments", async () => {
    const edit = defineUpdate<string[], [string[]]>("edit");
    const workflow = async () => {
      setHandler(edit, (words) => words, { validator: (words) => void words.push("changed") });
      await until(() => false);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "edit", ["as sent"])]);
    });
    expect(answersOf(services)).toEqual(["AcceptUpdate u1", 'CompleteUpdate u1 ["as sent"]']);
  });

  it("is not validated again on replay", async () => {
    let validations = 0;
    const workflow = async () => {
      setHandler(add, (value) => value, { validator: () => void (validations += 1) });
      await until(() => false);
    };
    const [, fresh] = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 1)]);
      await service.runTask([], [updateMessage("u2", "add", 2)]);
    });
    // Two updates, sent to two services.
    expect(validations).toBe(4);
    expect(fresh.commands).toHaveLength(4);
  });

  it.each<[string, () => void, string]>([
    ["a timer", () => void sleep(1), "sleep must not be used in an update validator: a validator only reads state."],
    ["a uuid", () => void uuid4(), "uuid4 must not be used in an update validator: a validator only reads state."],
    ["a handler", () => setHandler(stop, undefined), "setHandler must not be used in an update validator"],
    ["a promise", () => Promise.reject(new Error("late")), "Update validators should not return a Promise"],
  ])("is rejected when its validator asks for %s", async (_, validator, message) => {
    const workflow = async () => {
      setHandler(add, (value) => value, { validator });
      await until(() => false);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 1)]);
    });
    const answers = answersOf(services);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toContain(`RejectUpdate u1 ${message}`);
  });

  it("draws no randomness in its validator that the workflow would miss on replay", async () => {
    const workflow = async () => {
      const notes: string[] = [];
      setHandler(note, (text) => void notes.push(text), { validator: () => void Math.random() });
      await until(() => notes.length === 2);
      return uuid4();
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "note", "validated in the live session, not in the replay")]);
      await service.runTask([], [updateMessage("u2", "note", "last")]);
    });
    expect(answersOf(services).at(-1)).toMatch(/^Complete "[0-9a-f-]{36}"$/);
  });

  it("is rejected when its arguments cannot be decoded, with or without a validator", async () => {
    const workflow = async () => {
      setHandler(add, (value) => value);
      await until(() => false);
    };
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").task().taskStarted();
    const broken = { updateId: "u1", updateName: "add", args: { payloads: [{ metadata: {}, data: "AAAA" }] } };
    const result = await session.run(builder.events, [broken]);
    if (result.kind === "failed") throw new Error(failureText(result.failure));
    expect(result.commands.map(({ commandType }) => commandType)).toEqual(["RejectUpdate"]);
  });
});

describe("an update whose payloads were made for another", () => {
  it("is rejected, and the workflow goes on", async () => {
    const key = `k1:${btoa("0123456789abcdef0123456789abcdef")}`;
    const converter = loadDataConverter({ payloadCodecs: [new EncryptionCodec(keyRingFromText(key))] });
    const encoding = new PayloadEncoding(converter, { namespace: "default", workflowId: "wf-1" });
    const args = await encodeValues(encoding, { kind: "update", updateName: "add", updateId: "u1" }, [1]);
    const workflow = async () => {
      setHandler(add, (value) => value);
      await until(() => false);
    };
    const session = new TestSession({ workflow }, "workflow", converter);
    const moved = [
      { updateId: "u2", updateName: "add", ...(args ? { args } : {}) },
      { updateId: "u1", updateName: "add", ...(args ? { args } : {}) },
    ];
    const result = await session.run(history("workflow").taskStarted().events, moved);
    if (result.kind === "failed") throw new Error(JSON.stringify(result.failure));
    expect(result.commands.map((command) => [command.commandType, "updateId" in command && command.updateId])).toEqual([
      ["RejectUpdate", "u2"],
      ["AcceptUpdate", "u1"],
      ["CompleteUpdate", "u1"],
    ]);
    expect(result.commands[0]).toMatchObject({
      failure: { applicationFailureInfo: { type: "PayloadDecryptionError" } },
    });
  });
});

describe("an update handler", () => {
  const { charge } = proxyActivities<{ charge(amount: number): Promise<string> }>({ startToCloseTimeout: "10 s" });

  it("may take several tasks, and completes when it ends", async () => {
    const workflow = async () => {
      let done = false;
      setHandler(add, async (value) => {
        const receipt = await charge(value);
        done = true;
        return receipt.length;
      });
      await until(() => done && allHandlersFinished());
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 5)]);
      service.endActivity("1", { result: "receipt" });
      await service.runTask();
    });
    expect(answersOf(services)).toEqual([
      "AcceptUpdate u1",
      "ScheduleActivityTask 1 charge",
      "CompleteUpdate u1 7",
      "Complete undefined",
    ]);
  });

  it("that throws a failure fails its update and nothing else", async () => {
    const workflow = async () => {
      setHandler(add, () => Promise.reject(ApplicationFailure.nonRetryable("no funds", "Funds")));
      await until(() => false);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 5)]);
      await service.runTask([], [updateMessage("u2", "add", 6)]);
    });
    expect(answersOf(services)).toEqual([
      "AcceptUpdate u1",
      "CompleteUpdate u1 failed: no funds",
      "AcceptUpdate u2",
      "CompleteUpdate u2 failed: no funds",
    ]);
  });

  it("that throws anything else fails the workflow task", async () => {
    const workflow = async () => {
      setHandler(add, () => {
        throw new Error("bug");
      });
      await until(() => false);
    };
    const session = new TestSession({ workflow }, "workflow");
    const result = await session.run(history("workflow").task().taskStarted().events, [updateMessage("u1", "add", 1)]);
    expect(result).toMatchObject({ kind: "failed", cause: "WORKFLOW_WORKER_UNHANDLED_FAILURE" });
    expect(result.kind === "failed" && failureText(result.failure)).toBe("bug");
  });

  it("that ends after the main function, in the same activation, still completes its update", async () => {
    const workflow = async () => {
      let arrived = false;
      setHandler(add, async (value) => {
        arrived = true;
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        return value + 1;
      });
      await until(() => arrived);
      return "over";
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 1)]);
    });
    expect(answersOf(services)).toEqual(["AcceptUpdate u1", "CompleteUpdate u1 2", 'Complete "over"']);
  });

  it("knows which update it handles, and nobody else does", async () => {
    const workflow = async () => {
      const seen: unknown[] = [currentUpdateInfo()];
      setHandler(tell, () => void seen.push(currentUpdateInfo()));
      setHandler(add, async (value) => {
        await Promise.resolve();
        seen.push(currentUpdateInfo());
        return value;
      });
      await until(() => seen.length === 4);
      return seen.map((info) => info ?? null);
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      service.history.signaled("tell", "x");
      await service.runTask([], [updateMessage("u1", "add", 1), updateMessage("u2", "add", 2)]);
    });
    expect(answersOf(services).at(-1)).toBe('Complete [null,null,{"id":"u1","name":"add"},{"id":"u2","name":"add"}]');
  });
});

describe("replay of updates", () => {
  const workflow = async () => {
    let total = 0;
    setHandler(add, (value) => (total += value));
    await until(() => total > 5);
    return total;
  };

  it("takes the accepted ones from history, with what they said", async () => {
    const builder = history("workflow").task().task();
    builder.updateAccepted("u1", "add", 2).updateCompleted("u1", 2).taskStarted();
    const result = await new TestSession({ workflow }, "workflow").run(builder.events, [updateMessage("u2", "add", 4)]);
    expect(result.kind === "completed" && result.commands.map(({ commandType }) => commandType)).toEqual([
      "AcceptUpdate",
      "CompleteUpdate",
      "CompleteWorkflowExecution",
    ]);
  });

  it("finds code that no longer handles them nondeterministic", async () => {
    const changed = () => until(() => false);
    const builder = history("workflow").task().task();
    builder.updateAccepted("u1", "add", 2).updateCompleted("u1", 2).taskStarted();
    const result = await new TestSession({ workflow: changed }, "workflow").run(builder.events);
    expect(result).toMatchObject({ kind: "failed", cause: "NON_DETERMINISTIC_ERROR" });
  });

  it("goes on with a live session whose update was rejected", async () => {
    const session = new TestSession({ workflow }, "workflow");
    const builder = history("workflow").task().taskStarted();
    await session.run(builder.events, [updateMessage("u1", "nobody")]);
    builder.taskCompleted().signaled("any").taskStarted();
    const result = await session.run(builder.events, [updateMessage("u2", "add", 6)]);
    expect(result.kind === "completed" && result.commands.map(({ commandType }) => commandType)).toEqual([
      "AcceptUpdate",
      "CompleteUpdate",
      "CompleteWorkflowExecution",
    ]);
  });
});

describe("jobs of one activation", () => {
  const { charge } = proxyActivities<{ charge(): Promise<void> }>({ startToCloseTimeout: "10 s" });

  it("run the synchronous parts of signals and updates first, then all microtasks in job order", async () => {
    const workflow = async () => {
      const order: string[] = [];
      const steps = async (name: string) => {
        order.push(`${name} sync`);
        await Promise.resolve();
        order.push(`${name} 1`);
        await Promise.resolve();
        order.push(`${name} 2`);
      };
      setHandler(tell, steps);
      setHandler(note, steps);
      const timer = sleep(10).then(() => order.push("timer 1"));
      const activity = charge().then(() => order.push("activity 1"));
      await Promise.all([timer, activity]);
      await until(() => order.length === 14);
      return order;
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      service.fireTimer("1");
      service.history.signaled("tell", "s1");
      service.endActivity("1", {});
      service.history.signaled("tell", "s2");
      await service.runTask([], [updateMessage("u1", "note", "u1"), updateMessage("u2", "note", "u2")]);
    });
    const result = answersOf(services).at(-1) ?? "";
    expect(JSON.parse(result.replace("Complete ", ""))).toEqual([
      "s1 sync",
      "s2 sync",
      "u1 sync",
      "u2 sync",
      "s1 1",
      "s2 1",
      "u1 1",
      "u2 1",
      "timer 1",
      "activity 1",
      "s1 2",
      "s2 2",
      "u1 2",
      "u2 2",
    ]);
  });

  // Temporal's SDK replays these very histories; one microtask more or less, and it refuses them.
  it.each([
    [3, "Fail by the signal"],
    [4, 'Complete "by main"'],
  ])("let the first of two ends win: a handler that fails after %i microtasks", async (depth, expected) => {
    const workflow = async () => {
      let told = false;
      setHandler(tell, async () => {
        told = true;
        for (let turn = 0; turn < depth; turn += 1) await Promise.resolve();
        throw ApplicationFailure.nonRetryable("by the signal");
      });
      await condition(() => told);
      return "by main";
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      service.history.signaled("tell", "now");
      await service.runTask();
    });
    expect(answersOf(services)).toEqual([expected]);
  });

  it("evaluate conditions between one update and the next", async () => {
    const workflow = async () => {
      const seen: string[] = [];
      let count = 0;
      setHandler(add, (value) => (count += value));
      void until(() => count === 1).then(() => seen.push("saw 1"));
      void until(() => count === 2).then(() => seen.push("saw 2"));
      await until(() => seen.length === 2);
      return seen;
    };
    const services = await bothWays(workflow, async (service) => {
      await service.runTask();
      await service.runTask([], [updateMessage("u1", "add", 1), updateMessage("u2", "add", 1)]);
    });
    expect(answersOf(services).at(-1)).toBe('Complete ["saw 1","saw 2"]');
  });
});
