// A batch operation's decisions: every cell of its transition table, and what a cell means in detail.
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  BATCH_CHUNK_SIZE,
  type BatchRequestKind,
  type BatchRequests,
  batchOutcome,
  describeBatch,
  MAX_BATCH_RETRIES_WAITING,
  nextChunk,
} from "../../../src/core/batch-operation.ts";
import { type BatchAction, EMPTY_TARGETS_DIGEST, targetsDigest } from "../../../src/core/batch-protocol.ts";
import {
  BATCH_UPLOAD_RETENTION_MS,
  MAX_BATCH_ATTEMPTS,
  MAX_BATCH_CONCURRENCY,
  MAX_BATCH_EXECUTIONS,
  MAX_BATCH_PAGE_EXECUTIONS,
  MAX_ID_BYTES,
  MAX_PAYLOADS_BYTES,
} from "../../../src/core/limits.ts";
import { type RejectionCode, accepted, rejected } from "../../../src/core/rejection.ts";
import {
  beginRequest,
  begun,
  done,
  given,
  JOB_REQUEST_KINDS,
  JOB_STATES,
  type JobScenario,
  type JobState,
  listed,
  overloaded,
  refused,
  RETENTION_MS,
  running,
  settled,
  START_MS,
  stopped,
  targets,
  unanswered,
  untriedJobCells,
} from "./batch-scenario.ts";

const SCENARIOS: Readonly<Record<JobState, () => JobScenario>> = {
  none: () => given(),
  created: () => given(begun(), listed(2)),
  running: () => given(running(2)),
  stopped: () => given(running(2), stopped()),
  completed: () => given(running(2), settled(done)),
};

const REQUESTS: { readonly [K in BatchRequestKind]: (scenario: JobScenario) => BatchRequests[K] } = {
  begin: () => beginRequest({ newRequestId: "batch/2" }),
  add: (scenario) => ({ version: 1, from: scenario.list.length, targets: targets(1, 9) }),
  run: () => ({ version: 1, total: 2 }),
  settle: (scenario) => ({ begunMs: scenario.nowMs, results: scenario.results([{ index: 0, attempts: 0 }], done) }),
  stop: () => ({ version: 1, reason: "the wrong list" }),
  expire: () => ({ retentionMs: RETENTION_MS }),
};

/** The state after it, `same` for no change at all, or how it is refused. */
type Cell = JobState | "same" | { readonly refused: RejectionCode };

const notFound: Cell = { refused: "BatchOperationNotFound" };
const closed: Cell = { refused: "BatchOperationAlreadyStarted" };

const TABLE: Readonly<Record<JobState, Readonly<Record<BatchRequestKind, Cell>>>> = {
  none: { begin: "created", add: notFound, run: notFound, settle: notFound, stop: notFound, expire: "same" },
  created: { begin: "same", add: "created", run: "running", settle: "same", stop: "stopped", expire: "same" },
  running: { begin: "same", add: closed, run: "same", settle: "running", stop: "stopped", expire: "same" },
  stopped: { begin: "same", add: closed, run: "same", settle: "stopped", stop: "same", expire: "same" },
  completed: { begin: "same", add: closed, run: "same", settle: "same", stop: "same", expire: "same" },
};

describe.each(JOB_STATES)("a job that is in the state '%s'", (state) => {
  it.each(JOB_REQUEST_KINDS)("answers %s", (kind) => {
    const scenario = SCENARIOS[state]();
    expect(scenario.state).toBe(state);
    const cell = TABLE[state][kind];
    const taken = scenario.when(kind, REQUESTS[kind](scenario));
    if (typeof cell === "object") taken.thenRejected(cell.refused);
    else if (cell === "same") taken.thenNothing();
    else taken.thenState(cell);
  });
});

describe("the transition table of a job", () => {
  it("has no cell that nobody tried", () => {
    expect(untriedJobCells()).toEqual([]);
  });
});

