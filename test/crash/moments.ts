/**
 * The moments of a kill: for each a workflow that stands exactly there.
 *
 * Owns: the table. A moment between two commits is reached by a gate; one at which nothing is under way is seen in the
 * history; what is to happen while the workflow stands there (a signal, a cancellation) is part of the moment.
 */
import type { StartBody } from "./app/routes.ts";
import { BY_QUEUE, HELD_PREFIX } from "./app/workflow-ids.ts";
import type { Application } from "./application.ts";
import { eventsOf } from "./evidence.ts";
import type { HoldKind, Sink } from "./sink.ts";
import { until } from "./waiting.ts";

export interface Moment {
  readonly name: string;
  readonly workflowId: string;
  readonly workflow: StartBody["workflow"];
  readonly args: readonly unknown[];
  readonly hold?: { readonly kind: HoldKind; readonly ordinal: number };
  /** Whether the workflow stands at the moment; asked again until it does. */
  reached(scene: Scene): Promise<boolean>;
  /** What happens to the workflow before the kill: before it stands there, or while it does. */
  readonly approach?: (application: Application) => Promise<void>;
  readonly meanwhile?: (application: Application) => Promise<void>;
  /** Whether somebody answers when the workflow asks for approval; otherwise only after the kill. */
  readonly isApproved: boolean;
  /** Those of a wave are started when those before it stand: the far ones first, what passes by itself last. */
  readonly wave: Wave;
}

export const WAVES = ["far", "near", "fleeting"] as const;
export type Wave = (typeof WAVES)[number];

export interface Scene {
  readonly application: Application;
  readonly sink: Sink;
}

type Draft = Pick<Moment, "name" | "workflow" | "args"> &
  Partial<Pick<Moment, "hold" | "isApproved" | "wave">> & {
    readonly byQueue?: true;
    readonly seen?: (scene: Scene, workflowId: string) => Promise<boolean>;
    readonly before?: (application: Application, workflowId: string) => Promise<void>;
    readonly during?: (application: Application, workflowId: string) => Promise<void>;
  };

const CLEARING_MS = 300;
const LONG_CLEARING_MS = 8_000;
const PARTS = 10;

/** What an `order` does, in the order in which gates count it. */
const ORDER_TASKS = [
  "the start",
  "reserve",
  "the timer",
  "askForApproval",
  "the approval",
  "charge",
  "ship",
  "announce",
];
const ORDER_EFFECTS = ["reserve", "askForApproval", "charge, refused", "charge, again", "ship", "announce"];
/** Retries always take the queue; first attempts only in a workflow that is told to. */
const ORDER_OFFERS = ["reserve", "askForApproval", "charge", "ship", "announce"];

function order(name: string, rest: Partial<Draft>): Draft {
  return { name, workflow: "order", args: [CLEARING_MS], ...rest };
}

function held(names: readonly string[], kind: HoldKind, describe: (name: string) => string): Draft[] {
  return names.map((name, index) => {
    const wave = index < names.length / 2 ? "near" : "far";
    return order(describe(name), { hold: { kind, ordinal: index + 1 }, wave });
  });
}

const commitByCommit: readonly Draft[] = [
  ...held(ORDER_TASKS, "task", (after) => `the workflow task after ${after} is with the worker`),
  ...held(ORDER_TASKS, "answer", (after) => `the workflow task after ${after} has run, its commands are not stored`),
  ...held(ORDER_OFFERS, "offer", (name) => `${name} is claimed for a worker that does not know yet`),
  ...held(ORDER_EFFECTS, "begin", (name) => `${name} runs, nothing is done yet`),
  ...held(ORDER_EFFECTS, "end", (name) => `${name} is done, not reported`),
];

const onTheQueue: readonly Draft[] = [
  ...held(ORDER_EFFECTS, "dispatch", (name) => `${name} is scheduled, its message is not sent`),
  ...held(ORDER_EFFECTS, "delivery", (name) => `the message of ${name} is delivered, not claimed`),
].map((draft) => ({ ...draft, byQueue: true }));

const handedOver = order("reserve is handed to a worker that has not begun", {
  hold: { kind: "handover", ordinal: 1 },
});

async function isInBackoff({ application }: Scene, workflowId: string): Promise<boolean> {
  const { pendingActivities } = await application.describe(workflowId);
  return pendingActivities.some(({ attempt, state }) => attempt === 2 && state === "SCHEDULED");
}

async function hasTimers(application: Application, workflowId: string, count: number): Promise<boolean> {
  const { events } = await application.history(workflowId);
  return eventsOf(events, "TimerStarted").length === count;
}

/** Both alarm clocks of the table are set; the short one is due while the runtime is down. */
export const DUE_WHILE_DOWN_MS = 1_500;
const DUE_LONG_AFTER_MS = 12_000;

async function hasHeartbeat({ application }: Scene, workflowId: string): Promise<boolean> {
  const { pendingActivities } = await application.describe(workflowId);
  return pendingActivities.some(({ heartbeatDetails }) => Number(heartbeatDetails) > 1);
}

