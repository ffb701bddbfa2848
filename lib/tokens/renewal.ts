import type { CriteoClient } from '../criteo/client';
import type { TokenSet } from '../criteo/token-set';
import { CriteoTokenError, ReauthorizationRequiredError, TokenStoreError } from '../errors';
import type { Clock } from './clock';
import { isKnownDead, refreshTokenExpiresAt } from './connection-status';
import { tell } from './hooks';
import { PATIENCE, type Turn } from './lock';
import type { TokenGrant, TokenSourceOptions } from './options';
import { hasLanded, reconcile } from './reconcile';
import { freshTokenRefused, type Pause, type RequestLimits, remembered } from './request-limits';
import { askTwice } from './retry';
import type { CheckedStore } from './store';
import { newVersion, type ReauthorizeReason, type StoredTokenSet, unmarked } from './stored-tokens';
import { jittered, sleep, type Timers } from './timers';

/** What a {@link Renewals} works with. */
export interface RenewalParts {
  client: CriteoClient;
  grant: TokenGrant;
  /** Milliseconds for one request and its repetition. */
  timeout: number;
  skew: number;
  store: CheckedStore;
  limits: RequestLimits;
  clock: Clock;
  timers: Timers;
  hooks: Pick<TokenSourceOptions, 'onReauthorizationRequired' | 'onExpiring'>;
  /** Milliseconds before the end of a refresh token's lifetime at which `onExpiring` is called. */
  expiringWithin: number;
}

// How often a refresh starts again because another process changed the record meanwhile.
const ROUNDS = 2;
// How often a write is tried against others.
const WRITES = 3;
// Milliseconds until a write that failed is tried again; they double each time.
const RETRY = 250;
// Milliseconds. A token that was replaced younger than that, and than half of its lifetime, was replaced early; a lifetime
// below two seconds says nothing.
const SETTLED = 60_000;
const LEAST_LIFETIME = 2000;

/** Refreshes one connection at a time: reads, asks Criteo, and writes what came back, whatever happens in between. */
export class Renewals {
  readonly #parts: RenewalParts;
  /** Tokens that Criteo returned and the store did not take, beside those that they replace. */
  readonly #unsaved = new Map<string, { tokens: StoredTokenSet; base: StoredTokenSet | undefined }>();
  /** The next try to store them, while the turn in which they came is still held. */
  readonly #attempts = new Map<string, Promise<void>>();
  #closed: Error | undefined;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** Starts no request any more: what would, rejects with `reason`. */
  close(reason: Error): void {
    this.#closed = reason;
  }

  /** Returns the tokens that the store did not take yet. */
  unsaved(key: string): StoredTokenSet | undefined {
    return this.#unsaved.get(key)?.tokens;
  }

