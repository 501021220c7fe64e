/**
 * Updates as callers send them: taken in a turn, then waited for.
 *
 * Owns: which run an update is for, and the second try of an update with start whose workflow ended before it took the
 * update. How the waiting goes is `update-waiters.ts`.
 */
import type * as protocol from "../core/protocol.ts";
import { type Reply, accepted } from "../core/rejection.ts";
import * as check from "../core/request-check.ts";
import { completedEventIdOf, isKnownUpdate, updateReply } from "../core/update.ts";
import type { ExecutionTurn } from "./execution-turn.ts";
import type { LoadedRun, RunStore } from "./run-store.ts";
import type { AwaitedUpdate, UpdateWaiters } from "./update-waiters.ts";

export interface WorkflowUpdatesOptions {
  readonly turn: ExecutionTurn;
  readonly store: RunStore;
  readonly waiters: UpdateWaiters;
  /** The run that is meant: the current one, or an earlier one by its id. */
  readonly selected: (selector: protocol.RunSelector) => Reply<LoadedRun>;
  /** Brings everything up to date; a rejection says why nothing is taken. Called before every turn. */
  readonly wake: () => Extract<Reply<never>, { ok: false }> | undefined;
  /** Whether a workflow task is under way, so that a call may wait for what it brings. */
  readonly isBusy: () => boolean;
}

export class WorkflowUpdates {
  readonly #options: WorkflowUpdatesOptions;

  constructor(options: WorkflowUpdatesOptions) {
    this.#options = options;
  }

  async update(request: protocol.UpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    const { turn, wake } = this.#options;
    const reply = wake() ?? this.#take(request);
    // Before anything is awaited, so that no news of it can be missed.
    const answer = reply.ok ? this.#answer(reply.value.runId, request) : reply;
    await turn.committed;
    return await answer;
  }

  async poll(request: protocol.PollUpdateRequest): Promise<Reply<protocol.UpdateReply>> {
    const { selected, wake } = this.#options;
    const refused = wake() ?? check.pollUpdateRequest(request);
    if (refused) return refused;
    const run = selected(request);
    if (!run.ok) return run;
    return await this.#answer(run.value.state.identity.runId, request);
  }

  async updateWithStart(request: protocol.UpdateWithStartRequest): Promise<Reply<protocol.UpdateWithStartReply>> {
    const first = await this.#updateWithStart(request);
    const hasClosed = !first.ok && first.rejection.code === "WorkflowAlreadyCompleted";
    // The workflow ended before it took the update: now that it has, the policies may allow another.
    return hasClosed ? await this.#updateWithStart(request) : first;
  }

  /** How far an update has come as far as state and history know it. */
  replyOf({ runId, updateId }: Pick<AwaitedUpdate, "runId" | "updateId">): protocol.UpdateReply | undefined {
    const { selected, store } = this.#options;
    const run = selected({ runId });
    if (!run.ok) return undefined;
    const { state, number } = run.value;
    const completedEventId = completedEventIdOf(state, updateId);
    const completing = completedEventId === undefined ? undefined : store.readEvent(number, completedEventId);
    return updateReply(state, updateId, completing);
  }

  /** Takes an update, by the current run or, if it is known there, by the earlier one that is meant. */
  #take(request: protocol.UpdateRequest): Reply<{ readonly runId: string }> {
    const { turn, selected } = this.#options;
    const reply = turn.take("update", request);
    if (reply.ok || request.runId === undefined || reply.rejection.code !== "WorkflowNotFound") return reply;
    const earlier = selected(request);
    const isKnown = earlier.ok && isKnownUpdate(earlier.value.state, request.updateId);
    return isKnown ? accepted({ runId: request.runId }) : reply;
  }

  async #updateWithStart(request: protocol.UpdateWithStartRequest): Promise<Reply<protocol.UpdateWithStartReply>> {
    const { turn, wake } = this.#options;
    const reply = wake() ?? turn.take("updateWithStart", { ...request, newRunId: crypto.randomUUID() });
    if (!reply.ok) return reply;
    const answer = this.#answer(reply.value.update.runId, request.update);
    await turn.committed;
    const update = await answer;
    return update.ok ? accepted({ start: reply.value.start, update: update.value }) : update;
  }

  #answer(
    runId: string,
    { updateId, waitForStage }: Pick<protocol.UpdateRequest, "updateId" | "waitForStage">,
  ): Promise<Reply<protocol.UpdateReply>> {
    return this.#options.waiters.answer({ runId, updateId, waitForStage }, this.#options.isBusy());
  }
}
