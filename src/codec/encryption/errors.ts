/**
 * What can go wrong with keys and encrypted payloads.
 *
 * Owns: the classes. Messages say what to do and name ids only: never a key, never plaintext.
 */
import { identifyClass } from "../error-identity.ts";

/** The variable (a secret) that holds the keys. */
export const ENCRYPTION_KEYS_VARIABLE = "HOLDFAST_ENCRYPTION_KEYS";

/** There is no key, so no payload can be encrypted or decrypted and no work may start. */
export class EncryptionKeyMissingError extends Error {
  static {
    identifyClass(this, "EncryptionKeyMissingError");
  }

  constructor() {
    super(
      `No encryption key: ${ENCRYPTION_KEYS_VARIABLE} is not set, and Holdfast sends nothing unencrypted. ` +
        "Make a key with `openssl rand -base64 32`. " +
        `Deployed: run \`wrangler secret put ${ENCRYPTION_KEYS_VARIABLE}\` and enter k1:<key>. ` +
        `Locally: put the line ${ENCRYPTION_KEYS_VARIABLE}="k1:<key>" into .dev.vars`,
    );
  }
}

/** A payload could not be decrypted: unknown key, unknown format, altered, or not from here. */
export class PayloadDecryptionError extends Error {
  static {
    identifyClass(this, "PayloadDecryptionError");
  }
}

/** A payload arrived that nobody encrypted. */
export class UnencryptedPayloadError extends Error {
  static {
    identifyClass(this, "UnencryptedPayloadError");
  }
}
