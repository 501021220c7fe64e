/**
 * Sinks: how workflow code hands data to the outside without waiting for it.
 *
 * Owns: the types of both ends, and making the calls once their activation is over. `proxy-sinks.ts` is where workflow
 * code makes them. Nothing comes back to the workflow, so nothing a sink does can change what a replay does.
 */
import type { WorkflowInfo } from "./workflow-info.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";

/** Any function that answers nothing. Its arguments are copied as `structuredClone` copies. */
export type SinkFunction = (...args: never[]) => void;

/** The functions of one sink, by name. */
export type Sink = Record<string, SinkFunction>;

/** All sinks of an application, by name. */
export type Sinks = Record<string, Sink>;

/** One call that workflow code made, with its arguments copied. */
export interface SinkCall {
  readonly ifaceName: string;
  readonly fnName: string;
  readonly args: readonly unknown[];
  /** As it was when the call was made. */
  readonly workflowInfo: WorkflowInfo;
}

/** What a worker does for a sink's function. */
export interface InjectedSinkFunction<F extends SinkFunction> {
  /** Called after the activation. What it throws is logged. */
  fn(info: WorkflowInfo, ...args: Parameters<F>): void | Promise<void>;
  /** Whether it is called for what a replay repeats as well. Default false. */
  readonly callDuringReplay?: boolean | undefined;
}

/** What a worker does for one sink. */
export type InjectedSink<T extends Sink> = { [F in keyof T]: InjectedSinkFunction<T[F]> };

/** What a worker does for all sinks. */
export type InjectedSinks<T extends Sinks> = { [S in keyof T]: InjectedSink<T[S]> };

/** A sink's function as the worker holds it: the types of the arguments are its caller's and its writer's to agree on. */
interface AnySinkFunction {
  fn(info: WorkflowInfo, ...args: unknown[]): void | Promise<void>;
  readonly callDuringReplay?: boolean | undefined;
}

/** Makes the calls of an activation that is over. Never rejects. */
export async function runSinkCalls(
  calls: readonly SinkCall[],
  sinks: InjectedSinks<Sinks>,
  logger: WorkflowLogger,
): Promise<void> {
  await Promise.all(calls.map((call) => runSinkCall(call, sinks, logger)));
}

async function runSinkCall(call: SinkCall, sinks: InjectedSinks<Sinks>, logger: WorkflowLogger): Promise<void> {
  const { ifaceName, fnName, args, workflowInfo } = call;
  const { workflowId, runId, workflowType } = workflowInfo;
  const meta = { workflowId, runId, workflowType, ifaceName, fnName };
  try {
    const sink: AnySinkFunction | undefined = sinks[ifaceName]?.[fnName];
    if (sink === undefined) {
      logger.log("ERROR", "Workflow referenced an unregistered external sink", meta);
      return;
    }
    if (!sink.callDuringReplay && workflowInfo.unsafe.isReplayingHistoryEvents) return;
    await sink.fn(workflowInfo, ...args);
  } catch (error) {
    logger.log("ERROR", "External sink function threw an error", { ...meta, error });
  }
}
