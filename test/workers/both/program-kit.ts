/**
 * Programs for suites about executions that reach each other, and how to start and read them.
 *
 * Owns: commands with their defaults, and reading histories of objects that a test may just have killed.
 */
import { env } from "cloudflare:workers";
import { expect } from "vitest";

import type { Command, ContinueAsNewWorkflowExecutionCommand } from "../../../src/core/command.ts";
import type { EventOf, EventType, HistoryEvent } from "../../../src/core/history-event.ts";
import { workflowObjectName } from "../../../src/core/identifiers.ts";
import { historyProblems } from "../../../src/core/invariants.ts";
import type { StartRequest } from "../../../src/core/protocol.ts";
import { type Program, PROGRAM, programInput } from "../fixtures/programs.ts";
import { until } from "./kit.ts";

export const CHILD_CLOSED: readonly EventType[] = [
  "StartChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionCompleted",
  "ChildWorkflowExecutionFailed",
  "ChildWorkflowExecutionCanceled",
  "ChildWorkflowExecutionTimedOut",
  "ChildWorkflowExecutionTerminated",
];
export const CLOSED: readonly EventType[] = [
  "WorkflowExecutionCompleted",
  "WorkflowExecutionFailed",
  "WorkflowExecutionCanceled",
  "WorkflowExecutionTerminated",
  "WorkflowExecutionTimedOut",
];
export const result = { payloads: [{ data: btoa("42") }] };
export const COMPLETE: Command = { commandType: "CompleteWorkflowExecution", result };
export const FAIL: Command = { commandType: "FailWorkflowExecution", failure: { message: "no luck" } };
export const CANCEL: Command = { commandType: "CancelWorkflowExecution" };
export const NEXT: ContinueAsNewWorkflowExecutionCommand = {
  commandType: "ContinueAsNewWorkflowExecution",
  workflowType: PROGRAM,
  taskQueue: "default",
  input: programInput([{ until: ["WorkflowExecutionSignaled"], commands: [COMPLETE] }]),
};

export const completes: Program = [{ commands: [COMPLETE] }];
export const waitsForASignal: Program = [{ until: ["WorkflowExecutionSignaled"], commands: [COMPLETE] }];
export const waitsForItsCancellation: Program = [{ until: ["WorkflowExecutionCancelRequested"], commands: [CANCEL] }];

export function startChild(workflowId: string, program: Program, overrides: object = {}): Command {
  return {
    commandType: "StartChildWorkflowExecution",
    namespace: "default",
    workflowId,
    workflowType: PROGRAM,
    taskQueue: "default",
    input: programInput(program),
    ...overrides,
  };
}

export function signal(workflowId: string, overrides: object = {}): Command {
  return {
    commandType: "SignalExternalWorkflowExecution",
    namespace: "default",
    workflowExecution: { workflowId },
    signalName: "hello",
    signalRequestId: crypto.randomUUID(),
    ...overrides,
  };
}

export function cancel(workflowId: string, overrides: object = {}): Command {
  return {
    commandType: "RequestCancelExternalWorkflowExecution",
    namespace: "default",
    workflowExecution: { workflowId },
    ...overrides,
  };
}

export function executionOf(workflowId: string, namespace = "default") {
  return env.WORKFLOW_EXECUTION.getByName(workflowObjectName(namespace, workflowId));
}

/** Asks until the object answers: a test may just have killed it. */
export async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 5) throw error;
      await scheduler.wait(20);
    }
  }
}

export async function begin(
  workflowId: string,
  program: Program,
  overrides: Partial<StartRequest> = {},
): Promise<string> {
  const request: StartRequest = {
    version: 1,
    namespace: "default",
    workflowId,
    workflowType: PROGRAM,
    taskQueue: "default",
    input: programInput(program),
    requestId: crypto.randomUUID(),
    ...overrides,
  };
  const reply = await insist(async () => await executionOf(workflowId, request.namespace).start(request));
  if (!reply.ok) throw new Error(reply.rejection.message);
  return reply.value.runId;
}

export async function historyOf(
  workflowId: string,
  runId?: string,
  namespace?: string,
): Promise<readonly HistoryEvent[]> {
  const reply = await insist(
    async () => await executionOf(workflowId, namespace).history({ version: 1, ...(runId ? { runId } : {}) }),
  );
  return reply.ok ? reply.value.events : [];
}

/** The history of a run, once it holds an event of one of these types. */
export async function historyWith(
  types: readonly EventType[],
  workflowId: string,
  runId?: string,
  namespace?: string,
): Promise<readonly HistoryEvent[]> {
  const events = await until(
    async () => await historyOf(workflowId, runId, namespace),
    (answer) => answer.some((event) => types.includes(event.eventType)),
  );
  expect(historyProblems(events)).toEqual([]);
  return events;
}

export function ofType<T extends EventType>(events: readonly HistoryEvent[], eventType: T): EventOf<T>[] {
  // The filter is what the type says; the compiler cannot see it through the type parameter.
  return events.filter((event) => event.eventType === eventType) as unknown as EventOf<T>[];
}

export function typesOf(events: readonly HistoryEvent[]): EventType[] {
  return events.map((event) => event.eventType).filter((type) => !type.startsWith("WorkflowTask"));
}

/** A parent with one child; done when the child is, however it ended. */
export function parentOf(child: Command): Program {
  return [{ commands: [child] }, { until: CHILD_CLOSED, commands: [COMPLETE] }];
}
