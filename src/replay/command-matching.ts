/**
 * Holds the commands that the code made against the events that its history recorded for them.
 *
 * Owns: which event answers which command, what must be equal, and the text of the error when it is not. Kinds, timer
 * ids, patch ids and update ids are always compared; ids and types of activities and children where the history says
 * that they were. The rules are those of Temporal's core:
 *
 *   1. commands are answered in order, and every command but a rejected update is answered
 *   2. a local activity's marker is found by its number, wherever it stands among the others
 *   3. a patch that the history has no marker of is passed over; its marker is without effect on what follows
 *   4. a marker of a deprecated patch that the code no longer knows is passed over, with the list of patches after it
 */
import type { Command } from "../core/command.ts";
import type { EventOf } from "../core/history-event.ts";
import { COMMAND_EVENTS, type CommandEvent } from "./command-events.ts";
import { describeCommand, describeEvent } from "./command-descriptions.ts";
import type { OutboxEntry } from "./command-outbox.ts";
import { NondeterminismError } from "./determinism-errors.ts";
import { listsPatches, type Marker, readLocalActivityMarker, readPatchMarker } from "./markers.ts";

export { type CommandEvent, isCommandEvent } from "./command-events.ts";

/** The commands of the tasks so far that the history has not answered yet. */
export class UnansweredCommands {
  #entries: OutboxEntry[] = [];
  /** A deprecated patch's marker was passed over: the list of patches that follows it is too. */
  #passesPatchList = false;

  /** In the order of their creation. */
  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  add(entries: readonly OutboxEntry[]): void {
    this.#entries.push(...entries);
  }

  /**
   * The entry that an event answers, which is unanswered no more; undefined if the event needs no command.
   *
   * Throws `NondeterminismError` if there is none, or if it is another command.
   */
  match(event: CommandEvent, checkIdsAndTypes: boolean): OutboxEntry | undefined {
    if (this.#isPassedOver(event)) return undefined;
    const entry = this.#take(event);
    if (entry === undefined)
      throw mismatch(
        event.eventId,
        `recorded ${describeEvent(event)}`,
        "produced no further command in this workflow task",
      );
    if (!agrees(entry.command, event, checkIdsAndTypes))
      throw mismatch(event.eventId, `recorded ${describeEvent(event)}`, `produced ${describeCommand(entry.command)}`);
    entry.onRecorded?.(event);
    return entry;
  }

  /** Ends a task. Throws `NondeterminismError` if the history has no event for a command; `eventId` is where it lacks. */
  assertAllAnswered(eventId: number): void {
    this.#passesPatchList = false;
    const missing = withoutPatches(this.#entries).find(({ command }) => command.commandType !== "RejectUpdate");
    if (missing) throw mismatch(eventId, "recorded nothing for it", `produced ${describeCommand(missing.command)}`);
    this.#entries = [];
  }

  /** Forgets refusals, which history never answers: a task that follows without news must not answer with them again. */
  forgetRejections(): void {
    this.#entries = this.#entries.filter(({ command }) => command.commandType !== "RejectUpdate");
  }

  #isPassedOver(event: CommandEvent): boolean {
    const passesPatchList = this.#passesPatchList;
    this.#passesPatchList = false;
    if (event.eventType === "UpsertWorkflowSearchAttributes")
      return passesPatchList && listsPatches(event.attributes.searchAttributes);
    const recorded = event.eventType === "MarkerRecorded" ? readPatchMarker(event.attributes) : undefined;
    if (recorded?.deprecated !== true) return false;
    const next = this.#entries.find(isExpected);
    if (next && patchOf(next)?.id === recorded.id) return false;
    this.#passesPatchList = true;
    return true;
  }

  #take(event: CommandEvent): OutboxEntry | undefined {
    const marker = event.eventType === "MarkerRecorded" ? event.attributes : undefined;
    const local = marker && readLocalActivityMarker(marker);
    if (local) return this.#remove((entry) => localSequenceOf(entry) === local.sequence);
    const next = this.#entries.find(isExpected);
    const isPatchNext = next !== undefined && patchOf(next) !== undefined;
    if (isPatchNext && (marker === undefined || readPatchMarker(marker) === undefined))
      this.#entries = this.#withoutLeadingPatches();
    return this.#remove(isExpected);
  }

  #remove(isWanted: (entry: OutboxEntry) => boolean): OutboxEntry | undefined {
    const index = this.#entries.findIndex(isWanted);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0];
  }

  /** What is left when the patches before the next other command, which the history has no markers of, are given up. */
  #withoutLeadingPatches(): OutboxEntry[] {
    const isPatch = patchParts(this.#entries);
    const end = this.#entries.findIndex((entry, index) => isExpected(entry) && isPatch[index] !== true);
    return this.#entries.filter((_, index) => isPatch[index] !== true || (end >= 0 && index > end));
  }
}

