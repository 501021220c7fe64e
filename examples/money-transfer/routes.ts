/**
 * The bank's HTTP routes: the edge of the example.
 *
 * Owns: paths, status codes and what a caller sees. Input is checked by `requests.ts` before anything is done; the
 * Holdfast client comes from the context, where `worker.ts` puts it.
 */
import { type ErrorHandler, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { validator } from "hono/validator";

import {
  QueryNotRegisteredError,
  rootCause,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from "../../src/sdk/client/index.ts";
import { EncryptionKeyMissingError } from "../../src/codec/index.ts";
import type { HoldfastVariables } from "../../src/worker/index.ts";
import { accountWithId } from "./account.ts";
import { ID_RULE, isId, type Parsed, parseApproval, parseOpenAccount, parseTransfer } from "./requests.ts";
import { approve, progress, transfer, type TransferProgress } from "./workflows.ts";

/** A transfer as `GET /transfers/:id` shows it. */
export interface TransferView extends TransferProgress {
  readonly transferId: string;
  readonly runId: string;
  readonly status: string;
}

const INDEX = `money-transfer, an example of Holdfast

POST /accounts                  {"id", "openingCents"}
GET  /accounts/:id              balance and ledger
POST /transfers                 {"from", "to", "amountCents", "reference"?, "clearingMs"?, "startDelayMs"?, "transferId"?}
GET  /transfers/:id             status and progress
GET  /transfers/:id/result      waits for the end
POST /transfers/:id/approve     {"approvedBy"}: ends the clearing delay
POST /transfers/:id/cancel
GET  /transfers/:id/history     ?form=decoded (the default) or ?form=stored
`;

export const routes = new Hono<{ Variables: HoldfastVariables }>();

/** Lets a body through only as what a parser of `requests.ts` makes of it. */
function body<T>(parse: (body: unknown) => Parsed<T>) {
  return validator("json", (value) => {
    const parsed = parse(value);
    if (!parsed.ok) throw new HTTPException(400, { message: parsed.message });
    return parsed.value;
  });
}

const idInPath = validator("param", ({ id }) => {
  if (!isId(id)) throw new HTTPException(400, { message: `an id must be ${ID_RULE}` });
  return { id };
});

const historyForm = validator("query", ({ form = "decoded" }) => {
  if (form !== "decoded" && form !== "stored")
    throw new HTTPException(400, { message: "form must be decoded or stored" });
  return { form } as const;
});

routes.get("/", (c) => c.text(INDEX));

routes.post("/accounts", body(parseOpenAccount), async (c) => {
  const { id, openingCents } = c.req.valid("json");
  const opened = await accountWithId(id).open(openingCents);
  return opened ? c.json({ id, balanceCents: openingCents }, 201) : c.json({ error: `${id} is open already` }, 409);
});

routes.get("/accounts/:id", idInPath, async (c) => {
  const { id } = c.req.valid("param");
  const statement = await accountWithId(id).statement();
  return statement ? c.json({ id, ...statement }) : c.json({ error: `there is no account ${id}` }, 404);
});

routes.post("/transfers", body(parseTransfer), async (c) => {
  const { transferId = crypto.randomUUID(), order } = c.req.valid("json");
  const handle = await c.var.client.workflow.start(transfer, {
    workflowId: transferId,
    taskQueue: "transfers",
    args: [order],
    // One workflow id is one transfer, for ever: the idempotency keys of its postings are made from it.
    workflowIdReusePolicy: "REJECT_DUPLICATE",
  });
  return c.json({ transferId, runId: handle.firstExecutionRunId }, 202);
});

routes.get("/transfers/:id", idInPath, async (c) => {
  const { id } = c.req.valid("param");
  const handle = c.var.client.workflow.getHandle<typeof transfer>(id);
  const [{ runId, status }, where] = await Promise.all([handle.describe(), handle.query(progress)]);
  return c.json({ transferId: id, runId, status: status.name, ...where } satisfies TransferView);
});

routes.get("/transfers/:id/result", idInPath, async (c) => {
  const { id } = c.req.valid("param");
  return c.json(await c.var.client.workflow.getHandle<typeof transfer>(id).result());
});

routes.post("/transfers/:id/approve", idInPath, body(parseApproval), async (c) => {
  const { id } = c.req.valid("param");
  await c.var.client.workflow.getHandle(id).signal(approve, c.req.valid("json").approvedBy);
  return c.json({ transferId: id }, 202);
});

routes.post("/transfers/:id/cancel", idInPath, async (c) => {
  const { id } = c.req.valid("param");
  await c.var.client.workflow.getHandle(id).cancel();
  return c.json({ transferId: id }, 202);
});

routes.get("/transfers/:id/history", idInPath, historyForm, async (c) => {
  const { id } = c.req.valid("param");
  const decoded = c.req.valid("query").form === "decoded";
  return c.json(await c.var.client.workflow.getHandle(id).fetchHistory({ decoded }));
});

/** What a caller is told of an error: a status and a sentence. What nobody foresaw is logged as well. */
export const answerError: ErrorHandler = (error, c) => {
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  if (error instanceof WorkflowNotFoundError) return c.json({ error: error.message }, 404);
  if (error instanceof WorkflowExecutionAlreadyStartedError) return c.json({ error: error.message }, 409);
  if (error instanceof WorkflowFailedError) return c.json({ error: error.message, cause: rootCause(error.cause) }, 409);
  // The workflow has not come to its first line yet, where it sets its handlers.
  if (error instanceof QueryNotRegisteredError) return c.json({ error: error.message }, 503);
  if (error instanceof EncryptionKeyMissingError) return c.json({ error: error.message }, 503);
  console.error(error);
  return c.json({ error: error.message }, 500);
};
