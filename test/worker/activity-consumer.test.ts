import { describe, expect, test } from "vitest";

import { loadDataConverter } from "../../src/codec/index.ts";
import type { ActivityTask } from "../../src/core/activity-task.ts";
import { accepted, rejected } from "../../src/core/rejection.ts";
import { cancelled, heartbeat } from "../../src/sdk/activity/index.ts";
import { ActivityConsumer } from "../../src/worker/activity-consumer.ts";
import { ActivityRegistry } from "../../src/worker/activity-registry.ts";
import { activityTask, dataConverter, errorOf, recordingLogger, resultOf } from "../activity/attempt.ts";
import { eventually, ManualTimers, settle } from "../activity/manual-timers.ts";
import { recordedTiming, type Script, ScriptedService, transportError } from "../client/scripted-service.ts";
import { pointer, queueMessage } from "./queue-messages.ts";

const taken = accepted({ accepted: true } as const);
const lost = transportError("lost", { retryable: true });
const unreachable = new TypeError("no such binding");

function claimed(task: ActivityTask) {
  return accepted({ claimed: true, task } as const);
}

function consumer(script: Script, activities: object, converter = dataConverter) {
  const service = new ScriptedService(script);
  const { logger, lines } = recordingLogger();
  const { timing, delaysMs } = recordedTiming();
  let ids = 0;
  return {
    service,
    lines,
    delaysMs,
    consumer: new ActivityConsumer({
      service,
      dataConverter: converter,
      activities: new ActivityRegistry(activities),
      identity: "worker-1",
      logger,
      timing,
      timers: new ManualTimers(),
      newId: () => `claim-${(ids += 1)}`,
    }),
  };
}

/** The outcome that the service was told last, as the ending of an attempt. */
function respondedOutcome(service: ScriptedService) {
  const outcome = service.requests("respondActivity").at(-1)?.outcome;
  if (!outcome) throw new Error("no outcome was sent");
  return { kind: "respond", outcome } as const;
}

const withdraw = async (amount: number): Promise<string> => `took ${amount}`;

describe("a message for a task that waits", () => {
  test("is claimed, acknowledged, run and reported", async () => {
    const script = { claimActivity: [claimed(await activityTask([100]))], respondActivity: [taken] };
    const { consumer: subject, service } = consumer(script, { withdraw });
    const message = queueMessage(pointer);
    await subject.consume([message]);

    expect(message.fate).toBe("ack");
    expect(service.calls[0]).toEqual({
      namespace: "default",
      workflowId: "transfer-1",
      method: "claimActivity",
      request: {
        version: 1,
        runId: "run-1",
        scheduledEventId: 5,
        attempt: 2,
        claimId: "claim-1",
        identity: "worker-1",
      },
    });
    expect(service.requests("respondActivity")[0]).toMatchObject({ taskToken: "hf1.token", identity: "worker-1" });
    expect(await resultOf(respondedOutcome(service))).toBe("took 100");
  });

  test("is acknowledged while the activity still runs: from the claim on the service is its keeper", async () => {
    const open = Promise.withResolvers<void>();
    const script = { claimActivity: [claimed(await activityTask([]))], respondActivity: [taken] };
    const { consumer: subject } = consumer(script, { withdraw: () => open.promise });
    const message = queueMessage(pointer);
    const consuming = subject.consume([message]);
    await settle();
    expect(message.fate).toBe("ack");
    open.resolve();
    await consuming;
  });

  test("does not wait for the other messages of its batch", async () => {
    const open = Promise.withResolvers<void>();
    const slow = claimed(await activityTask([], { activityType: "slow", taskToken: "slow" }));
    const quick = claimed(await activityTask([1], { taskToken: "quick" }));
    const script = { claimActivity: [slow, quick], respondActivity: [taken] };
    const { consumer: subject, service } = consumer(script, { withdraw, slow: () => open.promise });
    const consuming = subject.consume([queueMessage(pointer), queueMessage({ ...pointer, scheduledEventId: 6 })]);
    await eventually(() => service.requests("respondActivity").length === 1);
    expect(service.requests("respondActivity").map(({ taskToken }) => taskToken)).toEqual(["quick"]);
    open.resolve();
    await consuming;
    expect(service.requests("respondActivity").map(({ taskToken }) => taskToken)).toEqual(["quick", "slow"]);
  });
});

