/** Interceptors of the client: their order, what they may change, and what their headers become. */
import { describe, expect, test } from "vitest";

import {
  defaultPayloadConverter,
  encodeValues,
  fromWireMap,
  type Payload,
  payloadFromWire,
} from "../../src/codec/index.ts";
import type { PayloadMap } from "../../src/core/payload.ts";
import type { QueryRequest, UpdateReply, WorkflowExecutionDescription } from "../../src/core/protocol.ts";
import { accepted } from "../../src/core/rejection.ts";
import { WithStartWorkflowOperation, type WorkflowClientInterceptor } from "../../src/sdk/client/index.ts";
import { dataConverter, encoding, scriptedClient, WORKFLOW_ID } from "./scripted-client.ts";
import type { Script } from "./scripted-service.ts";

const started = accepted({ runId: "run-1", firstExecutionRunId: "run-1", started: true });
const done = accepted({ runId: "run-1" });
const PLACE = { runId: "run-1", originalExecutionRunId: "run-1", updateId: "u" } as const;
const updated: UpdateReply = { ...PLACE, stage: "COMPLETED", outcome: { success: { payloads: [] } } };

const description: WorkflowExecutionDescription = {
  namespace: "default",
  workflowId: WORKFLOW_ID,
  runId: "run-1",
  firstExecutionRunId: "run-1",
  originalExecutionRunId: "run-1",
  workflowType: "cart",
  taskQueue: "default",
  status: "CONTINUED_AS_NEW",
  startTimeMs: 1,
  executionTimeMs: 1,
  historyLength: 3,
  historySizeBytes: 3,
  pendingChildren: [],
  cancelRequested: false,
  pendingActivities: [],
  pendingTimers: [],
};

async function answer({ queryType, queryId }: QueryRequest) {
  const result = await encodeValues(encoding, { kind: "query-result", queryType, queryId }, ["answer"]);
  return accepted({ runId: "run-1", result: result ?? { payloads: [] } });
}

const script: Script = {
  start: [started],
  signalWithStart: [started],
  signal: [done],
  query: [answer],
  requestCancel: [done],
  terminate: [done],
  update: [accepted(updated)],
  updateWithStart: [
    accepted({ start: { runId: "run-1", firstExecutionRunId: "run-1", started: true }, update: updated }),
  ],
  describe: [accepted(description)],
};

function header(text: string): Payload {
  return defaultPayloadConverter.toPayload(text);
}

/** The clear values of a header as a worker reads them. */
async function headerValues(map: PayloadMap | undefined) {
  return fromWireMap(dataConverter.payloadConverter, await encoding.decodeMap(map, "header"));
}

/** An interceptor of every method, which says when it is passed on the way in and on the way out. */
function tracer(name: string, trace: string[]): WorkflowClientInterceptor {
  const around = async <T>(method: string, next: () => Promise<T>): Promise<T> => {
    trace.push(`${name} > ${method}`);
    const result = await next();
    trace.push(`${name} < ${method}`);
    return result;
  };
  const sign = <I extends { readonly headers: Record<string, Payload> }>(input: I): I => ({
    ...input,
    headers: { ...input.headers, [name]: header(name) },
  });
  return {
    startWithDetails: (input, next) => around("start", () => next(sign(input))),
    signal: (input, next) => around("signal", () => next(sign(input))),
    signalWithStart: (input, next) => around("signalWithStart", () => next(sign(input))),
    query: (input, next) => around("query", () => next(sign(input))),
    startUpdate: (input, next) => around("startUpdate", () => next(sign(input))),
    startUpdateWithStart: (input, next) =>
      around("startUpdateWithStart", () =>
        next({
          ...input,
          workflowStartHeaders: { ...input.workflowStartHeaders, [name]: header(`${name} start`) },
          updateHeaders: { ...input.updateHeaders, [name]: header(`${name} update`) },
        }),
      ),
    cancel: (input, next) => around("cancel", () => next(input)),
    terminate: (input, next) => around("terminate", () => next(input)),
    describe: (input, next) => around("describe", () => next(input)),
  };
}