describe("a job that is begun", () => {
  it("is found again under its id, with what it has of the list", () => {
    const digest = targetsDigest(EMPTY_TARGETS_DIGEST, targets(5));
    given(begun(), listed(3), listed(2))
      .when("begin", beginRequest({ newRequestId: "batch/2" }))
      .thenReplies({ state: "created", requestId: "batch/1", received: 5, digest })
      .thenNothing();
  });

  it.each<readonly [BatchAction, BatchAction]>([
    [{ kind: "cancel" }, { kind: "terminate" }],
    [
      { kind: "signal", signalName: "approve" },
      { kind: "signal", signalName: "refuse" },
    ],
    [
      { kind: "reset", resetPoint: { kind: "firstWorkflowTask" } },
      { kind: "reset", resetPoint: { kind: "lastWorkflowTask" } },
    ],
    [
      { kind: "reset", resetPoint: { kind: "event", eventId: 4 } },
      { kind: "reset", resetPoint: { kind: "event", eventId: 7 } },
    ],
    [
      { kind: "reset", resetPoint: { kind: "firstWorkflowTask" } },
      { kind: "reset", resetPoint: { kind: "firstWorkflowTask" }, reapplyExclude: ["SIGNAL"] },
    ],
  ])("is not mistaken for another: %j is not %j", (one, other) => {
    given(begun({ action: one }))
      .when("begin", beginRequest({ action: other }))
      .thenRejected("BatchOperationAlreadyStarted", /job-1/);
    given(begun({ action: one }))
      .when("begin", beginRequest({ action: structuredClone(one) }))
      .thenNothing();
  });

  it.each<readonly [string, object, RegExp]>([
    ["another protocol", { version: 2 }, /version/],
    ["a malformed namespace", { namespace: "a/b" }, /namespace/],
    ["an empty id", { jobId: "" }, /jobId/],
    ["a long id", { jobId: "x".repeat(MAX_ID_BYTES + 1) }, /jobId/],
    ["no reason", { reason: " " }, /reason/],
    ["a long reason", { reason: "x".repeat(MAX_ID_BYTES + 1) }, /reason/],
    ["no such operation", { action: { kind: "pause" } }, /must be one of signal, cancel, terminate, reset, delete/],
    ["a signal without a name", { action: { kind: "signal", signalName: "" } }, /signalName/],
    ["a fraction at once", { concurrency: 1.5 }, /concurrency/],
    ["too many at once", { concurrency: MAX_BATCH_CONCURRENCY + 1 }, /concurrency/],
    ["no rate", { requestsPerSecond: 0 }, /requestsPerSecond/],
    [
      "a reset to no event",
      { action: { kind: "reset", resetPoint: { kind: "event", eventId: 0 } } },
      /resetPoint must be/,
    ],
    ["a reset without a point", { action: { kind: "reset" } as unknown as BatchAction }, /resetPoint must be/],
    [
      "a reset that leaves out what it cannot",
      {
        action: {
          kind: "reset",
          resetPoint: { kind: "firstWorkflowTask" },
          reapplyExclude: ["TIMER"] as unknown as readonly [],
        },
      },
      /reapplyExclude/,
    ],
    ["no operation", { action: undefined as unknown as BatchAction }, /the operation must be one of/],
  ])("is refused: %s", (_, overrides, message) => {
    const code = "version" in overrides ? "ProtocolVersionUnsupported" : "InvalidArgument";
    given().when("begin", beginRequest(overrides)).thenRejected(code, message);
  });

  it("is deleted when its list stays incomplete and does not grow", () => {
    const scenario = given(begun()).after(BATCH_UPLOAD_RETENTION_MS - 1);
    listed(1)(scenario);
    expect(scenario.deadlineMs).toBe(scenario.nowMs + BATCH_UPLOAD_RETENTION_MS);
    scenario
      .after(BATCH_UPLOAD_RETENTION_MS - 1)
      .when("expire", { retentionMs: RETENTION_MS })
      .thenNothing();
    scenario.after(1).when("expire", { retentionMs: RETENTION_MS }).thenReplies({ deleted: true }).thenState("none");
  });
});

