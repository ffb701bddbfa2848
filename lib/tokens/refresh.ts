import type { TokenSet } from '../criteo/token-set';
import { CriteoTokenError } from '../errors';
import { callAppHook } from './app-hooks';
import type { Clock, Timers } from './clock';
import {
  clientMismatch,
  contended,
  freshTokenRefused,
  lockLost,
  notConnected,
  reauthorizationRequired,
} from './connection-errors';
import { isKnownToHaveEnded, refreshTokenExpiresAt } from './connection-status';
import type { Turn } from './lock';
import type { CheckedOptions } from './options';
import { askTwice } from './retry';
import type { CheckedStore } from './store';
import { newVersion, type ReauthorizeReason, type StoredTokenSet, withoutUndefined } from './stored-tokens';
import { type Pause, type RequestLimits, remembered } from './token-request-limits';
import type { TokenWriter } from './token-writer';

/** What a {@link Refresher} works with, beside the options. */
interface RefresherParts {
  /** Milliseconds for one request and its repetition. */
  timeout: number;
  store: CheckedStore;
  writer: TokenWriter;
  limits: RequestLimits;
  clock: Clock;
  timers: Timers;
  /** No request is started after it has aborted: what would start one rejects with its reason. */
  closing: AbortSignal;
}

// How often a refresh starts again because another process changed the record meanwhile.
const ROUNDS = 2;
// Milliseconds. A token that was replaced younger than that, and than half of its lifetime, was replaced early; a lifetime
// below two seconds says nothing.
const SETTLED = 60_000;
const SHORTEST_LIFETIME = 2000;

/** Refreshes one connection at a time: reads, asks Criteo, and writes what came back, whatever happens in between. */
export class Refresher {
  readonly #options: CheckedOptions;
  readonly #parts: RefresherParts;

  constructor(options: CheckedOptions, parts: RefresherParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /**
   * Checks that tokens may be used or refreshed at all.
   *
   * @throws {ReauthorizationRequiredError} not_connected, reauthorization_required
   * @throws {TokenStoreError} client_mismatch – they were issued to another client id.
   */
  check(key: string, tokens: StoredTokenSet | undefined): void {
    const { client, grant } = this.#options;
    if (!tokens) {
      if (grant === 'client_credentials') return;
      throw notConnected(key);
    }
    if (tokens.clientID !== undefined && tokens.clientID !== client.clientID) throw clientMismatch(key);
    const hasEnded = isKnownToHaveEnded(tokens, this.#parts.clock.now());
    if (hasEnded) throw reauthorizationRequired(key, tokens.reauthorizeReason);
  }

  /** Returns true if tokens have more than the skew left; half of their lifetime if that is less. */
  isFresh(tokens: StoredTokenSet): boolean {
    return this.#parts.clock.left(tokens, this.#options.skew) > this.skewOf(tokens);
  }

  /** Returns the milliseconds before its end at which a token is refreshed. */
  skewOf({ expiresAt, obtainedAt }: StoredTokenSet): number {
    // Not negative, which would make a record fresh that ends before it begins, such as one edited by hand.
    return Math.min(this.#options.skew, Math.max(0, expiresAt - obtainedAt) / 2);
  }

  /** Returns fresh tokens other than `refused`: those in the store, or new ones, which are stored first. */
  async refresh(key: string, refused: string | undefined, turn: Turn): Promise<StoredTokenSet> {
    const { store, writer } = this.#parts;
    await writer.saveUnsaved(key, turn);
    for (let round = 1; round <= ROUNDS; round += 1) {
      // Another process may have refreshed it after the caller read it.
      const stored = await store.read(key);
      this.check(key, stored);
      const isUsable = stored && stored.reauthorizeSince === undefined && stored.accessToken !== refused;
      if (isUsable && this.isFresh(stored)) return stored;
      const tokens = await this.#replaced(key, stored, refused, turn);
      if (tokens) return tokens;
    }
    throw contended(key);
  }

  /** Returns new tokens, stored; `undefined` if another process changed the record, which has to be read again. */
  async #replaced(
    key: string,
    stored: StoredTokenSet | undefined,
    refused: string | undefined,
    turn: Turn,
  ): Promise<StoredTokenSet | undefined> {
    const { client, grant } = this.#options;
    const { limits, writer } = this.#parts;
    const pause = limits.pause(key);
    if (pause) return heldBack(key, stored?.accessToken === refused ? undefined : stored, pause);
    if (grant === 'client_credentials' || !stored) {
      const tokens = await this.#ask(key, stored, turn, (timeout) => client.clientCredentials({ timeout }));
      return writer.keep(key, stored, { ...tokens, clientID: client.clientID, version: newVersion() }, turn);
    }
    const { refreshToken } = stored;
    if (refreshToken === undefined) return this.#markEnded(key, stored, 'no_refresh_token', turn);
    let tokens: TokenSet;
    try {
      tokens = await this.#ask(key, stored, turn, (timeout) => client.refresh(refreshToken, { timeout }));
    } catch (error) {
      if (!isInvalidGrant(error)) throw error;
      if (turn.isLost()) throw lockLost(error);
      return this.#markEnded(key, stored, 'refused', turn, error);
    }
    return writer.keep(key, stored, this.#successor(stored, tokens), turn);
  }

  /** Asks Criteo. The lifetime of the token is counted by our clock, from when it was asked for. */
  async #ask(
    key: string,
    stored: StoredTokenSet | undefined,
    turn: Turn,
    ask: (timeout: number) => Promise<TokenSet>,
  ): Promise<TokenSet> {
    const { timeout, clock, limits, timers, closing } = this.#parts;
    closing.throwIfAborted();
    if (turn.isLost()) throw lockLost();
    const isEarly = stored !== undefined && this.#isEarly(stored);
    const once = async (timeout: number): Promise<TokenSet> => {
      const obtainedAt = clock.now();
      const tokens = await ask(timeout).catch((error: Error) => {
        limits.refused(error);
        throw error;
      });
      return { ...tokens, obtainedAt, expiresAt: obtainedAt + (tokens.expiresAt - tokens.obtainedAt) };
    };
    try {
      const tokens = await askTwice(timeout, once, () => !closing.aborted && !turn.isLost(), timers);
      limits.succeeded(key, isEarly);
      return tokens;
    } catch (error) {
      // A connection that has ended is marked instead: that lasts longer, and holds for all processes.
      if (error instanceof Error && !isInvalidGrant(error)) limits.failed(key, error);
      throw error;
    }
  }

  #isEarly(replaced: StoredTokenSet): boolean {
    const age = this.#parts.clock.age(replaced);
    const lifetime = replaced.expiresAt - replaced.obtainedAt;
    return age < SETTLED && (lifetime < SHORTEST_LIFETIME || age < lifetime / 2);
  }

  #successor(stored: StoredTokenSet, tokens: TokenSet): StoredTokenSet {
    const { client, onExpiring, expiringWithin } = this.#options;
    const { refreshToken, connectedAt, refreshTokenObtainedAt, expiryAnnounced } = stored;
    const kept = withoutUndefined({ refreshToken, connectedAt, refreshTokenObtainedAt });
    const next: StoredTokenSet = { ...kept, ...tokens, clientID: client.clientID, version: newVersion() };
    if (next.refreshToken !== stored.refreshToken) next.refreshTokenObtainedAt = tokens.obtainedAt;
    else if (expiryAnnounced) next.expiryAnnounced = true;
    // Marked in the same write, so that one process announces it, once.
    const left = (refreshTokenExpiresAt(next) ?? Number.POSITIVE_INFINITY) - this.#parts.clock.now();
    if (onExpiring && left <= expiringWithin) next.expiryAnnounced = true;
    return next;
  }

