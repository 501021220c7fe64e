/**
 * The application's routes: the only way in for the test.
 *
 * Owns: one route for each thing the client can do, and the history as the service stores it. A 2xx answer is a
 * promise; what was promised is what the test checks after the kill.
 */
import { type ErrorHandler, Hono } from "hono";

import { workflowObjectName } from "../../../src/core/identifiers.ts";
import type { WorkflowExecutionRpc } from "../../../src/core/protocol.ts";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { rootCause, WorkflowFailedError, WorkflowNotFoundError } from "../../../src/sdk/client/index.ts";
import type { HoldfastVariables } from "../../../src/worker/index.ts";
import type { CrashEnv } from "./bindings.ts";
import type * as workflows from "./workflows.ts";

/** How a workflow ended, as `GET /workflows/:id/result` tells it. */
export type Ending =
  | { readonly kind: "completed"; readonly result: unknown }
  | { readonly kind: "failed"; readonly error: string; readonly cause: string };

/** The whole history of a workflow's current run, payloads encrypted. */
export interface StoredHistory {
  readonly runId: string;
  readonly events: readonly HistoryEvent[];
}

/** The start of one of `workflows.ts`, by its name. */
export interface StartBody {
  readonly workflow: keyof typeof workflows;
  readonly args: readonly unknown[];
}

export const routes = new Hono<{ Bindings: CrashEnv; Variables: HoldfastVariables }>();

routes.get("/ready", (c) => c.text("ready"));

routes.post("/workflows/:id", async (c) => {
  const { workflow, args } = await c.req.json<StartBody>();
  const handle = await c.var.client.workflow.start(workflow, { workflowId: c.req.param("id"), args });
  return c.json({ runId: handle.firstExecutionRunId }, 201);
});

routes.post("/workflows/:id/signals/:name", async (c) => {
  const text = await c.req.json<string>();
  await c.var.client.workflow.getHandle(c.req.param("id")).signal(c.req.param("name"), text);
  return c.json({}, 202);
});

routes.get("/workflows/:id/queries/:name", async (c) =>
  c.json(await c.var.client.workflow.getHandle(c.req.param("id")).query(c.req.param("name"))),
);

routes.post("/workflows/:id/cancel", async (c) => {
  await c.var.client.workflow.getHandle(c.req.param("id")).cancel();
  return c.json({}, 202);
});

routes.get("/workflows/:id", async (c) => c.json(await c.var.client.workflow.getHandle(c.req.param("id")).describe()));

routes.get("/workflows/:id/result", async (c) => {
  try {
    const result: unknown = await c.var.client.workflow.getHandle(c.req.param("id")).result();
    return c.json({ kind: "completed", result } satisfies Ending);
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return c.json({ kind: "failed", error: String(error.cause), cause: rootCause(error.cause) ?? "" } satisfies Ending);
  }
});

routes.get("/workflows/:id/history", async (c) => {
  const { exports } = c.executionCtx as unknown as { readonly exports: { readonly WorkflowExecution: Objects } };
  const object = exports.WorkflowExecution.getByName(workflowObjectName("default", c.req.param("id")));
  const events: HistoryEvent[] = [];
  let fromEventId = 1;
  for (;;) {
    const reply = await object.history({ version: 1, fromEventId });
    if (!reply.ok) return c.json({ error: reply.rejection.message }, 404);
    events.push(...reply.value.events);
    const { runId, nextEventId } = reply.value;
    if (nextEventId === undefined) return c.json({ runId, events } satisfies StoredHistory);
    fromEventId = nextEventId;
  }
});

interface Objects {
  getByName(name: string): Pick<WorkflowExecutionRpc, "history">;
}

export const answerError: ErrorHandler = (error, c) => {
  if (error instanceof WorkflowNotFoundError) return c.json({ error: error.message }, 404);
  return c.json({ error: `${error.name}: ${error.message}` }, 500);
};