describe("the list", () => {
  it("takes a page again without keeping it twice, and only what is new of one that overlaps", () => {
    const scenario = given(begun(), listed(3));
    scenario
      .when("add", { version: 1, from: 0, targets: targets(3) })
      .thenReplies({ received: 3 })
      .thenNothing();
    scenario.when("add", { version: 1, from: 1, targets: targets(4, 1) }).thenReplies({ received: 5 });
    expect(scenario.list).toEqual(targets(5));
    expect(scenario.open.digest).toBe(targetsDigest(EMPTY_TARGETS_DIGEST, targets(5)));
  });

  it("has no gaps", () => {
    given(begun(), listed(3))
      .when("add", { version: 1, from: 4, targets: targets(1, 4) })
      .thenRejected("InvalidArgument", /begins at 3/);
  });

  it("is taken again page by page when it is closed already", () => {
    given(running(3))
      .when("add", { version: 1, from: 1, targets: targets(2, 1) })
      .thenReplies({ received: 3 })
      .thenNothing();
  });

  it("must be as long as its sender says", () => {
    given(begun(), listed(3))
      .when("run", { version: 1, total: 4 })
      .thenRejected("InvalidArgument", /holds 3/);
    given(running(3))
      .when("run", { version: 1, total: 4 })
      .thenRejected("InvalidArgument", /holds 3/);
  });

  it("may be empty: then there is nothing to do", () => {
    given(begun())
      .when("run", { version: 1, total: 0 })
      .thenReplies({ state: "completed", totalOperationCount: 0 })
      .thenState("completed");
  });

  it.each<readonly [string, readonly object[], RejectionCode]>([
    ["a page of nothing", [], "InvalidArgument"],
    ["too many at a time", targets(MAX_BATCH_PAGE_EXECUTIONS + 1), "InvalidArgument"],
    ["an empty id", [{ workflowId: "" }], "InvalidArgument"],
    ["an empty run id", [{ workflowId: "a", runId: "" }], "InvalidArgument"],
    [
      "a payload over the limit",
      [{ workflowId: "a", payloads: payloadsOf(MAX_PAYLOADS_BYTES + 3) }],
      "PayloadTooLarge",
    ],
    ["a page over the limit", [1, 2, 3].map((n) => large(`w${n}`)), "PayloadTooLarge"],
  ])("is refused: %s", (_, page, code) => {
    given(begun())
      .when("add", { version: 1, from: 0, targets: page as BatchRequests["add"]["targets"] })
      .thenRejected(code);
  });

  it("takes one execution of any size that a request may have", () => {
    given(begun())
      .when("add", { version: 1, from: 0, targets: [large("w")] })
      .thenReplies({ received: 1 });
  });

  it("is no longer than a job may be", () => {
    const scenario = given(begun());
    for (let from = 0; from < MAX_BATCH_EXECUTIONS; from += MAX_BATCH_PAGE_EXECUTIONS)
      scenario.take("add", { version: 1, from, targets: targets(MAX_BATCH_PAGE_EXECUTIONS, from) });
    expect(scenario.open.received).toBe(MAX_BATCH_EXECUTIONS);
    scenario
      .when("add", { version: 1, from: MAX_BATCH_EXECUTIONS, targets: targets(1, MAX_BATCH_EXECUTIONS) })
      .thenRejected("ResourceExhausted");
  });

  it("has a digest that tells order and runs", () => {
    const digest = (...list: Parameters<typeof targetsDigest>[1][]) =>
      list.reduce((sum: number, page) => targetsDigest(sum, page), EMPTY_TARGETS_DIGEST);
    const [a, b] = [{ workflowId: "a" }, { workflowId: "b" }];
    expect(digest([a, b])).toBe(digest([a], [b]));
    const others = [digest([b, a]), digest([a]), digest([{ workflowId: "ab" }]), digest([a, { ...b, runId: "r" }])];
    expect(new Set([digest([a, b]), ...others]).size).toBe(5);
  });
});

