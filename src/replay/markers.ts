/**
 * The markers that the engine writes into a history, exactly as Temporal's SDK core writes them.
 *
 * Owns: their names and details. A patch leaves a `core_patch` marker, a local activity a `core_local_activity` marker.
 * What they say is in clear but for the result and failure of a local activity.
 */
import {
  decodeText,
  defaultPayloadConverter,
  fromWirePayloads,
  payloadFromWire,
  toWirePayload,
} from "../codec/index.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import type { Payloads, SearchAttributeMap } from "../core/payload.ts";

export const PATCH_MARKER = "core_patch";
export const LOCAL_ACTIVITY_MARKER = "core_local_activity";
/** The search attribute that lists the patches of a run. */
export const CHANGE_VERSION_ATTRIBUTE = "TemporalChangeVersion";

const PATCH_DETAILS = "patch-data";
const LOCAL_ACTIVITY_DETAILS = "data";

/** A marker, recorded or about to be. */
export interface Marker {
  readonly markerName: string;
  readonly details?: Readonly<Record<string, Payloads>>;
}

export interface PatchMarker {
  readonly id: string;
  readonly deprecated: boolean;
}

/** What tells the markers of local activities apart. */
export interface LocalActivityMarkerKey {
  readonly sequence: number;
  readonly activityId: string;
  readonly activityType: string;
}

type MarkerDetails = Readonly<Record<string, Payloads>>;

/** The details of a patch's marker. */
export function patchMarkerDetails({ id, deprecated }: PatchMarker): MarkerDetails {
  return { [PATCH_DETAILS]: { payloads: [toWirePayload(defaultPayloadConverter, { id, deprecated })] } };
}

/** What a patch's marker says, or undefined for any other marker. */
export function readPatchMarker({ markerName, details }: Marker): PatchMarker | undefined {
  if (markerName !== PATCH_MARKER) return undefined;
  const [data] = fromWirePayloads(defaultPayloadConverter, details?.[PATCH_DETAILS]);
  if (isRecord(data)) return { id: String(data["id"]), deprecated: data["deprecated"] === true };
  return readOldPatchMarker(details);
}

/** Early versions of Temporal's core wrote two details of plain bytes. */
function readOldPatchMarker(details: MarkerDetails | undefined): PatchMarker | undefined {
  const [id] = details?.["patch_id"]?.payloads ?? [];
  const [deprecated] = details?.["deprecated"]?.payloads ?? [];
  if (id === undefined || deprecated === undefined) return undefined;
  return {
    id: decodeText(payloadFromWire(id).data ?? new Uint8Array()),
    deprecated: (payloadFromWire(deprecated).data?.[0] ?? 0) !== 0,
  };
}

/** Which local activity a marker belongs to, or undefined for any other marker. */
export function readLocalActivityMarker({ markerName, details }: Marker): LocalActivityMarkerKey | undefined {
  if (markerName !== LOCAL_ACTIVITY_MARKER) return undefined;
  const [data] = fromWirePayloads(defaultPayloadConverter, details?.[LOCAL_ACTIVITY_DETAILS]);
  if (!isRecord(data)) return undefined;
  return {
    sequence: Number(data["seq"]),
    activityId: String(data["activity_id"]),
    activityType: String(data["activity_type"]),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Whether search attributes list the patches of a run. */
export function listsPatches(map: SearchAttributeMap): boolean {
  return Object.hasOwn(map.indexedFields, CHANGE_VERSION_ATTRIBUTE);
}

/** The ids of the patches that events hold markers of. */
export function patchIdsOf(events: readonly HistoryEvent[]): readonly string[] {
  return events.flatMap((event) => {
    const patch = event.eventType === "MarkerRecorded" ? readPatchMarker(event.attributes) : undefined;
    return patch ? [patch.id] : [];
  });
}
