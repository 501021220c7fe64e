/**
 * A client over a scripted service, with encryption on and ids that can be foreseen.
 *
 * Owns: the settings that the client's tests share.
 */
import { EncryptionCodec, keyRingFromText, loadDataConverter, PayloadEncoding } from "../../src/codec/index.ts";
import { Client, type WorkflowClientInterceptor } from "../../src/sdk/client/index.ts";
import { recordedTiming, type Script, ScriptedService } from "./scripted-service.ts";

const KEY = `k1:${btoa("0123456789abcdef0123456789abcdef")}`;

export const dataConverter = loadDataConverter({ payloadCodecs: [new EncryptionCodec(keyRingFromText(KEY))] });

export const WORKFLOW_ID = "transfer-1";

/** What the other side uses to read and write the payloads of the workflow under test. */
export const encoding = new PayloadEncoding(dataConverter, { namespace: "default", workflowId: WORKFLOW_ID });

export interface ScriptedClientOptions {
  readonly namespace?: string;
  readonly interceptors?: { readonly workflow: readonly WorkflowClientInterceptor[] };
}

export function scriptedClient(script: Script, options: ScriptedClientOptions = {}) {
  const service = new ScriptedService(script);
  const { timing, delaysMs } = recordedTiming();
  let ids = 0;
  const client = new Client({ service, dataConverter, ...options }, { timing, newId: () => `id-${(ids += 1)}` });
  return { client, service, delaysMs };
}