/** Whether an entry waits for its turn. Rejected updates leave no event; local activities are found by number. */
function isExpected(entry: OutboxEntry): boolean {
  return entry.command.commandType !== "RejectUpdate" && localSequenceOf(entry) === undefined;
}

function markerOf({ command }: OutboxEntry): Marker | undefined {
  return command.commandType === "RecordMarker" ? command : undefined;
}

function patchOf(entry: OutboxEntry): { readonly id: string } | undefined {
  const marker = markerOf(entry);
  return marker && readPatchMarker(marker);
}

function localSequenceOf(entry: OutboxEntry): number | undefined {
  const marker = markerOf(entry);
  return marker && readLocalActivityMarker(marker)?.sequence;
}

/** For each entry, whether it is a patch's marker or the list of patches right after one. */
function patchParts(entries: readonly OutboxEntry[]): readonly boolean[] {
  let afterPatch = false;
  return entries.map((entry) => {
    const isPatch = patchOf(entry) !== undefined;
    const { command } = entry;
    const isList =
      afterPatch && command.commandType === "UpsertWorkflowSearchAttributes" && listsPatches(command.searchAttributes);
    afterPatch = isPatch;
    return isPatch || isList;
  });
}

function withoutPatches(entries: readonly OutboxEntry[]): readonly OutboxEntry[] {
  const isPatch = patchParts(entries);
  return entries.filter((_, index) => isPatch[index] !== true);
}

function mismatch(eventId: number, recorded: string, produced: string): NondeterminismError {
  return new NondeterminismError(
    `Nondeterminism at event ${eventId}: the history ${recorded}, but the workflow code ${produced}. ` +
      "The code must do on replay what it did when the history was made.",
    eventId,
    { recorded: withoutVerb(recorded), produced: withoutVerb(produced) },
  );
}

function withoutVerb(phrase: string): string {
  return phrase.slice(phrase.indexOf(" ") + 1);
}

function agrees(command: Command, event: CommandEvent, checkIdsAndTypes: boolean): boolean {
  if (command.commandType === "RejectUpdate" || COMMAND_EVENTS[command.commandType] !== event.eventType) return false;
  switch (event.eventType) {
    case "TimerStarted":
    case "TimerCanceled":
      return "timerId" in command && command.timerId === event.attributes.timerId;
    case "ActivityTaskScheduled":
      return (
        !checkIdsAndTypes ||
        (command.commandType === "ScheduleActivityTask" &&
          command.activityId === event.attributes.activityId &&
          command.activityType === event.attributes.activityType.name)
      );
    case "ActivityTaskCancelRequested":
      return "scheduledEventId" in command && command.scheduledEventId === event.attributes.scheduledEventId;
    case "MarkerRecorded":
      return command.commandType === "RecordMarker" && markersAgree(command, event, checkIdsAndTypes);
    case "StartChildWorkflowExecutionInitiated":
      return (
        !checkIdsAndTypes ||
        (command.commandType === "StartChildWorkflowExecution" &&
          command.workflowId === event.attributes.workflowId &&
          command.workflowType === event.attributes.workflowType.name)
      );
    case "WorkflowExecutionUpdateAccepted":
      return "updateId" in command && command.updateId === event.attributes.acceptedRequest.meta.updateId;
    case "WorkflowExecutionUpdateCompleted":
      return "updateId" in command && command.updateId === event.attributes.meta.updateId;
    case "UpsertWorkflowSearchAttributes":
    case "WorkflowPropertiesModified":
    case "SignalExternalWorkflowExecutionInitiated":
    case "RequestCancelExternalWorkflowExecutionInitiated":
    case "WorkflowExecutionCompleted":
    case "WorkflowExecutionFailed":
    case "WorkflowExecutionCanceled":
    case "WorkflowExecutionContinuedAsNew":
      return true;
  }
}

function markersAgree(made: Marker, event: EventOf<"MarkerRecorded">, checkIdsAndTypes: boolean): boolean {
  const recorded = event.attributes;
  if (made.markerName !== recorded.markerName) return false;
  if (readPatchMarker(made)?.id !== readPatchMarker(recorded)?.id) return false;
  const [ours, theirs] = [readLocalActivityMarker(made), readLocalActivityMarker(recorded)];
  return (
    ours?.sequence === theirs?.sequence &&
    (!checkIdsAndTypes || (ours?.activityId === theirs?.activityId && ours?.activityType === theirs?.activityType))
  );
}