function payloadsOf(bytes: number) {
  return { payloads: [{ data: "A".repeat(Math.ceil(bytes / 3) * 4) }] };
}

function large(workflowId: string) {
  return { workflowId, payloads: payloadsOf(MAX_PAYLOADS_BYTES - 3) };
}

describe("a running job", () => {
  it("takes the list chunk by chunk and ends with the last", () => {
    const scenario = given(running(BATCH_CHUNK_SIZE + 2));
    expect(scenario.chunk).toEqual(Array.from({ length: BATCH_CHUNK_SIZE }, (_, index) => index));
    scenario.settle(done).thenState("running").thenJob({ completed: BATCH_CHUNK_SIZE, next: BATCH_CHUNK_SIZE });
    expect(scenario.deadlineMs).toBe(scenario.nowMs);
    expect(scenario.chunk).toEqual([BATCH_CHUNK_SIZE, BATCH_CHUNK_SIZE + 1]);
    scenario
      .after(10)
      .settle(done)
      .thenState("completed")
      .thenJob({ closedMs: START_MS + 10 });
    expect(scenario.chunk).toEqual([]);
    expect(scenario.deadlineMs).toBe(START_MS + 10 + RETENTION_MS);
  });

  it("reports each refusal and goes on", () => {
    const scenario = given(running(3));
    scenario
      .settle((index) => (index === 1 ? refused() : done()))
      .thenState("completed")
      .thenJob({ completed: 2 });
    expect(scenario.failures).toEqual([
      { workflowId: "transfer-1", code: "WorkflowNotFound", message: "no such workflow", attempts: 1 },
    ]);
  });

  it("does what it was doing again when it is loaded again, since nothing of it was settled", () => {
    const scenario = given(running(3));
    const before = scenario.chunk;
    expect(scenario.chunk).toEqual(before);
    scenario.settle(done, 2).thenState("running");
    expect(scenario.chunk).toEqual([2]);
  });

  it("tries again what gave no answer, later each time, while the rest goes on", () => {
    const scenario = given(
      running(3),
      settled((index) => (index === 0 ? unanswered() : done())),
    );
    expect(scenario.open).toMatchObject({ state: "running", completed: 2 });
    expect(scenario.chunk).toEqual([]);
    expect(scenario.deadlineMs).toBe(START_MS + 500);
    expect(scenario.after(500).chunk).toEqual([0]);
    scenario.settle(unanswered);
    expect(scenario.deadlineMs).toBe(START_MS + 500 + 1_000);
    scenario.after(1_000).settle(done).thenState("completed").thenJob({ completed: 3, retries: [] });
  });

  it("gives up an execution that never answers", () => {
    const scenario = given(running(1));
    for (let attempt = 1; attempt < MAX_BATCH_ATTEMPTS; attempt += 1) {
      scenario.settle(unanswered).thenState("running");
      scenario.nowMs = scenario.deadlineMs ?? Number.NaN;
    }
    scenario.settle(unanswered).thenState("completed");
    expect(scenario.failures).toEqual([
      { workflowId: "transfer-0", code: "Unavailable", message: "connection lost", attempts: MAX_BATCH_ATTEMPTS },
    ]);
    // Two to three minutes: longer than objects are away for a deploy.
    expect(scenario.nowMs - START_MS).toBeGreaterThan(120_000);
  });

  it("begins nothing new while many give no answer", () => {
    const scenario = given(running(MAX_BATCH_RETRIES_WAITING * 2), settled(unanswered));
    expect(scenario.open.retries).toHaveLength(MAX_BATCH_RETRIES_WAITING);
    expect(scenario.chunk).toEqual([]);
    expect(scenario.deadlineMs).toBe(START_MS + 500);
    scenario.after(500);
    expect(Math.max(...scenario.chunk)).toBeLessThan(MAX_BATCH_RETRIES_WAITING);
    scenario.settle(done);
    expect(scenario.chunk).toHaveLength(BATCH_CHUNK_SIZE);
  });

  it("does half as much at once when the service is overloaded, rests, and comes back step by step", () => {
    const scenario = given(running(400, { concurrency: 16 }));
    scenario.settle((index) => (index === 3 ? overloaded() : done()), 4).thenJob({ concurrency: 8, completed: 3 });
    expect(scenario.chunk).toEqual([]);
    expect(scenario.deadlineMs).toBe(START_MS + 2_000);
    scenario.after(2_000).settle(overloaded, 1).thenJob({ concurrency: 4 });
    scenario.after(2_000).settle(done, 1).thenJob({ concurrency: 6 });
    for (let chunks = 0; chunks < 10; chunks += 1) scenario.after(60_000).settle(done, 1);
    expect(scenario.open.concurrency).toBe(16);
  });

  it("never does less than one at a time", () => {
    const scenario = given(running(3, { concurrency: 1 }));
    scenario.settle(overloaded, 1).thenJob({ concurrency: 1 });
  });

  it.each([
    [0.5, 1, 2_000],
    [1, 1, 1_000],
    [20, 20, 1_000],
    [10_000, BATCH_CHUNK_SIZE, 50],
  ])("keeps a rate of %d in a second: %d, then nothing for %d ms", (requestsPerSecond, size, restMs) => {
    const scenario = given(running(2 * BATCH_CHUNK_SIZE, { requestsPerSecond }));
    expect(scenario.chunk).toHaveLength(size);
    scenario.settle(done);
    expect(scenario.chunk).toEqual([]);
    expect(scenario.deadlineMs).toBe(START_MS + restMs);
    expect(scenario.after(restMs).chunk).toHaveLength(size);
  });

  it("says how far it is and how quickly it goes", () => {
    const scenario = given(running(10, { identity: "carol" })).after(2_000);
    scenario.settle((index) => (index < 3 ? refused() : index === 3 ? unanswered() : done()), 8);
    expect(describeBatch(scenario.open, START_MS + 2_000)).toEqual({
      namespace: "default",
      jobId: "job-1",
      action: { kind: "cancel" },
      state: "running",
      reason: "the bank is closed",
      identity: "carol",
      startTimeMs: START_MS,
      totalOperationCount: 10,
      completeOperationCount: 4,
      failureOperationCount: 3,
      retryingOperationCount: 1,
      concurrency: 25,
      operationsPerSecond: 3.5,
    });
  });
});

