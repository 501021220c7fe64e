/**
 * What the official SDK reports of a replay.
 *
 * Owns: the shapes on both ends of the sink.
 */
import type { coresdk } from "@temporalio/proto";
import type { Sinks } from "@temporalio/workflow";

export type OfficialCommand = coresdk.workflow_commands.IWorkflowCommand;
export type CallKind = "execute" | "signal" | "update";

export interface ReportSinks extends Sinks {
  report: {
    /** A function of the workflow was called from outside. */
    called(kind: CallKind, name: string, args: unknown[]): void;
    /** An activation ended with these commands. */
    commands(commands: OfficialCommand[]): void;
  };
}

/** A call into the workflow, with its arguments as JSON. */
export interface ReportedCall {
  readonly kind: CallKind;
  readonly name: string;
  readonly args: string;
}

/** Everything reported of one replay, activations in order. */
export interface ReplayReport {
  readonly calls: readonly ReportedCall[];
  readonly activations: readonly (readonly OfficialCommand[])[];
}
