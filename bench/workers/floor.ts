/**
 * The floor: what the platform itself costs. A Durable Object that does one RPC and one insert a step, and no more.
 *
 * Owns: the subject "floor". It has no history, no replay, no retries and no encryption; the caller's loop is its
 * "workflow". Nothing that is durable on this platform can be quicker, so the others are given as multiples of it.
 *
 * One row has a floor of its own: an activity is stored before it runs, is run by the application and not by the
 * object, and what follows from its result is asked of the application too. `begin` and `respond` do no more than
 * that: the same two commits, one after the other, the alarm that is set with the first, and the same calls.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

import { answer, repeatedly, type Signals, type WorkflowSystem } from "./workflow-system.ts";

/** When somebody must look whether a step was lost: the time that a workflow task has, as on Holdfast. */
const LOOK_AFTER_MS = 10_000;

export interface FloorEnv {
  readonly FLOOR: DurableObjectNamespace<Floor>;
}

/** The application's side of the floor: it is asked what comes next, and runs a step. */
export class FloorWorker extends WorkerEntrypoint<FloorEnv> {
  next(stepsDone: number): "step" | "end" {
    return stepsDone === 0 ? "step" : "end";
  }

  /** Takes a step and lets its caller go; reports when it is done. */
  runStep(id: string): void {
    this.ctx.waitUntil(this.env.FLOOR.getByName(id).respond("done"));
  }
}

export class Floor extends DurableObject<FloorEnv> {
  #signalled: PromiseWithResolvers<string> = Promise.withResolvers();
  #ended: PromiseWithResolvers<number> = Promise.withResolvers();
  #woken: PromiseWithResolvers<number> = Promise.withResolvers();

  constructor(ctx: DurableObjectState, env: FloorEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS steps (id INTEGER PRIMARY KEY, value)");
  }

  step(value: number | string): void {
    this.ctx.storage.sql.exec("INSERT INTO steps (value) VALUES (?)", value);
  }

  /** Asks what comes first, stores that it is to be done and when to look after it, and hands it over. */
  async begin(id: string): Promise<void> {
    this.step(await this.#worker.next(0));
    void this.ctx.storage.setAlarm(Date.now() + LOOK_AFTER_MS);
    this.ctx.waitUntil(this.#worker.runStep(id));
  }

  /** Asks what comes next, and stores it with the result. */
  async respond(value: string): Promise<void> {
    this.step(`${value} ${await this.#worker.next(1)}`);
    this.#ended.resolve(1);
  }

  /** Resolves with the number of steps that ran. */
  end(): Promise<number> {
    return this.#ended.promise;
  }

  get #worker(): Service<FloorWorker> {
    return (this.ctx.exports as unknown as { readonly FloorWorker: Service<FloorWorker> }).FloorWorker;
  }

  /** What a parent and its children write at least: that each is begun, that it ran, and that it has ended. */
  async fanOut(childIds: readonly string[]): Promise<number> {
    await Promise.all(
      childIds.map(async (id) => {
        this.step(id);
        await this.env.FLOOR.getByName(id).step("ran");
        this.step(id);
      }),
    );
    return childIds.length;
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

  async runWithHops(id: string): Promise<number> {
    const object = this.#objects.getByName(id);
    await object.begin(id);
    return await object.end();
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

  async runSignals(id: string, { signals, concurrency }: Signals): Promise<number> {
    const object = this.#objects.getByName(id);
    await object.step("started");
    await repeatedly(signals, concurrency, (index) => object.step(`signal ${index}`));
    return signals;
  }

  async runChildren(id: string, children: number): Promise<number> {
    const ids = Array.from({ length: children }, (_, index) => `${id}/child-${index}`);
    return await this.#objects.getByName(id).fanOut(ids);
  }
}

/** Answers the harness; also used by the Worker that counts. */
export function fetchFloor(request: Request, env: FloorEnv): Promise<Response> {
  return answer(new FloorSystem(env), request);
}

export default { fetch: fetchFloor };
