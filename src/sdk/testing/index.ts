/**
 * What `holdfast/testing` exports.
 *
 * Owns: the list. Nothing here belongs in production code.
 */
export {
  defaultActivityInfo,
  type HeartbeatListener,
  MockActivityEnvironment,
  type MockActivityEnvironmentOptions,
} from "./mock-activity-environment.ts";
