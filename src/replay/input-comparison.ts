/**
 * Compares the input of a replayed activity with the recorded one.
 *
 * Owns: the comparison and the warning. Different input is no nondeterminism by Temporal's rules, but it is the first
 * sign of it; only the application can see it, because only it has the key.
 */
import type { EventOf } from "../core/history-event.ts";
import type { Payload, Payloads } from "../core/payload.ts";
import type { OutboxEntry } from "./command-outbox.ts";
import type { PayloadSite } from "./payload-sites.ts";
import type { WorkflowLogger } from "./workflow-logger.ts";

function equalPayloads(a: Payload, b: Payload | undefined): boolean {
  const [ours, theirs] = [Object.entries(a.metadata ?? {}), b?.metadata ?? {}];
  return (
    (a.data ?? "") === (b?.data ?? "") &&
    ours.length === Object.keys(theirs).length &&
    ours.every(([name, value]) => theirs[name] === value)
  );
}

/** Whether two lists hold the same payloads in the same order. */
export function equalInputs(a: Payloads | undefined, b: Payloads | undefined): boolean {
  const [ours, theirs] = [a?.payloads ?? [], b?.payloads ?? []];
  return ours.length === theirs.length && ours.every((payload, index) => equalPayloads(payload, theirs[index]));
}

/** Logs a warning if the code made other input than the history recorded. */
export async function compareInput(
  entry: OutboxEntry,
  event: EventOf<"ActivityTaskScheduled">,
  site: PayloadSite,
  logger: WorkflowLogger,
): Promise<void> {
  if (entry.command.commandType !== "ScheduleActivityTask") return;
  const { activityId, activityType, input } = event.attributes;
  const recorded = await site.encoding.decodePayloads(input, {
    kind: "activity-input",
    runId: site.originalExecutionRunId,
    activityId,
  });
  if (equalInputs(entry.command.input, recorded)) return;
  logger.log("WARN", "The replayed workflow passed other arguments to an activity than its history recorded.", {
    ...site.encoding.place,
    runId: site.originalExecutionRunId,
    eventId: event.eventId,
    activityId,
    activityType: activityType.name,
  });
}
