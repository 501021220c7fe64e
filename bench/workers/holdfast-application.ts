/**
 * Holdfast as an application uses it: workflows, activities, encryption on, one Worker for both sides.
 *
 * Owns: the subjects "holdfast" and "queue", but for the Durable Object class, which two Workers export: the one that is timed
 * exports what is published, the other the same class with its storage and requests counted.
 */
import { Hono } from "hono";

import { createWorker, type HoldfastVariables } from "../../src/worker/index.ts";
import { answerHistory } from "./history-segments.ts";
import * as activities from "./holdfast-activities.ts";
import * as workflows from "./holdfast-workflows.ts";
import { answer, repeatedly, type Signals, startMany, type Starts, type WorkflowSystem } from "./workflow-system.ts";

export interface HoldfastEnv {
  readonly ACTIVITY_TASKS: Queue;
  readonly HOLDFAST_ENCRYPTION_KEYS: string;
  readonly DISPATCH: workflows.Dispatch;
}

export const holdfast = createWorker<HoldfastEnv>({
  workflows,
  activities: { step: activities.step, stamp: activities.stamp },
});

/** Workflows that are to be started and then sleep. */
export interface Sleepers extends Starts {
  readonly sleepMs: number;
}

class HoldfastSystem implements WorkflowSystem {
  readonly #client: HoldfastVariables["client"];
  readonly #dispatch: workflows.Dispatch;

  constructor(client: HoldfastVariables["client"], dispatch: workflows.Dispatch) {
    this.#client = client;
    this.#dispatch = dispatch;
  }

  runSequence(workflowId: string, steps: number): Promise<number> {
    return this.#client.workflow.execute(workflows.sequence, { workflowId, args: [steps, this.#dispatch] });
  }

  runParallel(workflowId: string, steps: number): Promise<number> {
    return this.#client.workflow.execute(workflows.parallel, { workflowId, args: [steps, this.#dispatch] });
  }

  async startWaiting(workflowId: string): Promise<void> {
    await this.#client.workflow.start(workflows.waiting, { workflowId });
  }

  async signalToResult(workflowId: string): Promise<string> {
    const handle = this.#client.workflow.getHandle<typeof workflows.waiting>(workflowId);
    const [result] = await Promise.all([handle.result(), handle.signal(workflows.go, "done")]);
    return result;
  }

  /**
   * From the moment the timer was started to the moment the workflow goes on, as history has them. The workflow's own
   * clock stands still within a task, so it would count the first task's work as the timer's.
   */
  async runTimer(workflowId: string, delayMs: number): Promise<number> {
    const handle = await this.#client.workflow.start(workflows.timer, { workflowId, args: [delayMs] });
    await handle.result();
    const { events } = await handle.fetchHistory();
    const timeOf = (eventType: string): number =>
      Date.parse(events.findLast((event) => event.eventType === `EVENT_TYPE_${eventType}`)?.eventTime ?? "");
    return timeOf("WORKFLOW_TASK_STARTED") - timeOf("TIMER_STARTED") - delayMs;
  }

  async runSignals(workflowId: string, { signals, concurrency }: Signals): Promise<number> {
    const handle = await this.#client.workflow.start(workflows.tally, { workflowId, args: [signals] });
    const result = handle.result();
    await repeatedly(signals, concurrency, (index) => handle.signal(workflows.go, String(index)));
    return await result;
  }

  runChildren(workflowId: string, children: number): Promise<number> {
    return this.#client.workflow.execute(workflows.fanOut, { workflowId, args: [children] });
  }
}

export const app = new Hono<{ Bindings: HoldfastEnv; Variables: HoldfastVariables }>();
app.use(holdfast.client());
app.post("/history/:action", (c) => answerHistory(c.var.client, c.req.param("action"), c.req.raw));
app.post("/sleepers", async (c) => {
  const { sleepMs, ...load } = await c.req.json<Sleepers>();
  const { workflow } = c.var.client;
  const start = (workflowId: string) => workflow.start(workflows.timer, { workflowId, args: [sleepMs] });
  return c.json(await startMany(load, start));
});
app.post("/describe", async (c) => {
  const { id } = await c.req.json<{ readonly id: string }>();
  return c.json((await c.var.client.workflow.getHandle(id).describe()).status.name);
});
app.post("*", (c) => answer(new HoldfastSystem(c.var.client, c.env.DISPATCH), c.req.raw));
