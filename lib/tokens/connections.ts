import type { TokenSet } from '../criteo/token-set';
import { TokenStoreError } from '../errors';
import { Clock, realTimers, type Timers } from './clock';
import { contended, reauthorizationRequired, sourceClosed } from './connection-errors';
import { type ConnectionStatus, describeConnection } from './connection-status';
import { Exclusive, PATIENCE, type Turn } from './lock';
import type { CheckedOptions } from './options';
import { heldBack, Refresher } from './refresh';
import { RefreshQueue } from './refresh-queue';
import { isOutage } from './retry';
import { CheckedStore } from './store';
import { consentRecord, type StoredTokenSet } from './stored-tokens';
import { RequestLimits } from './token-request-limits';
import { TokenWriter } from './token-writer';

// Milliseconds. `force: true` does not replace a token that is younger.
const YOUNG = 1000;
// Milliseconds. A refresh that waits longer for its lock lets another one have its place.
const LEND_AFTER = 1000;
// A token with less of its skew left (5 s of the default) may expire on its way to Criteo: a call waits for a new one.
const MARGIN = 1 / 12;
// How often a consent is written against a refresh by another process.
const WRITES = 10;

/** Keeps the tokens of the connections of a TokenSource, and refreshes each once, however many callers ask. */
export class Connections {
  readonly #options: CheckedOptions;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #store: CheckedStore;
  /** Refreshes; and everything else, if the store cannot compare and set. */
  readonly #turns: Exclusive;
  /** Saving and deleting, in the order of the calls, if the store can compare and set: no lock is needed then. */
  readonly #saves: Exclusive;
  readonly #queue: RefreshQueue;
  readonly #limits: RequestLimits;
  readonly #writer: TokenWriter;
  readonly #refresher: Refresher;
  /** Refreshes under way, by connection. */
  readonly #underWay = new Map<string, Promise<StoredTokenSet>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: CheckedOptions, timeout: number, timers: Timers = realTimers) {
    const { store, lock, now, concurrency, onExpiring } = options;
    const closing = this.#closing.signal;
    const clock = new Clock(now, timers.steady);
    this.#options = options;
    this.#timers = timers;
    this.#clock = clock;
    this.#store = new CheckedStore(store, timeout, timers);
    this.#turns = new Exclusive(lock, timeout, timers);
    this.#saves = this.#store.isAtomic ? new Exclusive(undefined, timeout, timers) : this.#turns;
    this.#queue = new RefreshQueue(concurrency, PATIENCE * timeout, closing, timers);
    this.#limits = new RequestLimits(() => clock.now(), timers);
    this.#writer = new TokenWriter(this.#store, timeout, onExpiring, timers);
    const parts = { store: this.#store, writer: this.#writer, limits: this.#limits, clock, timers, timeout, closing };
    this.#refresher = new Refresher(options, parts);
  }

  /** Returns milliseconds since the epoch. */
  now(): number {
    return this.#clock.now();
  }