describe("a message that is not to be run", () => {
  test.each([
    ["stale", accepted({ claimed: false, reason: "attempt 2 is over" } as const)],
    ["of a workflow that is gone", rejected("WorkflowNotFound", "no such workflow")],
    ["of a workflow that has ended", rejected("WorkflowAlreadyCompleted", "it has ended")],
  ])("because it is %s is acknowledged", async (_what, reply) => {
    const { consumer: subject, service } = consumer({ claimActivity: [reply] }, { withdraw });
    const message = queueMessage(pointer);
    await subject.consume([message]);
    expect(message.fate).toBe("ack");
    expect(service.calls).toHaveLength(1);
  });

  test("because it is malformed is acknowledged and logged, and reaches no object", async () => {
    const { consumer: subject, service, lines } = consumer({}, { withdraw });
    const message = queueMessage({ ...pointer, workflowId: "" });
    await subject.consume([message]);
    expect(message.fate).toBe("ack");
    expect(service.calls).toEqual([]);
    expect(lines).toMatchObject([{ level: "ERROR", message: expect.stringContaining("workflowId must not be empty") }]);
  });

  test("because its version is unknown goes back to the queue", async () => {
    const { consumer: subject } = consumer({}, { withdraw });
    const message = queueMessage({ ...pointer, version: 2 }, 3);
    await subject.consume([message]);
    expect(message.fate).toBe("retry after 4");
  });
});

describe("a claim", () => {
  test("whose answer was lost is asked for again under the same claim id", async () => {
    const task = claimed(await activityTask([1]));
    const { consumer: subject, service } = consumer(
      { claimActivity: [lost, lost, task], respondActivity: [taken] },
      { withdraw },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("claimActivity").map(({ claimId }) => claimId)).toEqual(["claim-1", "claim-1", "claim-1"]);
    expect(service.requests("respondActivity")).toHaveLength(1);
  });

  test("of another delivery has another id", async () => {
    const stale = accepted({ claimed: false, reason: "claimed" } as const);
    const { consumer: subject, service } = consumer({ claimActivity: [stale] }, { withdraw });
    await subject.consume([queueMessage(pointer)]);
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("claimActivity").map(({ claimId }) => claimId)).toEqual(["claim-1", "claim-2"]);
  });

  test.each([
    ["that cannot reach the service", [unreachable]],
    ["that stays without an answer", [lost]],
    ["to an overloaded object", [transportError("busy", { overloaded: true })]],
    ["that the service refuses for now", [rejected("ProtocolVersionUnsupported", "version 1 is too old")]],
  ])("%s gives the message back, later each time", async (_what, claimActivity) => {
    const { consumer: subject } = consumer({ claimActivity }, { withdraw });
    const message = queueMessage(pointer, 4);
    await subject.consume([message]);
    expect(message.fate).toBe("retry after 8");
  });
});

