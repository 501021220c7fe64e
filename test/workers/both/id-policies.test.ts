/** The table of id policies against the real service, through a client, in parallel: an id of its own for each cell. */
import { describe, expect, it } from "vitest";

import { ValueError, WorkflowExecutionAlreadyStartedError } from "../../../src/sdk/common/index.ts";
import { WithStartWorkflowOperation } from "../../../src/sdk/client/index.ts";
import {
  ID_STATES,
  type IdState,
  OPERATIONS,
  type Operation,
  type PolicyCell,
  cellsOf,
  policiesOf,
} from "../../core/id-policy-table.ts";
import { type PolicySubject, noticed, policySubject, runOf } from "../fixtures/policy-workflows.ts";
import { client, freshId, objectOf, until } from "./kit.ts";
import { ofType } from "./program-kit.ts";

interface Setup {
  readonly subject: PolicySubject;
  readonly runTimeoutMs?: number;
  readonly status: string;
  /** What ends it, where its own code does not. */
  readonly act?: "cancel" | "terminate" | "delete";
}

const SETUPS: Readonly<Record<Exclude<IdState, "never used">, Setup>> = {
  open: { subject: "stays open", status: "RUNNING" },
  completed: { subject: "completes", status: "COMPLETED" },
  failed: { subject: "fails", status: "FAILED" },
  cancelled: { subject: "is cancelled", act: "cancel", status: "CANCELLED" },
  terminated: { subject: "stays open", act: "terminate", status: "TERMINATED" },
  "timed out": { subject: "stays open", runTimeoutMs: 50, status: "TIMED_OUT" },
  "continued, open": { subject: "continues", status: "RUNNING" },
  "continued, completed": { subject: "continues, completes", status: "COMPLETED" },
  deleted: { subject: "stays open", act: "delete", status: "" },
};

/** Brings an id into a state; answers with its current run. */
async function prepared(workflowId: string, state: IdState): Promise<string | undefined> {
  if (state === "never used") return undefined;
  const { subject, runTimeoutMs, status, act } = SETUPS[state];
  const handle = await client.workflow.start(policySubject, {
    workflowId,
    args: [subject],
    ...(runTimeoutMs === undefined ? {} : { workflowRunTimeout: runTimeoutMs }),
  });
  if (act) await handle[act]();
  if (act === "delete") return undefined;
  const isContinued = subject.startsWith("continues");
  const { runId } = await until(
    () => handleOf(workflowId).describe(),
    (described) => described.status.name === status && (described.runId !== handle.firstExecutionRunId) === isContinued,
  );
  return runId;
}

const handleOf = (workflowId: string) => client.workflow.getHandle(workflowId);

async function asked(operation: Operation, workflowId: string, cell: PolicyCell): Promise<unknown> {
  const options = { workflowId, args: ["stays open"] as [PolicySubject], ...policiesOf(cell) };
  switch (operation) {
    case "start":
      return await client.workflow.start(policySubject, options);
    case "signalWithStart":
      return await client.workflow.signalWithStart(policySubject, { ...options, signal: noticed });
    case "updateWithStart": {
      // Without a conflict policy it does not compile, which a caller without types does not see.
      const withStart = options as typeof options & { readonly workflowIdConflictPolicy: "FAIL" };
      const startWorkflowOperation = new WithStartWorkflowOperation(policySubject, withStart);
      return await client.workflow.executeUpdateWithStart(runOf, { startWorkflowOperation });
    }
  }
}

async function outcomeOf(operation: Operation, workflowId: string, cell: PolicyCell): Promise<Error | undefined> {
  try {
    await asked(operation, workflowId, cell);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

async function check(operation: Operation, state: IdState, cell: PolicyCell): Promise<void> {
  const workflowId = freshId("policy");
  const current = await prepared(workflowId, state);
  const error = await outcomeOf(operation, workflowId, cell);
  const name = `${operation}, ${state}, ${String(cell.conflict)}, ${String(cell.reuse)}: ${cell.expected}`;
  const isRefused = cell.expected === "refused" || cell.expected === "invalid";
  if (!isRefused && error) throw new Error(`${name}: ${String(error)}`, { cause: error });
  if (cell.expected === "refused") expect(error, name).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
  if (cell.expected === "invalid") expect(error, name).toBeInstanceOf(ValueError);
  const described = await objectOf(workflowId).describe({ version: 1 });
  const now = described.ok ? described.value.runId : undefined;
  expect(now === current, name).toBe(isRefused || cell.expected === "existing");
  if (isRefused) return;
  await expectMessage(operation, workflowId, now);
  if (current === undefined || now === current) return;
  const before = await objectOf(workflowId).describe({ version: 1, runId: current });
  const isTerminated = before.ok && before.value.status === "TERMINATED";
  expect(isTerminated, name).toBe(cell.expected === "replaced" || state === "terminated");
}

/** The run that is current now has taken the signal or the update that came with the start. */
async function expectMessage(operation: Operation, workflowId: string, runId: string | undefined): Promise<void> {
  if (operation === "start" || runId === undefined) return;
  const history = await objectOf(workflowId).history({ version: 1, runId });
  const events = history.ok ? history.value.events : [];
  const taken =
    operation === "signalWithStart"
      ? ofType(events, "WorkflowExecutionSignaled")
      : ofType(events, "WorkflowExecutionUpdateCompleted");
  expect(taken).toHaveLength(1);
}

describe.each(OPERATIONS)("%s", (operation) => {
  it.each(ID_STATES)("answers by the table under an id that is %s", async (state) => {
    await Promise.all(cellsOf(operation, state).map((cell) => check(operation, state, cell)));
  });
});

describe("the deprecated reuse policy TERMINATE_IF_RUNNING", () => {
  it("terminates the open run and begins another, and uses a closed id again", async () => {
    const workflowId = freshId("terminate-if-running");
    const start = () =>
      client.workflow.start(policySubject, {
        workflowId,
        args: ["stays open"],
        workflowIdReusePolicy: "TERMINATE_IF_RUNNING",
      });
    const [first, second] = [await start(), await start()];
    expect(second.firstExecutionRunId).not.toBe(first.firstExecutionRunId);
    const before = await client.workflow.getHandle(workflowId, first.firstExecutionRunId).describe();
    expect(before.status.name).toBe("TERMINATED");
    await second.terminate();
    expect((await start()).firstExecutionRunId).not.toBe(second.firstExecutionRunId);
  });
});
