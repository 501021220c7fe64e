/**
 * The globals that workflow code must not get from the platform.
 *
 * Owns: the replacements. Inside a run they answer from the run's clock and seed, start durable timers, or refuse
 * with what to do instead; outside of workflows they behave as before. They are put in place once, for the isolate.
 * What needs no replacement because it is deterministic: `queueMicrotask`, `structuredClone`, `URL`, `TextEncoder`.
 */
import { CancellationScope } from "./cancellation-scope.ts";
import { DeterminismViolationError } from "./determinism-errors.ts";
import { realNow } from "./platform-turn.ts";
import { currentRun } from "./run-context.ts";
import { startTimer } from "./sleep.ts";
import { realRandom, realRandomUuid, realRandomValues } from "./unsafe-random.ts";

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What to do instead, by the name of what is refused. */
const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  fetch: "Call the network from an activity.",
  setInterval: "Use a loop with sleep().",
  setImmediate: "Use Promise.resolve().then(), or sleep().",
};

const REFUSED_CLASSES: Readonly<Record<string, string>> = {
  WeakRef: "Garbage collection differs from run to run: hold the object itself.",
  FinalizationRegistry: "Garbage collection differs from run to run: clean up in a finally block.",
  WebSocket: "Open connections in an activity.",
  EventSource: "Open connections in an activity.",
  MessageChannel: "Use promises, Trigger or condition().",
};

/** Methods of global objects, by object. */
const REFUSED_METHODS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  performance: { now: "Use Date.now(): it answers the workflow's time." },
  scheduler: { wait: "Use sleep().", postTask: "Use sleep().", yield: "Use sleep()." },
  AbortSignal: { timeout: "Use CancellationScope.withTimeout()." },
};

function refusal(what: string, instead: string): DeterminismViolationError {
  return new DeterminismViolationError(`${what} is not deterministic and cannot be used in workflow code. ${instead}`);
}

function replace(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
}

/** Puts a function in place of another, with the other's symbols: Node keeps `promisify` variants there. */
function replaceFunction(target: object, key: string, original: AnyFunction, replacement: AnyFunction): void {
  const descriptors = Object.getOwnPropertyDescriptors(original);
  for (const symbol of Object.getOwnPropertySymbols(original))
    Object.defineProperty(replacement, symbol, (descriptors as Record<symbol, PropertyDescriptor>)[symbol] ?? {});
  Object.defineProperty(replacement, "name", { value: key, configurable: true });
  replace(target, key, replacement);
}

function guardFunction(target: object, key: string, what: string, instead: string): void {
  const original: unknown = Reflect.get(target, key);
  if (typeof original !== "function") return;
  replaceFunction(target, key, original as AnyFunction, function guarded(this: unknown, ...args) {
    if (currentRun() !== undefined) throw refusal(what, instead);
    return Reflect.apply(original, this, args);
  });
}

/** Only construction is refused: asking `typeof` or `instanceof` is harmless. */
function guardClass(name: string, instead: string): void {
  const original: unknown = Reflect.get(globalThis, name);
  if (typeof original !== "function") return;
  const guarded: object = new Proxy(original, {
    construct(target, args, newTarget) {
      if (currentRun() !== undefined) throw refusal(`new ${name}()`, instead);
      return Reflect.construct(target, args, newTarget === guarded ? target : newTarget) as object;
    },
  });
  replace(globalThis, name, guarded);
}

/** A property whose mere reading is refused. */
function guardReading(target: object, key: string, what: string, instead: string): void {
  const original: unknown = Reflect.get(target, key);
  if (original === undefined) return;
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: false,
    get() {
      if (currentRun() !== undefined) throw refusal(what, instead);
      return original;
    },
  });
}

/** The run's time inside a run, the real time elsewhere. */
function now(): number {
  return currentRun()?.nowMs ?? realNow();
}

