/**
 * The service with a queue for each lane, and a gate in front of both ways that an activity task can take.
 *
 * Owns: which way and which lane a workflow's activities take, by its id: the number at the end is the lane, and
 * `by-queue` in it means that no worker is asked directly.
 */
import type { ActivityTaskMessage } from "../../../src/core/activity-task.ts";
import {
  WorkflowExecution as RealWorkflowExecution,
  type WorkflowWorkerStub,
} from "../../../src/durable-objects/index.ts";
import type { CrashEnv } from "./bindings.ts";
import { gate } from "./gate.ts";
import { BY_QUEUE } from "./workflow-ids.ts";

type HandOver = WorkflowWorkerStub["runActivityTask"];
type Send = Queue<ActivityTaskMessage>["sendBatch"];

export class WorkflowExecution extends RealWorkflowExecution<CrashEnv> {
  protected override eagerActivityWorker(taskQueue?: string): Pick<WorkflowWorkerStub, "runActivityTask"> | undefined {
    const worker = super.eagerActivityWorker(taskQueue);
    if (!worker || this.#name.includes(BY_QUEUE)) return undefined;
    const runActivityTask: HandOver = async (offer) => {
      await gate(offer.task.workflowId, "offer");
      return await worker.runActivityTask(offer);
    };
    return { runActivityTask };
  }

  protected override activityQueue(): Queue<ActivityTaskMessage> {
    const lane = Number(/\d+$/.exec(this.#name)?.[0] ?? "0");
    const queue = this.env[`LANE_${lane}`];
    if (!queue) throw new Error(`there is no lane ${lane}`);
    const sendBatch: Send = async (messages, options) => {
      const all = [...messages];
      for (const { body } of all.slice(0, 1)) await gate(body.workflowId, "dispatch");
      return await queue.sendBatch(all, options);
    };
    return new Proxy(queue, { get: (target, name) => (name === "sendBatch" ? sendBatch : Reflect.get(target, name)) });
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }
}
