/**
 * A service in memory: writes the events that commands ask for, and hands tasks to a session.
 *
 * Owns: enough of the real service's rules to run whole programs: one task at a time, events that arrive meanwhile
 * kept back until it ends, close commands refused while such events wait. With `fresh` sessions every task replays
 * from the first event; nothing else may differ.
 */
import { expect } from "vitest";

import type { Command } from "../../src/core/command.ts";
import { isCloseCommand } from "../../src/core/command.ts";
import type { Failure } from "../../src/core/failure.ts";
import type { UpdateMessage, WorkflowQueryResult } from "../../src/core/workflow-task.ts";
import { brief, HistoryBuilder, type LogLine, type SessionOptions, TestSession, valuesOf } from "./history-builder.ts";

/** Adds events to a history. */
export type Arrival = (builder: HistoryBuilder) => void;

interface OpenActivity {
  readonly activityId: string;
  cancelRequested: boolean;
}

export class TestService {
  readonly history = new HistoryBuilder();
  readonly activities = new Map<string, OpenActivity>();
  readonly timers = new Set<string>();
  readonly lines: LogLine[] = [];
  /** What the tasks that counted asked for, in short. */
  readonly commands: string[] = [];
  closed = false;
  /** How many tasks were refused because events had arrived. */
  refused = 0;
  readonly #workflows: Record<string, unknown>;
  readonly #workflowType: string;
  readonly #fresh: boolean;
  readonly #options: SessionOptions;
  #session: TestSession | undefined;
  #updates: readonly UpdateMessage[] = [];

  constructor(
    workflows: Record<string, unknown>,
    workflowType: string,
    args: unknown[],
    { fresh, ...options }: { fresh: boolean } & SessionOptions,
  ) {
    this.#workflows = workflows;
    this.#workflowType = workflowType;
    this.#fresh = fresh;
    this.#options = options;
    this.history.started(workflowType, args);
  }

  #currentSession(): TestSession {
    if (this.#fresh) this.#session = undefined;
    this.#session ??= new TestSession(this.#workflows, this.#workflowType, undefined, this.#options);
    return this.#session;
  }

  /** Runs a task. What arrives while it runs is written after its end. Throws if the task fails. */
  async runTask(arrivals: readonly Arrival[] = [], updates: readonly UpdateMessage[] = []): Promise<void> {
    this.history.taskStarted();
    const session = this.#currentSession();
    this.#updates = updates;
    const result = await session.run(this.history.events, updates);
    this.lines.push(...session.lines.splice(0));
    if (result.kind === "failed") throw new Error(`The workflow task failed: ${JSON.stringify(result)}`);
    if (arrivals.length > 0 && result.commands.some(isCloseCommand)) {
      this.refused += 1;
      this.history.taskFailed();
      this.#session = undefined;
    } else {
      this.history.taskCompleted(result.sdkMetadata);
      this.commands.push(...brief(result.commands));
      for (const command of result.commands) this.#apply(command);
    }
    for (const arrive of arrivals) arrive(this.history);
  }

  query(queryType: string): Promise<WorkflowQueryResult> {
    return this.#currentSession().query(this.history.events, queryType);
  }

  #apply(command: Command): void {
    const { history } = this;
    switch (command.commandType) {
      case "StartTimer":
        this.timers.add(command.timerId);
        history.timerStarted(command.timerId, command.startToFireTimeoutMs);
        return;
      case "CancelTimer":
        if (!this.timers.delete(command.timerId)) throw new Error(`No timer ${command.timerId} to cancel.`);
        history.timerCanceled(command.timerId);
        return;
      case "ScheduleActivityTask":
        this.activities.set(command.activityId, { activityId: command.activityId, cancelRequested: false });
        history.activityScheduled(command.activityId, command.activityType);
        this.#keepInput(command.input);
        return;
      case "RequestCancelActivityTask":
        return this.#requestCancel(command.scheduledEventId);
      case "AcceptUpdate": {
        const update = this.#updates.find(({ updateId }) => updateId === command.updateId);
        history.updateAccepted(command.updateId, update?.updateName ?? "", ...valuesOf(update?.args));
        return;
      }
      case "CompleteUpdate":
        history.updateEnded(command.updateId, command.outcome);
        return;
      case "CompleteWorkflowExecution":
      case "FailWorkflowExecution":
      case "CancelWorkflowExecution":
        return this.#close(command);
      case "RejectUpdate":
        // Leaves no event.
        return;
      default:
        throw new Error(`This service does not carry out ${command.commandType}: use test/programs.`);
    }
  }

  /** The event holds the input as it came, not values of the builder's own. */
  #keepInput(input: unknown): void {
    const event = this.history.events.at(-1);
    if (event && input !== undefined) Object.assign(event.attributes, { input });
  }

  #requestCancel(scheduledEventId: number): void {
    const event = this.history.events[scheduledEventId - 1];
    if (event?.eventType !== "ActivityTaskScheduled") throw new Error(`Event ${scheduledEventId} scheduled nothing.`);
    const activity = this.activities.get(event.attributes.activityId);
    if (activity) activity.cancelRequested = true;
    this.history.activityCancelRequested(event.attributes.activityId);
  }

  #close(
    command: Extract<
      Command,
      { commandType: "CompleteWorkflowExecution" | "FailWorkflowExecution" | "CancelWorkflowExecution" }
    >,
  ): void {
    this.closed = true;
    const workflowTaskCompletedEventId = this.history.events.findLast(
      (event) => event.eventType === "WorkflowTaskCompleted",
    )!.eventId;
    switch (command.commandType) {
      case "CompleteWorkflowExecution": {
        const result = command.result ? { result: command.result } : {};
        this.history.add("WorkflowExecutionCompleted", { ...result, workflowTaskCompletedEventId });
        return;
      }
      case "FailWorkflowExecution":
        this.history.add("WorkflowExecutionFailed", {
          failure: command.failure,
          retryState: "RETRY_POLICY_NOT_SET",
          workflowTaskCompletedEventId,
        });
        return;
      case "CancelWorkflowExecution":
        this.history.add("WorkflowExecutionCanceled", { workflowTaskCompletedEventId });
    }
  }

  fireTimer(timerId: string): void {
    if (this.timers.delete(timerId)) this.history.timerFired(timerId);
  }

  endActivity(activityId: string, outcome: { result?: unknown; failure?: Failure; canceled?: true }): void {
    if (!this.activities.delete(activityId)) return;
    if (outcome.failure) this.history.activityFailed(activityId, outcome.failure);
    else if (outcome.canceled) this.history.activityCanceled(activityId);
    else this.history.activityCompleted(activityId, outcome.result);
  }
}

/**
 * Runs a scenario twice: on one session, and on sessions that replay from the first event for every task. Throws if
 * the histories differ; answers both services, the live one first.
 */
export async function bothWays(
  workflow: (...args: never[]) => unknown,
  scenario: (service: TestService) => Promise<void>,
  options: SessionOptions = {},
): Promise<readonly [TestService, TestService]> {
  const live = new TestService({ workflow }, "workflow", [], { fresh: false, ...options });
  await scenario(live);
  const fresh = new TestService({ workflow }, "workflow", [], { fresh: true, ...options });
  await scenario(fresh);
  expect(fresh.history.events).toEqual(live.history.events);
  return [live, fresh];
}
