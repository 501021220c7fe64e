import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat } from "../../../src/sdk/activity/index.ts";

export interface Mailer {
  /** Sends a mail, once for each key. Answers false for an address that does not exist. */
  send(address: string, options: { readonly key: string; readonly signal: AbortSignal }): Promise<boolean>;
}

export function createActivities(mailer: Mailer) {
  return {
    sendReminders: async (addresses: readonly string[]): Promise<number> => {
      const { activityId, heartbeatDetails, workflowExecution } = activityInfo();
      // Where the attempt before this one had come to, if there was one.
      const first = typeof heartbeatDetails === "number" ? heartbeatDetails : 0;
      for (const [index, address] of addresses.entries()) {
        if (index < first) continue;
        const key = `${workflowExecution?.workflowId}/${activityId}/${index}`;
        const isKnown = await mailer.send(address, { key, signal: cancellationSignal() });
        if (!isKnown) throw ApplicationFailure.nonRetryable(`no such address: ${address}`, "UnknownAddress");
        heartbeat(index + 1);
      }
      return addresses.length;
    },
  };
}
