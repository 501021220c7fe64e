/**
 * The application's side effects: all of them calls to one outside system, each with its idempotency key.
 *
 * Owns: the calls. What was really done, and how often, is written down on the other side, in `sink.ts`.
 */
import { activityInfo, Context } from "../../../src/sdk/activity/index.ts";
import { bindings } from "./bindings.ts";

/** One call of the outside system, as it arrives there. */
export interface EffectRequest {
  readonly workflowId: string;
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
  readonly argument: string;
}

async function callOutside(argument: string): Promise<number> {
  const { workflowExecution, activityId, activityType, attempt } = activityInfo();
  const workflowId = workflowExecution?.workflowId ?? "";
  const request: EffectRequest = { workflowId, activityId, activityType, attempt, argument };
  const response = await fetch(`${bindings.SINK}/effects`, { method: "POST", body: JSON.stringify(request) });
  const text = await response.text();
  if (!response.ok) throw new Error(`the outside system answered ${response.status}: ${text}`);
  return Number(text);
}

/** Takes the goods aside; the number is the receipt, the same however often it is asked for. */
export function reserve(): Promise<number> {
  return callOutside("");
}

/** Asks a person, who answers with a signal. */
export function askForApproval(): Promise<number> {
  return callOutside("");
}

/** Is refused at the first attempt, so that the second comes after a backoff. */
export function charge(approvedBy: string): Promise<number> {
  return callOutside(approvedBy);
}

export function ship(): Promise<number> {
  return callOutside("");
}

/** One part of a batch. */
export function pack(part: number): Promise<number> {
  return callOutside(String(part));
}

export function refund(): Promise<number> {
  return callOutside("");
}

/** The last word of a workflow: by it the test knows how far it has come without asking the runtime. */
export function announce(what: string): Promise<number> {
  return callOutside(what);
}

/** Works through its steps with a heartbeat for each, and goes on where the attempt before stopped. */
export async function crawl(steps: number): Promise<{ readonly resumedAt: number; readonly receipt: number }> {
  const { info, heartbeat, sleep } = Context.current();
  const resumedAt = typeof info.heartbeatDetails === "number" ? info.heartbeatDetails : 0;
  for (let step = resumedAt; step < steps; step += 1) {
    heartbeat(step + 1);
    await sleep(100);
  }
  return { resumedAt, receipt: await callOutside(String(steps)) };
}
