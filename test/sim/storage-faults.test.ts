// What is stored, where the random sequences seldom come: a refused first commit, a checkpoint with nothing after it.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EVENTS_PER_CHECKPOINT } from "../../src/core/checkpoint.ts";
import { MAX_PAYLOADS_BYTES } from "../../src/core/limits.ts";
import type { Payloads } from "../../src/core/payload.ts";
import * as make from "../core/requests.ts";
import { ExecutionHost, durable, noEffects } from "./execution-host.ts";
import { CommitRefused } from "./memory-storage.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(make.START_MS);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a first commit that the storage refuses", () => {
  it("leaves nothing behind, and the next one goes through", async () => {
    const host = new ExecutionHost(noEffects);
    await host.boot();
    host.storage.refusesCommit = () => true;
    expect(() => host.turn.take("start", make.startRequest())).toThrow(CommitRefused);
    expect(host.run).toBeUndefined();
    host.storage.refusesCommit = () => false;
    expect(host.turn.take("start", make.startRequest())).toMatchObject({ ok: true, value: { started: true } });
    expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
  });
});

describe("payloads of the largest size allowed", () => {
  // Short of the limit by what the text of a failure takes.
  const largest: Payloads = { payloads: [{ data: "AAAA".repeat(MAX_PAYLOADS_BYTES / 3 - 100) }] };
  const worker = { identity: "workflow-worker", newRunId: "run-next" };

  /** A run with activity `a` (event 5) claimed. */
  async function running(): Promise<ExecutionHost> {
    const host = new ExecutionHost(noEffects);
    await host.boot();
    host.turn.take("start", make.startRequest());
    const task = { runId: make.RUN_ID, startedEventId: 3, attempt: 1, ...worker };
    host.turn.take("completeWorkflowTask", { ...task, commands: [make.scheduleActivity("a")] });
    host.turn.take("claimActivity", make.claimRequest(5));
    return host;
  }

  it("fit into what waits for a workflow task", async () => {
    const host = await running();
    host.turn.take("signal", make.signalRequest("s1"));
    expect(host.turn.take("signal", make.signalRequest("s2", { input: largest })).ok).toBe(true);
    expect(host.turn.take("respondActivity", make.completed(5, {}, largest)).ok).toBe(true);
    expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
  });

  it("fit into an activity's progress: details and failure together", async () => {
    const host = await running();
    const taskToken = make.taskToken(5);
    expect(host.turn.take("heartbeatActivity", { version: 1, taskToken, details: largest }).ok).toBe(true);
    const failure = make.failureOf("Broken", { details: largest });
    expect(host.turn.take("respondActivity", make.failed(5, failure)).ok).toBe(true);
    expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
  });
});

describe("a run with a checkpoint", () => {
  it("is rebuilt exactly, right after it and later", async () => {
    const host = new ExecutionHost(noEffects);
    await host.boot();
    host.turn.take("start", make.startRequest());
    for (let round = 0; (host.run?.state.nextEventId ?? 0) < 2.5 * EVENTS_PER_CHECKPOINT; round += 1) {
      vi.setSystemTime(make.START_MS + round);
      const task = host.run?.state.workflowTask;
      host.turn.take("completeWorkflowTask", {
        runId: make.RUN_ID,
        startedEventId: task?.startedEventId ?? 0,
        attempt: 1,
        commands: [make.startTimer(`t${round}`, 1_000_000), make.scheduleActivity(`a${round}`)],
        identity: "workflow-worker",
        newRunId: make.NEXT_RUN_ID,
      });
      host.turn.take("signal", make.signalRequest(`s${round}`));
      expect(durable(host.reloaded())).toEqual(durable(host.run?.state));
    }
  });
});
