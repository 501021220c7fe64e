/**
 * Every request against the finer states that a run can be in.
 *
 * Owns: the rows, each as the row of `run-table.ts` that it refines and the cells in which it differs. What a cell
 * means in detail is tested beside the entity it is about.
 */
import { describe, expect, it } from "vitest";

import type { RequestKind } from "../../../src/core/decide.ts";
import type { RejectionCode } from "../../../src/core/rejection.ts";
import type { RunState } from "../coverage.ts";
import {
  cancelRequested,
  given,
  passed,
  paused,
  type Scenario,
  signaled,
  started,
  type Step,
  taskCompleted,
  terminated,
  ticked,
} from "../given.ts";
import * as make from "../requests.ts";
import { RUN_DETAILS, type RunDetail, runDetailsOf } from "../run-details.ts";
import { type Cell, open, REQUESTS, TABLE } from "./run-table.ts";

interface Row {
  readonly scenario: () => Scenario;
  /** The row that it is like. */
  readonly like: RunState;
  readonly except?: { readonly [K in RequestKind]?: Cell };
}

const quiet: Cell = { quiet: true };
const rejected = (code: RejectionCode): Cell => ({ rejected: code });
const newTask = ["WorkflowTaskScheduled", "WorkflowTaskStarted"] as const;
/** What a reset adds to the history that it takes over; a signal that was taken after the point is there again. */
const resetRun = ["WorkflowTaskFailed", ...newTask] as const;
const resetRunWithSignal = ["WorkflowTaskFailed", "WorkflowExecutionSignaled", ...newTask] as const;

/** A run as in the table, with other options of its start. */
function openWith(overrides: Parameters<typeof started>[0]): readonly Step[] {
  return [started(overrides), ...open.slice(1)];
}

/** Nothing of what the table's requests mean is there yet: no activity, no child, no signal to others. */
const nothingThere: NonNullable<Row["except"]> = {
  reset: rejected("InvalidArgument"),
  heartbeatActivity: rejected("ActivityNotFound"),
  respondActivity: rejected("ActivityNotFound"),
  respondActivityById: rejected("ActivityNotFound"),
  heartbeatActivityById: rejected("ActivityNotFound"),
  pauseActivity: rejected("ActivityNotFound"),
  unpauseActivity: rejected("ActivityNotFound"),
  resetActivity: rejected("ActivityNotFound"),
  updateActivityOptions: rejected("ActivityNotFound"),
  reportDeadLetter: quiet,
  childClosed: quiet,
  recordChildStart: quiet,
  recordExternalResult: quiet,
};

const ROWS: Readonly<Record<RunDetail, Row>> = {
  "waiting for its first task": {
    scenario: () => given(started({ startDelayMs: 60_000 })),
    like: "idle",
    // A message ends the wait for a start delay, and this one is written down when the workflow has accepted it.
    except: { ...nothingThere, update: { events: newTask } },
  },
  "paused, waiting for its first task": {
    scenario: () => given(started({ startDelayMs: 60_000 }), paused("pause-0")),
    like: "paused",
    except: { ...nothingThere, unpause: { events: ["WorkflowExecutionUnpaused"] } },
  },
  "paused, task started": {
    scenario: () => given(...open, signaled("s1"), paused("pause-0")),
    like: "task started",
    except: {
      pause: rejected("FailedPrecondition"),
      unpause: { buffered: ["WorkflowExecutionUnpaused"] },
      update: rejected("FailedPrecondition"),
      // The pause gets its number, and no other task begins.
      completeWorkflowTask: { events: ["WorkflowTaskCompleted", "WorkflowExecutionPaused"] },
      failWorkflowTask: { events: ["WorkflowTaskFailed", "WorkflowExecutionPaused"] },
      terminate: { events: ["WorkflowTaskFailed", "WorkflowExecutionPaused", "WorkflowExecutionTerminated"] },
      deleteExecution: { events: ["WorkflowTaskFailed", "WorkflowExecutionPaused", "WorkflowExecutionTerminated"] },
      reset: {
        events: ["WorkflowTaskFailed", "WorkflowExecutionPaused", "WorkflowExecutionTerminated"],
        newRun: resetRunWithSignal,
      },
      reportDeadLetter: quiet,
    },
  },
  "begun by a reset": {
    // To the end of the task that follows the signal: activities, the child and the signal to another are kept, and the
    // requests of the table name the run that has started them.
    scenario: () =>
      given(...open, signaled("s1"), taskCompleted(), (scenario) => {
        const { length } = scenario.events;
        const point = { kind: "event", eventId: length } as const;
        scenario.take("reset", make.resetRequest(scenario.histories, point));
      }),
    like: "task started",
    except: {
      heartbeatActivity: rejected("ActivityNotFound"),
      respondActivity: rejected("ActivityNotFound"),
      heartbeatActivityById: rejected("ActivityNotFound"),
      reportDeadLetter: quiet,
      recordExternalResult: quiet,
    },
  },
  "idle, cancel requested": {
    scenario: () => given(...open, cancelRequested(), taskCompleted()),
    like: "idle",
    except: { requestCancel: quiet },
  },
  "task started, cancel requested": {
    scenario: () => given(...open, cancelRequested()),
    like: "task started",
    // Signals and updates are sent to the new run again, a request to cancel is not.
    except: {
      requestCancel: quiet,
      reset: { events: ["WorkflowTaskFailed", "WorkflowExecutionTerminated"], newRun: resetRun },
    },
  },
  "closed, completed": {
    scenario: () => given(...open, signaled("s1"), taskCompleted(make.COMPLETE)),
    like: "closed",
    except: { reset: { newRun: resetRunWithSignal } },
  },
  "closed, failed": {
    scenario: () =>
      given(
        ...open,
        signaled("s1"),
        taskCompleted({ commandType: "FailWorkflowExecution", failure: make.failureOf("Broken") }),
      ),
    like: "closed",
    except: { reset: { newRun: resetRunWithSignal } },
  },
  "closed, cancelled": {
    scenario: () => given(...open, cancelRequested(), taskCompleted({ commandType: "CancelWorkflowExecution" })),
    like: "closed",
  },
  "closed, terminated": { scenario: () => given(...open, terminated()), like: "closed" },
  "closed, timed out": {
    scenario: () => given(...openWith({ workflowRunTimeoutMs: 5_000 }), passed(5_000), ticked()),
    like: "closed",
  },
};

describe.each(RUN_DETAILS)("a run that is '%s'", (detail) => {
  it.each(Object.keys(REQUESTS) as RequestKind[])("answers %s", (kind) => {
    const { scenario: make, like, except = {} } = ROWS[detail];
    const scenario = make();
    expect(runDetailsOf(scenario.state, scenario.nowMs)).toContain(detail);
    const cell: Cell = except[kind] ?? TABLE[like][kind];
    const before = structuredClone({ events: scenario.events, state: scenario.state });
    const taken = scenario.when(kind, REQUESTS[kind]);
    if (cell.rejected) {
      taken.thenRejected(cell.rejected);
      expect({ events: scenario.events, state: scenario.state }).toEqual(before);
      return;
    }
    taken
      .thenEvents(...(cell.events ?? []))
      .thenBuffered(...(cell.buffered ?? []))
      .thenNewRun(...(cell.newRun ?? []));
  });
});