  /** Returns the connections whose tokens the store did not take yet. */
  unsavedKeys(): string[] {
    return [...this.#unsaved.keys()];
  }

  /** Returns the next try to store them, which fails as the store does; `undefined` if none is planned. */
  attempt(key: string): Promise<void> | undefined {
    return this.#attempts.get(key);
  }

  /** Forgets what was not stored: the connection was saved again, or deleted. */
  forget(key: string): void {
    this.#unsaved.delete(key);
  }

  /**
   * Checks that tokens may be used or refreshed at all.
   *
   * @throws {ReauthorizationRequiredError} not_connected, reauthorization_required
   * @throws {TokenStoreError} client_mismatch – they were issued to another client id.
   */
  check(key: string, tokens: StoredTokenSet | undefined): void {
    const { client, grant, clock } = this.#parts;
    if (!tokens) {
      if (grant === 'client_credentials') return;
      const why = `There are no tokens for ${JSON.stringify(key)}: the user must connect to Criteo`;
      throw new ReauthorizationRequiredError(why, { code: 'not_connected', key });
    }
    if (tokens.clientID !== undefined && tokens.clientID !== client.clientID) {
      throw new TokenStoreError(
        `The tokens of ${JSON.stringify(key)} were issued to another client id than that of this TokenSource, and Criteo refuses them from this one (RFC 6749 section 6). Nothing was asked of Criteo and nothing was written. Check the option clientID, or whether two apps share a store; if the app has a new key pair, the user must connect again`,
        { code: 'client_mismatch', status: 500, key },
      );
    }
    if (isKnownDead(tokens, clock.now())) throw reauthorizationRequired(key, tokens.reauthorizeReason);
  }

  /** Returns true if tokens have more than the skew left; half of their lifetime if that is less. */
  isFresh(tokens: StoredTokenSet): boolean {
    return this.#parts.clock.left(tokens, this.#parts.skew) > this.skewOf(tokens);
  }

  /** Returns the milliseconds before its end at which a token is refreshed. */
  skewOf({ expiresAt, obtainedAt }: StoredTokenSet): number {
    return Math.min(this.#parts.skew, (expiresAt - obtainedAt) / 2);
  }

  /** Returns fresh tokens other than `refused`: those in the store, or new ones, which are stored first. */
  async renew(key: string, refused: string | undefined, turn: Turn): Promise<StoredTokenSet> {
    const { store } = this.#parts;
    await this.saveUnsaved(key, turn);
    for (let round = 1; ; round += 1) {
      // Another process may have been here since the caller looked.
      const seen = await store.read(key);
      this.check(key, seen);
      const isDead = seen?.reauthorizeSince !== undefined;
      if (seen && !isDead && seen.accessToken !== refused && this.isFresh(seen)) return seen;
      const tokens = await this.#replaced(key, seen, refused, turn);
      if (tokens) return tokens;
      if (round === ROUNDS) throw contended(key);
    }
  }

  /** Stores what the store did not take before, unless that is outdated. */
  async saveUnsaved(key: string, turn: Turn): Promise<void> {
    const unsaved = this.#unsaved.get(key);
    if (!unsaved) return;
    await this.#keep(key, unsaved.base, unsaved.tokens, turn);
    if (this.#unsaved.get(key) === unsaved) this.#unsaved.delete(key);
  }

  /** Returns new tokens, stored; `undefined` if another process changed the record, which has to be read again. */
  async #replaced(
    key: string,
    seen: StoredTokenSet | undefined,
    refused: string | undefined,
    turn: Turn,
  ): Promise<StoredTokenSet | undefined> {
    const { client, grant, limits } = this.#parts;
    const waiting = limits.pause(key);
    if (waiting) return heldBack(key, seen?.accessToken === refused ? undefined : seen, waiting);
    if (grant === 'client_credentials' || !seen) {
      const tokens = await this.#ask(key, seen, turn, (timeout) => client.clientCredentials({ timeout }));
      return this.#keep(key, seen, { ...tokens, clientID: client.clientID, version: newVersion() }, turn);
    }
    const { refreshToken } = seen;
    if (refreshToken === undefined) return this.#markDead(key, seen, 'no_refresh_token', turn);
    let tokens: TokenSet;
    try {
      tokens = await this.#ask(key, seen, turn, (timeout) => client.refresh(refreshToken, { timeout }));
    } catch (error) {
      if (!(error instanceof CriteoTokenError) || error.code !== 'invalid_grant') throw error;
      if (turn.isLost()) throw lockLost(error);
      return this.#markDead(key, seen, 'refused', turn, error);
    }
    return this.#keep(key, seen, this.#successor(seen, tokens), turn);
  }

  /** Asks Criteo. The lifetime of the token is counted by our clock, from when it was asked for. */
  async #ask(
    key: string,
    seen: StoredTokenSet | undefined,
    turn: Turn,
    ask: (timeout: number) => Promise<TokenSet>,
  ): Promise<TokenSet> {
    const { timeout, clock, limits, timers } = this.#parts;
    if (this.#closed) throw this.#closed;
    if (turn.isLost()) throw lockLost();
    const early = seen !== undefined && this.#isEarly(seen);
    const once = async (timeout: number): Promise<TokenSet> => {
      const obtainedAt = clock.now();
      const tokens = await ask(timeout);
      return { ...tokens, obtainedAt, expiresAt: obtainedAt + (tokens.expiresAt - tokens.obtainedAt) };
    };
    try {
      const tokens = await askTwice(timeout, once, () => !this.#closed && !turn.isLost(), timers);
      limits.succeeded(key, early);
      return tokens;
    } catch (error) {
      // A dead connection is marked instead: that lasts longer, and holds for all processes.
      const isDead = error instanceof CriteoTokenError && error.code === 'invalid_grant';
      if (error instanceof Error && !isDead) limits.failed(key, error);
      throw error;
    }
  }

  #isEarly(replaced: StoredTokenSet): boolean {
    const age = this.#parts.clock.age(replaced);
    const lifetime = replaced.expiresAt - replaced.obtainedAt;
    return age < SETTLED && (lifetime < LEAST_LIFETIME || age < lifetime / 2);
  }

  #successor(seen: StoredTokenSet, tokens: TokenSet): StoredTokenSet {
    const { client, clock, hooks, expiringWithin } = this.#parts;
    const { expiryAnnounced, ...before } = unmarked(seen);
    const next: StoredTokenSet = { ...before, ...tokens, clientID: client.clientID, version: newVersion() };
    if (next.refreshToken !== seen.refreshToken) next.refreshTokenObtainedAt = tokens.obtainedAt;
    else if (expiryAnnounced) next.expiryAnnounced = true;
    const expiresAt = refreshTokenExpiresAt(next);
    // Marked in the same write, so that one process announces it, once.
    if (hooks.onExpiring && expiresAt !== undefined && expiresAt - clock.now() <= expiringWithin) {
      next.expiryAnnounced = true;
    }
    return next;
  }

  /**
   * Stores new tokens.
   *
   * @returns what is stored; `undefined` if another consent, or a later refresh, is stored, which stands.
   */
  async #keep(
    key: string,
    base: StoredTokenSet | undefined,
    tokens: StoredTokenSet,
    turn: Turn,
  ): Promise<StoredTokenSet | undefined> {
    const { store } = this.#parts;
    let expected = base;
    let next = tokens;
    try {
      for (let write = 1; write <= WRITES; write += 1) {
        if (await store.replace(key, expected, next, turn)) return this.#announce(key, base, next);
        const stored = await store.read(key);
        if (stored && hasLanded(stored, next)) return this.#announce(key, base, stored);
        const merged = reconcile(stored, base, tokens);
        if (!merged) return undefined;
        expected = stored;
        next = merged;
      }
      throw contended(key);
    } catch (error) {
      this.#unsaved.set(key, { tokens: next, base });
      if (!this.#attempts.has(key)) turn.keepUntil(this.#saveLater(key, turn));
      throw error;
    }
  }

  /**
   * Tries to store tokens again, for as long as a turn may be held: other processes must not ask with a refresh token that
   * Criteo may have replaced.
   */
  async #saveLater(key: string, turn: Turn): Promise<void> {
    const { timers, timeout } = this.#parts;
    const deadline = timers.steady() + PATIENCE * timeout;
    let isSaved = false;
    for (let pause = RETRY; !isSaved && timers.steady() + pause < deadline; pause *= 2) {
      const attempt = sleep(timers, jittered(timers, pause)).then(() => this.saveUnsaved(key, turn));
      this.#attempts.set(key, attempt);
      isSaved = await attempt.then(
        () => true,
        () => false,
      );
    }
    this.#attempts.delete(key);
  }