  /** Marks a connection that only a new consent can help; `undefined` if another process has changed the record. */
  async #markEnded(
    key: string,
    stored: StoredTokenSet,
    reason: ReauthorizeReason,
    turn: Turn,
    cause?: CriteoTokenError,
  ): Promise<undefined> {
    const { client, onReauthorizationRequired } = this.#options;
    const { store, limits, clock } = this.#parts;
    const now = clock.now();
    const since = stored.reauthorizeSince ?? now;
    const mark = { reauthorizeSince: since, reauthorizeCheckedAt: now, reauthorizeReason: reason };
    const marked = { ...stored, ...mark, clientID: client.clientID, version: newVersion() };
    try {
      const isMarked = await store.replace(key, stored, marked, turn);
      // A client that sends a command again after a broken connection gets false, although the first one was done.
      if (!isMarked && (await store.read(key))?.version !== marked.version) return undefined;
    } catch (error) {
      // Without the mark, every call would ask Criteo again.
      limits.failed(key, error as Error);
      throw error;
    }
    if (onReauthorizationRequired && stored.reauthorizeSince === undefined) {
      callAppHook('onReauthorizationRequired', () => onReauthorizationRequired(key));
    }
    throw reauthorizationRequired(key, reason, cause);
  }
}

function isInvalidGrant(error: unknown): error is CriteoTokenError {
  return error instanceof CriteoTokenError && error.code === 'invalid_grant';
}

/**
 * Returns the tokens that can be used while no request may be made, or throws why none may be made.
 *
 * @param usable the stored tokens, unless they were refused to the caller.
 */
export function heldBack(key: string, usable: StoredTokenSet | undefined, pause: Pause): StoredTokenSet {
  if (pause.error) throw remembered(pause.error, pause.milliseconds);
  // The last request brought these tokens a moment ago: there are no better ones, whatever their lifetime says.
  if (usable && usable.reauthorizeSince === undefined) return usable;
  throw freshTokenRefused(key, pause.milliseconds);
}
