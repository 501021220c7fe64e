/**
 * Logging as seen by user code and by Holdfast itself.
 *
 * Owns: the interface, and a logger that adds what it knows about its surroundings. Where lines end up is the
 * implementer's business. Whatever is logged leaves the application unencrypted.
 */
import type { LogLevel } from "../../replay/workflow-logger.ts";

export type { LogLevel };

export type LogMetadata = Record<string | symbol, unknown>;

/** Metadata, or how to get it when a line is written. */
export type LogMetaOrFunc = LogMetadata | (() => LogMetadata);

export interface Logger {
  log(level: LogLevel, message: string, meta?: LogMetadata): void;
  trace(message: string, meta?: LogMetadata): void;
  debug(message: string, meta?: LogMetadata): void;
  info(message: string, meta?: LogMetadata): void;
  warn(message: string, meta?: LogMetadata): void;
  error(message: string, meta?: LogMetadata): void;
}

/** Which part of Holdfast a line comes from, under the metadata key `sdkComponent`. */
export const SdkComponent = {
  worker: "worker",
  workflow: "workflow",
  activity: "activity",
  core: "core",
} as const;
export type SdkComponent = (typeof SdkComponent)[keyof typeof SdkComponent];

/**
 * A logger that adds metadata to every line; a line's own metadata wins.
 *
 * @example
 * const logger = LoggerWithComposedMetadata.compose(base, { workflowId });
 */
export class LoggerWithComposedMetadata implements Logger {
  readonly #logger: Logger;
  readonly #metadata: readonly LogMetaOrFunc[];

  private constructor(logger: Logger, metadata: readonly LogMetaOrFunc[]) {
    this.#logger = logger;
    this.#metadata = metadata;
  }

  /** A logger that writes to `logger` and adds `metadata`. Composed loggers stay one layer deep. */
  static compose(logger: Logger, metadata: LogMetaOrFunc): Logger {
    if (logger instanceof LoggerWithComposedMetadata)
      return new LoggerWithComposedMetadata(logger.#logger, [...logger.#metadata, metadata]);
    return new LoggerWithComposedMetadata(logger, [metadata]);
  }

  log(level: LogLevel, message: string, meta?: LogMetadata): void {
    const merged: LogMetadata = {};
    for (const part of this.#metadata) Object.assign(merged, typeof part === "function" ? part() : part);
    this.#logger.log(level, message, Object.assign(merged, meta));
  }

  trace(message: string, meta?: LogMetadata): void {
    this.log("TRACE", message, meta);
  }

  debug(message: string, meta?: LogMetadata): void {
    this.log("DEBUG", message, meta);
  }

  info(message: string, meta?: LogMetadata): void {
    this.log("INFO", message, meta);
  }

  warn(message: string, meta?: LogMetadata): void {
    this.log("WARN", message, meta);
  }

  error(message: string, meta?: LogMetadata): void {
    this.log("ERROR", message, meta);
  }
}
