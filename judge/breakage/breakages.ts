/**
 * Histories that are broken on purpose, each in one way, to show that the judge would notice.
 *
 * Owns: the ways. A breakage takes a history that was found right, and gives one that must be refused by the official SDK
 * or be seen by the comparison.
 */
export interface JsonEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

export interface JsonHistory {
  readonly events: readonly JsonEvent[];
}

/** Who is to notice: the replay itself, or only the comparison of what was replayed. */
export type Noticed = "refused" | "reported";

export interface Breakage {
  readonly name: string;
  /** The scenario whose first history is broken. */
  readonly scenario: string;
  readonly noticed: Noticed;
  readonly breakHistory: (history: JsonHistory) => JsonHistory;
}

type Attributes = Record<string, unknown>;

/** Changes the attributes of the nth event of a type, counted from 0. Throws if there is none: nothing was broken then. */
function changeEvent(
  type: string,
  change: (attributes: Attributes) => Attributes,
  index = 0,
): Breakage["breakHistory"] {
  return ({ events }) => {
    const target = events.filter(({ eventType }) => eventType === `EVENT_TYPE_${type}`)[index];
    if (target === undefined) throw new Error(`There is no event ${type} to break.`);
    const key = Object.keys(target).find((name) => name.endsWith("EventAttributes"));
    if (key === undefined) throw new Error(`Event ${type} has no attributes.`);
    const broken = { ...target, [key]: change({ ...(target[key] as Attributes) }) };
    return { events: events.map((event) => (event === target ? broken : event)) };
  };
}

/** Takes out events and closes the gap, references included. */
function removeEvents(types: readonly string[], count: number): Breakage["breakHistory"] {
  return ({ events }) => {
    const first = events.findIndex(({ eventType }) => types.includes(eventType.replace("EVENT_TYPE_", "")));
    if (first < 0) throw new Error(`There is none of ${types.join(", ")} to remove.`);
    return { events: renumbered(events.filter((_, index) => index < first || index >= first + count)) };
  };
}

/** Gives events consecutive ids, and follows the references to them. */
function renumbered(events: readonly JsonEvent[]): readonly JsonEvent[] {
  const ids = new Map(events.map(({ eventId }, index) => [eventId, String(index + 1)]));
  const text = JSON.stringify(events, (key, value: unknown) =>
    typeof value === "string" && /EventId$|^eventId$/.test(key) ? (ids.get(value) ?? value) : value,
  );
  return JSON.parse(text) as readonly JsonEvent[];
}

/** Exchanges the kinds of two events that stand beside each other. */
function swapNeighbours(type: string): Breakage["breakHistory"] {
  return ({ events }) => {
    const index = events.findIndex(
      ({ eventType }, at) => eventType === `EVENT_TYPE_${type}` && events[at + 1]?.eventType === eventType,
    );
    const [left, right] = [events[index], events[index + 1]];
    if (left === undefined || right === undefined) throw new Error(`There are no two ${type} beside each other.`);
    const swapped = [
      { ...right, eventId: left.eventId },
      { ...left, eventId: right.eventId },
    ];
    return { events: [...events.slice(0, index), ...swapped, ...events.slice(index + 2)] };
  };
}

/** Replaces one event by another kind with the attributes given. */
function replaceEvent(
  type: string,
  by: { readonly type: string; readonly key: string; readonly attributes: Attributes },
) {
  return ({ events }: JsonHistory): JsonHistory => {
    const target = events.find(({ eventType }) => eventType === `EVENT_TYPE_${type}`);
    if (target === undefined) throw new Error(`There is no event ${type} to replace.`);
    const { eventId, eventTime } = target as JsonEvent & { readonly eventTime: string };
    const replaced = { eventId, eventTime, eventType: `EVENT_TYPE_${by.type}`, [by.key]: by.attributes };
    return { events: events.map((event) => (event === target ? replaced : event)) };
  };
}

const otherPayload = { payloads: [{ metadata: { encoding: btoa("json/plain") }, data: btoa('"tampered with"') }] };

