/**
 * One call to the service as the client makes it: tried again while the answer is lost, and an error with a name if
 * there is none to be had.
 *
 * Owns: nothing but the pairing of a workflow id with its object. Rejections pass through as values; the callers turn
 * them into errors, since only they know what was asked.
 */
import type { WorkflowExecutionRpc, WorkflowService } from "../../core/protocol.ts";
import type { Reply } from "../../core/rejection.ts";
import { ServiceError } from "./errors.ts";
import { isOverloaded, type RetryTiming, retryTransient } from "./transient-retry.ts";

export class ServiceCaller {
  readonly #service: WorkflowService;
  readonly #timing: RetryTiming;
  readonly #namespace: string;

  constructor(service: WorkflowService, namespace: string, timing: RetryTiming) {
    this.#service = service;
    this.#namespace = namespace;
    this.#timing = timing;
  }

  /**
   * Calls the object of a workflow id. `operation` may run several times and must send the same request each time;
   * its second argument counts the tries from 1. Throws `ServiceError` when the service gave no answer.
   */
  async call<T>(
    workflowId: string,
    operation: (execution: WorkflowExecutionRpc, attempt: number) => Promise<Reply<T>>,
  ): Promise<Reply<T>> {
    try {
      return await retryTransient(
        (attempt) => operation(this.#service.execution(this.#namespace, workflowId), attempt),
        this.#timing,
      );
    } catch (error) {
      throw unreachable(error);
    }
  }
}

/** The error for a call that got no answer. */
export function unreachable(cause: unknown): ServiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = isOverloaded(cause)
    ? `The workflow's object is overloaded and refused the call: ${reason}`
    : `The service could not be reached: ${reason}`;
  return new ServiceError(message, { cause });
}
