/** Workflows about what they know of themselves and what they write about themselves. */
import { defineSearchAttributeKey, SearchAttributeType } from "holdfast/common";
import {
  condition,
  defineSignal,
  getCurrentDetails,
  inWorkflowContext,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const look = defineSignal("look");

/** The typed search attributes by name: they come from a map, which has no order. */
function typedAttributes(): readonly unknown[] {
  return workflowInfo()
    .typedSearchAttributes.getAll()
    .map(({ key, value }) => [key.name, key.type, value])
    .toSorted((left, right) => (String(left[0]) < String(right[0]) ? -1 : 1));
}

/** All fields that do not depend on where the workflow is replayed. */
function known(): Record<string, unknown> {
  const info = workflowInfo();
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    workflowType: info.workflowType,
    namespace: info.namespace,
    firstExecutionRunId: info.firstExecutionRunId,
    originalExecutionRunId: info.originalExecutionRunId,
    continuedFromExecutionRunId: info.continuedFromExecutionRunId,
    startTime: info.startTime,
    runStartTime: info.runStartTime,
    executionTimeoutMs: info.executionTimeoutMs,
    executionExpirationTime: info.executionExpirationTime,
    runTimeoutMs: info.runTimeoutMs,
    taskTimeoutMs: info.taskTimeoutMs,
    retryPolicy: info.retryPolicy,
    attempt: info.attempt,
    cronSchedule: info.cronSchedule,
    cronScheduleToScheduleInterval: info.cronScheduleToScheduleInterval,
    parent: info.parent,
    root: info.root,
    memo: info.memo,
    searchAttributes: info.searchAttributes,
    typed: typedAttributes(),
    historyLength: info.historyLength,
    historySize: info.historySize,
    continueAsNewSuggested: info.continueAsNewSuggested,
  };
}

/** Looks at itself in its first task and in later ones. */
export async function looksAtItself(): Promise<readonly unknown[]> {
  const looks: unknown[] = [known(), inWorkflowContext()];
  setHandler(look, () => void looks.push(known()));
  await echo("x");
  looks.push(known());
  await condition(() => looks.length >= 5);
  return looks;
}

export async function changesMemo(): Promise<readonly unknown[]> {
  const seen: unknown[] = [workflowInfo().memo];
  upsertMemo({ added: { deep: [1, 2] }, changed: "new" });
  seen.push(workflowInfo().memo);
  await sleep(5);
  upsertMemo({ removed: null, added: "flat" });
  seen.push(workflowInfo().memo);
  upsertMemo({ first: 1 });
  upsertMemo({ second: 2 });
  await echo("x");
  seen.push(workflowInfo().memo);
  return seen;
}

const keyword = defineSearchAttributeKey("CustomKeywordField", SearchAttributeType.KEYWORD);
const int = defineSearchAttributeKey("CustomIntField", SearchAttributeType.INT);
const double = defineSearchAttributeKey("CustomDoubleField", SearchAttributeType.DOUBLE);
const bool = defineSearchAttributeKey("CustomBoolField", SearchAttributeType.BOOL);
const datetime = defineSearchAttributeKey("CustomDatetimeField", SearchAttributeType.DATETIME);
const text = defineSearchAttributeKey("CustomStringField", SearchAttributeType.TEXT);
const list = defineSearchAttributeKey("CustomKeywordListField", SearchAttributeType.KEYWORD_LIST);

export async function changesTypedAttributes(): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  seen.push(typedAttributes());
  upsertSearchAttributes([
    { key: keyword, value: "green" },
    { key: int, value: 7 },
    { key: double, value: 1.5 },
    { key: bool, value: true },
    { key: datetime, value: new Date(1_700_000_000_000) },
    { key: text, value: "several words" },
    { key: list, value: ["a", "b"] },
  ]);
  seen.push(typedAttributes());
  await sleep(5);
  upsertSearchAttributes([
    { key: keyword, value: null },
    { key: int, value: 8 },
  ]);
  seen.push(typedAttributes(), workflowInfo().typedSearchAttributes.get(int));
  await echo("x");
  return seen;
}

export async function changesUntypedAttributes(): Promise<readonly unknown[]> {
  const seen: unknown[] = [workflowInfo().searchAttributes];
  upsertSearchAttributes({
    CustomKeywordField: ["red"],
    CustomIntField: [3],
    CustomBoolField: [false],
    CustomDatetimeField: [new Date(1_600_000_000_000)],
  });
  seen.push(workflowInfo().searchAttributes);
  await echo("x");
  upsertSearchAttributes({ CustomKeywordField: [], CustomDoubleField: [2.25] });
  seen.push(workflowInfo().searchAttributes);
  await sleep(5);
  return seen;
}

export async function speaksOfItself(): Promise<readonly unknown[]> {
  const seen: unknown[] = [getCurrentDetails()];
  setCurrentDetails("working");
  log.info("it says something", { about: "itself" });
  await sleep(5, { summary: "a timer with a summary" });
  await condition(() => false, 5, { summary: "a condition's timer with a summary" });
  seen.push(getCurrentDetails(), await echo.executeWithOptions({ summary: "an activity with a summary" }, ["x"]));
  setCurrentDetails("done");
  return [...seen, getCurrentDetails()];
}
