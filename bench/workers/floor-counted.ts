/**
 * The floor, counted.
 *
 * Owns: the same Durable Object with its storage and its methods counted.
 */
import { Floor, fetchFloor, type FloorEnv } from "./floor.ts";
import { countFetch, countRequests, countWrites } from "./usage.ts";

class CountedFloor extends Floor {
  constructor(ctx: DurableObjectState, env: FloorEnv) {
    countWrites(ctx.storage);
    super(ctx, env);
  }
}

countRequests(CountedFloor.prototype, [
  "step",
  "signal",
  "result",
  "sleep",
  "fanOut",
  "begin",
  "respond",
  "end",
  "alarm",
]);

export { CountedFloor as Floor };
export { FloorWorker } from "./floor.ts";

export default {
  fetch: (request: Request, env: FloorEnv): Promise<Response> => countFetch(request, () => fetchFloor(request, env)),
};
