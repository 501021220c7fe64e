/**
 * What becomes of a start under a workflow id: every conflict policy with every reuse policy in every state of the id.
 *
 * Owns: the expected answers, written down cell by cell. The core and both deployments are held against them.
 */
export const CONFLICT_POLICIES = [undefined, "FAIL", "USE_EXISTING", "TERMINATE_EXISTING"] as const;
export const REUSE_POLICIES = [
  undefined,
  "ALLOW_DUPLICATE",
  "ALLOW_DUPLICATE_FAILED_ONLY",
  "REJECT_DUPLICATE",
] as const;

/** What the id was used for last. */
export const ID_STATES = [
  "never used",
  "open",
  "completed",
  "failed",
  "cancelled",
  "terminated",
  "timed out",
  "continued, open",
  "continued, completed",
  "deleted",
] as const;
export type IdState = (typeof ID_STATES)[number];

/**
 *   new        a run begins
 *   existing   the open run is answered with, and gets the signal or the update
 *   replaced   the open run is terminated, and one begins
 *   refused    as already started
 *   invalid    the policies cannot be meant together, or not for this operation
 */
export type Outcome = "new" | "existing" | "replaced" | "refused" | "invalid";

/** By conflict policy one row, in it by reuse policy one word. */
type Grid = readonly [string, string, string, string];

// reuse:       not said  ALLOW_DUPLICATE  …FAILED_ONLY  REJECT_DUPLICATE
const START_FREE: Grid = [
  /* not said           */ "new      new      new      new",
  /* FAIL               */ "new      new      new      new",
  /* USE_EXISTING       */ "new      new      new      new",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];
const START_OPEN: Grid = [
  /* not said           */ "refused  refused  refused  refused",
  /* FAIL               */ "refused  refused  refused  refused",
  /* USE_EXISTING       */ "existing existing existing existing",
  /* TERMINATE_EXISTING */ "replaced replaced replaced invalid",
];
const START_COMPLETED: Grid = [
  /* not said           */ "new      new      refused  refused",
  /* FAIL               */ "new      new      refused  refused",
  /* USE_EXISTING       */ "new      new      refused  refused",
  /* TERMINATE_EXISTING */ "new      new      refused  invalid",
];
const START_UNSUCCESSFUL: Grid = [
  /* not said           */ "new      new      new      refused",
  /* FAIL               */ "new      new      new      refused",
  /* USE_EXISTING       */ "new      new      new      refused",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];

const SIGNAL_FREE: Grid = [
  /* not said           */ "new      new      new      new",
  /* FAIL               */ "invalid  invalid  invalid  invalid",
  /* USE_EXISTING       */ "new      new      new      new",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];
const SIGNAL_OPEN: Grid = [
  /* not said           */ "existing existing existing existing",
  /* FAIL               */ "invalid  invalid  invalid  invalid",
  /* USE_EXISTING       */ "existing existing existing existing",
  /* TERMINATE_EXISTING */ "replaced replaced replaced invalid",
];
const SIGNAL_COMPLETED: Grid = [
  /* not said           */ "new      new      refused  refused",
  /* FAIL               */ "invalid  invalid  invalid  invalid",
  /* USE_EXISTING       */ "new      new      refused  refused",
  /* TERMINATE_EXISTING */ "new      new      refused  invalid",
];
const SIGNAL_UNSUCCESSFUL: Grid = [
  /* not said           */ "new      new      new      refused",
  /* FAIL               */ "invalid  invalid  invalid  invalid",
  /* USE_EXISTING       */ "new      new      new      refused",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];

const UPDATE_FREE: Grid = [
  /* not said           */ "invalid  invalid  invalid  invalid",
  /* FAIL               */ "new      new      new      new",
  /* USE_EXISTING       */ "new      new      new      new",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];
const UPDATE_OPEN: Grid = [
  /* not said           */ "invalid  invalid  invalid  invalid",
  /* FAIL               */ "refused  refused  refused  refused",
  /* USE_EXISTING       */ "existing existing existing existing",
  /* TERMINATE_EXISTING */ "replaced replaced replaced invalid",
];
const UPDATE_COMPLETED: Grid = [
  /* not said           */ "invalid  invalid  invalid  invalid",
  /* FAIL               */ "new      new      refused  refused",
  /* USE_EXISTING       */ "new      new      refused  refused",
  /* TERMINATE_EXISTING */ "new      new      refused  invalid",
];
const UPDATE_UNSUCCESSFUL: Grid = [
  /* not said           */ "invalid  invalid  invalid  invalid",
  /* FAIL               */ "new      new      new      refused",
  /* USE_EXISTING       */ "new      new      new      refused",
  /* TERMINATE_EXISTING */ "new      new      new      invalid",
];

export const OPERATIONS = ["start", "signalWithStart", "updateWithStart"] as const;
export type Operation = (typeof OPERATIONS)[number];

const TABLE: Readonly<Record<Operation, Readonly<Record<IdState, Grid>>>> = {
  start: {
    "never used": START_FREE,
    open: START_OPEN,
    completed: START_COMPLETED,
    failed: START_UNSUCCESSFUL,
    cancelled: START_UNSUCCESSFUL,
    terminated: START_UNSUCCESSFUL,
    "timed out": START_UNSUCCESSFUL,
    "continued, open": START_OPEN,
    "continued, completed": START_COMPLETED,
    deleted: START_FREE,
  },
  signalWithStart: {
    "never used": SIGNAL_FREE,
    open: SIGNAL_OPEN,
    completed: SIGNAL_COMPLETED,
    failed: SIGNAL_UNSUCCESSFUL,
    cancelled: SIGNAL_UNSUCCESSFUL,
    terminated: SIGNAL_UNSUCCESSFUL,
    "timed out": SIGNAL_UNSUCCESSFUL,
    "continued, open": SIGNAL_OPEN,
    "continued, completed": SIGNAL_COMPLETED,
    deleted: SIGNAL_FREE,
  },
  updateWithStart: {
    "never used": UPDATE_FREE,
    open: UPDATE_OPEN,
    completed: UPDATE_COMPLETED,
    failed: UPDATE_UNSUCCESSFUL,
    cancelled: UPDATE_UNSUCCESSFUL,
    terminated: UPDATE_UNSUCCESSFUL,
    "timed out": UPDATE_UNSUCCESSFUL,
    "continued, open": UPDATE_OPEN,
    "continued, completed": UPDATE_COMPLETED,
    deleted: UPDATE_FREE,
  },
};

export interface PolicyCell {
  readonly conflict: (typeof CONFLICT_POLICIES)[number];
  readonly reuse: (typeof REUSE_POLICIES)[number];
  readonly expected: Outcome;
}

/** The sixteen cells of an operation in a state. */
export function cellsOf(operation: Operation, state: IdState): readonly PolicyCell[] {
  return TABLE[operation][state].flatMap((row, index) =>
    row.split(/ +/).map((expected, column) => ({
      conflict: CONFLICT_POLICIES[index],
      reuse: REUSE_POLICIES[column],
      expected: expected as Outcome,
    })),
  );
}

/** The policies as fields of a request or of options; what is not said is not there. */
export function policiesOf({ conflict, reuse }: PolicyCell): {
  readonly workflowIdConflictPolicy?: NonNullable<PolicyCell["conflict"]>;
  readonly workflowIdReusePolicy?: NonNullable<PolicyCell["reuse"]>;
} {
  return {
    ...(conflict === undefined ? {} : { workflowIdConflictPolicy: conflict }),
    ...(reuse === undefined ? {} : { workflowIdReusePolicy: reuse }),
  };
}
