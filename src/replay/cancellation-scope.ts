/**
 * Cancellation scopes: which operations are cancelled together.
 *
 * Owns: the tree of scopes and how a cancellation runs down it. An operation belongs to the scope that was current
 * when it was made, not where it is awaited.
 */
import { CancelledFailure, type Duration, IllegalStateError, msOptionalToNumber } from "../codec/index.ts";
import { requireFrame, runInFrame } from "./run-context.ts";
import { SHIELDED_SCOPES } from "./sdk-flags.ts";
import { ignoreRejection } from "./settlement.ts";
import { sleep } from "./sleep.ts";
import type { WorkflowRun } from "./workflow-run.ts";

export interface CancellationScopeOptions {
  /** Cancels the scope after this time. */
  readonly timeout?: Duration | undefined;
  /** False shields what runs inside from cancellation from outside. Default true. */
  readonly cancellable?: boolean | undefined;
  /** Default: the current scope. */
  readonly parent?: CancellationScope | undefined;
}

/** Names the run of a scope that has no parent. */
const ROOT = Symbol("root");

/**
 * A group of operations that are cancelled together.
 *
 * @example
 * const scope = new CancellationScope();
 * const reminder = scope.run(() => sleep("1 day"));
 * scope.cancel(); // `reminder` rejects with CancelledFailure
 */
export class CancellationScope {
  /** Milliseconds after which `run` cancels the scope. */
  readonly timeout?: number;
  readonly cancellable: boolean;
  readonly parent?: CancellationScope;
  /** Rejects with `CancelledFailure` once cancellation is requested, also where the scope shields its content. */
  readonly cancelRequested: Promise<never>;
  /** @internal */
  readonly workflowRun: WorkflowRun;
  readonly #reject: (error: unknown) => void;
  #cancelled = false;

  constructor(options?: CancellationScopeOptions & { readonly [ROOT]?: WorkflowRun }) {
    const timeoutMs = msOptionalToNumber(options?.timeout);
    if (timeoutMs !== undefined) this.timeout = timeoutMs;
    this.cancellable = options?.cancellable ?? true;
    const { promise, reject } = Promise.withResolvers<never>();
    this.cancelRequested = promise;
    ignoreRejection(promise);
    this.#reject = (error) => {
      this.#cancelled = true;
      reject(error);
    };
    const root = options?.[ROOT];
    if (root !== undefined) {
      this.workflowRun = root;
      return;
    }
    this.parent = options?.parent ?? CancellationScope.current();
    this.workflowRun = this.parent.workflowRun;
    this.#follow(this.parent);
  }

  /** A parent hands its cancellation on, unless it shields its content. */
  #follow(parent: CancellationScope): void {
    const { flags } = this.workflowRun;
    if (parent.cancellable || (parent.#cancelled && !flags.hasLang(SHIELDED_SCOPES)))
      this.#cancelled = parent.#cancelled;
    ignoreRejection(
      parent.cancelRequested.catch((error: unknown) => {
        // Histories without the flag recorded runs in which the shield was no shield against its own cancellation.
        if (parent.cancellable || !flags.hasLang(SHIELDED_SCOPES)) this.#reject(error);
      }),
    );
  }

  /** Whether operations made inside are refused: cancelled, and not shielded. */
  get consideredCancelled(): boolean {
    return this.#cancelled && this.cancellable;
  }

  /** Runs `body` in this scope. Its operations, and scopes made inside, are cancelled with it. */
  run<T>(body: () => Promise<T>): Promise<T> {
    return runInFrame(this, () => this.#runHere(body));
  }

  async #runHere<T>(body: () => Promise<T>): Promise<T> {
    const timer = this.timeout === undefined ? undefined : this.#startTimeout(this.timeout);
    try {
      return await body();
    } finally {
      if (timer && !timer.consideredCancelled && this.workflowRun.flags.hasLang(SHIELDED_SCOPES)) timer.cancel();
    }
  }

  /** The timer has a scope of its own, so that the end of the body can end it. */
  #startTimeout(timeoutMs: number): CancellationScope {
    const scope = new CancellationScope();
    const cancelOnTime = scope
      .run(() => sleep(timeoutMs))
      .then(
        () => this.cancel(),
        () => undefined,
      );
    ignoreRejection(cancelOnTime);
    return scope;
  }

  /** Requests cancellation of everything inside. Doing it again changes nothing. */
  cancel(): void {
    this.cancelWith(new CancelledFailure("Cancellation scope cancelled"));
  }

  /** @internal */
  protected cancelWith(error: CancelledFailure): void {
    this.#reject(error);
  }

  /** The scope of the code that calls. Throws `IllegalStateError` outside of workflows. */
  static current(): CancellationScope {
    const frame = requireFrame("CancellationScope");
    if (!(frame instanceof CancellationScope))
      throw new IllegalStateError("The current frame is no cancellation scope");
    return frame;
  }

  /** Runs `body` in a new scope that can be cancelled. */
  static cancellable<T>(body: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: true }).run(body);
  }

  /** Runs `body` shielded: cancelling what surrounds it leaves it alone. For cleaning up. */
  static nonCancellable<T>(body: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(body);
  }

  /** Runs `body` in a new scope that is cancelled when the time is over. */
  static withTimeout<T>(timeout: Duration, body: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: true, timeout }).run(body);
  }
}

/** The scope of the main function; cancelled when the service asks the workflow to stop. */
export class RootCancellationScope extends CancellationScope {
  constructor(workflowRun: WorkflowRun) {
    super({ cancellable: true, [ROOT]: workflowRun });
  }

  override cancel(): void {
    this.cancelWith(new CancelledFailure("Workflow cancelled"));
  }
}
