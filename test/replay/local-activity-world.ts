/**
 * A workflow with local activities, in a world whose time is moved by hand.
 *
 * Owns: the history that comes of it. Tasks are run one by one; what a task answers is recorded as the service would.
 */
import {
  defaultPayloadConverter,
  fromWirePayloads,
  loadDataConverter,
  type LoadedDataConverter,
} from "../../src/codec/index.ts";
import type { Command, RecordMarkerCommand } from "../../src/core/command.ts";
import type { WorkflowTaskResult } from "../../src/core/workflow-task.ts";
import type { WorkflowInterceptorsFactory } from "../../src/replay/interceptors.ts";
import { ActivityRegistry } from "../../src/worker/activity-registry.ts";
import { consoleLogger } from "../../src/worker/console-logger.ts";
import { localActivityRunner } from "../../src/worker/local-activities.ts";
import { ManualTimers, settle } from "../activity/manual-timers.ts";
import { failureText, history, type HistoryBuilder, TestSession, valuesOf, type Workflow } from "./history-builder.ts";

export interface LocalActivityWorldOptions {
  readonly dataConverter?: LoadedDataConverter;
  readonly interceptors?: readonly WorkflowInterceptorsFactory[];
}

type Completed = Extract<WorkflowTaskResult, { kind: "completed" }>;

export class LocalActivityWorld {
  readonly history: HistoryBuilder;
  readonly timers = new ManualTimers();
  readonly #workflow: Workflow;
  readonly #activities: object;
  readonly #options: LocalActivityWorldOptions;
  session: TestSession;

  constructor(workflow: Workflow, activities: object, options: LocalActivityWorldOptions = {}) {
    this.history = history("workflow");
    this.timers.nowMs = 1_000_000;
    this.#workflow = workflow;
    this.#activities = activities;
    this.#options = options;
    this.session = this.open();
  }

  /** A session that has seen nothing. */
  open(activities: object = this.#activities): TestSession {
    const { dataConverter = loadDataConverter(), interceptors = [] } = this.#options;
    const localActivities = localActivityRunner({
      activities: new ActivityRegistry(activities),
      dataConverter,
      logger: consoleLogger("ERROR"),
      timers: this.timers,
      now: () => this.timers.nowMs,
    });
    this.session = new TestSession({ workflow: this.#workflow }, "workflow", dataConverter, {
      localActivities,
      interceptors,
    });
    return this.session;
  }

  /** Runs a task, moving time while it runs, and records what it answered. */
  async task(...advancesMs: readonly number[]): Promise<Completed> {
    const result = await this.unrecordedTask(...advancesMs);
    this.history.taskCompleted(result.sdkMetadata);
    for (const command of result.commands) this.#record(command);
    return result;
  }

  async unrecordedTask(...advancesMs: readonly number[]): Promise<Completed> {
    this.history.taskStarted();
    const running = this.session.run(this.history.events);
    await settle();
    for (const advanceMs of advancesMs) await this.timers.advance(advanceMs);
    const result = await running;
    if (result.kind === "failed") throw new Error(`The workflow task failed: ${failureText(result.failure)}`);
    return result;
  }

  #record(command: Command): void {
    switch (command.commandType) {
      case "RecordMarker": {
        const { commandType: _, userMetadata: __, ...attributes } = command;
        this.history.add("MarkerRecorded", { ...attributes, workflowTaskCompletedEventId: 0 });
        return;
      }
      case "StartTimer":
        this.history.timerStarted(command.timerId, command.startToFireTimeoutMs);
        return;
      case "CancelTimer":
        this.history.timerCanceled(command.timerId);
        return;
      case "ScheduleActivityTask":
        this.history.activityScheduled(command.activityId, command.activityType);
        return;
      case "CompleteWorkflowExecution":
        this.history.workflowCompleted(...valuesOf(command.result));
        return;
      default:
        throw new Error(`This world has no ${command.commandType}.`);
    }
  }
}

/** What the markers of local activities say, as core writes it. */
export function markerData(command: Command | undefined): Record<string, unknown> {
  if (command?.commandType !== "RecordMarker") throw new Error(`There is no marker: ${JSON.stringify(command)}`);
  const [data] = fromWirePayloads(defaultPayloadConverter, command.details?.["data"]);
  return data as Record<string, unknown>;
}

/** The kinds of commands; for markers, what became of the activity. */
export function told(commands: readonly Command[]): readonly string[] {
  return commands.map((command) => {
    switch (command.commandType) {
      case "RecordMarker":
        return toldMarker(command);
      case "CompleteWorkflowExecution":
        return `Complete ${JSON.stringify(valuesOf(command.result)[0])}`;
      case "FailWorkflowExecution":
        return `Fail ${failureText(command.failure)}`;
      case "StartTimer":
        return `StartTimer ${command.timerId} ${command.startToFireTimeoutMs}`;
      default:
        return command.commandType;
    }
  });
}

function toldMarker(command: RecordMarkerCommand): string {
  const { seq, activity_type: type, backoff } = markerData(command);
  const { failure, details } = command;
  if (failure === undefined)
    return `Marker ${String(seq)} ${String(type)} ${JSON.stringify(valuesOf(details?.["result"])[0])}`;
  return `Marker ${String(seq)} ${String(type)} ${backoff ? "backoff" : "failed"}: ${failureText(failure)}`;
}