const atRest: readonly Draft[] = [
  order("the timer of an order is pending", {
    args: [LONG_CLEARING_MS],
    seen: ({ application }, workflowId) => hasTimers(application, workflowId, 1),
  }),
  order("the start was accepted a moment ago", { wave: "fleeting", seen: () => Promise.resolve(true) }),
  order("charge waits for its next attempt", { wave: "fleeting", seen: isInBackoff }),
  order("the approval is awaited", {
    isApproved: false,
    seen: ({ application }, workflowId) => hasTimers(application, workflowId, 2),
  }),
  order("the approval was accepted a moment ago", {
    isApproved: false,
    seen: ({ application }, workflowId) => hasTimers(application, workflowId, 2),
    during: async (application, workflowId) => void (await application.signal(workflowId, "approve")),
  }),
  {
    name: "a timer is pending that is due while the runtime is down",
    workflow: "alarmClock",
    args: [DUE_WHILE_DOWN_MS],
    wave: "fleeting",
    seen: ({ application }, workflowId) => hasTimers(application, workflowId, 1),
  },
  {
    name: "a timer is pending that is due long after the restart",
    workflow: "alarmClock",
    args: [DUE_LONG_AFTER_MS],
    seen: ({ application }, workflowId) => hasTimers(application, workflowId, 1),
  },
  {
    name: "an activity beats its heart",
    workflow: "pilgrimage",
    args: [100],
    wave: "far",
    seen: hasHeartbeat,
  },
];

async function twoNotes(application: Application, workflowId: string): Promise<void> {
  await application.signal(workflowId, "note");
  await application.signal(workflowId, "note");
}

const withSignals: readonly Draft[] = [
  order("signals came before the first workflow task was run", {
    hold: { kind: "task", ordinal: 1 },
    during: twoNotes,
  }),
  order("signals wait behind a workflow task", { hold: { kind: "answer", ordinal: 4 }, during: twoNotes }),
  order("signals wait behind the task that completes the workflow", {
    hold: { kind: "answer", ordinal: 8 },
    wave: "far",
    during: twoNotes,
  }),
  order("signals were taken while an activity runs", { hold: { kind: "begin", ordinal: 1 }, during: twoNotes }),
  order("signals were taken while the message of an activity was not sent", {
    hold: { kind: "dispatch", ordinal: 1 },
    byQueue: true,
    during: twoNotes,
  }),
];

function booking(name: string, rest: Partial<Draft>): Draft {
  return { name, workflow: "booking", args: [], wave: "far", ...rest };
}

async function cancel(application: Application, workflowId: string): Promise<void> {
  await application.cancel(workflowId);
}

/** Cancels when the booking has come to rest, so that the cancellation has a workflow task of its own. */
async function cancelAtRest(application: Application, workflowId: string): Promise<void> {
  await until(() => hasTimers(application, workflowId, 1), `${workflowId} has come to rest`, 8_000);
  await application.cancel(workflowId);
}

const cancelled: readonly Draft[] = [
  booking("a cancellation is accepted, its task is with the worker", {
    hold: { kind: "task", ordinal: 3 },
    before: cancelAtRest,
  }),
  booking("a cancellation is handled, the commands are not stored", {
    hold: { kind: "answer", ordinal: 3 },
    before: cancelAtRest,
  }),
  booking("a cancellation waits behind a workflow task", { hold: { kind: "answer", ordinal: 1 }, during: cancel }),
  booking("a cancellation came while an activity ran", { hold: { kind: "end", ordinal: 1 }, during: cancel }),
  booking("what follows a cancellation is done, not reported", {
    hold: { kind: "end", ordinal: 2 },
    before: cancelAtRest,
  }),
];

function batch(name: string, rest: Partial<Draft>): Draft {
  return { name, workflow: "batch", args: [PARTS], ...rest };
}

const sideBySide: readonly Draft[] = [
  batch("one of a batch is claimed for a worker that does not know yet", { hold: { kind: "offer", ordinal: 4 } }),
  batch("a batch is scheduled, its messages are not sent", { hold: { kind: "dispatch", ordinal: 1 }, byQueue: true }),
  batch("the first of a batch runs", { hold: { kind: "begin", ordinal: 1 } }),
  batch("the fifth of a batch is done, not reported", { hold: { kind: "end", ordinal: 5 } }),
  batch("the last of a batch runs", { hold: { kind: "begin", ordinal: PARTS } }),
];

const drafts = [...commitByCommit, handedOver, ...onTheQueue, ...atRest, ...withSignals, ...cancelled, ...sideBySide];

function finished(draft: Draft, index: number): Moment {
  const { name, workflow, args, hold, byQueue, seen, before, during, isApproved = true, wave = "near" } = draft;
  const workflowId = `${HELD_PREFIX}${byQueue ? BY_QUEUE : "directly"}-${workflow}-${index}`;
  return {
    name,
    workflowId,
    workflow,
    args,
    isApproved,
    wave,
    ...(hold ? { hold } : {}),
    reached: async (scene) => (seen ? await seen(scene, workflowId) : scene.sink.heldSinceMs(workflowId) !== undefined),
    ...(before ? { approach: (application) => before(application, workflowId) } : {}),
    ...(during ? { meanwhile: (application) => during(application, workflowId) } : {}),
  };
}

/** All moments; the number at the end of an id is the lane, so each workflow has its own. */
export const moments: readonly Moment[] = drafts.map(finished);
