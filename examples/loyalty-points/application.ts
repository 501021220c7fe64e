/**
 * The shop's Worker but for its workflows: `worker.ts` and `worker-with-bug.ts` put the two together.
 *
 * Owns: the routes, for trying the example by hand. They trust whoever calls them.
 */
import { Hono } from "hono";

import { createWorker, type HoldfastVariables, type HoldfastWorker } from "../../src/worker/index.ts";
import { balanceOf, closeAccount, recordPurchase, recountPoints, redeemPoints } from "./operations.ts";

type App = Hono<{ Bindings: Cloudflare.Env; Variables: HoldfastVariables }>;

const INDEX = `loyalty-points, an example of Holdfast

POST /customers/:id/purchases/:cents
POST /customers/:id/redemptions/:points
POST /customers/:id/leave
GET  /customers/:id                balance
POST /fill/:count                  so many customers, with two purchases each
POST /recount/:jobId/:count        resets the accounts of so many customers
GET  /recount/:jobId               how far that is
`;

/** Customers of `POST /fill`, whose ids are made from numbers. */
function* customers(count: number): Generator<string> {
  for (let number = 1; number <= count; number += 1) yield `customer-${number}`;
}

/** The parts of the Worker, with these workflows. */
export function shopWith(workflows: object): { readonly app: App; readonly holdfast: HoldfastWorker<Cloudflare.Env> } {
  const holdfast = createWorker({ workflows });
  const app: App = new Hono();
  app.use(holdfast.client());
  app.get("/", (c) => c.text(INDEX));
  app.post("/customers/:id/purchases/:cents{[0-9]+}", async (c) => {
    await recordPurchase(c.var.client, c.req.param("id"), Number(c.req.param("cents")));
    return c.json({ noted: true }, 202);
  });
  app.post("/customers/:id/redemptions/:points{[0-9]+}", async (c) =>
    c.json({ points: await redeemPoints(c.var.client, c.req.param("id"), Number(c.req.param("points"))) }),
  );
  app.post("/customers/:id/leave", async (c) =>
    c.json({ points: await closeAccount(c.var.client, c.req.param("id")) }),
  );
  app.get("/customers/:id", async (c) => c.json({ points: await balanceOf(c.var.client, c.req.param("id")) }));
  app.post("/fill/:count{[0-9]+}", async (c) => {
    for (const id of customers(Number(c.req.param("count"))))
      for (const cents of [100_00, 50_00]) await recordPurchase(c.var.client, id, cents);
    return c.json({ filled: true }, 202);
  });
  app.post("/recount/:jobId/:count{[0-9]+}", async (c) => {
    const { jobId, count } = c.req.param();
    const handle = await recountPoints(c.var.client, jobId, customers(Number(count)));
    return c.json(await handle.describe(), 202);
  });
  app.get("/recount/:jobId", async (c) => c.json(await c.var.client.batch.getHandle(c.req.param("jobId")).describe()));
  return { app, holdfast };
}
