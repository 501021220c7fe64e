/**
 * Logging from workflow code.
 *
 * Owns: the workflow's logger. Lines go to the worker's logger with the run's ids; a replay says nothing.
 */
import { requireFrame } from "../../replay/run-context.ts";
import type { Logger, LogLevel, LogMetadata } from "../common/logger.ts";

function write(level: LogLevel, message: string, metadata: LogMetadata = {}): void {
  requireFrame("log").workflowRun.log(level, message, metadata);
}

/**
 * The workflow's logger. Silent while replaying, so that every line appears once.
 *
 * @example
 * log.info("transfer accepted", { amount });
 */
export const log: Logger = {
  log: write,
  trace: (message, metadata) => write("TRACE", message, metadata),
  debug: (message, metadata) => write("DEBUG", message, metadata),
  info: (message, metadata) => write("INFO", message, metadata),
  warn: (message, metadata) => write("WARN", message, metadata),
  error: (message, metadata) => write("ERROR", message, metadata),
};