function replaceDate(): void {
  const RealDate = globalThis.Date;
  // A plain function, because Date may also be called without `new`.
  function HoldfastDate(...args: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(now()).toString();
    const target = new.target === (HoldfastDate as unknown) ? RealDate : new.target;
    return Reflect.construct(RealDate, args.length === 0 ? [now()] : args, target);
  }
  HoldfastDate.prototype = RealDate.prototype;
  replace(HoldfastDate, "name", "Date");
  replace(HoldfastDate, "length", RealDate.length);
  replace(HoldfastDate, "now", now);
  replace(HoldfastDate, "parse", RealDate.parse);
  replace(HoldfastDate, "UTC", RealDate.UTC);
  replace(RealDate.prototype, "constructor", HoldfastDate);
  replace(globalThis, "Date", HoldfastDate);
}

function replaceMathRandom(): void {
  replace(Math, "random", () => currentRun()?.random.chosen.next() ?? realRandom());
}

function replaceTimeouts(): void {
  const start = globalThis.setTimeout as unknown as AnyFunction;
  const clear = globalThis.clearTimeout as unknown as AnyFunction;
  replaceFunction(globalThis, "setTimeout", start, function setTimeout(this: unknown, ...args) {
    return currentRun() === undefined ? start.apply(this, args) : startTimeout(args);
  });
  replaceFunction(globalThis, "clearTimeout", clear, function clearTimeout(this: unknown, ...args) {
    const run = currentRun();
    if (run === undefined) return clear.apply(this, args);
    const handle = args[0] as number;
    const scope = run.timeouts.get(handle);
    run.timeouts.delete(handle);
    // Clearing what is no longer pending uses up a timer number, as it does in Temporal's SDK.
    if (scope === undefined) run.timers.takeSequence();
    return scope?.cancel();
  });
}

/** A durable timer that calls back; its handle is the timer's number. */
function startTimeout([callback, delayMs, ...args]: unknown[]): number {
  if (typeof callback !== "function") throw new TypeError("setTimeout needs a function");
  const scope = new CancellationScope();
  const { timeouts } = scope.workflowRun;
  let handle = 0;
  const elapsed = scope.run(() => {
    const timer = startTimer((delayMs ?? 0) as number, "setTimeout");
    handle = timer.sequence;
    return timer.elapsed;
  });
  timeouts.set(handle, scope);
  const callWhenElapsed = async (): Promise<void> => {
    try {
      await elapsed;
    } catch {
      return; // Cleared, or cancelled with its scope.
    } finally {
      timeouts.delete(handle);
    }
    callback(...args);
  };
  // What the callback throws has no handler, and so fails the workflow task.
  void callWhenElapsed();
  return handle;
}

function replaceCrypto(): void {
  replace(crypto, "randomUUID", () => currentRun()?.random.chosen.uuid4() ?? realRandomUuid());
  replace(crypto, "getRandomValues", <T extends ArrayBufferView>(target: T): T => {
    const run = currentRun();
    if (run === undefined) return realRandomValues(target);
    run.random.chosen.fillBytes(new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
    return target;
  });
  guardReading(crypto, "subtle", "crypto.subtle", "It answers asynchronously: use it in an activity.");
}

/** Repeating what a run said when it first ran would fill the logs with echoes. */
function silenceConsole(): void {
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    const original = console[level].bind(console);
    replace(console, level, (...args: unknown[]) => {
      if (currentRun()?.isSilent !== true) original(...args);
    });
  }
}

let installed = false;

/** Puts the replacements in place. Doing it again changes nothing. */
export function installDeterminismGlobals(): void {
  if (installed) return;
  installed = true;
  replaceDate();
  replaceMathRandom();
  replaceTimeouts();
  replaceCrypto();
  silenceConsole();
  for (const [name, instead] of Object.entries(REFUSED_FUNCTIONS))
    guardFunction(globalThis, name, `${name}()`, instead);
  for (const [name, instead] of Object.entries(REFUSED_CLASSES)) guardClass(name, instead);
  for (const [object, methods] of Object.entries(REFUSED_METHODS)) {
    const target: unknown = Reflect.get(globalThis, object);
    if ((typeof target !== "object" && typeof target !== "function") || target === null) continue;
    for (const [method, instead] of Object.entries(methods))
      guardFunction(target, method, `${object}.${method}()`, instead);
  }
  guardReading(globalThis, "caches", "caches", "Use the cache from an activity.");
}
