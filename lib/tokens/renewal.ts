import type { CriteoClient } from '../criteo/client';
import type { TokenSet } from '../criteo/token-set';
import { CriteoTokenError } from '../errors';
import type { Clock } from './clock';
import { isKnownDead } from './connection-status';
import { isExpiring } from './expiry';
import { clientMismatch, contended, lockLost, notConnected, reauthorizationRequired } from './failures';
import { tell } from './hooks';
import type { Turn } from './lock';
import type { TokenGrant, TokenSourceOptions } from './options';
import { freshTokenRefused, type Pause, type RequestLimits, remembered } from './request-limits';
import { askTwice } from './retry';
import type { CheckedStore } from './store';
import { newVersion, type ReauthorizeReason, type StoredTokenSet, unmarked } from './stored-tokens';
import type { Timers } from './timers';
import type { TokenWriter } from './token-writer';

/** What a {@link Renewals} works with. */
interface RenewalParts {
  client: CriteoClient;
  grant: TokenGrant;
  /** Milliseconds for one request and its repetition. */
  timeout: number;
  skew: number;
  store: CheckedStore;
  writer: TokenWriter;
  limits: RequestLimits;
  clock: Clock;
  timers: Timers;
  onReauthorizationRequired: TokenSourceOptions['onReauthorizationRequired'];
  /** Milliseconds before the end of a refresh token's lifetime at which it is announced, if it is. */
  announcedWithin: number | undefined;
}

// How often a refresh starts again because another process changed the record meanwhile.
const ROUNDS = 2;
// Milliseconds. A token that was replaced younger than that, and than half of its lifetime, was replaced early; a lifetime
// below two seconds says nothing.
const SETTLED = 60_000;
const LEAST_LIFETIME = 2000;

/** Refreshes one connection at a time: reads, asks Criteo, and writes what came back, whatever happens in between. */
export class Renewals {
  readonly #parts: RenewalParts;
  #closed: Error | undefined;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** Starts no request any more: what would, rejects with `reason`. */
  close(reason: Error): void {
    this.#closed = reason;
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
      throw notConnected(key);
    }
    if (tokens.clientID !== undefined && tokens.clientID !== client.clientID) {
      throw clientMismatch(key);
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
    await this.#parts.writer.saveUnsaved(key, turn);
    for (let round = 1; round <= ROUNDS; round += 1) {
      // Another process may have been here since the caller looked.
      const seen = await store.read(key);
      this.check(key, seen);
      const isDead = seen?.reauthorizeSince !== undefined;
      if (seen && !isDead && seen.accessToken !== refused && this.isFresh(seen)) return seen;
      const tokens = await this.#replaced(key, seen, refused, turn);
      if (tokens) return tokens;
    }
    throw contended(key);
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
      return this.#parts.writer.keep(key, seen, { ...tokens, clientID: client.clientID, version: newVersion() }, turn);
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
    return this.#parts.writer.keep(key, seen, this.#successor(seen, tokens), turn);
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
      // A connection that has ended is marked instead: that lasts longer, and holds for all processes.
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
    const { client, clock, announcedWithin } = this.#parts;
    const { expiryAnnounced, ...before } = unmarked(seen);
    const next: StoredTokenSet = { ...before, ...tokens, clientID: client.clientID, version: newVersion() };
    if (next.refreshToken !== seen.refreshToken) next.refreshTokenObtainedAt = tokens.obtainedAt;
    else if (expiryAnnounced) next.expiryAnnounced = true;
    // Marked in the same write, so that one process announces it, once.
    if (isExpiring(next, clock.now(), announcedWithin)) next.expiryAnnounced = true;
    return next;
  }

  /** Marks a connection that only a new consent can help; `undefined` if another process has changed the record. */
  async #markDead(
    key: string,
    seen: StoredTokenSet,
    reason: ReauthorizeReason,
    turn: Turn,
    cause?: CriteoTokenError,
  ): Promise<undefined> {
    const { client, store, limits, clock, onReauthorizationRequired } = this.#parts;
    const now = clock.now();
    const mark = {
      reauthorizeSince: seen.reauthorizeSince ?? now,
      reauthorizeCheckedAt: now,
      reauthorizeReason: reason,
    };
    const marked = { ...seen, ...mark, clientID: client.clientID, version: newVersion() };
    try {
      const isMarked = await store.replace(key, seen, marked, turn);
      // A client that sends a command again after a broken connection gets false, although the first one was done.
      if (!isMarked && (await store.read(key))?.version !== marked.version) return undefined;
    } catch (error) {
      // Without the mark, every call would ask Criteo again.
      limits.failed(key, error as Error);
      throw error;
    }
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
