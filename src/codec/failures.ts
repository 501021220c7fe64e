/**
 * Failures as errors: the classes that workflow and activity code throws and catches, with Temporal's names.
 *
 * Owns: the classes and their fields. `failure-converter.ts` turns them into data and back. `instanceof` holds over
 * copies of this module, see `error-identity.ts`.
 */
import type { Failure, RetryState, TimeoutType } from "../core/failure.ts";
import type { Duration } from "./duration.ts";
import { identifyClass } from "./error-identity.ts";
import { describeThrown } from "./thrown-value.ts";

/** What Holdfast's SDK writes into `source` of the failures it makes. */
export const FAILURE_SOURCE = "HoldfastSDK";

/** How loudly a failure is to be reported: a benign one is expected and is logged quietly. */
export const ApplicationFailureCategory = { BENIGN: "BENIGN" } as const;
export type ApplicationFailureCategory = (typeof ApplicationFailureCategory)[keyof typeof ApplicationFailureCategory];

/** Names a workflow execution; without `runId` its current run. */
export interface WorkflowExecution {
  readonly workflowId?: string | null;
  readonly runId?: string | null;
}

/**
 * The base of everything that fails a workflow or an activity by design. Other errors, thrown by workflow code, fail
 * the workflow task instead, which is tried again until the code is mended.
 */
export class HoldfastFailure extends Error {
  static {
    // Existing code reads the name, and so do histories that it wrote.
    identifyClass(this, "HoldfastFailure", "TemporalFailure");
  }

  declare readonly cause?: Error;
  /** The data this error was decoded from, in clear. Encoding the error again gives exactly this back. */
  declare failure?: Failure;

  constructor(message?: string | null, cause?: Error, failure?: Failure) {
    super(message ?? undefined, cause === undefined ? undefined : { cause });
    if (failure !== undefined) this.failure = failure;
  }
}

/** Temporal's name for `HoldfastFailure`. */
export const TemporalFailure = HoldfastFailure;
export type TemporalFailure = HoldfastFailure;

/** A failure that the service reports about itself. */
export class ServerFailure extends HoldfastFailure {
  static {
    identifyClass(this, "ServerFailure");
  }

  readonly nonRetryable: boolean;

  constructor(message: string | undefined, nonRetryable: boolean, cause?: Error) {
    super(message, cause);
    this.nonRetryable = nonRetryable;
  }
}

export interface ApplicationFailureOptions {
  readonly message?: string | undefined;
  /** Matched against a retry policy's `nonRetryableErrorTypes`. The service can read it. */
  readonly type?: string | undefined;
  /** True: never tried again, whatever the retry policy says. */
  readonly nonRetryable?: boolean | undefined;
  /** Values for whoever catches the failure; converted and encoded like arguments. */
  readonly details?: unknown[] | undefined;
  /** Replaces the retry policy's interval before the next attempt. */
  readonly nextRetryDelay?: Duration | undefined;
  readonly cause?: Error | undefined;
  readonly category?: ApplicationFailureCategory | undefined;
}

/**
 * A failure of the application's own: the one that workflow and activity code throws.
 *
 * @example
 * throw ApplicationFailure.nonRetryable("The account is closed", "AccountClosed", accountId);
 */
export class ApplicationFailure extends HoldfastFailure {
  static {
    identifyClass(this, "ApplicationFailure");
  }

  readonly type: string | undefined;
  readonly nonRetryable: boolean;
  readonly details: unknown[] | undefined;
  readonly nextRetryDelay: Duration | undefined;
  readonly category: ApplicationFailureCategory | undefined;

  constructor(
    message?: string | null,
    type?: string | null,
    nonRetryable?: boolean | null,
    details?: unknown[] | null,
    cause?: Error,
    nextRetryDelay?: Duration | null,
    category?: ApplicationFailureCategory | null,
  ) {
    super(message, cause);
    this.type = type ?? undefined;
    this.nonRetryable = nonRetryable ?? false;
    this.details = details ?? undefined;
    this.nextRetryDelay = nextRetryDelay ?? undefined;
    this.category = category ?? undefined;
  }

