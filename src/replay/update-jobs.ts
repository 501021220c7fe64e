/**
 * From an update to the job that tells the workflow of it.
 *
 * Owns: the two ways an update comes. A live one is a message beside its task, still encoded; a replayed one is the
 * event of its acceptance, in clear, and is not validated again.
 */
import type { EventOf, HistoryEvent } from "../core/history-event.ts";
import type { UpdateMessage } from "../core/workflow-task.ts";
import type { Job } from "./activation.ts";
import { decodeUpdateMessage, type PayloadSite } from "./payload-sites.ts";

/** The job of an update whose payloads are in clear. */
export function jobOfUpdate(
  { updateId, updateName, args, header }: UpdateMessage,
  { isReplay, decodeError }: { readonly isReplay: boolean; readonly decodeError?: { readonly error: unknown } },
): Job {
  return {
    kind: "doUpdate",
    update: { updateId, name: updateName, args, header, decodeError, runValidator: !isReplay },
  };
}

/** The jobs of the updates that a live task carries. One whose payloads cannot be decoded will be rejected. */
export function liveUpdateJobs(
  updates: readonly UpdateMessage[] | undefined,
  site: PayloadSite,
): Promise<readonly Job[]> {
  return Promise.all((updates ?? []).map((update) => liveUpdateJob(update, site)));
}

async function liveUpdateJob(update: UpdateMessage, site: PayloadSite): Promise<Job> {
  try {
    return jobOfUpdate(await decodeUpdateMessage(update, site), { isReplay: false });
  } catch (error) {
    // Whoever sent it is told. Failing the task instead would let one bad update stop the workflow.
    return jobOfUpdate(update, { isReplay: false, decodeError: { error } });
  }
}

/** The jobs of the updates that a replayed task accepted, from the events that it led to. Payloads are in clear. */
export function replayedUpdateJobs(lookAhead: readonly HistoryEvent[]): readonly Job[] {
  return lookAhead
    .filter((event) => event.eventType === "WorkflowExecutionUpdateAccepted")
    .map((event) => jobOfUpdate(messageOf(event), { isReplay: true }));
}

function messageOf(event: EventOf<"WorkflowExecutionUpdateAccepted">): UpdateMessage {
  const { meta, input } = event.attributes.acceptedRequest;
  return {
    updateId: meta.updateId,
    updateName: input.name,
    ...(input.args ? { args: input.args } : {}),
    ...(input.header ? { header: input.header } : {}),
  };
}
