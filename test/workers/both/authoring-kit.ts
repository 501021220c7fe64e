/** What the suites about workflow code share: histories in clear, replayed by the code that made them, and chains of runs. */
import { expect } from "vitest";

import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { JsonEvent } from "../../../src/core/history-json.ts";
import { historyProblems } from "../../../src/core/invariants.ts";
import { replayHistory } from "../../../src/worker/index.ts";
import { workflowModules } from "../fixtures/recording-interceptors.ts";
import { auditSinks } from "../fixtures/recording-sinks.ts";
import * as workflows from "../fixtures/workflows.ts";
import { client } from "./kit.ts";
import { historyOf, ofType } from "./program-kit.ts";

/** The events of a run in clear, in Temporal's JSON form. */
export async function clearHistory(workflowId: string, runId?: string): Promise<readonly JsonEvent[]> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory({ decoded: true });
  return history.events;
}

/** The values of payloads that stand in clear in an exported history. */
export function valuesIn(payloads: unknown): unknown[] {
  const list = (payloads as { readonly payloads?: readonly { readonly data?: string }[] } | undefined)?.payloads ?? [];
  return list.map(({ data = "" }) => JSON.parse(atob(data)) as unknown);
}

/** Checks that a run's history is sound, and that the code repeats it as it stands. */
export async function expectToReplay(workflowId: string, runId?: string): Promise<void> {
  expect(historyProblems(await historyOf(workflowId, runId))).toEqual([]);
  const history = { events: await clearHistory(workflowId, runId) };
  const interceptors = { workflowModules };
  await replayHistory({ workflows, history, interceptors, sinks: auditSinks, compareInputs: "error" });
}

/** Histories of all runs of a chain, the first one first. */
export async function chainOf(workflowId: string, firstRunId: string): Promise<readonly (readonly HistoryEvent[])[]> {
  const chain: (readonly HistoryEvent[])[] = [];
  for (let runId: string | undefined = firstRunId; runId !== undefined;) {
    const events: readonly HistoryEvent[] = await historyOf(workflowId, runId);
    chain.push(events);
    runId = ofType(events, "WorkflowExecutionContinuedAsNew")[0]?.attributes.newExecutionRunId;
  }
  return chain;
}
