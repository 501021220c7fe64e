/** Workflows about signals, queries and updates. */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  proxyLocalActivities,
  setDefaultQueryHandler,
  setDefaultSignalHandler,
  setDefaultUpdateHandler,
  setHandler,
  sleep,
  Trigger,
  uuid4,
} from "holdfast/workflow";

import type * as activities from "../worker/activities.ts";

const local = proxyLocalActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });
const { echo, meet } = proxyActivities<typeof activities>({ startToCloseTimeout: "20 seconds" });

export const note = defineSignal<[string]>("note");
export const other = defineSignal<[string]>("other");
export const finish = defineSignal("finish");
export const notes = defineQuery<readonly string[]>("notes");
export const append = defineUpdate<readonly string[], [string]>("append");
export const measure = defineUpdate<readonly number[], [{ readonly list: number[] }]>("measure");
export const rename = defineUpdate<string, [string]>("rename");

/** Signals that arrive while no handler is there yet wait for it. */
export async function handlesLate(): Promise<readonly string[]> {
  const trace: string[] = [];
  await sleep(20);
  trace.push("slept");
  setHandler(note, (text) => void trace.push(`note ${text}`));
  trace.push("note handler set");
  await echo("in between");
  setHandler(other, (text) => void trace.push(`other ${text}`));
  setHandler(finish, () => void trace.push("finish"));
  await condition(() => trace.includes("finish"));
  return trace;
}

/** A handler that takes itself away stops the draining; the rest waits for the next handler. */
export async function handlesOneByOne(): Promise<readonly string[]> {
  const trace: string[] = [];
  await sleep(20);
  const takeOne = (who: string) => (text: string) => {
    setHandler(note, undefined);
    trace.push(`${who} ${text}`);
  };
  setHandler(note, takeOne("first"));
  setHandler(note, takeOne("second"));
  setHandler(note, (text) => void trace.push(`rest ${text}`));
  setHandler(finish, () => void trace.push("finish"));
  await condition(() => trace.includes("finish"));
  return trace;
}

export async function handlesByDefault(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(note, (text) => void trace.push(`note ${text}`));
  setHandler(finish, () => void trace.push("finish"));
  await sleep(20);
  setDefaultSignalHandler((name, ...args) => void trace.push(`default ${name} ${JSON.stringify(args)}`));
  await condition(() => trace.includes("finish"));
  setDefaultSignalHandler(undefined);
  return trace;
}

/** Asynchronous handlers run beside each other and beside the main function. */
export async function handlesAsynchronously(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(note, async (text) => {
    trace.push(`begin ${text}`);
    trace.push(await echo(`end ${text}`));
  });
  let isFinished = false;
  setHandler(finish, () => {
    isFinished = true;
  });
  await condition(() => isFinished && allHandlersFinished());
  return trace;
}

/** Main function, handlers and conditions take turns in a fixed order. */
export async function takesTurns(): Promise<readonly string[]> {
  const trace: string[] = [];
  let count = 0;
  setHandler(note, async (text) => {
    count += 1;
    trace.push(`sync ${text}`);
    await Promise.resolve();
    trace.push(`micro ${text}`);
    await condition(() => count >= 3);
    trace.push(`condition ${text}`);
  });
  setHandler(finish, () => void trace.push("finish"));
  void condition(() => count === 1).then(() => trace.push("saw one"));
  void condition(() => count === 2).then(() => trace.push("saw two"));
  await condition(() => trace.includes("finish"));
  trace.push("main goes on");
  await Promise.resolve();
  return trace;
}

/** A signal handler that fails fails the workflow. */
export async function failsInSignal(): Promise<void> {
  setHandler(note, (text) => {
    throw ApplicationFailure.nonRetryable(`cannot bear ${text}`, "Unbearable", text);
  });
  await sleep("1 hour");
}

/** A trigger that a signal resolves. */
export async function resolvesTrigger(): Promise<readonly string[]> {
  const trigger = new Trigger<string>();
  setHandler(note, (text) => trigger.resolve(text));
  return [await trigger, await trigger];
}

/** Queries that look, in every state; nothing of it is in history. */
export async function answersQueries(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(notes, () => trace, { description: "what was noted" });
  setDefaultQueryHandler((name, ...args) => `${name}:${args.length}`);
  setHandler(note, (text) => void trace.push(text), { description: "adds a note" });
  await condition(() => trace.length >= 2);
  return trace;
}

