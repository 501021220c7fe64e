/**
 * Signal and update handlers that have begun and not ended.
 *
 * Owns: the list, and what is said about handlers that a workflow leaves behind when it ends.
 */

/** What happens when a workflow ends while a handler runs. */
export const HandlerUnfinishedPolicy = {
  /** A warning is logged, unless the workflow failed. */
  WARN_AND_ABANDON: "WARN_AND_ABANDON",
  /** Nothing is said. */
  ABANDON: "ABANDON",
} as const;
export type HandlerUnfinishedPolicy = (typeof HandlerUnfinishedPolicy)[keyof typeof HandlerUnfinishedPolicy];

/** One run of a handler. */
export type HandlerExecution =
  | { readonly kind: "signal"; readonly name: string; readonly policy: HandlerUnfinishedPolicy }
  | { readonly kind: "update"; readonly name: string; readonly id: string; readonly policy: HandlerUnfinishedPolicy };

const WAIT_FOR_THEM = "To let handlers finish, await condition(allHandlersFinished) before the workflow ends.";
const SILENCE = "Where that is intended, set the handler with { unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON }.";

export class HandlerExecutions {
  readonly #running = new Set<HandlerExecution>();

  /** Notes the beginning of a handler; what it returns is to be called at the end. */
  begin(execution: HandlerExecution): () => void {
    this.#running.add(execution);
    return () => void this.#running.delete(execution);
  }

  get allFinished(): boolean {
    return this.#running.size === 0;
  }

  /** Forgets all: a workflow that fails says nothing of its handlers. */
  abandon(): void {
    this.#running.clear();
  }

  /** What to log when the workflow ends now. */
  warnings(): readonly string[] {
    const running = [...this.#running].filter(({ policy }) => policy === HandlerUnfinishedPolicy.WARN_AND_ABANDON);
    const updates = running.filter((execution) => execution.kind === "update");
    const signals = running.filter((execution) => execution.kind === "signal");
    return [
      ...(updates.length > 0 ? [updateWarning(updates.map(({ name, id }) => ({ name, id })))] : []),
      ...(signals.length > 0 ? [signalWarning(countNames(signals.map(({ name }) => name)))] : []),
    ];
  }
}

function updateWarning(unfinished: readonly { readonly name: string; readonly id: string }[]): string {
  return (
    "[TMPRL1102] Workflow finished while an update handler was still running. Its work may have been cut short, and " +
    `whoever sent the update gets an error instead of its result. ${WAIT_FOR_THEM} ${SILENCE} ` +
    `The following updates were unfinished (and warnings were not disabled for their handler): ${JSON.stringify(unfinished)}`
  );
}

function signalWarning(unfinished: readonly { readonly name: string; readonly count: number }[]): string {
  return (
    "[TMPRL1102] Workflow finished while a signal handler was still running. Its work may have been cut short. " +
    `${WAIT_FOR_THEM} ${SILENCE} ` +
    `The following signals were unfinished (and warnings were not disabled for their handler): ${JSON.stringify(unfinished)}`
  );
}

function countNames(names: readonly string[]): readonly { readonly name: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Array.from(counts, ([name, count]) => ({ name, count }));
}
