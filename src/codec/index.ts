/**
 * The codec layer: values and errors on one side, encoded payloads and failures on the other.
 *
 * Owns: what `holdfast/codec` exports. Wire types are core's and are not repeated here.
 */
export {
  type PayloadChannel,
  type PayloadPlace,
  type FailurePart,
  type SerializationContext,
  serializationContext,
} from "./serialization-context.ts";
export {
  METADATA_ENCODING_KEY,
  METADATA_MESSAGE_TYPE_KEY,
  type EncodingType,
  type Payload,
  type PayloadConverter,
  type PayloadConverterWithEncoding,
  bindPayloadConverter,
  encodingTypes,
} from "./payload-converter.ts";
export type { PayloadCodec } from "./payload-codec.ts";
export { BinaryPayloadConverter, JsonPayloadConverter, UndefinedPayloadConverter } from "./value-converters.ts";
export {
  CompositePayloadConverter,
  DefaultPayloadConverter,
  RawValue,
  defaultPayloadConverter,
  type rawPayloadTypeBrand,
} from "./default-payload-converter.ts";
export {
  arrayFromPayloads,
  convertOptionalToPayload,
  fromPayloadsAtIndex,
  mapFromPayloads,
  mapToPayloads,
  toPayloads,
  toPayloadsWithContext,
} from "./payload-lists.ts";
export {
  fromWireMap,
  fromWirePayload,
  fromWirePayloads,
  payloadFromWire,
  payloadToWire,
  toWireMap,
  toWirePayload,
  toWirePayloads,
} from "./wire-payload.ts";
export { identifyClass } from "./error-identity.ts";
export { WorkflowExecutionAlreadyStartedError } from "./already-started-error.ts";
export { IllegalStateError, PayloadConverterError, PayloadTooLargeError, ValueError } from "./errors.ts";
export {
  ActivityFailure,
  ApplicationFailure,
  ApplicationFailureCategory,
  type ApplicationFailureOptions,
  CancelledFailure,
  ChildWorkflowFailure,
  FAILURE_SOURCE,
  HoldfastFailure,
  ServerFailure,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  type WorkflowExecution,
} from "./failures.ts";
export { ensureApplicationFailure, ensureTemporalFailure, isCancellation, rootCause } from "./caught-failure.ts";
export { cutoffStackTrace, holdfastStackBoundary } from "./stack-trace.ts";
export {
  DefaultFailureConverter,
  type DefaultFailureConverterOptions,
  type FailureConverter,
  defaultFailureConverter,
} from "./failure-converter.ts";
export { type DefaultEncodedFailureAttributes, ENCODED_FAILURE_MESSAGE } from "./failure-from-error.ts";
export {
  type DataConverter,
  type LoadedDataConverter,
  defaultDataConverter,
  loadDataConverter,
} from "./data-converter.ts";
export { PayloadEncoding } from "./payload-encoding.ts";
export { decodeError, decodeValues, encodeError, encodeValues } from "./value-encoding.ts";
export { type Duration, type StringValue, msOptionalToNumber, msToNumber } from "./duration.ts";
export { type RetryPolicy, compileRetryPolicy, decompileRetryPolicy } from "./retry-options.ts";
export {
  type SearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
  type SearchAttributeUpdatePair,
  type SearchAttributeValue,
  type SearchAttributeValues,
  type SearchAttributes,
  TypedSearchAttributes,
  type UntypedSearchAttributes,
  decodeSearchAttributes,
  decodeTypedSearchAttributes,
  defineSearchAttributeKey,
  encodeSearchAttributeUpdates,
  encodeSearchAttributes,
} from "./search-attributes.ts";
export { decodeText, encodeText } from "./bytes.ts";
export { type EncryptionKey, KeyRing, keyRingFromText } from "./encryption/key-ring.ts";
export { EncryptionCodec, type EncryptionCodecOptions } from "./encryption/encryption-codec.ts";
export {
  ENCRYPTION_KEYS_VARIABLE,
  EncryptionKeyMissingError,
  PayloadDecryptionError,
  UnencryptedPayloadError,
} from "./encryption/errors.ts";
export {
  type PayloadBucket,
  PayloadClaimError,
  R2PayloadCodec,
  type R2PayloadCodecOptions,
} from "./r2-payload-codec.ts";
