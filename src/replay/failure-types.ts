/**
 * Which errors fail a workflow instead of its workflow task.
 *
 * Owns: the two ways of saying so, and how they are matched: classes given with the workflow function, by `instanceof`,
 * and class names given to the worker, along the chain of superclasses. Failures and cancellation need neither.
 */
import { HoldfastFailure } from "../codec/index.ts";

/** Names of error classes, by workflow type; under "*" for all types. */
export type WorkflowFailureErrorTypes = Readonly<
  Record<string, readonly ("NondeterminismError" | "DeterminismViolationError" | "Error" | (string & {}))[]>
>;

/** Any class of errors. */
export type ErrorClass = abstract new (...args: never[]) => Error;

const NONDETERMINISM_NAMES = ["NondeterminismError", "DeterminismViolationError", "Error"];

export class FailureTypes {
  readonly #names: ReadonlySet<string>;
  #classes: readonly ErrorClass[] = [];

  constructor(byWorkflowType: WorkflowFailureErrorTypes | undefined, workflowType: string) {
    const own = Object.hasOwn(byWorkflowType ?? {}, workflowType) ? byWorkflowType?.[workflowType] : undefined;
    this.#names = new Set([...(byWorkflowType?.["*"] ?? []), ...(own ?? [])]);
  }

  /** Takes the classes that came with the workflow function. */
  setClasses(classes: readonly ErrorClass[] | undefined): void {
    this.#classes = classes ?? [];
  }

  /** Whether code that differs from its history fails the workflow. Only the worker's names can say so. */
  get includesNondeterminism(): boolean {
    return NONDETERMINISM_NAMES.some((name) => this.#names.has(name));
  }

  /** Whether an error that workflow code threw fails the workflow. `Error` stands for anything thrown. */
  includes(error: unknown): boolean {
    if (error instanceof HoldfastFailure) return true;
    if (this.#classes.includes(Error) || this.#names.has("Error")) return true;
    if (this.#classes.some((errorClass) => error instanceof errorClass)) return true;
    return this.#names.size > 0 && classNames(error).some((name) => this.#names.has(name));
  }
}

/** Names of an object's class and its superclasses. */
function classNames(error: unknown): readonly string[] {
  if (typeof error !== "object" || error === null) return [];
  const names: string[] = [];
  let current: unknown = error.constructor;
  while (typeof current === "function" && current !== Function.prototype) {
    names.push(current.name);
    current = Object.getPrototypeOf(current);
  }
  return names;
}
