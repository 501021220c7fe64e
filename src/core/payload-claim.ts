/**
 * A claim: a payload that says where a larger one is kept, outside the service's storage.
 *
 * Owns: the names and the layout of keys that whoever stores payloads (codec) and whoever clears them away (service)
 * must agree on. A claim is readable by the service; what it points to is not.
 *
 *     metadata: encoding = "binary/r2-claim", claim-key, claim-size in bytes, claim-sha256 in hexadecimal; no data
 */

/** Value of the metadata entry `encoding`. */
export const CLAIM_ENCODING = "binary/r2-claim";
export const CLAIM_KEY = "claim-key";
export const CLAIM_SIZE = "claim-size";
export const CLAIM_DIGEST = "claim-sha256";

/**
 * What the keys of one workflow id begin with. Its SHA-256 in hexadecimal stands for the id, which may be as long as a
 * key and hold any character. All of it is ASCII, and no workflow's prefix begins another's.
 */
export function claimPrefix(namespace: string, workflowIdDigest: string): string {
  return `${namespace}/${workflowIdDigest}/`;
}
