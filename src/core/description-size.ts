/**
 * A description that fits a message, whatever two thousand activities have said of themselves.
 *
 * Owns: what is left out when it would not.
 */
import { MAX_MESSAGE_CHARACTERS } from "./limits.ts";
import type { WorkflowExecutionDescription } from "./protocol.ts";
import { characters } from "./text-size.ts";

/** The description, without heartbeat details and last failures of the activities for which there is no room. */
export function withinMessage(description: WorkflowExecutionDescription): WorkflowExecutionDescription {
  if (characters(description) <= MAX_MESSAGE_CHARACTERS) return description;
  const { pendingActivities, ...rest } = description;
  let room = MAX_MESSAGE_CHARACTERS - characters(rest);
  const fitting = pendingActivities.map((activity) => {
    const { heartbeatDetails: _, lastFailure: __, ...bare } = activity;
    const size = characters(activity);
    const chosen = size <= room ? activity : bare;
    room -= characters(chosen);
    return chosen;
  });
  return { ...rest, pendingActivities: fitting };
}
