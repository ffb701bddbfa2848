import type { TokenSet } from '../criteo/token-set';
import { isRecord } from '../util/json';

/** What a {@link TokenStore} keeps for a connection: plain JSON. */
export interface StoredTokenSet extends TokenSet {
  /**
   * When Criteo declared the refresh token dead, in milliseconds since the epoch; absent while the connection lives.
   * Kept with the tokens, so that no process asks Criteo again, and gone with the next `save`.
   */
  reauthorizeSince?: number;
}

// Visible ASCII: anything else could break a header (RFC 6750 section 2.1).
const headerSafe = /^[\x21-\x7e]+$/;

/**
 * Reads tokens that came from somebody else: a store, or the application.
 *
 * @returns a copy of the known fields, or what is wrong, without a value.
 */
export function readRecord(value: unknown): StoredTokenSet | string {
  if (typeof value === 'string') return 'is text, not an object (parse its JSON first)';
  if (!isRecord(value)) return 'is not an object';
  const { accessToken, expiresAt, obtainedAt, refreshToken, reauthorizeSince } = value;
  if (typeof accessToken !== 'string' || !headerSafe.test(accessToken)) return 'has no usable accessToken';
  if (!isTime(expiresAt)) return 'has an expiresAt that is no time in milliseconds';
  if (!isTime(obtainedAt)) return 'has an obtainedAt that is no time in milliseconds';
  const tokens: StoredTokenSet = { accessToken, tokenType: 'Bearer', expiresAt, obtainedAt };
  // A column of a table is null where a field of ours is absent.
  if (refreshToken !== undefined && refreshToken !== null) {
    if (typeof refreshToken !== 'string' || !headerSafe.test(refreshToken)) return 'has an unusable refreshToken';
    tokens.refreshToken = refreshToken;
  }
  if (reauthorizeSince !== undefined && reauthorizeSince !== null) {
    if (!isTime(reauthorizeSince)) return 'has a reauthorizeSince that is no time in milliseconds';
    tokens.reauthorizeSince = reauthorizeSince;
  }
  return tokens;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
