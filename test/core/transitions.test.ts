// Every cell of every transition table. The last test fails for a cell that none of the others has tried; that only
// works while they all run in one file, which is why their suites are modules and not test files of their own.
import { describe, expect, it } from "vitest";

import { untriedCells } from "./coverage.ts";
import "./transitions/run-table.ts";
import "./transitions/run-details.ts";
import "./transitions/start.ts";
import "./transitions/deletion.ts";
import "./transitions/outside.ts";
import "./transitions/workflow-task.ts";
import "./transitions/activity.ts";
import "./transitions/activity-by-id.ts";
import "./transitions/timer.ts";
import "./transitions/update.ts";
import "./transitions/update-task.ts";
import "./transitions/update-with-start.ts";
import "./transitions/child-workflow.ts";
import "./transitions/external-workflow.ts";
import "./transitions/continuation.ts";
import "./transitions/attributes.ts";
import "./transitions/run-retry.ts";
import "./transitions/reset.ts";
import "./transitions/run-chains.ts";
import "./transitions/first-task.ts";
import "./transitions/workflow-pause.ts";
import "./transitions/activity-control.ts";
import "./transitions/activity-options.ts";

describe("the transition tables", () => {
  it("have no cell that nobody tried", () => {
    expect(untriedCells()).toEqual([]);
  });
});
