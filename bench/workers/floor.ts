/**
 * The floor: what the platform itself costs. A Durable Object that does one RPC and one insert a step, and no more.
 *
 * Owns: the subject "floor". It has no history, no replay, no retries and no encryption; the caller's loop is its
 * "workflow". Nothing that is durable on this platform can be quicker, so the others are given as multiples of it.
 */
import { DurableObject } from "cloudflare:workers";

import { answer, type WorkflowSystem } from "./workflow-system.ts";

export interface FloorEnv {
  readonly FLOOR: DurableObjectNamespace<Floor>;
}

export class Floor extends DurableObject<FloorEnv> {
  #signalled: PromiseWithResolvers<string> = Promise.withResolvers();
  #woken: PromiseWithResolvers<number> = Promise.withResolvers();

  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS steps (id INTEGER PRIMARY KEY, value)");
  }

  step(value: number | string): void {
    this.ctx.storage.sql.exec("INSERT INTO steps (value) VALUES (?)", value);
  }

  signal(value: string): void {
    this.step(value);
    this.#signalled.resolve(value);
  }

  /** Resolves with the value of the signal. */
  result(): Promise<string> {
    return this.#signalled.promise;
  }

  /** Resolves with the milliseconds by which the alarm was late. */
  async sleep(delayMs: number): Promise<number> {
    const dueAtMs = Date.now() + delayMs;
    this.step(dueAtMs);
    await this.ctx.storage.setAlarm(dueAtMs);
    return (await this.#woken.promise) - dueAtMs;
  }

  override alarm(): void {
    this.#woken.resolve(Date.now());
  }
}

class FloorSystem implements WorkflowSystem {
  readonly #objects: DurableObjectNamespace<Floor>;

  constructor(env: FloorEnv) {
    this.#objects = env.FLOOR;
  }

  async runSequence(id: string, steps: number): Promise<number> {
    const object = this.#objects.getByName(id);
    for (let step = 0; step < steps; step += 1) await object.step(step);
    return steps;
  }

  async runParallel(id: string, steps: number): Promise<number> {
    const object = this.#objects.getByName(id);
    await Promise.all(Array.from({ length: steps }, (_, step) => object.step(step)));
    return steps;
  }

  async startWaiting(id: string): Promise<void> {
    await this.#objects.getByName(id).step("started");
  }

  async signalToResult(id: string): Promise<string> {
    const object = this.#objects.getByName(id);
    const [result] = await Promise.all([object.result(), object.signal("done")]);
    return result;
  }

  runTimer(id: string, delayMs: number): Promise<number> {
    return this.#objects.getByName(id).sleep(delayMs);
  }
}

/** Answers the harness; also used by the Worker that counts. */
export function fetchFloor(request: Request, env: FloorEnv): Promise<Response> {
  return answer(new FloorSystem(env), request);
}

export default { fetch: fetchFloor };
