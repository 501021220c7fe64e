/**
 * A workflow's history as lines for a terminal.
 *
 * Owns: what one line says of an event. Reads Temporal's JSON form and nothing of Holdfast, so it shows a decoded
 * history and the same history as it was stored alike: a payload it can read is shown as its value, one that is
 * encrypted as the beginning of its ciphertext.
 */

interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

interface JsonFailure {
  readonly message?: string;
  readonly encodedAttributes?: JsonPayload;
}

/** The fields of event attributes that a line may speak of. Absent ones are simply not mentioned. */
interface JsonAttributes {
  readonly workflowType?: { readonly name: string };
  readonly activityType?: { readonly name: string };
  readonly signalName?: string;
  readonly input?: { readonly payloads?: readonly JsonPayload[] };
  readonly result?: { readonly payloads?: readonly JsonPayload[] };
  readonly failure?: JsonFailure;
  readonly attempt?: number;
  readonly startToFireTimeout?: string;
  readonly scheduledEventId?: string;
  readonly startedEventId?: string;
}

/** An event in Temporal's JSON form. Its attributes are in the one field whose name ends in `EventAttributes`. */
export interface JsonEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

/** One event, taken apart for a table. */
export interface HistoryLine {
  readonly eventId: string;
  readonly timeMs: number;
  readonly event: string;
  readonly what: string;
}

function base64Text(base64: string | undefined): string {
  return Buffer.from(base64 ?? "", "base64").toString("utf8");
}

/** A readable value, or the encoding with the ciphertext as it is stored. */
function payloadText(payload: JsonPayload): string {
  const encoding = base64Text(payload.metadata?.["encoding"]);
  if (encoding === "json/plain") return base64Text(payload.data);
  if (encoding === "binary/null") return "undefined";
  return `<${encoding}> ${payload.data ?? ""}`;
}

function payloadsText(payloads: JsonAttributes["input"]): string {
  return (payloads?.payloads ?? []).map(payloadText).join(", ");
}

function failureText(failure: JsonFailure): string {
  const encoded = failure.encodedAttributes;
  return encoded ? `${failure.message ?? ""}: ${payloadText(encoded)}` : (failure.message ?? "");
}

function attributesOf(event: JsonEvent): JsonAttributes {
  const field = Object.keys(event).find((name) => name.endsWith("EventAttributes"));
  return field === undefined ? {} : (event[field] ?? {});
}

function whatHappened(attributes: JsonAttributes): string {
  const { workflowType, activityType, signalName, result, failure, attempt } = attributes;
  const called = workflowType?.name ?? activityType?.name ?? signalName;
  if (called !== undefined) return `${called}(${payloadsText(attributes.input)})`;
  if (failure) return failureText(failure);
  if (result) return `result ${payloadsText(result)}`;
  if (attributes.startToFireTimeout !== undefined) return `fires after ${attributes.startToFireTimeout}`;
  if (attributes.scheduledEventId !== undefined) {
    const tried = attempt === undefined ? "" : `, attempt ${attempt}`;
    return `of event ${attributes.scheduledEventId}${tried}`;
  }
  return attributes.startedEventId === undefined ? "" : `of event ${attributes.startedEventId}`;
}

/** "EVENT_TYPE_TIMER_FIRED" as "TimerFired". */
function eventName(eventType: string): string {
  const words = eventType
    .replace(/^EVENT_TYPE_/, "")
    .toLowerCase()
    .split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/**
 * One line for each event, in order.
 *
 * @example
 * historyLines(history.events).map((line) => `${line.eventId} ${line.event}`);
 */
export function historyLines(events: readonly JsonEvent[]): readonly HistoryLine[] {
  return events.map((event) => ({
    eventId: event.eventId,
    timeMs: Date.parse(event.eventTime),
    event: eventName(event.eventType),
    what: whatHappened(attributesOf(event)),
  }));
}

function shortened(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

/**
 * The lines as a table, times as seconds since the first event, with a rule drawn where the process was killed.
 *
 * @param width characters a row may take; what is longer is cut
 * @example
 * historyTable(historyLines(history.events), { killedAtMs: Date.now(), width: 120 });
 */
export function historyTable(
  lines: readonly HistoryLine[],
  options: { readonly killedAtMs: number; readonly width: number },
): string {
  const startedAtMs = lines[0]?.timeMs ?? 0;
  const rows = [["id", "time", "event", "what"]];
  let killed = false;
  for (const line of lines) {
    if (!killed && line.timeMs > options.killedAtMs) {
      rows.push(["--", "------", "killed and started again", ""]);
      killed = true;
    }
    rows.push([line.eventId, `+${((line.timeMs - startedAtMs) / 1_000).toFixed(3)}`, line.event, line.what]);
  }
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map(([id = "", time = "", event = "", what = ""]) => {
      const cells = [id.padStart(widths[0] ?? 0), time.padStart(widths[1] ?? 0), event.padEnd(widths[2] ?? 0), what];
      return `  ${shortened(cells.join("  "), options.width - 2).trimEnd()}`;
    })
    .join("\n");
}
