import { describe, expect, it } from "vitest";

import type { Command } from "../../src/core/command.ts";
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineSignal,
  getExternalWorkflowHandle,
  sleep,
  startChild,
} from "../../src/sdk/workflow/index.ts";
import { ALL_FLAGS, brief, failureOf, history, replay, RUN_ID, valuesOf } from "./history-builder.ts";

const credit = defineSignal<[amount: number]>("credit");
const CANCEL_PATCH = "__temporal_internal_connect_external_handle_cancel_to_scope";
const patchCommands = [
  `RecordMarker core_patch {"id":"${CANCEL_PATCH}","deprecated":false}`,
  `UpsertSearchAttributes {"TemporalChangeVersion":["${CANCEL_PATCH}"]}`,
];

/** What a failed operation is to the code that waits for it. */
async function outcomeOf(operation: Promise<void>): Promise<unknown> {
  try {
    await operation;
    return "done";
  } catch (error) {
    if (error instanceof CancelledFailure) return `cancelled: ${error.message}`;
    return error instanceof ApplicationFailure ? [error.message, error.type, error.nonRetryable] : error;
  }
}

describe("signals to other workflows", () => {
  it("name their target, their number and nothing more", async () => {
    const workflow = async () => {
      const first = getExternalWorkflowHandle("account-1").signal(credit, 100);
      const second = getExternalWorkflowHandle("account-2", "run-2").signal("credit", 7);
      await Promise.all([first, second]);
    };
    const commands = await replay(workflow, history("workflow").taskStarted());
    expect(commands).toMatchObject([
      {
        commandType: "SignalExternalWorkflowExecution",
        namespace: "default",
        workflowExecution: { workflowId: "account-1" },
        signalName: "credit",
        signalRequestId: `${RUN_ID}/signal/1`,
      },
      { workflowExecution: { workflowId: "account-2", runId: "run-2" }, signalRequestId: `${RUN_ID}/signal/2` },
    ]);
    const [first] = commands as [Extract<Command, { commandType: "SignalExternalWorkflowExecution" }>];
    expect(valuesOf(first.input)).toEqual([100]);
    expect("childWorkflowOnly" in first).toBe(false);
  });

  it("to a child are for children only", async () => {
    const workflow = async () => {
      const child = await startChild("ship", { workflowId: "c" });
      await child.signal(credit, 1);
      return "signalled";
    };
    const started = () => history("workflow").task().childInitiated("c", "ship").childStarted("c");
    expect(await replay(workflow, started().taskStarted())).toMatchObject([
      { workflowExecution: { workflowId: "c" }, childWorkflowOnly: true },
    ]);
    const builder = started().task().signalInitiated("c", "credit", { childWorkflowOnly: true }).signalDelivered("c");
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual(['Complete "signalled"']);
  });

  it("fail when there is nobody to take them", async () => {
    const workflow = () => outcomeOf(getExternalWorkflowHandle("nobody").signal("credit"));
    const builder = history("workflow").task().signalInitiated("nobody", "credit").signalFailed("nobody").taskStarted();
    expect(brief(await replay(workflow, builder))).toEqual([
      'Complete ["Unable to signal external workflow because it was not found","ExternalWorkflowExecutionNotFound",false]',
    ]);
  });

  it("are taken back by their scope until they are sent, and waited for afterwards", async () => {
    const now = async () => {
      const scope = new CancellationScope();
      const signal = outcomeOf(scope.run(() => getExternalWorkflowHandle("a").signal("credit")));
      scope.cancel();
      return signal;
    };
    expect(brief(await replay(now, history("workflow").taskStarted()))).toEqual([
      'Complete "cancelled: Signal was cancelled before being sent"',
    ]);
    const later = async () => {
      const scope = new CancellationScope();
      const signal = outcomeOf(scope.run(() => getExternalWorkflowHandle("a").signal("credit")));
      await sleep(1);
      scope.cancel();
      return signal;
    };
    const fired = () => history("workflow").task().signalInitiated("a", "credit").timerStarted("1").timerFired("1");
    expect(await replay(later, fired().taskStarted())).toEqual([]);
    expect(brief(await replay(later, fired().task().signalDelivered("a").taskStarted()))).toEqual(['Complete "done"']);
  });

  it("in a cancelled scope are not sent", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      scope.cancel();
      return outcomeOf(scope.run(() => getExternalWorkflowHandle("a").signal("credit")));
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      'Complete "cancelled: Cancellation scope cancelled"',
    ]);
  });

  it("are matched by kind", async () => {
    const builder = history("workflow").task().timerStarted("1").timerFired("1").taskStarted();
    const { cause, message } = await failureOf(() => getExternalWorkflowHandle("a").signal("credit"), builder);
    expect(cause).toBe("NON_DETERMINISTIC_ERROR");
    expect(message).toContain(
      'event 5: the history recorded TimerStarted (timerId "1"), but the workflow code produced ' +
        'SignalExternalWorkflowExecution (signalName "credit", workflowId "a")',
    );
  });

  it("that the code never sent are not answered", async () => {
    const builder = history("workflow")
      .task()
      .with("ExternalWorkflowExecutionSignaled", {
        namespace: "default",
        workflowExecution: { workflowId: "a" },
        initiatedEventId: 99,
      });
    const { message } = await failureOf(() => sleep(1), builder.taskStarted());
    expect(message).toContain("recorded ExternalWorkflowExecutionSignaled of what event 99 initiated");
  });
});

