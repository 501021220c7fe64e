/**
 * Interceptors of activities: the shapes of their inputs, and the interceptors of one attempt.
 *
 * Owns: the interfaces (Temporal's names) and making the interceptors. The first factory is the outermost. How a chain
 * is called is the same as for workflows.
 */
import {
  composeInterceptors,
  type GetLogAttributesInput,
  type GetMetricTagsInput,
  type Next,
} from "../../replay/interceptors.ts";
import type { Headers } from "../common/index.ts";
import type { Context } from "./context.ts";

export type { GetLogAttributesInput, GetMetricTagsInput, Next };

export interface ActivityExecuteInput {
  readonly args: unknown[];
  readonly headers: Headers;
}

/** What comes into an activity. */
export interface ActivityInboundCallsInterceptor {
  execute?(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, "execute">): Promise<unknown>;
}

/** What an activity hands out. */
export interface ActivityOutboundCallsInterceptor {
  /** The attributes go with every line that the activity logs. */
  getLogAttributes?(
    input: GetLogAttributesInput,
    next: Next<ActivityOutboundCallsInterceptor, "getLogAttributes">,
  ): Record<string, unknown>;
  /** The tags go with every value that the activity measures. */
  getMetricTags?(
    input: GetMetricTagsInput,
    next: Next<ActivityOutboundCallsInterceptor, "getMetricTags">,
  ): GetMetricTagsInput;
}

export interface ActivityInterceptors {
  inbound?: ActivityInboundCallsInterceptor;
  outbound?: ActivityOutboundCallsInterceptor;
}

/** Makes the interceptors of one attempt, from its context. */
export type ActivityInterceptorsFactory = (ctx: Context) => ActivityInterceptors;

/** The interceptors of one attempt. */
export class ActivityInterceptorChain {
  readonly #inbound: ActivityInboundCallsInterceptor[] = [];
  readonly #outbound: ActivityOutboundCallsInterceptor[] = [];

  /** Calls the factories. Throws what they throw. */
  make(factories: readonly ActivityInterceptorsFactory[], context: Context): void {
    for (const factory of factories) {
      const { inbound, outbound } = factory(context);
      if (inbound) this.#inbound.push(inbound);
      if (outbound) this.#outbound.push(outbound);
    }
  }

  /** Runs the activity inside the inbound interceptors. */
  execute(input: ActivityExecuteInput, run: (args: unknown[]) => Promise<unknown>): Promise<unknown> {
    return composeInterceptors(this.#inbound, "execute", ({ args }) => run(args))(input);
  }

  /** The tags of metrics, as the outbound interceptors made so far want them. */
  metricTags(tags: GetMetricTagsInput): GetMetricTagsInput {
    return composeInterceptors(this.#outbound, "getMetricTags", (own) => own)(tags);
  }

  /** The attributes of log lines, as the outbound interceptors made so far want them. */
  logAttributes(attributes: Record<string, unknown>): Record<string, unknown> {
    return composeInterceptors(this.#outbound, "getLogAttributes", (own) => own)(attributes);
  }
}
