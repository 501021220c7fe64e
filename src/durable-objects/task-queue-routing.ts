/**
 * Task queues: which of the application's Workers, and which Cloudflare Queue, serve each.
 *
 * Owns: the bindings by default, the meaning of the variable HOLDFAST_TASK_QUEUES, and the errors that say what is wrong. A task queue
 * that it does not name is served by the Worker and the queue of the default bindings. A mistake in one entry concerns
 * its task queue alone: what belongs to others goes on.
 *
 * Nothing is refused because of a mistake here. Whoever asks where a task goes is given an error, keeps the task, and
 * asks again later, as with a Worker that cannot be reached.
 */
import type { ActivityTaskMessage } from "../core/activity-task.ts";
import type { TaskQueueRoute, WorkflowWorkerStub } from "./service-env.ts";

/** The name of the variable. */
export const TASK_QUEUES_VARIABLE = "HOLDFAST_TASK_QUEUES";

/** Every field that an entry may have; limits per key are to join them. */
const ROUTE_FIELDS: readonly string[] = ["queue", "workflowWorker"] satisfies readonly (keyof TaskQueueRoute)[];

type Bindings = Readonly<Record<string, unknown>>;

export class TaskQueueRouting {
  readonly #env: Bindings;
  readonly #exports: Bindings;

  /** `env` is the environment of the service's Worker, `exports` what it exports. */
  constructor(env: object, exports: object) {
    this.#env = env as Bindings;
    this.#exports = exports as Bindings;
  }

  /** The Worker of a task queue; without one named, the default. Throws `Error` when there is none. */
  workflowWorker(taskQueue?: string): WorkflowWorkerStub {
    const name = this.#route(taskQueue)?.workflowWorker;
    if (taskQueue === undefined || name === undefined) return this.#defaultWorker();
    const worker = this.#env[name] ?? this.#exports[name];
    if (isStub(worker)) return worker as WorkflowWorkerStub;
    throw misconfigured(
      taskQueue,
      `the service's Worker has no service binding '${name}': bind the entrypoint WorkflowWorker of the application's ` +
        "Worker under that name",
    );
  }

  /** The queue of a task queue; without one named, the default. Throws `Error` when there is none. */
  activityQueue(taskQueue?: string): Queue<ActivityTaskMessage> {
    const name = this.#route(taskQueue)?.queue;
    if (taskQueue === undefined || name === undefined) return this.#defaultQueue();
    const queue = this.#env[name];
    if (isStub(queue) && "sendBatch" in queue) return queue as Queue<ActivityTaskMessage>;
    throw misconfigured(
      taskQueue,
      `the service's Worker has no queue binding '${name}': add a producer of the queue under that name`,
    );
  }

  /**
   * Whether activities of this task queue go through its queue alone: a queue is named and no Worker, so that queue's
   * consumer is all that is known to have them. Throws like the others.
   */
  isQueueOnly(taskQueue?: string): boolean {
    const route = this.#route(taskQueue);
    return route?.queue !== undefined && route.workflowWorker === undefined;
  }

  #defaultWorker(): WorkflowWorkerStub {
    // The binding first: whoever has set one means it.
    const worker = this.#env["WORKFLOW_WORKER"] ?? this.#exports["WorkflowWorker"];
    if (isStub(worker)) return worker as WorkflowWorkerStub;
    throw new Error(
      "the service has no workflow worker: export `WorkflowWorker` from the same Worker, or bind the application's " +
        "entrypoint WorkflowWorker as the service binding WORKFLOW_WORKER",
    );
  }

  #defaultQueue(): Queue<ActivityTaskMessage> {
    const queue = this.#env["ACTIVITY_TASKS"];
    if (isStub(queue)) return queue as Queue<ActivityTaskMessage>;
    throw new Error("the service has no queue: add a producer of the activities' queue as the binding ACTIVITY_TASKS");
  }

  #route(taskQueue: string | undefined): TaskQueueRoute | undefined {
    if (taskQueue === undefined) return undefined;
    const routes = routesOf(this.#env[TASK_QUEUES_VARIABLE]);
    // Not by a plain index: a task queue may be called "constructor".
    if (!routes || !Object.hasOwn(routes, taskQueue)) return undefined;
    const route = routes[taskQueue];
    const problem = routeProblem(route);
    if (problem !== undefined) throw misconfigured(taskQueue, problem);
    return route as TaskQueueRoute;
  }
}

/** The entries of the variable, which holds an object or its JSON. Undefined if there is none. */
function routesOf(value: unknown): Bindings | undefined {
  if (value === undefined || value === "") return undefined;
  const routes = typeof value === "string" ? parsed(value) : value;
  if (typeof routes === "object" && routes !== null && !Array.isArray(routes)) return routes as Bindings;
  throw new Error(
    `the variable ${TASK_QUEUES_VARIABLE} of the service's Worker must be a JSON object, such as ` +
      `{"payments": {"queue": "PAYMENTS_TASKS", "workflowWorker": "PAYMENTS_WORKER"}}; ` +
      "until it is mended no task is handed out",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function routeProblem(route: unknown): string | undefined {
  if (typeof route !== "object" || route === null || Array.isArray(route)) return "its entry must be an object";
  for (const [field, value] of Object.entries(route)) {
    if (!ROUTE_FIELDS.includes(field)) return `its entry has '${field}'; known are ${ROUTE_FIELDS.join(" and ")}`;
    if (typeof value !== "string" || value === "") return `'${field}' must be the name of a binding`;
  }
  return undefined;
}

function isStub(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function misconfigured(taskQueue: string, problem: string): Error {
  return new Error(`${TASK_QUEUES_VARIABLE}, task queue '${taskQueue}': ${problem}`);
}
