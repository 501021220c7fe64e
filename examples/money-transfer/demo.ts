/**
 * `npm run demo`: a transfer that survives the death of everything that was carrying it out.
 *
 * Owns: the order of the show and its end: exit code 0 when every check of `verdict.ts` holds, 1 otherwise. Runs under
 * Node, outside the Worker; it knows the example by its HTTP routes and by the files the local runtime leaves on disk.
 */
import { randomUUID } from "node:crypto";
import { glob, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { Statement } from "./account.ts";
import { type Bank, bankAt } from "./demo/bank.ts";
import { historyLines, historyTable } from "./demo/history-table.ts";
import { ensureLocalKey } from "./demo/local-key.ts";
import { killEverything, LocalRuntime } from "./demo/local-runtime.ts";
import { wordsFound } from "./demo/plaintext-search.ts";
import { type Check, verdict } from "./demo/verdict.ts";
import { formatCents } from "./money.ts";
import type { TransferView } from "./routes.ts";
import type { TransferOrder } from "./workflows.ts";

const HELP = `npm run demo

Moves money between two accounts with a Holdfast workflow, on this machine:
starts wrangler dev, posts a transfer, kills the whole process group with
SIGKILL after the withdrawal and before the deposit, starts it again on the
same state and checks that the money moved exactly once. Then prints the
event history twice: decoded with the key, and as the service stored it.

Needs Linux or macOS, and no account and no network. Takes under a minute.
Writes .dev.vars (an encryption key, if there is none) and .wrangler/demo.
Exit code 0 when everything held, 1 when something did not, 2 for an option
it does not know.

  -h, --help   show this and do nothing
`;

const ROOT = resolve(import.meta.dirname, "../..");
const STATE_FOLDER = join(ROOT, ".wrangler/demo");
const FROM_OPENING_CENTS = 1_000_000;
const TO_OPENING_CENTS = 50_000;
const ORDER: TransferOrder = {
  from: "alice-checking",
  to: "bob-savings",
  amountCents: 314_159,
  reference: "Rent for November, second floor",
  startDelayMs: 0,
  clearingMs: 8_000,
};
/** What only the application may be able to read. */
const SECRETS = [ORDER.from, ORDER.to, String(ORDER.amountCents), ORDER.reference];
const WATCH_TIMEOUT_MS = 45_000;
const WATCH_INTERVAL_MS = 150;

function say(text = ""): void {
  console.log(text);
}

/** A headline between the acts. */
function act(title: string): void {
  const bold = process.stdout.isTTY ? ["\u001b[1m", "\u001b[22m"] : ["", ""];
  say(`\n${bold[0]}${title}${bold[1]}`);
}

/** The transfer and both accounts at one moment, as they were told over HTTP. */
interface Seen {
  readonly view: TransferView;
  readonly from: Statement;
  readonly to: Statement;
}

function balances({ from, to }: Pick<Seen, "from" | "to">): string {
  return `${ORDER.from} ${formatCents(from.balanceCents)}   ${ORDER.to} ${formatCents(to.balanceCents)}`;
}

/**
 * Follows the transfer until `until` holds, printing a line whenever something has changed.
 *
 * @param sinceMs the moment that the printed seconds count from
 * @throws Error when that takes longer than 45 s
 */
async function watch(
  bank: Bank,
  transferId: string,
  sinceMs: number,
  until: (view: TransferView) => boolean,
): Promise<Seen> {
  const giveUpAtMs = Date.now() + WATCH_TIMEOUT_MS;
  let shown = "";
  while (Date.now() < giveUpAtMs) {
    // In this order, so that the balances are never older than the step they are shown with.
    const view = await bank.transfer(transferId);
    const [from, to] = await Promise.all([bank.statement(ORDER.from), bank.statement(ORDER.to)]);
    const line = `${view.status.padEnd(9)}  ${view.step.padEnd(10)}  ${balances({ from, to })}`;
    if (line !== shown) say(`  ${((Date.now() - sinceMs) / 1_000).toFixed(1).padStart(5)} s  ${line}`);
    shown = line;
    if (until(view)) return { view, from, to };
    if (view.status !== "RUNNING") throw new Error(`the transfer ended too early: ${line}`);
    await delay(WATCH_INTERVAL_MS);
  }
  throw new Error(`the transfer did not get on within ${WATCH_TIMEOUT_MS / 1_000} s; last seen: ${shown}`);
}

/** Names which of the secrets the local runtime's files of one Durable Object class hold. */
async function secretsInFilesOf(className: string): Promise<readonly string[]> {
  const found = new Set<string>();
  let files = 0;
  for await (const file of glob(`**/*-${className}/*.sqlite*`, { cwd: STATE_FOLDER })) {
    files += 1;
    for (const word of wordsFound(await readFile(join(STATE_FOLDER, file)), SECRETS)) found.add(word);
  }
  if (files === 0) throw new Error(`there are no files of ${className} under ${STATE_FOLDER}`);
  return [...found];
}

/** A transfer whose every process is dead. Times are epoch milliseconds. */
interface Interrupted {
  readonly transferId: string;
  readonly postedAtMs: number;
  readonly killedAtMs: number;
}

/** Act one: accounts, transfer, and death between withdrawal and deposit. */
async function transferAndDie(): Promise<Interrupted> {
  act("Starting wrangler dev");
  const runtime = await LocalRuntime.start(ROOT, STATE_FOLDER);
  say(`  process group ${runtime.groupId} answers at ${runtime.address}`);
  const bank = bankAt(runtime.address);

  act("Opening two accounts");
  await bank.openAccount({ id: ORDER.from, openingCents: FROM_OPENING_CENTS });
  await bank.openAccount({ id: ORDER.to, openingCents: TO_OPENING_CENTS });
  say(`  ${ORDER.from} ${formatCents(FROM_OPENING_CENTS)}   ${ORDER.to} ${formatCents(TO_OPENING_CENTS)}`);

  act(`Transferring ${formatCents(ORDER.amountCents)}: withdraw, clear for ${ORDER.clearingMs / 1_000} s, deposit`);
  const postedAtMs = Date.now();
  const { transferId } = await bank.postTransfer({ ...ORDER, transferId: `transfer-${randomUUID()}` });
  say(`  workflow id ${transferId}`);
  const { from, to } = await watch(bank, transferId, postedAtMs, (view) => view.step === "clearing");
  if (from.balanceCents !== FROM_OPENING_CENTS - ORDER.amountCents || to.balanceCents !== TO_OPENING_CENTS)
    throw new Error("the money should have left the first account and not have reached the second");

  act("Killing the process group with SIGKILL: the money has left, and has not arrived");
  const killedAtMs = await runtime.kill();
  say(`  process group ${runtime.groupId} is gone; ${runtime.address} refuses connections`);
  return { transferId, postedAtMs, killedAtMs };
}

/** Act two: the same state in a new process, until the transfer has ended, and what history there is of it. */
async function restartAndFinish({ transferId, postedAtMs, killedAtMs }: Interrupted): Promise<readonly Check[]> {
  act("Starting again on the same state");
  const restartedAtMs = Date.now();
  const runtime = await LocalRuntime.start(ROOT, STATE_FOLDER);
  say(`  process group ${runtime.groupId} answers at ${runtime.address}`);
  const bank = bankAt(runtime.address);
  const { view, from, to } = await watch(bank, transferId, postedAtMs, ({ status }) => status !== "RUNNING");

  const decoded = await bank.history(transferId, "decoded");
  const stored = await bank.history(transferId, "stored");
  const width = Math.max(80, process.stdout.columns ?? 140);
  act("The event history, decoded with the key");
  say(historyTable(historyLines(decoded.events), { killedAtMs, width }));
  act("The same history as the service stored it");
  say(historyTable(historyLines(stored.events), { killedAtMs, width }));

  await runtime.kill();
  return verdict({
    order: ORDER,
    fromOpeningCents: FROM_OPENING_CENTS,
    toOpeningCents: TO_OPENING_CENTS,
    from,
    to,
    status: view.status,
    killedAtMs,
    restartedAtMs,
    leakedFromHistory: wordsFound(Buffer.from(JSON.stringify(stored)), SECRETS),
    leakedFromStorage: await secretsInFilesOf("WorkflowExecution"),
    foundInAccounts: await secretsInFilesOf("Account"),
  });
}

async function demo(): Promise<number> {
  const startedAtMs = Date.now();
  if (process.platform === "win32") throw new Error("the demo kills a process group, which Windows does not have");
  await rm(STATE_FOLDER, { recursive: true, force: true });
  if (await ensureLocalKey(ROOT)) say("Made an encryption key and put it into .dev.vars, which git ignores.");
  const checks = await restartAndFinish(await transferAndDie());
  act("Checked");
  for (const { what, ok } of checks) say(`  ${ok ? "ok    " : "FAILED"}  ${what}`);
  const allOk = checks.every((check) => check.ok);
  const took = `${((Date.now() - startedAtMs) / 1_000).toFixed(1)} s`;
  say(allOk ? `\nThe transfer survived the kill (${took}).` : `\nSomething did not hold (${took}).`);
  return allOk ? 0 : 1;
}

process.on("exit", killEverything);
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.on(signal, () => process.exit(exitCode));

const unknownArguments = process.argv.slice(2).filter((argument) => argument !== "-h" && argument !== "--help");
if (unknownArguments.length > 0) {
  console.error(`The demo takes no ${unknownArguments.join(" ")}.\n\n${HELP}`);
  process.exitCode = 2;
} else if (process.argv.length > 2) {
  say(HELP);
} else {
  process.exitCode = await demo().catch((error: unknown) => {
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  });
  killEverything();
}
