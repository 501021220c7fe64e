/**
 * What `holdfast/testing` exports.
 *
 * Owns: the list. Nothing here belongs in production code.
 */
export { HistoryFormatError } from "../../core/history-json-reading.ts";
export { NondeterminismError, ReplayError } from "../../replay/determinism-errors.ts";
export {
  type HistoryToReplay,
  type ReplayableHistory,
  replayHistories,
  replayHistory,
  type ReplayHistoryOptions,
  type ReplayOptions,
  type ReplayResult,
} from "../../replay/replay-history.ts";
export {
  defaultActivityInfo,
  type HeartbeatListener,
  MockActivityEnvironment,
  type MockActivityEnvironmentOptions,
} from "./mock-activity-environment.ts";
