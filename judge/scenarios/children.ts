/** Workflows about children and about other workflows. */
import { WorkflowExecutionAlreadyStartedError } from "holdfast/common";
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";
import { describeError, outcomeOf } from "./described-errors.ts";

const { echo } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const tell = defineSignal<[string]>("tell");
export const release = defineSignal<[string]>("release");

// What children run.

export async function childGreets(name: string): Promise<string> {
  return await echo(`child greets ${name}`);
}

export async function childFails(message: string): Promise<never> {
  await sleep(5);
  throw ApplicationFailure.nonRetryable(message, "ChildTrouble", { code: 7 });
}

export async function childFailsInActivity(): Promise<unknown> {
  const { fails } = proxyActivities<typeof activities>({
    startToCloseTimeout: "20 seconds",
    retry: { maximumAttempts: 1 },
  });
  return await fails({ message: "deep down", type: "Deep" });
}

/** Waits for a signal to end; cancelled, it takes a moment to clean up. */
export async function childWaits(): Promise<string> {
  let word: string | undefined;
  setHandler(release, (said) => {
    word = said;
  });
  try {
    await condition(() => word !== undefined);
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(async () => await sleep(15));
    throw error;
  }
  return `released with ${word}`;
}

export async function childIgnoresCancellation(): Promise<string> {
  return await CancellationScope.nonCancellable(async () => {
    await sleep(30);
    return "paid no attention";
  });
}

export async function childCollects(count: number): Promise<readonly string[]> {
  const told: string[] = [];
  setHandler(tell, (text) => void told.push(text));
  await condition(() => told.length >= count);
  return told;
}

export async function childIntroduces(): Promise<unknown> {
  const { workflowId, workflowType, parent, root, attempt, memo, typedSearchAttributes } = workflowInfo();
  return {
    workflowId,
    workflowType,
    parent: parent?.workflowId,
    parentNamespace: parent?.namespace,
    root: root?.workflowId,
    attempt,
    memo,
    attributes: typedSearchAttributes.getAll().length,
  };
}

// Parents.

/** Ids that nobody chose come from the run's randomness, in turn with everything else that draws from it. */
export async function startsChildrenUnnamed(): Promise<readonly unknown[]> {
  const before = Math.random();
  const first = await startChild(childGreets, { args: ["one"] });
  const between = Math.random();
  const [second, third] = await Promise.all([
    executeChild(childGreets, { args: ["two"] }),
    executeChild(childGreets, { args: ["three"] }),
  ]);
  return [before, first.workflowId, between, await first.result(), second, third];
}

export async function signalsChild(childId: string): Promise<unknown> {
  const child = await startChild(childCollects, { workflowId: childId, args: [3] });
  await child.signal(tell, "one");
  await Promise.all([child.signal(tell, "two"), child.signal("tell", "three")]);
  return [child.workflowId, child.firstExecutionRunId.length, await child.result()];
}

export async function seesChildrenFail(prefix: string): Promise<readonly unknown[]> {
  return [
    await outcomeOf(executeChild(childFails, { workflowId: `${prefix}.fails`, args: ["as told"] })),
    await outcomeOf(executeChild(childFailsInActivity, { workflowId: `${prefix}.activity` })),
    await outcomeOf(executeChild("childGreets", { workflowId: `${prefix}.by-name`, args: ["by name"] })),
  ];
}

/** The child ends in a way that its code does not decide: terminated by its driver, or out of time. */
export async function seesChildEnd(childId: string, timeoutMs: number): Promise<unknown> {
  const timeout = timeoutMs > 0 ? { workflowRunTimeout: timeoutMs } : {};
  return await outcomeOf(executeChild(childWaits, { workflowId: childId, ...timeout }));
}

/** Nobody awaits the child's result: its failure is of no consequence. */
export async function leavesChildAlone(childId: string): Promise<string> {
  await startChild(childFails, { workflowId: childId, args: ["unheard"] });
  await sleep(40);
  return "went on";
}

export async function startsDuplicate(childId: string): Promise<unknown> {
  try {
    await startChild(childGreets, { workflowId: childId, args: ["again"] });
    return "started";
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return [describeError(error), error.workflowId, error.workflowType];
  }
}

/** The same, not caught: it fails the workflow. */
export async function startsDuplicateUncaught(childId: string): Promise<unknown> {
  return await executeChild(childGreets, { workflowId: childId, args: ["again"] });
}

/** A child with every option. */
export async function setsChildOptions(childId: string): Promise<unknown> {
  return await executeChild(childIntroduces, {
    workflowId: childId,
    memo: { colour: "green", size: { width: 3 } },
    searchAttributes: { CustomKeywordField: ["green"], CustomIntField: [3] },
    workflowExecutionTimeout: "1 hour",
    workflowRunTimeout: "30 minutes",
    workflowTaskTimeout: "5 seconds",
    workflowIdReusePolicy: "REJECT_DUPLICATE",
    parentClosePolicy: "REQUEST_CANCEL",
    cancellationType: "TRY_CANCEL",
    retry: { maximumAttempts: 3, initialInterval: "1s" },
    staticSummary: "a child with every option",
    staticDetails: "and with details",
  });
}