  /** Stores the tokens of a consent. */
  save(key: string, tokens: TokenSet): Promise<void> {
    const { clientID } = this.#options.client;
    const record = (before: StoredTokenSet | undefined) =>
      consentRecord(tokens, this.#writer.latest(key, before), clientID);
    return this.#persist(key, (turn) => this.#store.overwrite(key, record, turn));
  }

  /** Deletes the tokens of a connection. */
  delete(key: string): Promise<void> {
    return this.#persist(key, (turn) => this.#store.delete(key, turn));
  }

  /** Describes a connection; `undefined` if there is none. */
  async status(key: string): Promise<ConnectionStatus | undefined> {
    this.#assertOpen();
    // What the store did not take may be outdated: the connection may have been deleted meanwhile.
    const tokens = this.#writer.latest(key, await this.#store.read(key));
    return tokens && describeConnection(tokens);
  }

  /**
   * Returns tokens that can be used now.
   *
   * @param force the access token that Criteo refused, or true for another one than the one in the store.
   */
  async current(key: string, force: boolean | string): Promise<StoredTokenSet> {
    this.#assertOpen();
    const seen = await this.#store.read(key);
    // What the store did not take is newer than what it has, and written first.
    const isUnsaved = this.#writer.unsaved(key) !== undefined;
    if (!isUnsaved) this.#refresher.check(key, seen);
    // A token from the future has expired by our clock: it is replaced even if it is not forced.
    const isForced = force && seen && this.#clock.age(seen) >= YOUNG;
    const refused = typeof force === 'string' ? force : isForced ? seen.accessToken : undefined;
    const isMarked = seen?.reauthorizeSince !== undefined;
    const usable = seen && !isMarked && seen.accessToken !== refused ? seen : undefined;
    if (usable) {
      if (!isUnsaved && this.#refresher.isFresh(usable)) return usable;
      if (this.#clock.left(usable, this.#options.skew) > this.#refresher.skewOf(usable) * MARGIN) {
        this.#refreshAhead(key, usable);
        return usable;
      }
    }
    const attempt = this.#writer.attempt(key);
    if (attempt !== undefined) {
      await attempt;
      return this.current(key, force);
    }
    try {
      const pause = isUnsaved ? undefined : this.#limits.pause(key);
      // `force: true` has no token in mind that must not come back.
      if (pause && !this.#underWay.has(key)) return heldBack(key, force === true ? seen : usable, pause);
      return await this.#refreshed(key, refused);
    } catch (error) {
      if (!isOutage(error) && !isLockFailure(error)) throw error;
      if (usable && this.#clock.left(usable, this.#options.skew) > 0) return usable;
      // The mark could not be tested.
      if (seen && isMarked) throw reauthorizationRequired(key, seen.reauthorizeReason);
      throw error;
    }
  }

  /** Lets what is under way finish, writes what is not yet stored, and refuses all else. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(sourceClosed());
    await Promise.allSettled(this.#underWay.values());
    const unsaved = this.#writer.unsavedKeys();
    await Promise.allSettled(unsaved.map((key) => this.#turns.run(key, (turn) => this.#writer.saveUnsaved(key, turn))));
    await Promise.all([this.#turns.idle(), this.#saves.idle()]);
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw sourceClosed();
  }

  async #persist(key: string, write: (turn: Turn) => Promise<boolean>): Promise<void> {
    this.#assertOpen();
    await this.#saves.run(key, async (turn) => {
      for (let left = WRITES; !(await write(turn)); left -= 1) if (left === 1) throw contended(key);
      this.#writer.forget(key);
      this.#limits.forget(key);
    });
  }

  /** Refreshes while callers still have a token; what goes wrong is remembered for when they have none. */
  #refreshAhead(key: string, { refreshToken }: StoredTokenSet): void {
    // Without a refresh token, the connection ends with its access token, not before.
    if (refreshToken === undefined && this.#options.grant === 'refresh_token') return;
    if (this.#underWay.has(key) || this.#writer.attempt(key) || this.#limits.pause(key)) return;
    this.#start(key, undefined).catch(() => {});
  }

  /** Returns other tokens than `refused`, and fresh ones; asked for once, however many callers want them. */
  async #refreshed(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const tokens = await this.#underWay.get(key);
    // For the caller that started that refresh, the token that was refused to this one may have been fresh enough.
    if (tokens && tokens.accessToken !== refused) return tokens;
    return this.#underWay.get(key) ?? this.#start(key, refused);
  }

  #start(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const refresh = this.#refresh(key, refused);
    this.#underWay.set(key, refresh);
    const forget = (): void => {
      this.#underWay.delete(key);
    };
    refresh.then(forget, forget);
    return refresh;
  }

  async #refresh(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    await this.#queue.enter();
    let isCounted = true;
    const leave = (): void => {
      if (isCounted) this.#queue.leave();
      isCounted = false;
    };
    // A refresh that waits for its lock for long lets others go first.
    const lend = this.#timers.after(LEND_AFTER, leave);
    const work = async (turn: Turn): Promise<StoredTokenSet> => {
      lend();
      if (!isCounted) await this.#queue.enter(true);
      isCounted = true;
      try {
        return await this.#refresher.refresh(key, refused, turn);
      } finally {
        leave();
      }
    };
    try {
      return await this.#turns.run(key, work, this.#closing.signal);
    } finally {
      lend();
      leave();
    }
  }
}

function isLockFailure(error: unknown): boolean {
  return error instanceof TokenStoreError && error.code === 'lock_failed';
}
