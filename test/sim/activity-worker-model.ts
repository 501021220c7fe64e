/**
 * The queue and the activity workers, as a model: messages are lost, doubled, late; workers die, fail, report twice.
 *
 * Owns: what an activity worker was told (accepted outcomes), to be held against history in the end.
 */
import { type ActivityTaskMessage, encodeTaskToken } from "../../src/core/activity-task.ts";
import type { ActivityOutcome } from "../../src/core/activity-task.ts";
import type { LoadedRun } from "../../src/durable-objects/run-store.ts";
import { failureOf, payloads } from "../core/requests.ts";
import type { World } from "./world.ts";

export class ActivityWorkerModel {
  readonly #world: World;
  /** Activities whose completion the service has said to have taken. */
  readonly acceptedCompletions: { readonly runId: string; readonly scheduledEventId: number }[] = [];
  readonly #sent = new Set<string>();
  #deliveries = 0;

  constructor(world: World) {
    this.#world = world;
  }

  dispatch(
    run: LoadedRun,
    due: { readonly dispatch: readonly number[]; readonly eagerDispatch: readonly number[] },
  ): void {
    for (const id of due.eagerDispatch) this.#handOver(messageFor(run, id));
    for (const id of due.dispatch) this.#send(messageFor(run, id));
  }

  /** Straight to a worker, which has claimed it already. It may refuse it; or die, and nobody knows. */
  #handOver(message: ActivityTaskMessage | undefined): void {
    if (!message) return;
    const world = this.#world;
    const fate = world.random.next();
    this.#sent.add(key(message));
    if (fate < 0.15) return world.sometimes("a worker died with an activity it was handed");
    if (fate > 0.3) return this.#run(message);
    const { runId, scheduledEventId } = message;
    world.in(world.random.whole(1, 50), async () => {
      const reply = await world.call("releaseEagerClaim", { runId, scheduledEventId });
      if (reply?.ok && reply.value.released) world.sometimes("a worker refused what it was handed");
    });
  }

  #send(message: ActivityTaskMessage | undefined): void {
    if (!message) return;
    const { random } = this.#world;
    if (this.#sent.has(key(message))) this.#world.sometimes("a task was sent again because nobody had claimed it");
    this.#sent.add(key(message));
    if (random.chance(0.1)) return this.#world.sometimes("a message was lost");
    this.#deliver(message, random.chance(0.05) ? random.whole(5_000, 30_000) : random.whole(5, 300));
    if (random.chance(0.1)) this.#deliver(message, random.whole(5, 3_000));
  }

  #deliver(message: ActivityTaskMessage, delayMs: number): void {
    this.#deliveries += 1;
    const claimId = `delivery-${this.#deliveries}`;
    this.#world.in(delayMs, () => this.#receive(message, claimId));
  }

  async #receive(message: ActivityTaskMessage, claimId: string): Promise<void> {
    const world = this.#world;
    const { version, runId, scheduledEventId, attempt } = message;
    if (world.random.chance(0.02)) {
      const reply = await world.call("reportDeadLetter", { version, runId, scheduledEventId, attempt });
      if (reply?.ok && reply.value.accepted) world.sometimes("an attempt was a dead letter");
      return;
    }
    const claim = { version, runId, scheduledEventId, attempt, claimId, identity: claimId };
    const reply = await world.call("claimActivity", claim);
    if (!reply) return world.in(100, () => this.#claimAgain(message, claimId));
    if (!reply.ok) return;
    if (!reply.value.claimed)
      return world.sometimes(`a claim was stale: ${reply.value.reason.replaceAll(/\d+/g, "n")}`);
    this.#run(message);
  }

  async #claimAgain(message: ActivityTaskMessage, claimId: string): Promise<void> {
    const { version, runId, scheduledEventId, attempt } = message;
    const before = this.#world.host.run?.state.activities[scheduledEventId]?.progress;
    const claim = { version, runId, scheduledEventId, attempt, claimId, identity: claimId };
    const reply = await this.#world.call("claimActivity", claim);
    if (!reply?.ok || !reply.value.claimed) return;
    if (before?.claimId === claimId) this.#world.sometimes("a claim whose reply was lost was asked for again");
    this.#run(message);
  }

  #run(message: ActivityTaskMessage): void {
    const world = this.#world;
    const { random } = world;
    const takesMs = random.whole(5, 1_200);
    if (random.chance(0.1)) return world.sometimes("an activity worker died");
    const taskToken = encodeTaskToken({ ...message, activityId: this.#activityId(message) });
    const fate = random.next();
    const outcome: ActivityOutcome =
      fate < 0.7
        ? { kind: "completed", result: payloads("done") }
        : { kind: "failed", failure: failureOf("Broken", { nonRetryable: fate > 0.95 }) };
    world.in(takesMs / 2, async () => {
      const beat = await world.call("heartbeatActivity", { version: 1, taskToken, details: payloads("half") });
      const isCancelled = beat?.ok === true && beat.value.cancelRequested;
      if (isCancelled) world.sometimes("a heartbeat brought a cancellation");
      const reported: ActivityOutcome = isCancelled ? { kind: "canceled" } : outcome;
      world.in(takesMs / 2, () => this.#respond(message, taskToken, reported, 1));
    });
  }

  async #respond(
    message: ActivityTaskMessage,
    taskToken: string,
    outcome: ActivityOutcome,
    attempt: number,
  ): Promise<void> {
    const world = this.#world;
    const reply = await world.call("respondActivity", { version: 1, taskToken, outcome, identity: "worker" });
    if (!reply) return world.in(200, () => this.#respond(message, taskToken, outcome, attempt + 1));
    if (reply.ok && outcome.kind === "completed") this.acceptedCompletions.push(message);
    if (!reply.ok && attempt > 1) world.sometimes("an outcome that was taken was reported again");
    if (!reply.ok && attempt === 1) world.sometimes("an outcome came too late");
  }

  #activityId({ scheduledEventId }: ActivityTaskMessage): string {
    return this.#world.host.run?.state.activities[scheduledEventId]?.activityId ?? "";
  }
}

function messageFor(run: LoadedRun, scheduledEventId: number): ActivityTaskMessage | undefined {
  const activity = run.state.activities[scheduledEventId];
  if (!activity) return undefined;
  const { namespace, workflowId, runId } = run.state.identity;
  return { version: 1, namespace, workflowId, runId, scheduledEventId, attempt: activity.progress.attempt };
}

function key({ runId, scheduledEventId, attempt }: ActivityTaskMessage): string {
  return `${runId}/${scheduledEventId}/${attempt}`;
}
