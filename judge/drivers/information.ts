/** Drives the workflows of `scenarios/information.ts`. */
import * as workflows from "../scenarios/information.ts";
import type { Scenario } from "../worker/stage.ts";

const group = "info and attributes";

export const informationScenarios: readonly Scenario[] = [
  {
    name: "workflow-info",
    group,
    shows: ["WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.looksAtItself);
      await handle.signal(workflows.look);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED");
      await handle.signal(workflows.look);
      await handle.result();
    },
  },
  {
    name: "workflow-info-with-options",
    group,
    shows: ["WORKFLOW_EXECUTION_COMPLETED"],
    drive: async (stage) => {
      const handle = await stage.start(workflows.looksAtItself, {
        memo: { one: 1, deep: { two: [2] } },
        searchAttributes: { CustomKeywordField: ["seen"], CustomIntField: [5] },
        workflowExecutionTimeout: "1 hour",
        workflowRunTimeout: "20 minutes",
        workflowTaskTimeout: "6 seconds",
        retry: { maximumAttempts: 5, initialInterval: "3 seconds", nonRetryableErrorTypes: ["Never"] },
      });
      await handle.signal(workflows.look);
      await stage.untilEvent(handle.workflowId, "ACTIVITY_TASK_COMPLETED");
      await handle.signal(workflows.look);
      await handle.result();
    },
  },
  {
    name: "memo-changed",
    group,
    shows: ["WORKFLOW_PROPERTIES_MODIFIED"],
    drive: async (stage) =>
      void (await stage.execute(workflows.changesMemo, { memo: { changed: "old", removed: "gone soon" } })),
  },
  {
    name: "memo-changed-in-clear",
    group,
    inClear: true,
    shows: ["WORKFLOW_PROPERTIES_MODIFIED"],
    drive: async (stage) => void (await stage.execute(workflows.changesMemo, { memo: { changed: 1 } })),
  },
  {
    name: "typed-search-attributes",
    group,
    shows: ["UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"],
    drive: async (stage) => void (await stage.execute(workflows.changesTypedAttributes)),
  },
  {
    name: "untyped-search-attributes",
    group,
    shows: ["UPSERT_WORKFLOW_SEARCH_ATTRIBUTES"],
    drive: async (stage) =>
      void (await stage.execute(workflows.changesUntypedAttributes, {
        searchAttributes: { CustomKeywordField: ["first"] },
      })),
  },
  {
    name: "summaries-and-details",
    group,
    shows: ["TIMER_FIRED", "ACTIVITY_TASK_COMPLETED"],
    drive: async (stage) => void (await stage.execute(workflows.speaksOfItself)),
  },
];