  #announce(key: string, base: StoredTokenSet | undefined, stored: StoredTokenSet): StoredTokenSet {
    const { onExpiring } = this.#parts.hooks;
    const expiresAt = refreshTokenExpiresAt(stored);
    if (onExpiring && stored.expiryAnnounced && !base?.expiryAnnounced && expiresAt !== undefined) {
      tell('onExpiring', () => onExpiring(key, { expiresAt }));
    }
    return stored;
  }

  /** Marks a connection that only a new consent can help; `undefined` if another process has changed the record. */
  async #markDead(
    key: string,
    seen: StoredTokenSet,
    reason: ReauthorizeReason,
    turn: Turn,
    cause?: CriteoTokenError,
  ): Promise<undefined> {
    const { client, store, clock, hooks } = this.#parts;
    const now = clock.now();
    const mark = {
      reauthorizeSince: seen.reauthorizeSince ?? now,
      reauthorizeCheckedAt: now,
      reauthorizeReason: reason,
    };
    const marked = { ...seen, ...mark, clientID: client.clientID, version: newVersion() };
    if (!(await store.replace(key, seen, marked, turn))) return undefined;
    const { onReauthorizationRequired } = hooks;
    if (onReauthorizationRequired && seen.reauthorizeSince === undefined) {
      tell('onReauthorizationRequired', () => onReauthorizationRequired(key));
    }
    throw reauthorizationRequired(key, reason, cause);
  }
}

/**
 * Returns the tokens that will do while no request may be made, or throws why none may be made.
 *
 * @param usable the stored tokens, unless they were refused to the caller.
 */
export function heldBack(key: string, usable: StoredTokenSet | undefined, pause: Pause): StoredTokenSet {
  if (pause.error) throw remembered(pause.error, pause.milliseconds);
  // The last request brought these tokens a moment ago: there are no better ones, whatever their lifetime says.
  if (usable && usable.reauthorizeSince === undefined) return usable;
  throw freshTokenRefused(key, pause.milliseconds);
}

/** Returns the error of a connection that only a new consent can help. */
export function reauthorizationRequired(
  key: string,
  reason: ReauthorizeReason = 'refused',
  cause?: CriteoTokenError,
): ReauthorizationRequiredError {
  const name = JSON.stringify(key);
  const why =
    reason === 'no_refresh_token'
      ? `The access token of ${name} has expired and there is no refresh token, because Criteo's consent brought none: the user must connect to Criteo again`
      : `Criteo refuses the refresh token of ${name} (expired or revoked): the user must connect to Criteo again`;
  return new ReauthorizationRequiredError(why, { key, cause, response: cause?.response, traceId: cause?.traceId });
}

function lockLost(cause?: Error): TokenStoreError {
  return new TokenStoreError(
    'The lock of the token source was lost while it was held (the process was stopped for longer than the lock lasts, or the server of the locks forgot it): another process may be refreshing. Try again',
    { code: 'lock_failed', status: 503, retryable: true, cause },
  );
}

function contended(key: string): TokenStoreError {
  const why = `Other processes kept changing the tokens of ${JSON.stringify(key)} at the same moment. Try again`;
  return new TokenStoreError(why, { code: 'store_failed', status: 503, retryable: true, key });
}
