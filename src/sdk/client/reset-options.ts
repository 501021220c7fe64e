/**
 * How a workflow is to be reset, as its caller says it.
 *
 * Owns: the options and their wire form. Names are those of Temporal's command line.
 */
import { ValueError } from "../../codec/index.ts";
import type { ResetPoint, ResetReapplyExcludeType } from "../../core/control-requests.ts";

export type { ResetReapplyExcludeType } from "../../core/control-requests.ts";

/** The workflow task that is to be run anew, with what the workflow code is now. */
export type ResetType = "FirstWorkflowTask" | "LastWorkflowTask";

interface ResetDetails {
  /** Why; stored in clear and readable by the service. Default: that a client has asked for it. */
  readonly reason?: string | undefined;
  /**
   * What came after the point and is not to be sent to the new run again. Default: nothing is left out; signals and
   * updates are sent again, in their order.
   */
  readonly resetReapplyExcludeTypes?: readonly ResetReapplyExcludeType[] | undefined;
  /** The same id again gives the run that the first reset began. Default: a new one for every call. */
  readonly requestId?: string | undefined;
}

/** Where a reset goes, and what it takes along. */
export type WorkflowResetOptions = ResetDetails &
  (
    | {
        /**
         * The WorkflowTaskCompleted, -Failed, -TimedOut or -Started event of the task that is to be run anew: the
         * history before it is kept.
         */
        readonly eventId: number;
        readonly type?: undefined;
      }
    | {
        /** The first workflow task that has completed, or the last. */
        readonly type: ResetType;
        readonly eventId?: undefined;
      }
  );

export const DEFAULT_RESET_REASON = "requested by a client";

const EXCLUDE_TYPES = ["SIGNAL", "UPDATE"];

/** The point that the options name. Throws `ValueError` if they name none, or two. */
export function resetPoint({ eventId, type }: Pick<WorkflowResetOptions, "eventId" | "type">): ResetPoint {
  if (eventId !== undefined && type === undefined) return { kind: "event", eventId };
  if (eventId === undefined && type === "FirstWorkflowTask") return { kind: "firstWorkflowTask" };
  if (eventId === undefined && type === "LastWorkflowTask") return { kind: "lastWorkflowTask" };
  throw new ValueError(
    "A reset needs either the eventId of a workflow task, or a type: FirstWorkflowTask or LastWorkflowTask.",
  );
}

/** Throws `ValueError` for a type that is none. */
export function checkExcludeTypes(types: readonly string[]): void {
  const unknown = types.find((type) => !EXCLUDE_TYPES.includes(type));
  if (unknown !== undefined)
    throw new ValueError(
      `resetReapplyExcludeTypes may hold ${EXCLUDE_TYPES.join(" and ")}, not ${JSON.stringify(unknown)}`,
    );
}
