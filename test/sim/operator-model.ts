/**
 * An operator in a simulation: pauses the run or its activities, resets them, and insists on letting them go on.
 *
 * Owns: when, from a randomness of its own, so that what others do with a seed stays as it was. Whatever is paused is
 * unpaused some time later, or nothing would come to an end.
 */
import type { RequestKind, Requests } from "../../src/core/decide.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

const ALL = { version: 1, activity: { kind: "all" } } as const;
/** What is asked again until there is an answer. */
type Insisted = "pause" | "unpause" | "unpauseActivity";

export class OperatorModel {
  readonly #world: World;
  readonly #random: Random;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed + 2_000_000);
  }

  /** Plans what it will do. */
  begin(): void {
    const random = this.#random;
    if (random.chance(0.3)) this.#at(4_000, () => this.#pauseRun());
    if (random.chance(0.3)) this.#at(4_000, () => this.#pauseActivities());
    if (random.chance(0.3)) this.#at(4_000, () => this.#reset());
    if (random.chance(0.2)) this.#at(4_000, () => this.#changeOptions());
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
    request: Requests[K],
    done: () => void = () => undefined,
  ): Promise<void> {
    const reply = await this.#world.call(kind, request);
    if (!reply) this.#world.in(50, () => this.#insist(kind, request, done));
    else if (reply.ok) done();
  }
}