describe("a job that is stopped", () => {
  it("counts what was under way, and begins nothing more", () => {
    const scenario = given(running(4), stopped());
    expect(scenario.chunk).toEqual([]);
    const results = scenario.results(
      [0, 1, 2].map((index) => ({ index, attempts: 0 })),
      (index) => (index === 0 ? done() : index === 1 ? refused() : unanswered()),
    );
    scenario
      .when("settle", { begunMs: START_MS, results })
      .thenState("stopped")
      .thenJob({ completed: 1, failed: 1, next: 3 });
    expect(scenario.open.retries).toHaveLength(1);
    expect(scenario.after(10_000).chunk).toEqual([]);
  });

  it("says who stopped it and why", () => {
    given(running(1))
      .when("stop", { version: 1, reason: "the wrong list", identity: "carol" })
      .thenReplies({ state: "stopped", stopReason: "the wrong list", stopIdentity: "carol", closeTimeMs: START_MS });
  });

  it("needs a reason", () => {
    given(running(1))
      .when("stop", { version: 1, reason: "" })
      .thenRejected("InvalidArgument", /reason/);
  });

  it("may be stopped before its list is complete", () => {
    const scenario = given(begun(), listed(2), stopped());
    scenario
      .when("add", { version: 1, from: 2, targets: targets(1, 2) })
      .thenRejected("BatchOperationAlreadyStarted", /stopped/);
    scenario.when("run", { version: 1, total: 2 }).thenReplies({ state: "stopped" });
  });
});

