import { isUtf8 } from 'node:buffer';
import { hash, timingSafeEqual } from 'node:crypto';
import { types } from 'node:util';
import { ConsentCallbackError } from '../errors';
import { isRecord, type JSONObject, withoutMark } from '../util/json';
import { checkCredential } from '../util/option-checks';
import { readFields } from './event-fields';
import { checkSecrets, sign } from './signature';

/** A user's decision at a signed consent URL, as Criteo reports it. */
export interface ConsentEvent {
  /** SHA-256 over the bytes of the body, in hex: the same if Criteo delivers the same event again. */
  id: string;
  /** `ConsentGranted`, `ConsentDenied`, or a type that Criteo adds later. */
  type: 'ConsentGranted' | 'ConsentDenied' | (string & Record<never, never>);
  /** The state of the consent URL, if the body has one. */
  state?: string;
  /** The permissions granted, such as `MarketingSolutions_Campaign_Read`; empty on denial. */
  acceptedScopes: string[];
  /** The advertisers shared (Marketing Solutions); else empty. */
  advertisers: { id: string }[];
  /** The accounts shared (Retail Media); else empty. */
  accounts: { id: string }[];
  /** The whole body as `JSON.parse` reads it: numbers beyond 2^53 are rounded here, unlike in the ids above. */
  body: unknown;
}

/** The body of a callback as received, before any parser. */
export type RawBody = string | Uint8Array;

/** Returns true for the bytes of a body, which may be kept as text. */
export function isRaw(value: unknown): value is RawBody {
  return typeof value === 'string' || types.isUint8Array(value);
}

/** The header's value as frameworks pass it on. More than one value is refused. */
export type SignatureHeader = string | readonly string[] | null | undefined;

/**
 * Computes the signature that Criteo would put into `x-criteo-hmac-sha512`, for tests.
 *
 * @param body The bytes of the request's body; a string is taken as UTF-8
 * @param secret The connector's signing secret
 * @returns HMAC-SHA512 in lower-case hex
 * @throws {TypeError} `body` is neither string nor bytes, or `secret` is empty or has white space around it
 * @see Criteo, Marketing Solutions docs: the consent-delegation callback
 */
export function signConsentCallback(body: RawBody, secret: string): string {
  if (!isRaw(body)) {
    throw new TypeError('signConsentCallback: body must be a string or a Buffer');
  }
  return sign(body, checkCredential('signConsentCallback', 'secret', secret));
}

/**
 * Checks that a consent callback comes from Criteo, and reads it.
 *
 * @param body The request's body exactly as received: the raw bytes, never a parsed and re-serialised object
 * @param signature The header `x-criteo-hmac-sha512`: 128 hex digits in either letter case
 * @param secret The connector's signing secret. While secrets are rotated, a list: each of them is accepted
 * @returns The event. Its ids are exact strings, whether sent as strings, as numbers of any size, or inside objects
 * @throws {ConsentCallbackError} with the `status` to respond with, and a `code`: `signature_missing`, `signature_malformed`,
 *   `signature_mismatch` (401), `invalid_body` (400), `raw_body_missing` (500: a mistake of the app)
 * @throws {TypeError} `secret` is empty or has white space around it
 * @see Criteo, Marketing Solutions docs: the consent-delegation callback
 */
export function verifyConsentCallback(
  body: RawBody,
  signature: SignatureHeader,
  secret: string | readonly string[],
): ConsentEvent {
  const secrets = checkSecrets('verifyConsentCallback', secret);
  return readSigned(body, checkSignatureHeader(signature), secrets);
}

/**
 * Checks the form of the header alone, so that requests without a signature are refused before their body is read.
 *
 * @throws {ConsentCallbackError} signature_missing, signature_malformed – the header is missing, or malformed
 */
export function checkSignatureHeader(value: SignatureHeader): string {
  if (value === undefined || value === null || value === '') {
    throw new ConsentCallbackError('The header x-criteo-hmac-sha512 is missing.', {
      code: 'signature_missing',
      status: 401,
    });
  }
  // Repeated headers arrive as a list or joined by commas, and so fail.
  if (typeof value === 'string' && value.length === 128 && /^[0-9a-f]+$/i.test(value)) return value;
  throw new ConsentCallbackError('The header x-criteo-hmac-sha512 must be exactly one value of 128 hex digits.', {
    code: 'signature_malformed',
    status: 401,
  });
}

/** Does what `verifyConsentCallback` does, with arguments that are checked already. */
export function readSigned(body: RawBody, signature: string, secrets: readonly string[]): ConsentEvent {
  if (!isRaw(body)) {
    throw new ConsentCallbackError(
      'The raw body of the consent callback is missing: the body is neither a Buffer nor a string, probably because a body parser has read it. The signature covers the bytes as received: keep them, and verify those.',
      { code: 'raw_body_missing', status: 500 },
    );
  }
  // Both sides as text, because a malformed header must not shorten what is compared.
  const claimed = Buffer.from(signature.toLowerCase());
  if (!secrets.some((secret) => timingSafeEqual(Buffer.from(sign(body, secret)), claimed))) {
    throw new ConsentCallbackError(
      'The signature of the consent callback does not match its body: check the signing secret, and that the body was not changed after it was received.',
      { code: 'signature_mismatch', status: 401 },
    );
  }
  return readEvent(body);
}

function readEvent(raw: RawBody): ConsentEvent {
  const text = decode(raw);
  const body = parse(text);
  const { type, state, acceptedScopes, advertisers, accounts } = readFields(text, body);
  if (!type) throw invalid('has no Type');
  const event: ConsentEvent = { id: hash('sha256', raw, 'hex'), type, acceptedScopes, advertisers, accounts, body };
  if (state !== undefined) event.state = state;
  return event;
}

function decode(raw: RawBody): string {
  if (typeof raw === 'string') return withoutMark(raw);
  if (!isUtf8(raw)) throw invalid('is not UTF-8');
  const bytes = Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  return withoutMark(bytes.toString('utf8'));
}

function parse(text: string): JSONObject {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own error quotes the body, so it is not kept as a cause.
    throw invalid('is not JSON');
  }
  if (!isRecord(body)) throw invalid('is not a JSON object');
  return body;
}

function invalid(what: string): ConsentCallbackError {
  return new ConsentCallbackError(`The body of the consent callback ${what}.`, { code: 'invalid_body', status: 400 });
}
