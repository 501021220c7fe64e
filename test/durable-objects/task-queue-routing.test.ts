/** Which Worker and which queue serve a task queue, and what is said when the configuration is wrong. */
import { describe, expect, it } from "vitest";

import { TaskQueueRouting } from "../../src/durable-objects/task-queue-routing.ts";

const queue = { sendBatch: async () => undefined };
const [defaultWorker, paymentsWorker, exportedWorker] = [
  { name: "default" },
  { name: "payments" },
  { name: "exported" },
];
const [defaultQueue, paymentsQueue] = [{ ...queue }, { ...queue }];

const bindings = {
  WORKFLOW_WORKER: defaultWorker,
  ACTIVITY_TASKS: defaultQueue,
  PAYMENTS_WORKER: paymentsWorker,
  PAYMENTS_TASKS: paymentsQueue,
  NOT_A_QUEUE: "text",
};
const routes = {
  payments: { queue: "PAYMENTS_TASKS", workflowWorker: "PAYMENTS_WORKER" },
  slow: { queue: "PAYMENTS_TASKS" },
  apart: { workflowWorker: "ExportedWorker" },
  empty: {},
};

function routing(variable: unknown, env: object = bindings): TaskQueueRouting {
  return new TaskQueueRouting({ ...env, HOLDFAST_TASK_QUEUES: variable }, { ExportedWorker: exportedWorker });
}

describe.each([
  ["an object", routes],
  ["text", JSON.stringify(routes)],
])("a configuration as %s", (_, variable) => {
  const found = routing(variable);

  it.each([
    ["payments", paymentsWorker, paymentsQueue, false],
    ["slow", defaultWorker, paymentsQueue, true],
    ["apart", exportedWorker, defaultQueue, false],
    ["empty", defaultWorker, defaultQueue, false],
    ["anything else", defaultWorker, defaultQueue, false],
    ["constructor", defaultWorker, defaultQueue, false],
    ["__proto__", defaultWorker, defaultQueue, false],
    // As subclasses call it that were written before there were task queues.
    [undefined, defaultWorker, defaultQueue, false],
  ])("serves task queue %s", (taskQueue, worker, taskQueueQueue, isQueueOnly) => {
    expect(found.workflowWorker(taskQueue)).toBe(worker);
    expect(found.activityQueue(taskQueue)).toBe(taskQueueQueue);
    expect(found.isQueueOnly(taskQueue)).toBe(isQueueOnly);
  });
});

describe("a mistake", () => {
  it.each([
    [{ payments: { queue: "MISSING" } }, /HOLDFAST_TASK_QUEUES, task queue 'payments'.*no queue binding 'MISSING'/],
    [{ payments: { queue: "NOT_A_QUEUE" } }, /no queue binding 'NOT_A_QUEUE'/],
    [{ payments: { queue: "PAYMENTS_WORKER" } }, /no queue binding 'PAYMENTS_WORKER'/],
    [{ payments: { queue: 7 } }, /task queue 'payments': 'queue' must be the name of a binding/],
    [{ payments: { queue: "" } }, /must be the name of a binding/],
    [{ payments: { que: "PAYMENTS_TASKS" } }, /its entry has 'que'; known are queue and workflowWorker/],
    [{ payments: "PAYMENTS_TASKS" }, /its entry must be an object/],
    [{ payments: [] }, /its entry must be an object/],
    ["{", /must be a JSON object/],
    ["7", /must be a JSON object/],
    [[], /must be a JSON object/],
    [null, /must be a JSON object/],
  ])("is said with the names that it is about: %j", (variable, message) => {
    expect(() => routing(variable).activityQueue("payments")).toThrow(message);
  });

  it("in a Worker's name is said by whoever asks for it, and by nobody else", () => {
    const found = routing({ payments: { workflowWorker: "MISSING", queue: "PAYMENTS_TASKS" } });
    expect(() => found.workflowWorker("payments")).toThrow(/task queue 'payments'.*no service binding 'MISSING'/);
    expect(found.activityQueue("payments")).toBe(paymentsQueue);
    expect(found.workflowWorker("others")).toBe(defaultWorker);
  });

  it("in one entry leaves the others alone", () => {
    const found = routing({ wrong: 7, payments: { queue: "PAYMENTS_TASKS" } });
    expect(found.activityQueue("payments")).toBe(paymentsQueue);
    expect(() => found.activityQueue("wrong")).toThrow(/task queue 'wrong'/);
  });
});

describe("without configuration", () => {
  it("everything has the default, the binding before the export", () => {
    for (const variable of [undefined, "", {}]) expect(routing(variable).workflowWorker("any")).toBe(defaultWorker);
    const exported = new TaskQueueRouting({}, { WorkflowWorker: exportedWorker });
    expect(exported.workflowWorker("any")).toBe(exportedWorker);
  });

  it("and without bindings it is said what to bind", () => {
    const none = new TaskQueueRouting({}, {});
    expect(() => none.workflowWorker("any")).toThrow(/the service binding WORKFLOW_WORKER/);
    expect(() => none.activityQueue("any")).toThrow(/the binding ACTIVITY_TASKS/);
  });
});
