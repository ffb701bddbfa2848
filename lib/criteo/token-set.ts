import { CriteoTransportError } from '../errors';
import { isRecord } from '../util/json';

/** What a successful token request brought, as plain JSON: what to keep for the months to come. */
export interface TokenSet {
  /** Opaque. Goes into the header `Authorization: Bearer …`, never into a URL. */
  accessToken: string;
  tokenType: 'Bearer';
  /** When the access token dies, in milliseconds since the epoch, counted from when it was asked for. */
  expiresAt: number;
  /** When it was asked for, in milliseconds since the epoch. */
  obtainedAt: number;
  /** Lives six months; absent where Criteo sent none. */
  refreshToken?: string;
}

// What Criteo documents, for an answer that does not say.
const LIFETIME = 900;
// Ten years in seconds: any date arithmetic still holds.
const LONGEST = 315_360_000;

// Visible ASCII: anything else could break a header (RFC 6750 section 2.1).
export const headerSafe = /^[\x21-\x7e]+$/;

/**
 * Turns the JSON of a successful token response (RFC 6749 section 5.1) into a TokenSet.
 *
 * @param body the parsed body, of any shape.
 * @param askedAt when the request was sent, in milliseconds since the epoch.
 * @param status the answer's HTTP status, for the error. Default 200.
 * @throws {CriteoTransportError} `invalid_response`, naming the field and never its value.
 */
export function readTokenSet(body: unknown, askedAt: number, status = 200): TokenSet {
  const invalid = (what: string): CriteoTransportError =>
    new CriteoTransportError(`Criteo's token response ${what}`, {
      code: 'invalid_response',
      status: 502,
      response: { status },
    });
  if (!isRecord(body)) throw invalid('is not a JSON object');
  const { access_token, token_type, refresh_token, expires_in } = body;
  if (typeof access_token !== 'string' || !headerSafe.test(access_token)) {
    throw invalid('has no usable access_token: visible ASCII is expected');
  }
  if (typeof token_type !== 'string' || token_type.toLowerCase() !== 'bearer') {
    throw invalid('has a token_type other than Bearer');
  }
  const seconds = lifetime(expires_in);
  if (seconds === undefined) throw invalid('has an expires_in that is no number of seconds');
  const tokens: TokenSet = {
    accessToken: access_token,
    tokenType: 'Bearer',
    expiresAt: askedAt + Math.floor(seconds * 1000),
    obtainedAt: askedAt,
  };
  if (refresh_token === undefined || refresh_token === null || refresh_token === '') return tokens;
  if (typeof refresh_token !== 'string' || !headerSafe.test(refresh_token)) {
    throw invalid('has no usable refresh_token: visible ASCII, null or nothing is expected');
  }
  tokens.refreshToken = refresh_token;
  return tokens;
}

/** Seconds, or nothing where the value says none. */
function lifetime(value: unknown): number | undefined {
  if (value === undefined || value === null) return LIFETIME;
  const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds >= 0 ? Math.min(seconds, LONGEST) : undefined;
}
