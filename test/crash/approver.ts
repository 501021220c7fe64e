/**
 * The person who is asked for approval, and answers a moment later with a signal.
 *
 * Owns: who was asked and who was answered. An answer that was cut off by a kill is given again, as a person would.
 */
import { setTimeout as delay } from "node:timers/promises";

import type { Application } from "./application.ts";
import type { Sink } from "./sink.ts";

/** Long enough for the question's activity to be over when the answer comes. */
const THINKING_MS = 250;

export class Approver implements Disposable {
  readonly #application: Application;
  readonly #stop: () => void;
  readonly #asked = new Set<string>();
  readonly #answers = new Set<Promise<void>>();

  /** `isPatient` tells which workflows are to be left without an answer for now. */
  constructor(sink: Sink, application: Application, isPatient: (workflowId: string) => boolean) {
    this.#application = application;
    this.#stop = sink.watch(({ workflowId, activityType }) => {
      if (activityType !== "askForApproval" || isPatient(workflowId) || this.#asked.has(workflowId)) return;
      this.#asked.add(workflowId);
      const answer = this.#answer(workflowId);
      this.#answers.add(answer);
      // Reported by `settled`, which is called later.
      answer.catch(() => undefined);
    });
  }

  /** Answers again whoever may not have got the answer. Call after a restart. */
  async repeat(): Promise<void> {
    await this.settled();
    for (const workflowId of this.#asked) {
      const { signals } = this.#application.promisedTo(workflowId);
      const isAnswered = signals.some(({ name, delivery }) => name === "approve" && delivery !== "cut off");
      if (!isAnswered) await this.#application.signal(workflowId, "approve");
    }
  }

  /** Resolves when no answer is under way; rejects if one was refused. */
  async settled(): Promise<void> {
    await Promise.all(this.#answers);
  }

  async #answer(workflowId: string): Promise<void> {
    await delay(THINKING_MS);
    await this.#application.signal(workflowId, "approve");
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
