/**
 * How each of the application's workflows must end, worked out from what the outside world saw.
 *
 * Owns: one rule for each workflow. Receipts in a result must be those of the ledger, and a result must tell of every
 * signal that was accepted before the workflow ended.
 */
import type { OrderResult } from "./app/workflows.ts";
import type { SentSignal } from "./application.ts";
import type { Story } from "./evidence.ts";
import type { Execution } from "./sink.ts";

type Evidence = Pick<Story, "promised" | "history" | "ending" | "executions">;

/** What is wrong with the ending of a workflow. */
export function endingProblems(evidence: Evidence): readonly string[] {
  const { promised, ending } = evidence;
  if (promised.workflow === "booking") return bookingProblems(evidence);
  if (ending.kind === "failed") return [`it failed: ${ending.error}`];
  switch (promised.workflow) {
    case "order":
      return orderProblems(evidence, ending.result as OrderResult);
    case "batch": {
      const parts = Array.from({ length: Number(promised.args[0]) }, (_, part) => String(part));
      return differing(
        "receipts",
        ending.result,
        parts.map((part) => receiptOf(evidence, "pack", part)),
      );
    }
    case "alarmClock":
      return differing("receipt", ending.result, receiptOf(evidence, "announce"));
    case "pilgrimage": {
      const { receipt } = ending.result as { readonly receipt: number };
      return differing("receipt", receipt, receiptOf(evidence, "crawl"));
    }
    default:
      return [`${promised.workflow} is no workflow`];
  }
}

function differing(what: string, found: unknown, expected: unknown): string[] {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  return left === right ? [] : [`${what}: found ${left}, expected ${right}`];
}

function receiptOf({ executions }: Evidence, activityType: string, argument?: string): number | undefined {
  const isMeant = (run: Execution): boolean =>
    run.activityType === activityType && (argument === undefined || run.argument === argument);
  return executions.find(isMeant)?.receipt;
}

function orderProblems(evidence: Evidence, result: OrderResult): string[] {
  const { signals } = evidence.promised;
  const approvals = signals.filter(({ name }) => name === "approve").map(({ text }) => text);
  return [
    ...differing("reserved", result.reserved, receiptOf(evidence, "reserve")),
    ...differing("charged", result.charged, receiptOf(evidence, "charge")),
    ...differing("shipped", result.shipped, receiptOf(evidence, "ship")),
    ...(approvals.includes(result.approvedBy) ? [] : [`approved by ${result.approvedBy}, whom nobody sent`]),
    ...(receiptOf(evidence, "charge", result.approvedBy) === undefined ? ["charged for another approval"] : []),
    ...noteProblems(signals, result.notes),
  ];
}

/** Accepted notes are all there, once and in order; one that was cut off may be. */
function noteProblems(signals: readonly SentSignal[], notes: readonly string[]): string[] {
  const sent = signals.filter(({ name }) => name === "note");
  const expected = sent.filter(({ text, delivery }) => delivery === "accepted" || notes.includes(text));
  return differing(
    "notes",
    notes,
    expected.map(({ text }) => text),
  );
}

function bookingProblems({ history, ending, executions }: Evidence): string[] {
  const types = history.events.map(({ eventType }) => eventType);
  return [
    ...(ending.kind === "failed" ? [] : ["a cancelled booking completed"]),
    ...differing("last event", types.at(-1), "WorkflowExecutionCanceled"),
    ...differing("requests", types.filter((type) => type === "WorkflowExecutionCancelRequested").length, 1),
    ...(executions.some(({ activityType }) => activityType === "refund") ? [] : ["nothing was given back"]),
  ];
}
