/**
 * The commands of the workflow task that is running, in order of creation.
 *
 * Owns: the list, until the task ends. An entry that is withdrawn before that never existed for the service. An entry
 * that left is `sent`; when the service's event for it arrives, `onRecorded` is told.
 */
import { type Command, type CommandType, isCloseCommand } from "../core/command.ts";
import type { HistoryEvent } from "../core/history-event.ts";

/** One command on its way. Payloads inside are converted, but not yet encoded. */
export interface OutboxEntry {
  readonly command: Command;
  readonly onRecorded?: (event: HistoryEvent) => void;
  sent: boolean;
}

export class CommandOutbox {
  #entries: OutboxEntry[] = [];

  push(command: Command, onRecorded?: (event: HistoryEvent) => void): OutboxEntry {
    const entry: OutboxEntry = { command, sent: false, ...(onRecorded ? { onRecorded } : {}) };
    this.#entries.push(entry);
    return entry;
  }

  /** Takes back an entry that was not sent. */
  withdraw(entry: OutboxEntry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  /** Whether the workflow has ended: nothing more is told to its code. */
  get holdsCloseCommand(): boolean {
    return this.#entries.some((entry) => isCloseCommand(entry.command));
  }

  /** The kinds of the commands so far, in order of creation. */
  get commandTypes(): readonly CommandType[] {
    return this.#entries.map((entry) => entry.command.commandType);
  }

  /**
   * Ends the task: what is to be sent, in order. Only the first close command counts, and nothing follows it: the
   * other commands are moved before it, or, as histories without the flag recorded it, dropped if they came later.
   */
  flush(moveTerminalCommands: boolean): readonly OutboxEntry[] {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) entry.sent = true;
    const end = entries.findIndex((entry) => isCloseCommand(entry.command));
    const close = entries[end];
    if (close === undefined) return entries;
    const others = moveTerminalCommands
      ? entries.filter((entry) => !isCloseCommand(entry.command))
      : entries.slice(0, end);
    return [...others, close];
  }
}
