import { headerSafe, type TokenSet } from '../criteo/token-set';
import { isRecord } from '../util/json';
import { randomText } from '../util/random';

/** What a {@link TokenStore} keeps for a connection: plain JSON. */
export interface StoredTokenSet extends TokenSet {
  /**
   * Changes with every write and is never used twice. `compareAndSet` compares it, so that a write that was overtaken
   * fails, however late it lands. Absent in records of earlier versions of this package.
   */
  version?: string;
  /** The client id that the tokens were issued to: Criteo refuses them from another (RFC 6749 section 6). */
  clientID?: string;
  /** When the user consented, in milliseconds since the epoch. */
  connectedAt?: number;
  /** When this refresh token was first received, in milliseconds since the epoch. */
  refreshTokenObtainedAt?: number;
  /** True if `onExpiring` was called for this refresh token. */
  expiryAnnounced?: boolean;
  /** When the connection was found to need a new consent, in milliseconds since the epoch. The next `save` removes it. */
  reauthorizeSince?: number;
  /** When that was last confirmed, in milliseconds since the epoch. It is believed for a day. */
  reauthorizeCheckedAt?: number;
  /** Why the user must consent again. */
  reauthorizeReason?: ReauthorizeReason;
}

/**
 * Why a connection needs a new consent: `refused` if Criteo refused the refresh token (expired or revoked),
 * `no_refresh_token` if the consent brought none.
 */
export type ReauthorizeReason = 'refused' | 'no_refresh_token';

const times = ['connectedAt', 'refreshTokenObtainedAt', 'reauthorizeSince', 'reauthorizeCheckedAt'] as const;

/**
 * Reads tokens that came from a store or from the app.
 *
 * @returns a copy of the known fields, or what is wrong, without a value.
 */
export function readRecord(value: unknown): StoredTokenSet | string {
  if (typeof value === 'string') return 'is text, not an object (parse its JSON first)';
  if (!isRecord(value)) return 'is not an object';
  const { accessToken, expiresAt, obtainedAt, refreshToken, reauthorizeReason: reason } = value;
  if (typeof accessToken !== 'string' || !headerSafe.test(accessToken)) return 'has no usable accessToken';
  if (!isTime(expiresAt)) return 'has an expiresAt that is no time in milliseconds';
  if (!isTime(obtainedAt)) return 'has an obtainedAt that is no time in milliseconds';
  const tokens: StoredTokenSet = { accessToken, tokenType: 'Bearer', expiresAt, obtainedAt };
  // A column of a table is null if a field of ours is absent.
  if (isPresent(refreshToken)) {
    if (typeof refreshToken !== 'string' || !headerSafe.test(refreshToken)) return 'has an unusable refreshToken';
    tokens.refreshToken = refreshToken;
  }
  for (const name of times) {
    const time = value[name];
    if (!isPresent(time)) continue;
    if (!isTime(time)) return `has a ${name} that is no time in milliseconds`;
    tokens[name] = time;
  }
  for (const name of ['version', 'clientID'] as const) {
    const text = value[name];
    if (!isPresent(text)) continue;
    if (typeof text !== 'string') return `has a ${name} that is no text`;
    tokens[name] = text;
  }
  if (value['expiryAnnounced'] === true) tokens.expiryAnnounced = true;
  if (reason === 'refused' || reason === 'no_refresh_token') tokens.reauthorizeReason = reason;
  return tokens;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Returns a version that no other write has or will have: 96 random bits. */
export function newVersion(): string {
  return randomText(12);
}

/**
 * Returns the record of a consent. Tokens without a refresh token, as a refresh may bring, leave the stored one.
 *
 * @param before what is stored.
 */
export function consentRecord(
  { accessToken, tokenType, expiresAt, obtainedAt, refreshToken }: TokenSet,
  before: StoredTokenSet | undefined,
  clientID: string,
): StoredTokenSet {
  const tokens = { accessToken, tokenType, expiresAt, obtainedAt, version: newVersion(), clientID };
  const isOurs = before?.refreshToken !== undefined && (before.clientID ?? clientID) === clientID;
  if (
    isOurs &&
    (refreshToken === undefined ? before.reauthorizeSince === undefined : refreshToken === before.refreshToken)
  ) {
    const { refreshToken, connectedAt, refreshTokenObtainedAt, expiryAnnounced } = before;
    return { ...tokens, ...withoutUndefined({ refreshToken, connectedAt, refreshTokenObtainedAt, expiryAnnounced }) };
  }
  const connected = { ...tokens, connectedAt: obtainedAt };
  return refreshToken === undefined ? connected : { ...connected, refreshToken, refreshTokenObtainedAt: obtainedAt };
}

/** Returns true if two reads of the store found the same record. */
export function isSameRecord(one: StoredTokenSet | undefined, other: StoredTokenSet | undefined): boolean {
  return (
    one?.version === other?.version &&
    one?.accessToken === other?.accessToken &&
    one?.refreshToken === other?.refreshToken &&
    one?.reauthorizeSince === other?.reauthorizeSince
  );
}

/** The fields of T that may be left out instead of being undefined. */
type Present<T> = { [name in keyof T]?: Exclude<T[name], undefined> };

/** Returns the fields that are not undefined: records are plain JSON. */
export function withoutUndefined<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
