/** Errors as plain data, causes included, so that a workflow's result shows what its code was given. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
} from "holdfast/workflow";

/** One error of a chain. */
export type DescribedError = Readonly<Record<string, unknown>>;

/** The chain of an error and its causes, outermost first. */
export function describeError(error: unknown): readonly DescribedError[] {
  if (!(error instanceof Error)) return [{ thrown: error }];
  const described = {
    name: error.name,
    message: error.message,
    isTemporalFailure: error instanceof TemporalFailure,
    isCancellation: isCancellation(error),
    ...fieldsOf(error),
  };
  return error.cause === undefined ? [described] : [described, ...describeError(error.cause)];
}

function fieldsOf(error: Error): DescribedError {
  if (error instanceof ApplicationFailure) {
    const { type, nonRetryable, details, category } = error;
    return { type, nonRetryable, details, category };
  }
  if (error instanceof ActivityFailure) {
    const { activityType, activityId, retryState } = error;
    return { activityType, activityId, retryState };
  }
  if (error instanceof ChildWorkflowFailure) {
    const { namespace, workflowType, retryState } = error;
    return { namespace, workflowType, retryState };
  }
  if (error instanceof TimeoutFailure) {
    const { timeoutType, lastHeartbeatDetails } = error;
    return { timeoutType, lastHeartbeatDetails };
  }
  if (error instanceof CancelledFailure) return { details: error.details };
  return {};
}

/** How something ended: with a value, or with a described error. */
export async function outcomeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error: describeError(error) };
  }
}