/** Updates of every kind: at once, refused by the validator, with an activity, failing. */
export async function updates(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(
    append,
    async (text) => {
      trace.push(text);
      if (text === "slow") trace.push(await echo("slow done"));
      if (text === "fail") throw ApplicationFailure.create({ message: "no", type: "Refused", details: [trace.length] });
      return [...trace];
    },
    {
      validator: (text) => {
        if (text.startsWith("bad")) throw new Error(`${text} is bad`);
      },
      description: "appends",
    },
  );
  let isFinished = false;
  setHandler(finish, () => {
    isFinished = true;
  });
  await condition(() => isFinished && allHandlersFinished());
  return trace;
}

/** Updates and signals in one task: the order in which their handlers are called. */
export async function interleaves(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(note, (text) => void trace.push(`signal ${text}`));
  setHandler(append, (text) => {
    trace.push(`update ${text}`);
    return [...trace];
  });
  setHandler(finish, () => void trace.push("finish"));
  await condition(() => trace.includes("finish"));
  return trace;
}

/** The update's handler ends in the same task as the main function, after it. */
export async function endsWithUpdate(): Promise<string> {
  let isAsked = false;
  const ended = new Trigger<void>();
  setHandler(rename, async (name) => {
    isAsked = true;
    await ended;
    await Promise.resolve();
    await Promise.resolve();
    return `renamed to ${name}`;
  });
  await condition(() => isAsked);
  ended.resolve();
  return "main ended first";
}

/** Its handler is set late in the first task; an update that came with the start waits for it. */
export async function setsUpdateHandlerLate(): Promise<string> {
  let name = "unnamed";
  await Promise.resolve();
  await Promise.resolve();
  setHandler(rename, (to) => {
    name = to;
    return `was told ${to}`;
  });
  return name;
}

/** Two updates come with the timer's end and wait for their handlers; the order of registration decides. */
export async function registersInOrder(): Promise<readonly string[]> {
  const trace: string[] = [];
  await sleep(150);
  setHandler(rename, (to) => {
    trace.push(`rename ${to}`);
    return to;
  });
  setHandler(append, (text) => {
    trace.push(`append ${text}`);
    return [...trace];
  });
  await condition(() => trace.length >= 2);
  return trace;
}

/** The validator is given a copy of its own, and is not called on replay. */
export async function validatesCopy(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(
    measure,
    (size) => {
      trace.push(size.list.length);
      return size.list;
    },
    { validator: (size) => void size.list.push(99) },
  );
  await condition(() => trace.length > 0);
  return trace;
}

/** A handler that does everything that a main function may do. */
export async function worksInUpdate(childId: string): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(append, async (text) => {
    const all = await Promise.all([
      echo(text),
      local.echo(text),
      sleep(5).then(() => "slept"),
      executeChild(resolvesAtOnce, { workflowId: childId, args: [text] }),
      condition(() => trace.length > 5, 10),
    ]);
    trace.push(...all, uuid4());
    return all.map(String);
  });
  await condition(() => trace.length > 0);
  return trace;
}

export async function resolvesAtOnce(text: string): Promise<string> {
  return text;
}

export async function updatesByDefault(): Promise<readonly string[]> {
  const trace: string[] = [];
  setDefaultUpdateHandler((name, ...args) => {
    trace.push(`${name} ${JSON.stringify(args)}`);
    return trace.length;
  });
  setHandler(finish, () => void trace.push("finish"));
  await condition(() => trace.includes("finish"));
  return trace;
}

/** Knows which update it handles, through awaits. */
export async function knowsItsUpdate(): Promise<readonly unknown[]> {
  const trace: unknown[] = [];
  setHandler(append, async (text) => {
    trace.push(currentUpdateInfo());
    await echo(text);
    trace.push(currentUpdateInfo());
    return [];
  });
  await condition(() => trace.length >= 4);
  return [...trace, currentUpdateInfo() ?? null];
}

/** Returns while a handler still waits, which is given up. */
export async function leavesHandlers(flag: string): Promise<string> {
  let begun = 0;
  setHandler(
    append,
    async (text) => {
      begun += 1;
      await meet(`${flag}/${text}`);
      return [text];
    },
    { unfinishedPolicy: "ABANDON" },
  );
  setHandler(note, async () => {
    begun += 1;
    await sleep("1 hour");
  });
  await condition(() => begun >= 2);
  await sleep(5);
  return "left";
}

/** Waits for one update that runs an activity, then for all handlers. */
export async function waitsForHandlers(): Promise<readonly string[]> {
  const trace: string[] = [];
  setHandler(append, async (text) => {
    trace.push(`begin ${text}`);
    await sleep(15);
    trace.push(await echo(`end ${text}`));
    return [...trace];
  });
  await condition(() => trace.length > 0);
  trace.push("main waits");
  await condition(allHandlersFinished);
  return trace;
}
