/**
 * Workflows, their messages and their options, as types.
 *
 * Owns: what types flow from a workflow function to whoever starts, signals or queries it. The options with a
 * workflow's id and task queue are the client's.
 */
import type { Duration, Payload } from "../../codec/index.ts";
import type { QueryDefinition, SignalDefinition, UpdateDefinition } from "../../replay/set-handler.ts";

export type WorkflowReturnType = Promise<unknown>;

/** A workflow function. The parameter types are the caller's to know, and `never[]` accepts them all. */
export type Workflow = (...args: never[]) => WorkflowReturnType;

/** What a workflow resolves to. */
export type WorkflowResultType<W extends Workflow> = ReturnType<W> extends Promise<infer R> ? R : never;

export type { QueryDefinition, SignalDefinition, UpdateDefinition };

export type WorkflowSignalType = (...args: never[]) => void | Promise<void>;
export type WorkflowQueryType = (...args: never[]) => unknown;
export type WorkflowUpdateType = (...args: never[]) => unknown;
export type WorkflowUpdateValidatorType = (...args: never[]) => void;

/** Payloads by name that travel beside arguments. */
export type Headers = Record<string, Payload>;

/** The options of a start that say how long the workflow may take. */
export interface WorkflowDurationOptions {
  /** One run, retries and continuations excluded. Default: no limit. */
  readonly workflowRunTimeout?: Duration | undefined;
  /** All runs together. Default: no limit. */
  readonly workflowExecutionTimeout?: Duration | undefined;
  /** One workflow task. Default: 10 seconds, at most 120. */
  readonly workflowTaskTimeout?: Duration | undefined;
}

/**
 * The arguments of a workflow as an option: required when there are any. A workflow of which nothing is known but the
 * name takes them as they come.
 */
export type WithWorkflowArgs<W extends Workflow, T> = T &
  (IsUnknown<Parameters<W>> extends true
    ? { readonly args?: readonly unknown[] | undefined }
    : Parameters<W> extends [unknown, ...unknown[]]
      ? { readonly args: Readonly<Parameters<W>> }
      : { readonly args?: Readonly<Parameters<W>> | undefined });

/** Whether parameters are those of `Workflow` itself. */
type IsUnknown<P extends readonly unknown[]> = [never[], P] extends [P, never[]] ? true : false;

/** What a handle of a running workflow offers on every side. */
export interface BaseWorkflowHandle<T extends Workflow> {
  readonly workflowId: string;
  /** The workflow's result. Rejects with the failure that ended it. */
  result(): Promise<WorkflowResultType<T>>;
  /** Sends a signal; resolves once it is stored. */
  signal<Args extends readonly unknown[] = [], Name extends string = string>(
    definition: SignalDefinition<Args, Name> | string,
    ...args: Args
  ): Promise<void>;
}

export { extractWorkflowType } from "../../replay/workflow-type.ts";
