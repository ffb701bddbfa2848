import { PendingLoginError } from '../errors';
import { isRecord } from '../util/json';
import { randomText } from '../util/random';
import type { PendingLogin, StateMetadata } from './state-store';

/** A pending login as it is stored, without what is undefined. The names are short because it may live in a cookie. */
export interface StoredLogin {
  /** `startedAt` */
  at: number;
  /** `strategy` and `clientID` */
  of: readonly [strategy: string, clientID: string];
  /** `callbackURL` */
  to: string;
  /** `purpose`, if it is not `authenticate` */
  for?: 'authorize';
  /** `boundTo` */
  by?: string;
  /** `crossSite`, if it is true */
  via?: 'cross-site';
  /** `verifier` */
  pkce?: string;
  /** `state` */
  app?: unknown;
}

/** Returns a handle of 192 random bits, in 32 characters of base64url. */
export function newHandle(): string {
  return randomText(24);
}

/** Checks whether a callback's `state` can be one of our handles. */
export function isHandle(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{32}$/.test(value);
}

/**
 * Returns a copy of the app's state, as JSON gives it back.
 *
 * @param store the store's name, for messages.
 * @param most the largest state that it keeps, in bytes of JSON.
 * @throws {PendingLoginError} state_invalid – it is not JSON; state_too_large.
 */
export function copyOfState(store: string, state: unknown, most = Number.POSITIVE_INFINITY): unknown {
  if (state === undefined) return undefined;
  const option = 'option state of passport.authenticate';
  let json: string | undefined;
  try {
    json = JSON.stringify(state);
  } catch {
    // A cycle, a BigInt.
  }
  if (json === undefined) {
    throw new PendingLoginError('state_invalid', `${store} cannot keep the ${option}: it is not JSON`);
  }
  if (Buffer.byteLength(json) > most) {
    const message =
      `The ${option} takes more than the ${most} bytes (as JSON) that ${store} keeps for a login: keep it elsewhere and ` +
      'give a key to it.';
    throw new PendingLoginError('state_too_large', message);
  }
  return JSON.parse(json);
}

/** Returns the stored form of a login that starts now. */
export function newLogin(verifier: string | undefined, state: unknown, meta: StateMetadata): StoredLogin {
  const stored: StoredLogin = { at: Date.now(), of: [meta.strategy, meta.clientID], to: meta.callbackURL };
  if (meta.purpose === 'authorize') stored.for = 'authorize';
  if (meta.boundTo !== undefined) stored.by = meta.boundTo;
  if (meta.crossSite) stored.via = 'cross-site';
  if (verifier !== undefined) stored.pkce = verifier;
  if (state !== undefined) stored.app = state;
  return stored;
}

/** Reads a stored login. Returns undefined unless every field is what we would have written. */
export function readLogin(value: unknown): PendingLogin | undefined {
  if (!isRecord(value)) return undefined;
  const { at, of, to, for: purpose, by, via, pkce, app } = value;
  // A number that is no time is never fresh.
  if (typeof at !== 'number' || typeof to !== 'string') return undefined;
  if (!Array.isArray(of) || of.length !== 2) return undefined;
  const [strategy, clientID]: unknown[] = of;
  if (typeof strategy !== 'string' || typeof clientID !== 'string') return undefined;
  if (purpose !== undefined && purpose !== 'authorize') return undefined;
  if (by !== undefined && typeof by !== 'string') return undefined;
  if (via !== undefined && via !== 'cross-site') return undefined;
  // RFC 7636 section 4.1.
  if (pkce !== undefined && (typeof pkce !== 'string' || !/^[\w.~-]{43,128}$/.test(pkce))) return undefined;
  return {
    startedAt: at,
    strategy,
    clientID,
    callbackURL: to,
    purpose: purpose ?? 'authenticate',
    boundTo: by,
    crossSite: via !== undefined,
    verifier: pkce,
    state: app,
  };
}

/** Checks whether a login was started by the strategy that `meta` describes. */
export function isOwn({ strategy, clientID }: PendingLogin, meta: StateMetadata): boolean {
  return strategy === meta.strategy && clientID === meta.clientID;
}

// The clocks of several machines differ a little.
const CLOCK_DIFFERENCE = 60_000;

/** Checks whether a login that started at `startedAt` may still be finished. */
export function isFresh(startedAt: number, maxAge: number): boolean {
  const age = Date.now() - startedAt;
  return age <= maxAge && age >= -CLOCK_DIFFERENCE;
}
