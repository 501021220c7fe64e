/**
 * The comparison: everything that a replay reported against everything that the history recorded.
 *
 * Owns: the pairing of items and what counts as a difference.
 */
import { arrayFromPayloads, defaultPayloadConverter } from "@temporalio/common";
import { historyFromJSON } from "@temporalio/common/lib/proto-utils.js";

import type { ReplayReport, ReportedCall } from "../official/report.ts";
import { commandedItems } from "./commanded-items.ts";
import type { Item } from "./item.ts";
import { durationMs, plain, type Plain, readable, withoutInferredTypes } from "./plain.ts";
import { type OfficialEvent, recordedItems } from "./recorded-items.ts";

export interface ComparedRun {
  readonly namespace: string;
  /** In Temporal's JSON form. */
  readonly history: unknown;
  /** The task queue that the replaying worker said it had. */
  readonly replayQueue: string;
}

/** All differences, each as one line. None means that code and history agree. */
export function compareReplay(report: ReplayReport, run: ComparedRun): readonly string[] {
  const events = historyFromJSON(run.history).events ?? [];
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (!started) return ["the history does not begin with WorkflowExecutionStarted"];
  const recorded = recordedItems(events, started.taskQueue?.name ?? "");
  const commanded = commandedItems(report.activations, {
    ownQueue: run.replayQueue,
    namespace: run.namespace,
    runId: started.originalExecutionRunId ?? "",
    startedMemo: plain(started.memo?.fields),
  });
  const runTimeoutMs = durationMs(started.workflowRunTimeout) ?? 0;
  return [...compareItems(commanded, recorded, runTimeoutMs), ...compareCalls(report.calls, events)];
}

function compareItems(commanded: readonly Item[], recorded: readonly Item[], runTimeoutMs: number): readonly string[] {
  const waiting = grouped(recorded);
  const closedByCode = recorded.some(({ key }) => key === "close");
  const differences: string[] = [];
  for (const item of commanded) {
    const counterpart = waiting.get(item.key)?.shift();
    if (counterpart !== undefined) differences.push(...compareItem(item, counterpart, runTimeoutMs));
    // What the last task of an open history commands may not have reached the history.
    else if (item.optional === undefined && closedByCode) differences.push(`${item.key}: commanded, but not recorded`);
  }
  for (const { key, optional } of [...waiting.values()].flat())
    if (optional === undefined) differences.push(`${key}: recorded, but not commanded`);
  return differences;
}

function grouped(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(item.key, [...(groups.get(item.key) ?? []), item]);
  return groups;
}

function compareItem(commanded: Item, recorded: Item, runTimeoutMs: number): readonly string[] {
  const names = Object.keys(commanded.exact);
  const fields = names.flatMap((name) =>
    differenceOf(`${commanded.key}.${name}`, commanded.exact[name], recorded.exact[name]),
  );
  const caps = [recorded.timeouts?.["scheduleToClose"], recorded.timeouts?.["execution"], runTimeoutMs];
  const timeouts = Object.entries(commanded.timeouts ?? {}).flatMap(([name, givenMs]) => {
    const recordedMs = recorded.timeouts?.[name] ?? 0;
    // Absent means that the service chooses; a smaller one is right if it is another timeout that limits this one.
    if (givenMs === undefined || givenMs === 0 || givenMs === recordedMs) return [];
    if (recordedMs < givenMs && caps.includes(recordedMs)) return [];
    return [`${commanded.key}.${name}: the code gives ${givenMs} ms, history has ${recordedMs} ms`];
  });
  return [...fields, ...timeouts];
}

function differenceOf(name: string, commanded: Plain | undefined, stored: Plain | undefined): readonly string[] {
  const recorded = withoutInferredTypes(stored, commanded);
  if (JSON.stringify(commanded) === JSON.stringify(recorded)) return [];
  const [given, kept] = fromDifference(readable(commanded), readable(recorded));
  return [`${name}: the code gives ${given}, history has ${kept}`];
}

const CONTEXT_CHARACTERS = 60;
const LONG_CHARACTERS = 200;

/** Long texts from a little before the place where they part. */
function fromDifference(left: string, right: string): readonly [string, string] {
  if (left.length + right.length < 2 * LONG_CHARACTERS) return [left, right];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  const start = Math.max(0, at - CONTEXT_CHARACTERS);
  const cut = (text: string): string => `${start > 0 ? "…" : ""}${text.slice(start, at + LONG_CHARACTERS)}`;
  return [cut(left), cut(right)];
}

/** The calls into the workflow: its main function once, each handled signal and update with what was recorded. */
function compareCalls(calls: readonly ReportedCall[], events: readonly OfficialEvent[]): readonly string[] {
  const recorded = events.flatMap(recordedCall);
  const differences: string[] = [];
  const waiting = new Map<string, ReportedCall[]>();
  for (const call of recorded) waiting.set(nameOf(call), [...(waiting.get(nameOf(call)) ?? []), call]);
  for (const call of calls) {
    const expected = waiting.get(nameOf(call))?.shift();
    if (expected === undefined) differences.push(`${nameOf(call)}: called, but not recorded`);
    else if (expected.args !== call.args)
      differences.push(`${nameOf(call)}: called with ${call.args}, history has ${expected.args}`);
  }
  for (const [name, left] of waiting)
    if (left.length > 0 && left[0]?.kind !== "signal") differences.push(`${name}: recorded, but not called`);
  return differences;
}

function nameOf({ kind, name }: ReportedCall): string {
  return name === "" ? kind : `${kind} ${name}`;
}

function args(payloads: Parameters<typeof arrayFromPayloads>[1]): string {
  return JSON.stringify(arrayFromPayloads(defaultPayloadConverter, payloads));
}

function recordedCall(event: OfficialEvent): readonly ReportedCall[] {
  const started = event.workflowExecutionStartedEventAttributes;
  if (started) return [{ kind: "execute", name: "", args: args(started.input?.payloads) }];
  const signaled = event.workflowExecutionSignaledEventAttributes;
  if (signaled) return [{ kind: "signal", name: signaled.signalName ?? "", args: args(signaled.input?.payloads) }];
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  if (accepted) return [{ kind: "update", name: accepted.name ?? "", args: args(accepted.args?.payloads) }];
  return [];
}
