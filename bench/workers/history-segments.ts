/**
 * The routes by which the harness grows one long workflow and runs a few activities at its end.
 *
 * Owns: the requests under /history/. A segment is a number of activities that the workflow runs one after the other
 * without a pause; its mean gap is the time from its first activity to its last, over the number of gaps, which is
 * finer than the whole milliseconds of a Worker's clock.
 */
import type { HoldfastVariables } from "../../src/worker/index.ts";
import { takenStamps, watchStamps } from "./holdfast-activities.ts";
import { finish, runMore, segments } from "./holdfast-workflows.ts";

type Client = HoldfastVariables["client"];

interface SegmentRequest {
  readonly id: string;
  readonly activities: number;
}

export interface SegmentAnswer {
  /** Mean time from one activity to the next, in milliseconds. */
  readonly meanGapMs: number;
  /** The last event id after the segment. */
  readonly historyLength: number;
}

const POLL_MS = 2;

/**
 * Answers /history/start (a new workflow whose first segment is run), /history/more (one more segment of it) and
 * /history/finish.
 *
 * @example
 * app.post("/history/:action", (c) => answerHistory(c.var.client, c.req.param("action"), c.req.raw));
 */
export async function answerHistory(client: Client, action: string, request: Request): Promise<Response> {
  const { id, activities } = await request.json<SegmentRequest>();
  watchStamps(id);
  switch (action) {
    case "start":
      await client.workflow.start(segments, { workflowId: id, args: [id, activities] });
      return Response.json(await segmentEnd(client, id, activities));
    case "more":
      await client.workflow.getHandle(id).signal(runMore, activities);
      return Response.json(await segmentEnd(client, id, activities));
    case "finish": {
      const handle = client.workflow.getHandle(id);
      await handle.signal(finish);
      await handle.result();
      return Response.json(null);
    }
    default:
      return new Response(`No route /history/${action}.`, { status: 404 });
  }
}

// Looks at the module's own memory, not at the service, which would be slowed down by it.
async function segmentEnd(client: Client, id: string, activities: number): Promise<SegmentAnswer> {
  while (takenStamps(id).length < activities) await scheduler.wait(POLL_MS);
  const stampsMs = takenStamps(id);
  const { historyLength } = await client.workflow.getHandle(id).describe();
  return { meanGapMs: ((stampsMs.at(-1) ?? 0) - (stampsMs[0] ?? 0)) / (stampsMs.length - 1), historyLength };
}
