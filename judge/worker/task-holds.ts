/**
 * Workflow tasks that wait for a driver: before the session runs them, or after it has and before the service knows.
 *
 * Owns: the counting of tasks and the sessions' wrapping. What arrives while a task is held arrives during the task:
 * this is how a scenario makes a race come out the same way each time.
 */
import { RpcTarget } from "cloudflare:workers";

import type { WorkflowWorkerClass } from "holdfast/worker";

import { flag, raiseFlag } from "./flags.ts";

type Session = Awaited<ReturnType<InstanceType<WorkflowWorkerClass<object>>["openSession"]>>;
type Task = Parameters<Session["runTask"]>[0];

export type HoldPoint = "before" | "after";

interface Hold {
  readonly task: number;
  readonly point: HoldPoint;
}

/** What the driver has in hand of a task that waits. */
export interface TaskHold {
  /** Resolves once the task waits. */
  reached(): Promise<void>;
  /** Lets it go on. */
  release(): void;
}

const holds = new Map<string, Hold[]>();
const tasksRun = new Map<string, number>();

/**
 * Holds the workflow's nth task, counted from 1 over all its runs and sessions, failed ones included. To be called
 * before that task can run.
 *
 * @example
 * const hold = holdTask("order-1", 2, "after");
 */
export function holdTask(workflowId: string, task: number, point: HoldPoint): TaskHold {
  holds.set(workflowId, [...(holds.get(workflowId) ?? []), { task, point }]);
  const name = holdName(workflowId, { task, point });
  return {
    reached: async () => void (await flag(`${name}/reached`)),
    release: () => raiseFlag(`${name}/released`),
  };
}

function holdName(workflowId: string, { task, point }: Hold): string {
  return `hold/${workflowId}/${task}/${point}`;
}

async function stopAt(workflowId: string, hold: Hold): Promise<void> {
  if (!holds.get(workflowId)?.some(({ task, point }) => task === hold.task && point === hold.point)) return;
  const name = holdName(workflowId, hold);
  raiseFlag(`${name}/reached`);
  await flag(`${name}/released`);
}

/** A session whose tasks wait where a driver said so. */
export class HeldSession extends RpcTarget {
  readonly #workflowId: string;
  readonly #session: Session;

  constructor(workflowId: string, session: Session) {
    super();
    this.#workflowId = workflowId;
    this.#session = session;
  }

  async append(events: Parameters<Session["append"]>[0]): Promise<void> {
    await this.#session.append(events);
  }

  async runTask(task: Task): ReturnType<Session["runTask"]> {
    const count = (tasksRun.get(this.#workflowId) ?? 0) + 1;
    tasksRun.set(this.#workflowId, count);
    await stopAt(this.#workflowId, { task: count, point: "before" });
    const result = await this.#session.runTask(task);
    await stopAt(this.#workflowId, { task: count, point: "after" });
    return result;
  }

  async query(query: Parameters<Session["query"]>[0]): ReturnType<Session["query"]> {
    return await this.#session.query(query);
  }

  [Symbol.dispose](): void {
    (this.#session as Partial<Disposable>)[Symbol.dispose]?.();
  }
}