describe("interceptors", () => {
  test("are passed from the first registered to the last, and back, by every call", async () => {
    const trace: string[] = [];
    const interceptors = { workflow: [tracer("outer", trace), tracer("inner", trace)] };
    const { client } = scriptedClient(script, { interceptors });
    const startWorkflowOperation = new WithStartWorkflowOperation("cart", {
      workflowId: WORKFLOW_ID,
      workflowIdConflictPolicy: "USE_EXISTING",
    });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["start", () => client.workflow.start("cart", { workflowId: WORKFLOW_ID })],
      ["signal", () => handle.signal("approve")],
      [
        "signalWithStart",
        () => client.workflow.signalWithStart("cart", { workflowId: WORKFLOW_ID, signal: "approve" }),
      ],
      ["query", () => handle.query("progress")],
      ["startUpdate", () => handle.executeUpdate("checkOut")],
      [
        "startUpdateWithStart",
        () => client.workflow.executeUpdateWithStart("checkOut", { startWorkflowOperation, updateId: "u" }),
      ],
      ["cancel", () => handle.cancel()],
      ["terminate", () => handle.terminate()],
      ["describe", () => handle.describe()],
    ];
    for (const [method, call] of calls) {
      trace.length = 0;
      await call();
      expect(trace).toEqual([`outer > ${method}`, `inner > ${method}`, `inner < ${method}`, `outer < ${method}`]);
    }
  });

  test("send headers, encrypted, with everything that carries some", async () => {
    const { client, service } = scriptedClient(script, { interceptors: { workflow: [tracer("trace", [])] } });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    await handle.signal("approve");
    await handle.query("progress");
    await handle.executeUpdate("checkOut", { updateId: "u" });
    await client.workflow.signalWithStart("cart", { workflowId: WORKFLOW_ID, signal: "approve" });
    const startWorkflowOperation = new WithStartWorkflowOperation("cart", {
      workflowId: WORKFLOW_ID,
      workflowIdConflictPolicy: "USE_EXISTING",
    });
    await client.workflow.executeUpdateWithStart("checkOut", { startWorkflowOperation, updateId: "u" });
    const [signalWithStart] = service.requests("signalWithStart");
    const [updateWithStart] = service.requests("updateWithStart");
    const headers = [
      service.requests("start")[0]?.header,
      service.requests("signal")[0]?.header,
      service.requests("query")[0]?.header,
      service.requests("update")[0]?.header,
      signalWithStart?.start.header,
      signalWithStart?.signal.header,
    ];
    for (const map of headers) expect(await headerValues(map)).toEqual({ trace: "trace" });
    expect(await headerValues(updateWithStart?.start.header)).toEqual({ trace: "trace start" });
    expect(await headerValues(updateWithStart?.update.header)).toEqual({ trace: "trace update" });
    const [sealed] = Object.values(headers[0]?.fields ?? {});
    expect(payloadFromWire(sealed ?? {}).data).not.toEqual(header("trace").data);
  });

  test("may change what is sent and what comes back", async () => {
    const { client, service } = scriptedClient(script, {
      interceptors: {
        workflow: [
          {
            startWithDetails: (input, next) =>
              next({ ...input, options: { ...input.options, taskQueue: `tenant-${input.options.taskQueue}` } }),
            query: async (input, next) => {
              expect(input.queryRejectCondition).toBe("NONE");
              const changed = { ...input, queryType: "other", queryRejectCondition: "NOT_OPEN" } as const;
              return `${String(await next(changed))}!`;
            },
            describe: async (input, next) => ({ ...(await next(input)), workflowType: "changed" }),
            terminate: (input, next) => next({ ...input, reason: `by policy: ${input.reason}` }),
          },
        ],
      },
    });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    expect(service.requests("start")[0]?.taskQueue).toBe("tenant-default");
    expect(await handle.query("progress")).toBe("answer!");
    expect(service.requests("query")[0]).toMatchObject({ queryType: "other", rejectCondition: "NOT_OPEN" });
    expect(await handle.describe()).toMatchObject({ type: "changed", status: { code: 6, name: "CONTINUED_AS_NEW" } });
    await handle.terminate("fraud");
    expect(service.requests("terminate")[0]?.reason).toBe("by policy: fraud");
  });

  test("may leave the service alone", async () => {
    const { client, service } = scriptedClient(script, {
      interceptors: { workflow: [{ signal: () => Promise.reject(new Error("not allowed")) }] },
    });
    await expect(client.workflow.getHandle(WORKFLOW_ID).signal("approve")).rejects.toThrow("not allowed");
    expect(service.calls).toEqual([]);
  });
});

describe("the older start", () => {
  test("takes its place among the others, keeps its this, and its run id counts", async () => {
    const trace: string[] = [];
    class Counting implements WorkflowClientInterceptor {
      #count = 0;
      async start(...[input, next]: Parameters<Required<WorkflowClientInterceptor>["start"]>): Promise<string> {
        this.#count += 1;
        trace.push(`start ${this.#count}`);
        return await next(input);
      }
    }
    const interceptors = { workflow: [tracer("outer", trace), new Counting(), tracer("inner", trace)] };
    const joined = accepted({ runId: "run-7", firstExecutionRunId: "run-1", started: false });
    const { client } = scriptedClient({ ...script, start: [joined] }, { interceptors });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    // The run that was joined need not be the first of its chain.
    expect(handle.firstExecutionRunId).toBe("run-1");
    expect(trace).toEqual(["outer > start", "start 1", "inner > start", "inner < start", "outer < start"]);
  });

  test("may answer without starting anything", async () => {
    const { client, service } = scriptedClient(script, {
      interceptors: { workflow: [{ start: async () => "run-elsewhere" }] },
    });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    expect(handle.firstExecutionRunId).toBe("run-elsewhere");
    expect(service.calls).toEqual([]);
  });

  test("is not called where startWithDetails is there too", async () => {
    const { client } = scriptedClient(script, {
      interceptors: {
        workflow: [
          {
            start: () => Promise.reject(new Error("called")),
            startWithDetails: (input, next) => next(input),
          },
        ],
      },
    });
    const handle = await client.workflow.start("cart", { workflowId: WORKFLOW_ID });
    expect(handle.workflowId).toBe(WORKFLOW_ID);
  });
});
