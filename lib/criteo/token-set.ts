import { CriteoTransportError } from '../errors';
import { isRecord } from '../util/json';

/** What a successful token request brought, as plain JSON: what to keep for the months to come. */
export interface TokenSet {
  /** Opaque. Goes into the header `Authorization: Bearer …`, never into a URL. */
  accessToken: string;
  tokenType: 'Bearer';
  /** When the access token expires, in milliseconds since the epoch, counted from when it was asked for. */
  expiresAt: number;
  /** When it was asked for, in milliseconds since the epoch. */
  obtainedAt: number;
  /** Valid for six months; absent if Criteo sent none. */
  refreshToken?: string;
}

/** The fields of a token response (RFC 6749 section 5.1), of any type. */
export interface TokenFields {
  accessToken: unknown;
  tokenType: unknown;
  expiresIn: unknown;
  refreshToken: unknown;
}

/** How a token response is read. */
export interface TokenReading {
  /** The response's HTTP status, for errors. @default 200 */
  status?: number | undefined;
  /** Is called for a field that makes no sense but does not make the access token unusable; without its value. */
  onOddField?: ((field: string, message: string) => void) | undefined;
}

// Seconds. What Criteo documents, for a response that does not say.
const LIFETIME = 900;
// Seconds for which an access token is used whose expires_in makes no sense: short enough that the token is still valid
// in all likelihood (Criteo documents 900), long enough that a TokenSource, which refreshes at half of such a lifetime,
// asks twice a minute at most.
const SHORT = 60;
// Seconds in a year. No access token of an API lives longer.
const LONGEST = 31_536_000;

// Visible ASCII: anything else could break a header (RFC 6750 section 2.1).
export const headerSafe = /^[\x21-\x7e]+$/;

/**
 * Turns the JSON of a successful token response (RFC 6749 section 5.1) into a TokenSet. A consent cannot always be
 * repeated, so what is usable is kept: only a response without a usable access token is refused.
 *
 * @param body the parsed body, of any shape.
 * @param askedAt when the request was sent, in milliseconds since the epoch.
 * @throws {CriteoTransportError} `invalid_response` – the access token is unusable; without any value.
 *
 * @internal
 */
export function readTokenSet(body: unknown, askedAt: number, reading: TokenReading = {}): TokenSet {
  if (!isRecord(body)) throw invalid('is not a JSON object', reading);
  const { access_token, token_type, expires_in, refresh_token } = body;
  const fields = {
    accessToken: access_token,
    tokenType: token_type,
    expiresIn: expires_in,
    refreshToken: refresh_token,
  };
  return tokenSetOf(fields, askedAt, reading);
}

/**
 * Checks the fields of a token response, as {@link readTokenSet}.
 *
 * @throws {CriteoTransportError} `invalid_response` – the access token is unusable; without any value.
 *
 * @internal
 */
export function tokenSetOf(fields: TokenFields, askedAt: number, reading: TokenReading = {}): TokenSet {
  const { accessToken, tokenType, expiresIn, refreshToken } = fields;
  if (typeof accessToken !== 'string' || !headerSafe.test(accessToken)) {
    throw invalid('has no usable access_token: visible ASCII is expected', reading);
  }
  if (typeof tokenType === 'string' && tokenType !== '') {
    // RFC 6749 section 7.1: a token of a type that the client does not know must not be used.
    if (tokenType.trim().toLowerCase() !== 'bearer') throw invalid('has a token_type other than Bearer', reading);
  } else {
    reading.onOddField?.('token_type', 'has no token_type: the access token is used as Bearer, as Criteo documents');
  }
  const tokens: TokenSet = {
    accessToken,
    tokenType: 'Bearer',
    expiresAt: askedAt + Math.floor(lifetime(expiresIn, reading) * 1000),
    obtainedAt: askedAt,
  };
  if (refreshToken === undefined || refreshToken === null || refreshToken === '') return tokens;
  if (typeof refreshToken === 'string' && headerSafe.test(refreshToken)) {
    tokens.refreshToken = refreshToken;
  } else {
    reading.onOddField?.(
      'refresh_token',
      'has an unusable refresh_token (visible ASCII is expected): it is ignored, the access token is kept',
    );
  }
  return tokens;
}

/** Returns seconds. */
function lifetime(value: unknown, { onOddField }: TokenReading): number {
  if (value === undefined || value === null) return LIFETIME;
  const seconds = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof seconds === 'number' && seconds >= 1 && seconds <= LONGEST) return seconds;
  onOddField?.(
    'expires_in',
    `has an expires_in that is no sensible number of seconds: its access token is used for ${SHORT} s`,
  );
  return SHORT;
}

function invalid(what: string, { status = 200 }: TokenReading): CriteoTransportError {
  return new CriteoTransportError(`Criteo's token response ${what}`, {
    code: 'invalid_response',
    status: 502,
    response: { status },
  });
}
