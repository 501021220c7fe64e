/**
 * The local activity of the golden workflows, in a world without time.
 *
 * Owns: how its attempts end, which has to stay as it was when the histories were recorded.
 */
import { defaultPayloadConverter, fromWirePayloads, toWirePayloads } from "../../src/codec/index.ts";
import type {
  LocalActivityOutcome,
  LocalActivityRunner,
  LocalActivityTask,
} from "../../src/replay/local-activity-runner.ts";

/** Retries of golden workflows on the spot come sooner than this, limits of attempts and tasks later. */
const PATIENCE_MS = 100;

/** Fails as often as its argument says; then the result is the number of the attempt. */
function outcomeOf({ input, attempt }: LocalActivityTask): LocalActivityOutcome {
  const [failures] = fromWirePayloads(defaultPayloadConverter, input);
  if (attempt <= Number(failures))
    return { kind: "failed", failure: { message: "unclear books", applicationFailureInfo: { type: "Unclear" } } };
  const result = toWirePayloads(defaultPayloadConverter, [attempt]);
  return { kind: "completed", ...(result ? { result } : {}) };
}

/** Runs `audit`: attempts end at once, short waits are over at once, and long ones never are. */
export function goldenLocalActivities(now: () => number): LocalActivityRunner {
  return {
    isRegistered: (activityType) => activityType === "audit",
    start: (task) => ({ outcome: Promise.resolve(outcomeOf(task)), cancel: () => undefined }),
    now,
    schedule: (callback, delayMs) => {
      if (delayMs > PATIENCE_MS) return () => undefined;
      const handle = setImmediate(callback);
      return () => clearImmediate(handle);
    },
  };
}
