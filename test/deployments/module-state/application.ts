/** An application around whatever workflows it is given, with routes that drive them; it counts the sessions it opens. */
import { env } from "cloudflare:workers";

import type { OpenSession } from "../../../src/core/workflow-task.ts";
import { createWorker } from "../../../src/worker/index.ts";
import type { outlivesItsSession, visitsTwice } from "./workflows.ts";

/** The parts of the Worker. */
export function application(workflows: object) {
  const holdfast = createWorker({ workflows });
  const sessions = new Map<string, number>();

  class WorkflowWorker extends holdfast.WorkflowWorker {
    override openSession(open: OpenSession) {
      sessions.set(open.workflowId, (sessions.get(open.workflowId) ?? 0) + 1);
      return super.openSession(open);
    }
  }

  /** Two runs that take turns: both have visited before one goes on. */
  async function interleaved(ctx: ExecutionContext): Promise<unknown> {
    const { workflow } = holdfast.createClient(env, ctx);
    const start = (workflowId: string) => workflow.start<typeof visitsTwice>("visitsTwice", { workflowId });
    const first = await start("first");
    const second = await start("second");
    // Answered when its first workflow task is through.
    for (const handle of [first, second]) await handle.query("hasVisited");
    await first.signal("proceed");
    await second.signal("proceed");
    return [await first.result(), await second.result()];
  }

  async function replayed(ctx: ExecutionContext): Promise<unknown> {
    const { workflow } = holdfast.createClient(env, ctx);
    const workflowId = "sleeper";
    const result = await workflow.execute<typeof outlivesItsSession>("outlivesItsSession", { workflowId });
    return { result, sessions: sessions.get(workflowId) };
  }

  return {
    WorkflowWorker,
    handlers: {
      queue: holdfast.queue,
      async fetch(request, _env, ctx) {
        const { pathname } = new URL(request.url);
        return Response.json(await (pathname === "/replayed" ? replayed(ctx) : interleaved(ctx)));
      },
    } satisfies ExportedHandler<Cloudflare.Env>,
  };
}
