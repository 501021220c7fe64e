/**
 * Interceptors of workflow code, on both sides the same. They keep to workflows whose type begins with "intercepted"
 * or "scopedDraws".
 */
import {
  defaultPayloadConverter,
  getRandomStream,
  type Headers,
  proxySinks,
  type Sinks,
  workflowInfo,
  type WorkflowInterceptors,
} from "holdfast/workflow";

/** A sink that is called while live and not while replaying. */
export interface TraceSinks extends Sinks {
  trace: { mark(what: string): void };
}

function traced(headers: Headers, what: string): Headers {
  return { ...headers, trace: defaultPayloadConverter.toPayload(`${workflowInfo().workflowType}: ${what}`) };
}

function traceOf(headers: Headers): unknown {
  const { trace } = headers;
  return trace === undefined ? "none" : defaultPayloadConverter.fromPayload(trace);
}

/** Chooses a stream for itself, which is not the one that the code behind it draws from. */
const drawing: WorkflowInterceptors = {
  inbound: [{ execute: (input, next) => getRandomStream("interceptor").with(() => next(input)) }],
  outbound: [
    {
      scheduleActivity: (input, next) =>
        getRandomStream("interceptor").with(() =>
          next({ ...input, args: [`${String(input.args[0])} ${Math.random()}`] }),
        ),
    },
    { scheduleActivity: (input, next) => next({ ...input, args: [`${String(input.args[0])} ${Math.random()}`] }) },
  ],
};

/** Marks whatever is asked for, and tells what came in marked. */
export function interceptors(): WorkflowInterceptors {
  if (workflowInfo().workflowType.startsWith("scopedDraws")) return drawing;
  if (!workflowInfo().workflowType.startsWith("intercepted")) return {};
  const { trace } = proxySinks<TraceSinks>();
  return {
    inbound: [
      {
        async execute(input, next) {
          trace.mark("execute");
          const result = await next({ ...input, args: [...input.args, traceOf(input.headers)] });
          return { intercepted: result };
        },
        async handleSignal(input, next) {
          await next({ ...input, args: [`${String(input.args[0])} (intercepted, ${String(traceOf(input.headers))})`] });
        },
        async handleUpdate(input, next) {
          return [await next({ ...input, args: input.args.map((arg) => `${String(arg)}!`) }), "intercepted"];
        },
        validateUpdate(input, next) {
          if (input.args[0] === "never") throw new TypeError("refused by an interceptor");
          next(input);
        },
      },
      {
        async execute(input, next) {
          const result = await next(input);
          return ["inner", result];
        },
      },
    ],
    outbound: [
      {
        async scheduleActivity(input, next) {
          return await next({ ...input, headers: traced(input.headers, `activity ${input.seq}`) });
        },
        async scheduleLocalActivity(input, next) {
          return await next({ ...input, args: [...input.args, `local ${input.seq}`] });
        },
        async startTimer(input, next) {
          await next({ ...input, durationMs: input.durationMs + 1 });
        },
        async startChildWorkflowExecution(input, next) {
          return await next({ ...input, headers: traced(input.headers, `child ${input.seq}`) });
        },
        async signalWorkflow(input, next) {
          await next({ ...input, headers: traced(input.headers, `signal ${input.seq}`) });
        },
        async continueAsNew(input, next) {
          return await next({ ...input, headers: traced(input.headers, "next run") });
        },
      },
    ],
  };
}
