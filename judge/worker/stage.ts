/**
 * What a driver has in hand: clients, ids, flags, held tasks, and the list of runs that are to be judged.
 *
 * Owns: one scenario's bookkeeping. A driver that returns normally vouches for its workflows having done what the
 * scenario is about; whether history and code agree is the judge's business.
 */
import type {
  Client,
  JsonHistory,
  UntypedWorkflowStartOptions,
  Workflow,
  WorkflowHandleWithFirstExecutionRunId,
  WorkflowResultType,
} from "holdfast/client";

import { flag, raiseFlag } from "./flags.ts";
import { type HoldPoint, holdTask, type TaskHold } from "./task-holds.ts";

/** A run to be judged. */
export interface JudgedRun {
  readonly workflowId: string;
  readonly runId: string | undefined;
  readonly namespace: string;
}

/** A run with its history, decoded, in Temporal's JSON form. */
export interface ExportedRun extends JudgedRun {
  readonly history: JsonHistory;
}

export interface Scenario {
  /** Unique; lower-case words with hyphens. */
  readonly name: string;
  /** The bullet of the issue that it belongs to. */
  readonly group: string;
  /** Payloads in clear; otherwise they are encrypted. */
  readonly inClear?: true;
  /** Event types without which the histories would not show what the scenario is about. */
  readonly shows: readonly string[];
  drive(stage: Stage): Promise<void>;
}

const PATIENCE_MS = 20_000;
const POLL_MS = 10;

type ClientFor = (namespace: string) => Client;

/** Start options, in which everything has a default. */
export interface StageStartOptions extends Partial<UntypedWorkflowStartOptions> {
  /** Tells several workflows of a scenario apart. */
  readonly role?: string;
  readonly judged?: boolean;
  readonly namespace?: string;
}

export class Stage {
  readonly client: Client;
  readonly #clientFor: ClientFor;
  readonly #name: string;
  readonly #judged: JudgedRun[] = [];

  constructor(name: string, clientFor: ClientFor) {
    this.#name = name;
    this.#clientFor = clientFor;
    this.client = clientFor("default");
  }

  /** A workflow id of this scenario; `role` tells several apart. */
  id(role = "main"): string {
    return `${this.#name}.${role}`;
  }

  clientFor(namespace: string): Client {
    return this.#clientFor(namespace);
  }

  /** Starts a workflow under one of this scenario's ids. Its first run is judged unless `judged` is false. */
  async start<W extends Workflow>(
    workflow: W,
    options: StageStartOptions = {},
  ): Promise<WorkflowHandleWithFirstExecutionRunId<W>> {
    const { role, judged = true, namespace = "default", ...rest } = options;
    // By name: the arguments are the driver's affair, and workflow functions keep their names in the bundle.
    const start = { workflowId: this.id(role), ...rest };
    const handle = await this.#clientFor(namespace).workflow.start<W>(workflow.name, start as never);
    if (judged) this.judge(handle.workflowId, handle.firstExecutionRunId, namespace);
    return handle;
  }

  /** Starts a workflow and waits for its result. */
  async execute<W extends Workflow>(workflow: W, options?: StageStartOptions): Promise<WorkflowResultType<W>> {
    const handle = await this.start(workflow, options);
    return await handle.result();
  }

  /** Puts a run on the list of those to be judged. Without a run id, the current run at the end of the scenario. */
  judge(workflowId: string, runId?: string, namespace = "default"): void {
    this.#judged.push({ workflowId, runId, namespace });
  }

  /** Holds a task of a workflow; see `holdTask`. */
  hold(workflowId: string, task: number, point: HoldPoint): TaskHold {
    return holdTask(workflowId, task, point);
  }

  /** Waits for a flag that an activity raises. */
  async flag(name: string): Promise<unknown> {
    return await flag(name);
  }

  raise(name: string, value?: unknown): void {
    raiseFlag(name, value);
  }

  /** Asks until the answer satisfies. Throws with the last answer when patience ends. */
  async until<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
    const untilMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (satisfies(answer)) return answer;
      if (Date.now() > untilMs) throw new Error(`It did not come to pass; last seen: ${JSON.stringify(answer)}`);
      await scheduler.wait(POLL_MS);
    }
  }

  /** Waits until the current run's history holds `count` events of the type, such as "TIMER_STARTED". */
  async untilEvent(workflowId: string, type: string, count = 1): Promise<void> {
    const handle = this.client.workflow.getHandle(workflowId);
    await this.until(
      async () => (await handle.fetchHistory()).events.map(({ eventType }) => eventType.replace("EVENT_TYPE_", "")),
      (types) => types.filter((each) => each === type).length >= count,
    );
  }

  /** Waits for a workflow to fail and gives what it failed with. Throws if it completes. */
  async failureOf(promise: Promise<unknown>): Promise<Error> {
    try {
      await promise;
    } catch (error) {
      if (error instanceof Error) return error;
      throw error;
    }
    throw new Error("It was expected to fail, and completed.");
  }

  /** Throws unless both are equal as JSON. */
  expect(actual: unknown, expected: unknown): void {
    const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (left !== right) throw new Error(`expected ${right}, got ${left}`);
  }

  /** Fetches the histories of all runs to be judged, decoded with the key. */
  async exportRuns(): Promise<readonly ExportedRun[]> {
    return await Promise.all(
      this.#judged.map(async (run) => {
        const handle = this.#clientFor(run.namespace).workflow.getHandle(run.workflowId, run.runId);
        return { ...run, history: await handle.fetchHistory({ decoded: true }) };
      }),
    );
  }
}