type ChildCancellationType = "ABANDON" | "TRY_CANCEL" | "WAIT_CANCELLATION_COMPLETED" | "WAIT_CANCELLATION_REQUESTED";

export async function cancelsChild(childId: string, cancellationType: ChildCancellationType): Promise<unknown> {
  const scope = new CancellationScope();
  const child = await scope.run(
    async () => await startChild(childWaits, { workflowId: childId, cancellationType, parentClosePolicy: "ABANDON" }),
  );
  const result = outcomeOf(scope.run(async () => await child.result()));
  await sleep(10);
  scope.cancel();
  const outcome = await result;
  await sleep(5);
  return outcome;
}

/** The child does not obey; the parent that waits for it gets its result. */
export async function cancelsDisobedientChild(childId: string): Promise<unknown> {
  const scope = new CancellationScope();
  const outcome = outcomeOf(
    scope.run(async () => await executeChild(childIgnoresCancellation, { workflowId: childId })),
  );
  await sleep(10);
  scope.cancel();
  return await outcome;
}

/** The parent is cancelled, and its child with it. */
export async function isCancelledWithChild(childId: string): Promise<unknown> {
  return await executeChild(childWaits, { workflowId: childId });
}

export async function cancelsChildBeforeSending(childId: string): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  const outcome = outcomeOf(
    scope.run(async () => await executeChild(childGreets, { workflowId: childId, args: ["x"] })),
  );
  const started = outcomeOf(scope.run(async () => await startChild(childGreets, { args: ["y"] })));
  scope.cancel();
  return [
    await outcome,
    await started,
    await outcomeOf(scope.run(async () => await startChild(childGreets, { args: ["z"] }))),
    await echo("on"),
  ];
}

export async function leavesChildBehind(
  childId: string,
  parentClosePolicy: "TERMINATE" | "ABANDON" | "REQUEST_CANCEL",
): Promise<string> {
  const child = await startChild(childWaits, { workflowId: childId, parentClosePolicy });
  return child.workflowId;
}

/** Parent, child and grandchild. */
export async function childStartsGrandchild(grandchildId: string): Promise<unknown> {
  return [await childIntroduces(), await executeChild(childIntroduces, { workflowId: grandchildId })];
}

export async function startsFamily(childId: string, grandchildId: string): Promise<unknown> {
  return await executeChild(childStartsGrandchild, { workflowId: childId, args: [grandchildId] });
}

/** The first of two children; the other one is cancelled. */
export async function racesChildren(prefix: string): Promise<unknown> {
  const scope = new CancellationScope();
  return await scope.run(async () => {
    const slow = executeChild(childWaits, { workflowId: `${prefix}.slow` });
    const fast = executeChild(childGreets, { workflowId: `${prefix}.fast`, args: ["fast"] });
    const winner = await Promise.race([slow, fast]);
    scope.cancel();
    return [winner, await outcomeOf(slow)];
  });
}

// Others.

export async function signalsOther(otherId: string): Promise<unknown> {
  const handle = getExternalWorkflowHandle(otherId);
  await handle.signal(tell, "from outside");
  await Promise.all([handle.signal("tell", "by name"), handle.signal(tell, "at the same time")]);
  await handle.signal(release, "go");
  return handle.workflowId;
}

export async function signalsInVain(otherId: string): Promise<readonly unknown[]> {
  const own = getExternalWorkflowHandle(workflowInfo().workflowId);
  return [
    await outcomeOf(getExternalWorkflowHandle(otherId).signal(tell, "anybody there?")),
    await outcomeOf(getExternalWorkflowHandle(otherId).cancel()),
    await outcomeOf(own.signal(tell, "to myself")),
    await outcomeOf(own.cancel()),
  ];
}

export async function cancelsOther(otherId: string, runId?: string): Promise<unknown> {
  return await outcomeOf(getExternalWorkflowHandle(otherId, runId).cancel());
}

/** A signal that is called back before it is sent. */
export async function cancelsSignal(otherId: string): Promise<readonly unknown[]> {
  const scope = new CancellationScope();
  const outcome = outcomeOf(scope.run(async () => await getExternalWorkflowHandle(otherId).signal(tell, "no")));
  scope.cancel();
  return [await outcome, await echo("on")];
}

/** Ends without waiting for the delivery of its signal. */
export async function signalsAndEnds(otherId: string): Promise<string> {
  void getExternalWorkflowHandle(otherId)
    .signal(release, "parting words")
    .catch(() => undefined);
  return "ended";
}
