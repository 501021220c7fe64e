/**
 * The workflows whose histories are in test/histories/temporal.
 *
 * Owns: one function for each. The histories are written by hand, in the form in which Temporal's tools write them.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
  scheduleActivity,
  setHandler,
  sleep,
  startChild,
  uuid4,
} from "../../src/sdk/workflow/index.ts";

interface Activities {
  bookFlight(place: string): Promise<string>;
  bookHotel(place: string): Promise<string>;
  cancelFlight(flight: string): Promise<void>;
  check(balance: number): Promise<string>;
  greetAnew(name: string): Promise<string>;
  cleanUp(): Promise<void>;
  note(value: unknown): Promise<void>;
  work(): Promise<string>;
  rate(): Promise<number>;
}

const activities = proxyActivities<Activities>({ startToCloseTimeout: "1 minute" });
const { rate } = proxyLocalActivities<Activities>({ startToCloseTimeout: "1 minute" });

export async function bookTrip(place: string): Promise<string> {
  const flight = await activities.bookFlight(place);
  try {
    return await activities.bookHotel(place);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await activities.cancelFlight(flight);
    return `no trip: ${error.cause?.message}, ${error.retryState}`;
  }
}

export async function waitTwice(): Promise<string> {
  const short = sleep("1 minute");
  const scope = new CancellationScope();
  const long = scope.run(() => sleep("1 hour")).catch((error: unknown) => isCancellation(error));
  await Promise.race([short, long]);
  scope.cancel();
  await sleep(50);
  return "waited";
}

export async function collect(count: number): Promise<string> {
  const values: number[] = [];
  let name = "values";
  setHandler(defineSignal<[number]>("add"), (value) => void values.push(value));
  setHandler(defineSignal<[string]>("rename"), (given) => void (name = given));
  await condition(() => values.length >= count && (count < 3 ? name !== "values" : true));
  return `${name}: ${values.join(",")}`;
}

export async function greetChild(name: string): Promise<string> {
  return `Hello, ${name}`;
}

export async function parent(name: string): Promise<string> {
  const greeting = await executeChild(greetChild, { args: [name], parentClosePolicy: "REQUEST_CANCEL" });
  const second = await startChild(greetChild, {
    workflowId: "second",
    args: ["Bob"],
    parentClosePolicy: "REQUEST_CANCEL",
  });
  try {
    return await second.result();
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    return `${greeting}; ${error.cause?.message}`;
  }
}

export async function countDown(from: number): Promise<string> {
  await sleep("1 second");
  if (from > 0) return await continueAsNew<typeof countDown>(from - 1);
  return "zero";
}

export async function account(opening: number): Promise<number> {
  let balance = opening;
  let closed = false;
  setHandler(defineUpdate<number, [number]>("deposit"), (amount) => (balance += amount));
  setHandler(defineUpdate<string>("audit"), () => activities.check(balance));
  setHandler(defineSignal("close"), () => void (closed = true));
  await condition(() => closed);
  return balance;
}

export async function patchedWork(): Promise<string> {
  if (patched("use-new-greeting")) return await activities.greetAnew("Ada");
  return "Good day";
}

export async function rates(): Promise<readonly number[]> {
  const all = await Promise.all([rate(), rate(), rate()]);
  await sleep("1 second");
  return all;
}

export async function patientRate(): Promise<number> {
  const patient = proxyLocalActivities<Activities>({
    startToCloseTimeout: "1 minute",
    retry: { initialInterval: "2 minutes" },
  });
  return await patient.rate();
}

export async function cancellable(): Promise<void> {
  try {
    await sleep("1 day");
  } catch (error) {
    await CancellationScope.nonCancellable(() => activities.cleanUp());
    throw error;
  }
}

export async function longRate(): Promise<number> {
  const value = await rate();
  await activities.note(value);
  return value;
}

export async function legacyOrder(): Promise<string> {
  const order: string[] = [];
  setHandler(defineSignal("go"), async () => {
    order.push("signal");
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    order.push("after signal");
  });
  await activities.work();
  order.push("activity");
  await condition(() => order.length === 3);
  return order.join(",");
}

export async function neighbour(): Promise<string> {
  await getExternalWorkflowHandle("other").signal("hello", "Ada");
  try {
    await getExternalWorkflowHandle("gone").cancel();
    return "both";
  } catch (error) {
    return `signalled; ${(error as Error).message}`;
  }
}

export async function drawTwice(): Promise<string> {
  await sleep("1 second");
  const drawn = uuid4();
  await scheduleActivity("note", [drawn], { activityId: drawn, startToCloseTimeout: "1 minute" });
  return drawn;
}

export async function fails(): Promise<void> {
  throw new Error("a mistake in the code");
}

export async function failsByDesign(): Promise<void> {
  throw ApplicationFailure.nonRetryable("no", "No");
}
