/**
 * The Worker that is judged, and its one route: drive a scenario and hand out the histories.
 *
 * Owns: the exports that the service and the queue look for, and the answer's form.
 */
import { scenarios } from "../drivers/index.ts";
import { clientFor, type JudgeEnv, queue } from "./application.ts";
import { type ExportedRun, Stage } from "./stage.ts";

export { WorkflowExecution } from "holdfast/durable-objects";
export { WorkflowWorker } from "./application.ts";

/** What the Worker answers for a scenario. */
export type DriveAnswer =
  | { readonly kind: "driven"; readonly runs: readonly ExportedRun[] }
  | { readonly kind: "failed"; readonly error: string };

/** One scenario as the list of all has it. */
export interface ListedScenario {
  readonly name: string;
  readonly group: string;
  readonly inClear: boolean;
  readonly shows: readonly string[];
}

export default {
  queue,
  async fetch(request, env, ctx) {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "")
      return Response.json(
        scenarios.map(
          ({ group, name, inClear = false, shows }) => ({ name, group, inClear, shows }) satisfies ListedScenario,
        ),
      );
    const scenario = scenarios.find((each) => each.name === name);
    if (scenario === undefined) return new Response(`There is no scenario ${name}.`, { status: 404 });
    const stage = new Stage(name, (namespace) => clientFor(namespace, env, ctx));
    try {
      await scenario.drive(stage);
      return Response.json({ kind: "driven", runs: await stage.exportRuns() } satisfies DriveAnswer);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
      const cause = error instanceof Error && error.cause instanceof Error ? `\ncause: ${error.cause.message}` : "";
      return Response.json({ kind: "failed", error: text + cause } satisfies DriveAnswer);
    }
  },
} satisfies ExportedHandler<JudgeEnv>;
