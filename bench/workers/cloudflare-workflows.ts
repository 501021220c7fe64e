/**
 * Cloudflare Workflows, on the engine that Miniflare (and so `wrangler dev`) runs.
 *
 * Owns: the subject "workflows". A step does nothing but return, as the activity of the other subjects does. Results
 * are awaited with `subscribe`, the product's own way to be told of an event, and not by asking for the status again
 * and again; the two were equally quick for one step, and polling slows everything beside it.
 */
import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";

import { answer, repeatedly, type Signals, type WorkflowSystem } from "./workflow-system.ts";

type Plan =
  | { readonly kind: "sequence"; readonly steps: number }
  | { readonly kind: "parallel"; readonly steps: number }
  | { readonly kind: "waiting" }
  | { readonly kind: "timer"; readonly delayMs: number }
  | { readonly kind: "signals"; readonly signals: number };

interface WorkflowsEnv {
  readonly PLANS: Workflow<Plan>;
}

const SIGNAL = "go";

export class PlanWorkflow extends WorkflowEntrypoint<WorkflowsEnv, Plan> {
  override async run(event: Readonly<WorkflowEvent<Plan>>, step: WorkflowStep): Promise<number | string> {
    const plan = event.payload;
    switch (plan.kind) {
      case "sequence":
        return this.#runSequence(step, plan.steps);
      case "parallel":
        return this.#runParallel(step, plan.steps);
      case "waiting": {
        const signal = await step.waitForEvent<string>("signal", { type: SIGNAL, timeout: "1 hour" });
        return signal.payload;
      }
      case "timer": {
        const dueAtMs = Date.now() + plan.delayMs;
        await step.sleep("timer", plan.delayMs);
        return Date.now() - dueAtMs;
      }
      case "signals": {
        for (let index = 0; index < plan.signals; index += 1)
          await step.waitForEvent<string>(`signal ${index}`, { type: SIGNAL, timeout: "1 hour" });
        return plan.signals;
      }
    }
  }

  async #runSequence(step: WorkflowStep, steps: number): Promise<number> {
    let ran = 0;
    for (let index = 0; index < steps; index += 1) {
      await step.do(`step ${index}`, async () => index);
      ran += 1;
    }
    return ran;
  }

  async #runParallel(step: WorkflowStep, steps: number): Promise<number> {
    const results = await Promise.all(
      Array.from({ length: steps }, (_, index) => step.do(`step ${index}`, async () => index)),
    );
    return results.length;
  }
}

class WorkflowsSystem implements WorkflowSystem {
  readonly #plans: Workflow<Plan>;

  constructor(env: WorkflowsEnv) {
    this.#plans = env.PLANS;
  }

  async runSequence(id: string, steps: number): Promise<number> {
    return Number(await this.#run(id, { kind: "sequence", steps }));
  }

  async runParallel(id: string, steps: number): Promise<number> {
    return Number(await this.#run(id, { kind: "parallel", steps }));
  }

  async startWaiting(id: string): Promise<void> {
    const instance = await this.#plans.create({ id, params: { kind: "waiting" } });
    using started = await instance.subscribe({ filter: ["wait_started"] });
    await started.next();
  }

  async signalToResult(id: string): Promise<string> {
    const instance = await this.#plans.get(id);
    const [result] = await Promise.all([outcome(instance), instance.sendEvent({ type: SIGNAL, payload: "done" })]);
    return String(result);
  }

  async runTimer(id: string, delayMs: number): Promise<number> {
    return Number(await this.#run(id, { kind: "timer", delayMs }));
  }

  async runSignals(id: string, { signals, concurrency }: Signals): Promise<number> {
    const instance = await this.#plans.create({ id, params: { kind: "signals", signals } });
    const result = outcome(instance);
    await repeatedly(signals, concurrency, (index) => instance.sendEvent({ type: SIGNAL, payload: String(index) }));
    return Number(await result);
  }

  async #run(id: string, params: Plan): Promise<unknown> {
    return outcome(await this.#plans.create({ id, params }));
  }
}

async function outcome(instance: WorkflowInstance): Promise<unknown> {
  using end = await instance.subscribe({ filter: ["workflow_completed", "workflow_errored", "workflow_terminated"] });
  const { value } = await end.next();
  if (value?.type !== "workflow_completed") throw new Error(`${instance.id} ended with ${JSON.stringify(value)}.`);
  return value.output;
}

export default {
  fetch: (request: Request, env: WorkflowsEnv): Promise<Response> => answer(new WorkflowsSystem(env), request),
};
