/**
 * The conditions that workflow code waits for.
 *
 * Owns: the blocked predicates, in order of creation, and the passes over them.
 */

interface BlockedCondition {
  readonly predicate: () => boolean;
  readonly resolve: () => void;
}

export class Conditions {
  readonly #blocked = new Map<number, BlockedCondition>();
  #nextSequence = 1;

  takeSequence(): number {
    return this.#nextSequence++;
  }

  block(sequence: number, predicate: () => boolean, resolve: () => void): void {
    this.#blocked.set(sequence, { predicate, resolve });
  }

  remove(sequence: number): void {
    this.#blocked.delete(sequence);
  }

  /**
   * Passes over the blocked conditions until a pass unblocks none; answers how many were unblocked. What a predicate
   * throws goes to the caller.
   */
  unblock(): number {
    let total = 0;
    for (;;) {
      let unblocked = 0;
      for (const [sequence, condition] of this.#blocked) {
        if (!condition.predicate()) continue;
        this.#blocked.delete(sequence);
        condition.resolve();
        unblocked += 1;
      }
      if (unblocked === 0) return total;
      total += unblocked;
    }
  }
}
