/**
 * An operator in a simulation: pauses the run or its activities, resets them, and insists on letting them go on. Now
 * and then it resets the run itself, once or twice.
 *
 * Owns: when, from a randomness of its own, so that what others do with a seed stays as it was. Whatever is paused is
 * unpaused some time later, or nothing would come to an end.
 */
import type { ResetPoint } from "../../src/core/control-requests.ts";
import type { RequestKind, Requests } from "../../src/core/decide.ts";
import { foundForReset } from "../../src/durable-objects/reset-reader.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

const ALL = { version: 1, activity: { kind: "all" } } as const;
/** What is asked again until there is an answer. */
type Insisted = "pause" | "unpause" | "unpauseActivity" | "reset";

export class OperatorModel {
  readonly #world: World;
  readonly #random: Random;
  readonly #wasReset: () => void;

  /** `wasReset` hears of every reset of the run. */
  constructor(world: World, seed: number, wasReset: () => void) {
    this.#world = world;
    this.#wasReset = wasReset;
    this.#random = new Random(seed + 2_000_000);
  }

  /** Plans what it will do. */
  begin(): void {
    const random = this.#random;
    if (random.chance(0.3)) this.#at(4_000, () => this.#pauseRun());
    if (random.chance(0.3)) this.#at(4_000, () => this.#pauseActivities());
    if (random.chance(0.3)) this.#at(4_000, () => this.#reset());
    if (random.chance(0.2)) this.#at(4_000, () => this.#changeOptions());
    for (const number of [1, 2])
      if (random.chance(0.15))
        this.#at(8_000, () =>
          this.#resetRun(`reset-${number}`, random.chance(0.5) ? "firstWorkflowTask" : "lastWorkflowTask"),
        );
  }

  /** The newest run, open or closed, from its first or last workflow task on. */
  async #resetRun(requestId: string, kind: Exclude<ResetPoint["kind"], "event">): Promise<void> {
    const world = this.#world;
    const newRunId = `run-${requestId}-${world.nowMs}`;
    const request = { version: 1, resetPoint: { kind }, reason: "mended", requestId } as const;
    const made = (): Requests["reset"] => {
      const { run, store } = world.host;
      if (run) return foundForReset(store, run, request, newRunId);
      const reading = { ok: false, message: "there is no run" } as const;
      return { ...request, newRunId, found: { kind: "read", reading } };
    };
    const wasOpen = world.host.run?.state.status === "RUNNING";
    await this.#insist("reset", made, () => {
      world.sometimes(`a run was reset that ${wasOpen ? "was open" : "had closed"}`);
      this.#wasReset();
    });
  }

  #at(latestMs: number, act: () => Promise<void>): void {
    this.#world.in(this.#random.whole(0, latestMs), act);
  }

  async #pauseRun(): Promise<void> {
    const world = this.#world;
    const isFlying = world.host.run?.state.workflowTask?.startedEventId !== undefined;
    await this.#insist("pause", { version: 1, requestId: "pause-1" }, () => {
      world.sometimes(`a run was paused ${isFlying ? "while its task was in flight" : "at rest"}`);
      this.#at(8_000, () =>
        this.#insist("unpause", { version: 1, requestId: "unpause-1" }, () => world.sometimes("a run was unpaused")),
      );
    });
  }

  async #pauseActivities(): Promise<void> {
    const world = this.#world;
    const reply = await world.call("pauseActivity", ALL);
    const activities = Object.values(world.host.run?.state.activities ?? {});
    for (const { progress } of activities)
      if (progress.paused)
        world.sometimes(`an activity was paused that ${progress.startedTimeMs === undefined ? "waited" : "ran"}`);
    // Without an answer it may have been done.
    if (!reply || reply.ok) this.#at(6_000, () => this.#insist("unpauseActivity", ALL));
  }

  async #reset(): Promise<void> {
    const activities = Object.values(this.#world.host.run?.state.activities ?? {});
    const flags = { resetHeartbeat: this.#random.chance(0.5), keepPaused: this.#random.chance(0.5) };
    const reply = await this.#world.call("resetActivity", { ...ALL, ...flags });
    if (!reply?.ok) return;
    for (const { progress } of activities)
      this.#world.sometimes(`an activity was reset that ${progress.startedTimeMs === undefined ? "waited" : "ran"}`);
  }

  async #changeOptions(): Promise<void> {
    const options = { startToCloseTimeoutMs: 4_000, retryPolicy: { initialIntervalMs: 200 } };
    await this.#world.call("updateActivityOptions", { ...ALL, options });
  }

  /** Asks until there is an answer. `done` is called when it was done, now or by a try whose answer was lost. */
  async #insist<K extends Insisted & RequestKind>(
    kind: K,
    request: Requests[K] | (() => Requests[K]),
    done: () => void = () => undefined,
  ): Promise<void> {
    const reply = await this.#world.call(kind, request);
    if (!reply) this.#world.in(50, () => this.#insist(kind, request, done));
    else if (reply.ok) done();
  }
}