describe("a job that has ended", () => {
  it.each([
    ["completed", () => given(running(2), settled(done))],
    ["stopped", () => given(running(2), stopped())],
  ])("is deleted when its retention ends: %s", (_, make) => {
    const scenario = make();
    expect(scenario.deadlineMs).toBe(START_MS + RETENTION_MS);
    scenario
      .after(RETENTION_MS - 1)
      .when("expire", { retentionMs: RETENTION_MS })
      .thenNothing();
    scenario.after(1).when("expire", { retentionMs: RETENTION_MS }).thenReplies({ deleted: true }).thenState("none");
  });
});

describe("whatever happens to a job", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), from: fc.nat(12), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant("run" as const), total: fc.nat(12) }),
    fc.record({ kind: fc.constant("work" as const), outcomes: fc.array(fc.nat(3), { minLength: 1 }), only: fc.nat(9) }),
    fc.record({ kind: fc.constantFrom("begin" as const, "stop" as const, "expire" as const) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(5_000) }),
  );
  const OUTCOMES = [done, refused, unanswered, overloaded] as const;

  it("counts every execution once, and comes to its end when answers come", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const scenario = given(begun({ concurrency: 3 }));
        for (const taken of steps) {
          if (taken.kind === "wait") scenario.after(taken.ms);
          else if (taken.kind === "add") {
            const { from, count } = taken;
            scenario.take("add", { version: 1, from, targets: targets(count, from) });
          } else if (taken.kind === "run") scenario.take("run", { version: 1, total: taken.total });
          else if (taken.kind === "work") {
            const chunk = nextChunk(scenario.open, scenario.nowMs).slice(0, taken.only);
            const outcomeAt = (index: number) =>
              (OUTCOMES[taken.outcomes[index % taken.outcomes.length] ?? 0] ?? done)();
            scenario.take("settle", { begunMs: scenario.nowMs, results: scenario.results(chunk, outcomeAt) });
          } else if (taken.kind === "begin") scenario.take("begin", REQUESTS.begin(scenario));
          else if (taken.kind === "stop") scenario.take("stop", REQUESTS.stop(scenario));
          else scenario.take("expire", REQUESTS.expire(scenario));
        }
        scenario.take("run", { version: 1, total: scenario.open.received });
        for (let rounds = 0; scenario.state === "running"; rounds += 1) {
          expect(rounds).toBeLessThan(50);
          scenario.nowMs = Math.max(scenario.nowMs, scenario.deadlineMs ?? Number.NaN);
          scenario.settle(done);
        }
        expect(["completed", "stopped"]).toContain(scenario.state);
      }),
    );
  });
});

describe("an execution's answer", () => {
  const reset: BatchAction = { kind: "reset", resetPoint: { kind: "firstWorkflowTask" } };
  const signal: BatchAction = { kind: "signal", signalName: "approve" };

  it.each<readonly [BatchAction, RejectionCode, string]>([
    [{ kind: "cancel" }, "WorkflowAlreadyCompleted", "done"],
    [{ kind: "terminate" }, "WorkflowAlreadyCompleted", "done"],
    [{ kind: "delete" }, "WorkflowNotFound", "done"],
    [{ kind: "cancel" }, "WorkflowNotFound", "failed"],
    [{ kind: "terminate" }, "WorkflowNotFound", "failed"],
    [{ kind: "delete" }, "InvalidArgument", "failed"],
    [signal, "WorkflowAlreadyCompleted", "failed"],
    [signal, "ResourceExhausted", "failed"],
    [reset, "WorkflowNotFound", "failed"],
    [reset, "WorkflowWorkerUnavailable", "unanswered"],
  ])("to %j: %s counts as %s", (action, code, kind) => {
    expect(batchOutcome(action, rejected(code, "no"))).toMatchObject({ kind });
    expect(batchOutcome(action, accepted({ runId: "run-1" }))).toEqual({ kind: "done" });
  });
});