  /** A failure from named options; retryable unless they say otherwise. */
  static create(options: ApplicationFailureOptions): ApplicationFailure {
    const { message, type, nonRetryable, details, cause, nextRetryDelay, category } = options;
    return new ApplicationFailure(message, type, nonRetryable, details, cause, nextRetryDelay, category);
  }

  /**
   * A new failure that stands for anything thrown: its message, class name as type, stack and cause; all fields of
   * another `ApplicationFailure`. `overrides` replace what they name.
   */
  static fromError(error: unknown, overrides?: ApplicationFailureOptions): ApplicationFailure {
    const described = describeThrown(error);
    const options = error instanceof ApplicationFailure ? error : described;
    const failure = ApplicationFailure.create({ ...optionsOf(options), ...overrides });
    failure.stack = described.stack;
    return failure;
  }

  /** A failure that is tried again as the retry policy says. `type` is "Error" when absent. */
  static retryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new ApplicationFailure(message, type ?? "Error", false, details);
  }

  /** A failure that is never tried again. `type` is "Error" when absent. */
  static nonRetryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new ApplicationFailure(message, type ?? "Error", true, details);
  }
}

/** The fields of a failure or of a description, message included, which an error does not own as a spread would take. */
function optionsOf(source: ApplicationFailureOptions): ApplicationFailureOptions {
  const { message, type, nonRetryable, details, nextRetryDelay, cause, category } = source;
  return { message, type, nonRetryable, details, nextRetryDelay, cause, category };
}

/** The work was asked to stop and did. Rethrow it, or the caller cannot tell. */
export class CancelledFailure extends HoldfastFailure {
  static {
    identifyClass(this, "CancelledFailure");
  }

  readonly details: unknown[];

  constructor(message: string | undefined, details: unknown[] = [], cause?: Error) {
    super(message, cause);
    this.details = details;
  }
}

/** The workflow was ended from outside, without being asked. */
export class TerminatedFailure extends HoldfastFailure {
  static {
    identifyClass(this, "TerminatedFailure");
  }
}

/** A deadline passed. `lastHeartbeatDetails` is what the activity reported last. */
export class TimeoutFailure extends HoldfastFailure {
  static {
    identifyClass(this, "TimeoutFailure");
  }

  readonly lastHeartbeatDetails: unknown;
  readonly timeoutType: TimeoutType;

  constructor(message: string | undefined, lastHeartbeatDetails: unknown, timeoutType: TimeoutType, cause?: Error) {
    super(message, cause);
    this.lastHeartbeatDetails = lastHeartbeatDetails;
    this.timeoutType = timeoutType;
  }
}

/** How an activity's end reaches the workflow. `cause` says why; `retryState` why there is no further attempt. */
export class ActivityFailure extends HoldfastFailure {
  static {
    identifyClass(this, "ActivityFailure");
  }

  readonly activityType: string;
  readonly activityId: string | undefined;
  readonly retryState: RetryState | undefined;
  readonly identity: string | undefined;

  constructor(
    message: string | undefined,
    activityType: string,
    activityId: string | undefined,
    retryState: RetryState | undefined,
    identity: string | undefined,
    cause?: Error,
  ) {
    super(message, cause);
    this.activityType = activityType;
    this.activityId = activityId;
    this.retryState = retryState;
    this.identity = identity;
  }
}

/** How a child workflow's end reaches its parent. */
export class ChildWorkflowFailure extends HoldfastFailure {
  static {
    identifyClass(this, "ChildWorkflowFailure");
  }

  readonly namespace: string | undefined;
  readonly execution: WorkflowExecution;
  readonly workflowType: string;
  readonly retryState: RetryState | undefined;

  constructor(
    namespace: string | undefined,
    execution: WorkflowExecution,
    workflowType: string,
    retryState: RetryState | undefined,
    cause?: Error,
  ) {
    super("Child Workflow execution failed", cause);
    this.namespace = namespace;
    this.execution = execution;
    this.workflowType = workflowType;
    this.retryState = retryState;
  }
}
