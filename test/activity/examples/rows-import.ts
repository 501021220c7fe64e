import { activityInfo, cancellationSignal, heartbeat } from "../../../src/sdk/activity/index.ts";

export interface Ledger {
  /** Some rows of a file, from a position on; none behind the last one. */
  read(file: string, from: number): Promise<readonly string[]>;
  /** Stores rows under their positions, so that the same ones again do no harm. */
  store(from: number, rows: readonly string[]): Promise<void>;
}

export function createImport(ledger: Ledger) {
  return {
    /** May take hours: each attempt goes on where the one before it had come to. */
    importRows: async (file: string): Promise<number> => {
      const { heartbeatDetails } = activityInfo();
      let next = typeof heartbeatDetails === "number" ? heartbeatDetails : 0;
      for (;;) {
        const rows = await ledger.read(file, next);
        if (rows.length === 0) return next;
        await ledger.store(next, rows);
        next += rows.length;
        heartbeat(next);
        // Ends the attempt when the Worker is about to end, or the workflow does not want the rows any more.
        cancellationSignal().throwIfAborted();
      }
    },
  };
}