describe("a response", () => {
  test("that gets no answer is sent again, unchanged", async () => {
    const { consumer: subject, service } = consumer(
      { claimActivity: [claimed(await activityTask([1]))], respondActivity: [lost, lost, taken] },
      { withdraw },
    );
    await subject.consume([queueMessage(pointer)]);
    const [first, second, third] = service.requests("respondActivity");
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  test("that an overloaded object refuses is sent again: without it the activity would run twice", async () => {
    const overloaded = transportError("Durable Object is overloaded.", { overloaded: true });
    const { consumer: subject, service } = consumer(
      { claimActivity: [claimed(await activityTask([1]))], respondActivity: [overloaded, overloaded, taken] },
      { withdraw },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("respondActivity")).toHaveLength(3);
  });

  test("that never arrives is logged; nothing is thrown, and the message stays acknowledged", async () => {
    const {
      consumer: subject,
      service,
      lines,
    } = consumer({ claimActivity: [claimed(await activityTask([1]))], respondActivity: [lost] }, { withdraw });
    const message = queueMessage(pointer);
    await subject.consume([message]);
    expect(message.fate).toBe("ack");
    expect(service.requests("respondActivity")).toHaveLength(40);
    expect(lines).toMatchObject([{ level: "ERROR", message: "An activity attempt ended without a report." }]);
  });

  test("that is too large becomes a failure that is not retried", async () => {
    const { consumer: subject, service } = consumer(
      {
        claimActivity: [claimed(await activityTask([1]))],
        respondActivity: [rejected("PayloadTooLarge", "the result has 3 MiB, 2 are allowed"), taken],
      },
      { withdraw },
    );
    await subject.consume([queueMessage(pointer)]);
    const error = await errorOf(respondedOutcome(service));
    expect(error).toMatchObject({ type: "PayloadTooLarge", nonRetryable: true });
    expect(error.message).toContain("the result has 3 MiB");
  });

  test("that comes too late is noted and no more", async () => {
    const {
      consumer: subject,
      service,
      lines,
    } = consumer(
      {
        claimActivity: [claimed(await activityTask([1]))],
        respondActivity: [rejected("ActivityNotFound", "it timed out")],
      },
      { withdraw },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("respondActivity")).toHaveLength(1);
    expect(lines).toMatchObject([{ level: "INFO", message: expect.stringContaining("it timed out") }]);
  });
});

describe("an activity", () => {
  test("that is not registered fails retryably, naming those that are", async () => {
    const { consumer: subject, service } = consumer(
      { claimActivity: [claimed(await activityTask([1], { activityType: "toString" }))], respondActivity: [taken] },
      { withdraw, deposit: withdraw, LIMIT: 7 },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(await errorOf(respondedOutcome(service))).toMatchObject({
      message:
        'Activity function toString is not registered on this Worker, available activities: ["withdraw","deposit"]',
      type: "NotFoundError",
      nonRetryable: false,
    });
  });

  test("that is not registered goes to the default one, if there is one", async () => {
    const { consumer: subject, service } = consumer(
      { claimActivity: [claimed(await activityTask(["x"], { activityType: "anything" }))], respondActivity: [taken] },
      { default: async (text: string) => `default got ${text}` },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(await resultOf(respondedOutcome(service))).toBe("default got x");
  });

  test("is told of its cancellation by the answer to a heartbeat", async () => {
    const { consumer: subject, service } = consumer(
      {
        claimActivity: [claimed(await activityTask([]))],
        heartbeatActivity: [lost, accepted({ cancelRequested: true })],
        respondActivity: [taken],
      },
      {
        withdraw: async () => {
          heartbeat();
          await cancelled();
        },
      },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("heartbeatActivity")).toEqual([
      { version: 1, taskToken: "hf1.token" },
      { version: 1, taskToken: "hf1.token" },
    ]);
    expect(respondedOutcome(service).outcome).toEqual({ kind: "canceled" });
  });

  test("that the service has given up is not reported", async () => {
    const { consumer: subject, service } = consumer(
      {
        claimActivity: [claimed(await activityTask([]))],
        heartbeatActivity: [rejected("ActivityNotFound", "gone")],
      },
      {
        withdraw: async () => {
          heartbeat();
          await cancelled();
        },
      },
    );
    await subject.consume([queueMessage(pointer)]);
    expect(service.requests("respondActivity")).toEqual([]);
  });

  test("whose outcome cannot be encoded at all is logged, and its neighbours go on", async () => {
    let encodings = 0;
    const broken = loadDataConverter({
      payloadCodecs: [
        {
          encode: (payloads, context) => {
            encodings += 1;
            return context.activityId === "bad" ? Promise.reject(new Error("no key")) : Promise.resolve(payloads);
          },
          decode: (payloads) => Promise.resolve(payloads),
        },
      ],
    });
    const plain = { payloads: [{ metadata: { encoding: btoa("json/plain") }, data: btoa("1") }] };
    const {
      consumer: subject,
      service,
      lines,
    } = consumer(
      {
        claimActivity: [
          claimed(await activityTask([], { activityId: "bad", taskToken: "bad", input: plain })),
          claimed(await activityTask([], { activityId: "good", taskToken: "good", input: plain })),
        ],
        respondActivity: [taken],
      },
      { withdraw },
      broken,
    );
    await subject.consume([queueMessage(pointer), queueMessage(pointer)]);
    expect(service.requests("respondActivity").map(({ taskToken }) => taskToken)).toEqual(["good"]);
    expect(lines).toMatchObject([{ level: "ERROR", message: "An activity attempt ended without a report." }]);
    expect(encodings).toBeGreaterThan(1);
  });
});
