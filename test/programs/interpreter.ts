/**
 * The workflow that runs a script.
 *
 * Owns: what each step does. Every step leaves a mark with its time and a random draw, so that two executions which
 * differ anywhere differ in their marks, and the marks are the result, the answer of the query and what updates see.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  deprecatePatch,
  executeChild,
  getExternalWorkflowHandle,
  HandlerUnfinishedPolicy,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from "../../src/sdk/workflow/index.ts";
import { defineSearchAttributeKey } from "../../src/sdk/common/index.ts";
import type { Program, Script, Step } from "./program.ts";

export const nudge = defineSignal<[string]>("nudge");
export const marks = defineQuery<string[]>("marks");
/** Asks for some work; refused when the text is "no". */
export const ask = defineUpdate<number, [string]>("ask");

const COLOUR = defineSearchAttributeKey("Colour", "KEYWORD");

interface Memory {
  readonly trace: string[];
  nudges: number;
}

type Mark = (text: string) => void;

interface Local {
  /** Fails on its first attempts; the result says which attempt it was. */
  unsteady(failures: number): number;
}

/** Runs a script; the result is the marks it left. */
export async function runScript(script: Script): Promise<string[]> {
  const memory: Memory = { trace: [], nudges: 0 };
  const mark: Mark = (text) => void memory.trace.push(`${text} ${Date.now()} ${Math.random()}`);
  setHandlers(memory, mark);
  await runAll(script.program, mark, memory);
  if (script.ending !== "leaveHandlers") await condition(allHandlersFinished);
  if (script.continuations > 0)
    await continueAsNew<typeof runScript>({ ...script, continuations: script.continuations - 1 });
  if (script.ending === "fail") throw ApplicationFailure.nonRetryable("as the script says", "Scripted", memory.trace);
  return memory.trace;
}

function setHandlers(memory: Memory, mark: Mark): void {
  setHandler(marks, () => [...memory.trace, JSON.stringify(workflowInfo().memo)]);
  const unfinishedPolicy = HandlerUnfinishedPolicy.ABANDON;
  const onNudge = async (text: string): Promise<void> => {
    memory.nudges += 1;
    mark(`nudged ${text}`);
    await Promise.resolve();
    mark(`after nudge ${text}`);
  };
  setHandler(nudge, onNudge, { unfinishedPolicy });
  const onAsk = async (text: string): Promise<number> => {
    mark(`asked ${text} ${currentUpdateInfo()?.id}`);
    if (text === "slow") await sleep(2);
    if (text === "fail") throw ApplicationFailure.create({ message: "asked to fail" });
    memory.nudges += 1;
    mark(`answered ${text}`);
    return memory.nudges;
  };
  const validator = (text: string): void => {
    if (text === "no") throw new Error("refused");
  };
  setHandler(ask, onAsk, { validator, unfinishedPolicy });
}

async function runAll(program: Program, mark: Mark, memory: Memory): Promise<void> {
  for (const step of program) {
    try {
      mark(`${step.kind} ${String(await runStep(step, mark, memory))}`);
    } catch (error) {
      mark(`${step.kind} ${isCancellation(error) ? "cancelled" : "failed"} ${String(error)}`);
      if (CancellationScope.current().consideredCancelled) throw error;
    }
  }
}

async function runStep(step: Step, mark: Mark, memory: Memory): Promise<unknown> {
  switch (step.kind) {
    case "sleep":
      return sleep(step.ms);
    case "activity": {
      const { cancellationType } = step;
      const { work } = proxyActivities<{ work(key: string): string }>({ startToCloseTimeout: 1_000, cancellationType });
      return work(uuid4());
    }
    case "localActivity":
      return runLocalActivity(step);
    case "signals": {
      const wanted = memory.nudges + step.more;
      const enough = () => memory.nudges >= wanted;
      return step.timeoutMs === undefined ? condition(enough) : condition(enough, step.timeoutMs);
    }
    case "timeout": {
      const handle = globalThis["setTimeout"](() => mark("timeout"), step.ms);
      if (step.clear) await Promise.resolve().then(() => clearTimeout(handle));
      return undefined;
    }
    case "draw":
      return uuid4();
    case "patch":
      return step.isDeprecated ? deprecatePatch(step.id) : patched(step.id);
    case "attributes":
      upsertMemo({ colour: step.value === "" ? null : step.value });
      upsertSearchAttributes([{ key: COLOUR, value: step.value === "" ? null : step.value }]);
      return workflowInfo().typedSearchAttributes.get(COLOUR);
    case "child":
      return runChild(step, mark);
    case "external": {
      const handle = getExternalWorkflowHandle("bystander");
      return step.isCancelled ? handle.cancel() : handle.signal(nudge, workflowInfo().workflowId);
    }
    case "allHandlersFinished":
      return condition(allHandlersFinished);
    default:
      return runScope(step, mark, memory);
  }
}

function runLocalActivity({ failures, isPatient }: Extract<Step, { kind: "localActivity" }>): Promise<number> {
  const { unsteady } = proxyLocalActivities<Local>({
    startToCloseTimeout: 1_000,
    retry: { initialInterval: 3, maximumAttempts: 3 },
    // Impatient ones wait for their retry by a durable timer.
    localRetryThreshold: isPatient ? 1_000 : 1,
  });
  return unsteady(failures);
}

async function runChild(step: Extract<Step, { kind: "child" }>, mark: Mark): Promise<unknown> {
  const { cancellationType, parentClosePolicy, body } = step;
  const script: Script = { program: body, continuations: 0, ending: "return" };
  const options = { args: [script] as [Script], cancellationType, parentClosePolicy };
  if (!step.isNudged && step.isAwaited) return (await executeChild(runScript, options)).length;
  const child = await startChild(runScript, options);
  mark(`child ${child.workflowId} ${child.firstExecutionRunId}`);
  if (step.isNudged) await child.signal(nudge, "parent");
  return step.isAwaited ? (await child.result()).length : undefined;
}

type ScopeStep = Extract<Step, { kind: "scope" | "cancelScope" | "together" }>;

async function runScope(step: ScopeStep, mark: Mark, memory: Memory): Promise<unknown> {
  switch (step.kind) {
    case "scope": {
      const { shield, timeoutMs: timeout } = step;
      return new CancellationScope({ cancellable: !shield, timeout }).run(() => runAll(step.body, mark, memory));
    }
    case "cancelScope": {
      const scope = new CancellationScope();
      const body = scope.run(() => runAll(step.body, mark, memory));
      const settled = body.catch((error: unknown) => String(error));
      if (step.afterMs !== undefined) await sleep(step.afterMs);
      scope.cancel();
      return settled;
    }
    case "together":
      return Promise.all(step.branches.map((branch) => runAll(branch, mark, memory)));
  }
}

/** Somebody to be signalled and cancelled; it takes everything and never ends by itself. */
export async function bystander(): Promise<string[]> {
  const memory: Memory = { trace: [], nudges: 0 };
  setHandlers(memory, (text) => void memory.trace.push(text));
  await condition(() => memory.nudges >= 100);
  return memory.trace;
}
