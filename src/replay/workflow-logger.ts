/**
 * Where the log lines of workflow code go.
 *
 * Owns: the port. The workflow worker hands one in; replay is silent without its knowledge.
 */

export type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERROR";
export type LogMetadata = Readonly<Record<string, unknown>>;

/** Takes one line. `metadata` names the run the line comes from, besides what the code gave. */
export interface WorkflowLogger {
  log(level: LogLevel, message: string, metadata?: LogMetadata): void;
}
