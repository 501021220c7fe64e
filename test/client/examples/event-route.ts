import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { HoldfastVariables } from "../../../src/worker/index.ts";

/** What happens in a transfer, as Server-Sent Events. A browser that lost the connection goes on where it was. */
export const eventRoute = new Hono<{ Variables: HoldfastVariables }>().get("/transfers/:number/events", (c) => {
  const handle = c.var.client.workflow.getHandle(`transfer-${c.req.param("number")}`);
  const events = handle.subscribe({ cursor: c.req.header("Last-Event-ID") });
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => void events.return());
    // Events are in clear here: send a browser no more of them than its user may see.
    for await (const { cursor, eventType, eventTimeMs } of events)
      await stream.writeSSE({ id: cursor, data: JSON.stringify({ eventType, eventTimeMs }) });
    await stream.writeSSE({ event: "end", data: "" });
  });
});
