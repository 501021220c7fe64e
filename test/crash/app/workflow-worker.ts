/**
 * The workflow worker with a gate before and after each workflow task, and before the activities it is handed.
 *
 * Owns: the wrapping of sessions. A session's work is the real one's.
 */
import { RpcTarget } from "cloudflare:workers";

import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type {
  ActivityTaskAnswer,
  ActivityTaskOffer,
  OpenSession,
  WorkflowQuery,
  WorkflowQueryResult,
  WorkflowSessionRpc,
  WorkflowTask,
  WorkflowTaskResult,
} from "../../../src/core/workflow-task.ts";
import { createWorker } from "../../../src/worker/index.ts";
import * as activities from "./activities.ts";
import type { CrashEnv } from "./bindings.ts";
import { gate } from "./gate.ts";
import * as workflows from "./workflows.ts";

export const holdfast = createWorker<CrashEnv>({ workflows, activities });

class GatedSession extends RpcTarget implements WorkflowSessionRpc {
  readonly #workflowId: string;
  readonly #session: WorkflowSessionRpc;

  constructor(workflowId: string, session: WorkflowSessionRpc) {
    super();
    this.#workflowId = workflowId;
    this.#session = session;
  }

  async append(events: readonly HistoryEvent[]): Promise<void> {
    await this.#session.append(events);
  }

  async runTask(task: WorkflowTask): Promise<WorkflowTaskResult> {
    await gate(this.#workflowId, "task");
    const result = await this.#session.runTask(task);
    await gate(this.#workflowId, "answer");
    return result;
  }

  async query(query: WorkflowQuery): Promise<WorkflowQueryResult> {
    return await this.#session.query(query);
  }

  [Symbol.dispose](): void {
    (this.#session as Partial<Disposable>)[Symbol.dispose]?.();
  }
}

export class WorkflowWorker extends holdfast.WorkflowWorker {
  override async openSession(open: OpenSession): Promise<WorkflowSessionRpc> {
    return new GatedSession(open.workflowId, await super.openSession(open));
  }

  override async runActivityTask(offer: ActivityTaskOffer): Promise<ActivityTaskAnswer> {
    await gate(offer.task.workflowId, "handover");
    return await super.runActivityTask(offer);
  }
}
