/**
 * Log lines on the console, where Workers Logs picks them up.
 *
 * Owns: the form of a line, which is the message, then its metadata as an object; and which lines are worth their
 * price: TRACE and DEBUG are not, unless asked for.
 */
import type { Logger, LogLevel, LogMetadata } from "../sdk/common/index.ts";

const LEVELS: readonly LogLevel[] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
const METHODS = { TRACE: "debug", DEBUG: "debug", INFO: "info", WARN: "warn", ERROR: "error" } as const;

/**
 * A logger that writes lines of a level and above to the console.
 *
 * @example
 * createWorker({ workflows, activities, logger: consoleLogger("DEBUG") });
 */
export function consoleLogger(lowest: LogLevel = "INFO"): Logger {
  const write = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest)) return;
    if (meta === undefined) console[METHODS[level]](message);
    else console[METHODS[level]](message, meta);
  };
  return {
    log: write,
    trace: (message, meta) => write("TRACE", message, meta),
    debug: (message, meta) => write("DEBUG", message, meta),
    info: (message, meta) => write("INFO", message, meta),
    warn: (message, meta) => write("WARN", message, meta),
    error: (message, meta) => write("ERROR", message, meta),
  };
}