describe("cancelling other workflows", () => {
  it("names the target and the run that asks", async () => {
    const workflow = () => getExternalWorkflowHandle("other", "run-2").cancel();
    expect(await replay(workflow, history("workflow").taskStarted())).toEqual([
      {
        commandType: "RequestCancelExternalWorkflowExecution",
        namespace: "default",
        workflowExecution: { workflowId: "other", runId: "run-2" },
        reason: `Cancel requested by workflow with run id ${RUN_ID} with reason: `,
      },
    ]);
  });

  it("resolves when the other one was told, and rejects when there is none", async () => {
    const workflow = () => outcomeOf(getExternalWorkflowHandle("other").cancel());
    const initiated = () => history("workflow").task().cancelInitiated("other");
    expect(brief(await replay(workflow, initiated().cancelDelivered("other").taskStarted()))).toEqual([
      'Complete "done"',
    ]);
    expect(brief(await replay(workflow, initiated().cancelFailed("other").taskStarted()))).toEqual([
      'Complete ["Unable to cancel external workflow because not found","ExternalWorkflowExecutionNotFound",false]',
    ]);
  });

  it("in a cancelled scope rejects, and says by a patch that it does", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      scope.cancel();
      return outcomeOf(scope.run(() => getExternalWorkflowHandle("other").cancel()));
    };
    expect(brief(await replay(workflow, history("workflow").taskStarted()))).toEqual([
      ...patchCommands,
      'Complete "cancelled: Cancellation scope cancelled"',
    ]);
  });

  it("is still sent from a cancelled scope in histories without the patch", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      scope.cancel();
      return outcomeOf(scope.run(() => getExternalWorkflowHandle("other").cancel()));
    };
    const builder = history("workflow").task(ALL_FLAGS).cancelInitiated("other").cancelDelivered("other");
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual(['Complete "done"']);
  });

  it("is given up with its scope while it is under way", async () => {
    const workflow = async () => {
      const scope = new CancellationScope();
      const cancelled = outcomeOf(scope.run(() => getExternalWorkflowHandle("other").cancel()));
      await sleep(1);
      scope.cancel();
      return cancelled;
    };
    const builder = history("workflow").task().cancelInitiated("other").timerStarted("1").timerFired("1");
    expect(brief(await replay(workflow, builder.taskStarted()))).toEqual([
      ...patchCommands,
      'Complete "cancelled: Cancellation scope cancelled"',
    ]);
  });
});