export const breakages: readonly Breakage[] = [
  {
    name: "another activity type",
    scenario: "activity-result",
    noticed: "refused",
    breakHistory: changeEvent("ACTIVITY_TASK_SCHEDULED", (attributes) => ({
      ...attributes,
      activityType: { name: "add" },
    })),
  },
  {
    name: "another activity id",
    scenario: "activity-result",
    noticed: "refused",
    breakHistory: changeEvent("ACTIVITY_TASK_SCHEDULED", (attributes) => ({ ...attributes, activityId: "99" })),
  },
  {
    name: "another timer id",
    scenario: "timers-in-parallel",
    noticed: "refused",
    breakHistory: changeEvent("TIMER_FIRED", (attributes) => ({ ...attributes, timerId: "99" })),
  },
  {
    name: "a timer that was never started",
    scenario: "fired-timer-cancelled",
    noticed: "refused",
    breakHistory: removeEvents(["TIMER_STARTED"], 1),
  },
  {
    name: "commands in another order",
    scenario: "children-unnamed",
    noticed: "refused",
    breakHistory: swapNeighbours("START_CHILD_WORKFLOW_EXECUTION_INITIATED"),
  },
  {
    name: "another child id",
    scenario: "child-signalled",
    noticed: "refused",
    breakHistory: changeEvent("START_CHILD_WORKFLOW_EXECUTION_INITIATED", (attributes) => ({
      ...attributes,
      workflowId: "somebody-else",
    })),
  },
  {
    name: "another child type",
    scenario: "child-signalled",
    noticed: "refused",
    breakHistory: changeEvent("START_CHILD_WORKFLOW_EXECUTION_INITIATED", (attributes) => ({
      ...attributes,
      workflowType: { name: "childGreets" },
    })),
  },
  {
    name: "another kind of close",
    scenario: "activity-result",
    noticed: "refused",
    breakHistory: replaceEvent("WORKFLOW_EXECUTION_COMPLETED", {
      type: "WORKFLOW_EXECUTION_FAILED",
      key: "workflowExecutionFailedEventAttributes",
      attributes: { failure: { message: "it failed" }, retryState: "RETRY_STATE_RETRY_POLICY_NOT_SET" },
    }),
  },
  {
    name: "no original run id, where ids are random",
    scenario: "children-unnamed",
    noticed: "refused",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_STARTED", (attributes) => ({
      ...attributes,
      originalExecutionRunId: undefined,
    })),
  },
  {
    name: "another original run id, where chance decides",
    scenario: "draws",
    noticed: "reported",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_STARTED", (attributes) => ({
      ...attributes,
      originalExecutionRunId: "00000000-0000-4000-8000-000000000000",
    })),
  },
  {
    name: "a patch marker that the code does not ask for",
    scenario: "patched",
    noticed: "refused",
    breakHistory: changeEvent("MARKER_RECORDED", (attributes) => ({
      ...attributes,
      details: {
        "patch-data": {
          payloads: [{ metadata: { encoding: btoa("json/plain") }, data: btoa('{"id":"other","deprecated":false}') }],
        },
      },
    })),
  },
  {
    name: "another local activity's marker",
    scenario: "local-activities",
    noticed: "refused",
    breakHistory: changeEvent("MARKER_RECORDED", (attributes) => ({
      ...attributes,
      details: JSON.parse(
        JSON.stringify(attributes["details"]).replaceAll(
          /"data":\{"payloads":\[\{(.*?)"data":"([^"]+)"/g,
          (_, head: string, data: string) =>
            `"data":{"payloads":[{${head}"data":"${btoa(atob(data).replace('"echo"', '"add"'))}"`,
        ),
      ) as unknown,
    })),
  },
  {
    name: "an update that was never asked for",
    scenario: "update-with-start",
    noticed: "refused",
    breakHistory: removeEvents(["WORKFLOW_EXECUTION_UPDATE_ACCEPTED"], 1),
  },
  {
    name: "another activity input",
    scenario: "activity-result",
    noticed: "reported",
    breakHistory: changeEvent("ACTIVITY_TASK_SCHEDULED", (attributes) => ({ ...attributes, input: otherPayload })),
  },
  {
    name: "another activity timeout",
    scenario: "activity-result",
    noticed: "reported",
    breakHistory: changeEvent("ACTIVITY_TASK_SCHEDULED", (attributes) => ({
      ...attributes,
      startToCloseTimeout: "21s",
    })),
  },
  {
    name: "another timer duration",
    scenario: "timer-of-a-year",
    noticed: "reported",
    breakHistory: changeEvent("TIMER_STARTED", (attributes) => ({ ...attributes, startToFireTimeout: "3600s" })),
  },
  {
    name: "another result",
    scenario: "activity-result",
    noticed: "reported",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_COMPLETED", (attributes) => ({
      ...attributes,
      result: otherPayload,
    })),
  },
  {
    name: "another failure",
    scenario: "failure-in-clear",
    noticed: "reported",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_FAILED", (attributes) => ({
      ...attributes,
      failure: {
        ...(attributes["failure"] as Attributes),
        applicationFailureInfo: { type: "Other", nonRetryable: true },
      },
    })),
  },
  {
    name: "another update outcome",
    scenario: "updates",
    noticed: "reported",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_UPDATE_COMPLETED", (attributes) => ({
      ...attributes,
      outcome: { success: otherPayload },
    })),
  },
  {
    name: "another signal to a child",
    scenario: "child-signalled",
    noticed: "reported",
    breakHistory: changeEvent("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", (attributes) => ({
      ...attributes,
      input: otherPayload,
    })),
  },
  {
    name: "other arguments for the next run",
    scenario: "continue-as-new",
    noticed: "reported",
    breakHistory: changeEvent("WORKFLOW_EXECUTION_CONTINUED_AS_NEW", (attributes) => ({
      ...attributes,
      input: otherPayload,
    })),
  },
];
