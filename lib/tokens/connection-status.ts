import { type ReauthorizeReason, type StoredTokenSet, withoutUndefined } from './stored-tokens';

/** The status of a connection, without its tokens. Times are in milliseconds since the epoch. */
export interface ConnectionStatus {
  /** When the user consented. Absent for records of earlier versions of this package. */
  connectedAt?: number;
  /** When the access token expires. */
  accessTokenExpiresAt: number;
  /** True if there is a refresh token. Without one, the connection ends with its access token. */
  hasRefreshToken: boolean;
  /** When the refresh token was first received. */
  refreshTokenObtainedAt?: number;
  /** When the refresh token expires: Criteo promises to accept it for six months. */
  refreshTokenExpiresAt?: number;
  /** When the connection was found to need a new consent. Absent while it works. */
  reauthorizeSince?: number;
  /** Why it needs a new consent. */
  reauthorizeReason?: ReauthorizeReason;
}

/** A day in milliseconds. */
export const DAY = 86_400_000;

// "The refresh token is valid for 6 months" (Criteo, "Authorization code setup"): the shortest six months have 181 days.
const LIFETIME = 181 * DAY;

/** Returns the time until which Criteo accepts the refresh token, in milliseconds since the epoch, if it is known. */
export function refreshTokenExpiresAt(tokens: StoredTokenSet): number | undefined {
  const { refreshToken, refreshTokenObtainedAt } = tokens;
  if (refreshToken === undefined || refreshTokenObtainedAt === undefined) return undefined;
  return refreshTokenObtainedAt + LIFETIME;
}

/** Describes a connection without its tokens. */
export function describeConnection(tokens: StoredTokenSet): ConnectionStatus {
  const { connectedAt, expiresAt, refreshToken, refreshTokenObtainedAt, reauthorizeSince, reauthorizeReason } = tokens;
  const known = { connectedAt, refreshTokenObtainedAt, refreshTokenExpiresAt: refreshTokenExpiresAt(tokens) };
  return {
    accessTokenExpiresAt: expiresAt,
    hasRefreshToken: refreshToken !== undefined,
    ...withoutUndefined({ ...known, reauthorizeSince, reauthorizeReason }),
  };
}

/**
 * Returns true if the mark of an ended connection is believed without asking Criteo. After a day, one request may test it:
 * the refusal may have been a mistake, of a wrong client id for example. Without a refresh token there is nothing to test.
 */
export function isKnownToHaveEnded(tokens: StoredTokenSet, now: number): boolean {
  const { refreshToken, reauthorizeSince, reauthorizeCheckedAt = reauthorizeSince } = tokens;
  if (reauthorizeCheckedAt === undefined) return false;
  // A mark from the future was made by a clock that was wrong; a small difference between two machines does not matter.
  return refreshToken === undefined || Math.abs(now - reauthorizeCheckedAt) < DAY;
}
