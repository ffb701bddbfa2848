import type { TokenSet } from '../criteo/token-set';
import { TokenStoreError } from '../errors';
import { Clock } from './clock';
import { type ConnectionStatus, describeConnection } from './connection-status';
import { announce } from './expiry';
import { contended, reauthorizationRequired, sourceClosed } from './failures';
import { Exclusive, PATIENCE, type Turn } from './lock';
import type { CheckedOptions } from './options';
import { heldBack, Renewals } from './renewal';
import { RequestLimits } from './request-limits';
import { isOutage } from './retry';
import { Slots } from './slots';
import { CheckedStore } from './store';
import { newVersion, type StoredTokenSet, withoutUndefined } from './stored-tokens';
import { realTimers, type Timers } from './timers';
import { TokenWriter } from './token-writer';

// Milliseconds. `force: true` does not replace a token that is younger.
const YOUNG = 1000;
// Milliseconds. A refresh that waits longer for its lock lets another one have its slot.
const LEND_AFTER = 1000;
// A token with less of its skew left (5 s of the default) may expire on its way to Criteo: a call waits for a new one.
const MARGIN = 1 / 12;
// How often a consent is written against a refresh by another process.
const WRITES = 10;

/** The connections of a TokenSource: keeps their tokens, and refreshes each once, however many callers ask. */
export class Connections {
  readonly #clientID: string;
  readonly #isApp: boolean;
  readonly #skew: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #store: CheckedStore;
  /** Refreshes; and everything else, if the store cannot compare and set. */
  readonly #turns: Exclusive;
  /** Saving and deleting, in the order of the calls, if the store can compare and set: no lock is needed then. */
  readonly #saves: Exclusive;
  readonly #slots: Slots;
  readonly #limits: RequestLimits;
  readonly #writer: TokenWriter;
  readonly #renewals: Renewals;
  /** Refreshes under way, by connection. */
  readonly #underWay = new Map<string, Promise<StoredTokenSet>>();
  #closing: Promise<void> | undefined;

  constructor(options: CheckedOptions, timeout: number, timers: Timers = realTimers) {
    const { client, grant, store, lock, skew, now, concurrency, onReauthorizationRequired, onExpiring } = options;
    this.#clientID = client.clientID;
    this.#isApp = grant === 'client_credentials';
    this.#skew = skew;
    this.#timers = timers;
    this.#clock = new Clock(now, timers.steady);
    this.#store = new CheckedStore(store, timeout, timers);
    this.#turns = new Exclusive(lock, timeout, timers);
    this.#saves = this.#store.atomic ? new Exclusive(undefined, timeout, timers) : this.#turns;
    this.#slots = new Slots(concurrency, PATIENCE * timeout, timers);
    this.#limits = new RequestLimits(() => this.#clock.now(), timers);
    this.#writer = new TokenWriter(
      this.#store,
      timeout,
      (key, stored, base) => announce(onExpiring, key, stored, base),
      timers,
    );
    this.#renewals = new Renewals({
      ...{ client, grant, timeout, skew, timers, onReauthorizationRequired },
      ...{ store: this.#store, writer: this.#writer, limits: this.#limits, clock: this.#clock },
      announcedWithin: onExpiring && options.expiringWithin,
    });
  }

  /** Returns milliseconds since the epoch. */
  now(): number {
    return this.#clock.now();
  }

  /** Stores the tokens of a consent. */
  async save(key: string, tokens: TokenSet): Promise<void> {
    this.#assertOpen();
    await this.#saves.run(key, async (turn) => {
      const consent = (before: StoredTokenSet | undefined) => this.#consent(tokens, this.#writer.latest(key, before));
      const write = async (): Promise<boolean> => {
        if (this.#store.atomic) {
          const row = await this.#store.look(key);
          return this.#store.compareAndSet(key, row.version, consent(row.tokens), turn);
        }
        // A record that cannot even be read is replaced all the same: that is how it is repaired.
        const row = await this.#store.look(key).catch(() => undefined);
        await this.#store.write(key, consent(row?.tokens), turn);
        return true;
      };
      await this.#persist(key, write);
    });
  }

  /** Deletes the tokens of a connection. */
  async delete(key: string): Promise<void> {
    this.#assertOpen();
    await this.#saves.run(key, async (turn) => {
      await this.#persist(key, async () => {
        if (this.#store.atomic) {
          const { version } = await this.#store.look(key);
          return version === undefined || this.#store.compareAndSet(key, version, undefined, turn);
        }
        await this.#store.remove(key, turn);
        return true;
      });
    });
  }

  /** Describes a connection; `undefined` if there is none. */
  async status(key: string): Promise<ConnectionStatus | undefined> {
    this.#assertOpen();
    const tokens = this.#writer.unsaved(key) ?? (await this.#store.read(key));
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
    if (!isUnsaved) this.#renewals.check(key, seen);
    const refused =
      typeof force === 'string' ? force : force && seen && !this.#isYoung(seen) ? seen.accessToken : undefined;
    const isMarked = seen?.reauthorizeSince !== undefined;
    const usable = seen && !isMarked && seen.accessToken !== refused ? seen : undefined;
    if (usable) {
      if (!isUnsaved && this.#renewals.isFresh(usable)) return usable;
      if (this.#clock.left(usable, this.#skew) > this.#renewals.skewOf(usable) * MARGIN) {
        this.#renewAhead(key, usable);
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
      return await this.#renewed(key, refused);
    } catch (error) {
      if (!isOutage(error) && !isLockFailure(error)) throw error;
      if (usable && this.#clock.left(usable, this.#skew) > 0) return usable;
      // A mark was to be tested, and could not be.
      if (seen && isMarked) throw reauthorizationRequired(key, seen.reauthorizeReason);
      throw error;
    }
  }

  /** Lets what is under way finish, writes what is not yet stored, and refuses all else. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const reason = sourceClosed();
    this.#renewals.close(reason);
    this.#slots.close(reason);
    this.#turns.refuse(reason);
    await Promise.allSettled(this.#underWay.values());
    const unsaved = this.#writer.unsavedKeys();
    await Promise.allSettled(unsaved.map((key) => this.#turns.run(key, (turn) => this.#writer.saveUnsaved(key, turn))));
    await Promise.all([this.#turns.idle(), this.#saves.idle()]);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw sourceClosed();
  }

  async #persist(key: string, write: () => Promise<boolean>): Promise<void> {
    for (let left = WRITES; !(await write()); left -= 1) {
      if (left > 1) continue;
      throw contended(key);
    }
    this.#writer.forget(key);
    this.#limits.forget(key);
  }

  /** Returns the record of a consent. Tokens without a refresh token, as a refresh may bring, leave the stored one. */
  #consent(tokens: TokenSet, before: StoredTokenSet | undefined): StoredTokenSet {
    const { accessToken, tokenType, expiresAt, obtainedAt, refreshToken } = tokens;
    const record: StoredTokenSet = { accessToken, tokenType, expiresAt, obtainedAt };
    const isOurs = before && (before.clientID === undefined || before.clientID === this.#clientID);
    const continues =
      isOurs &&
      before.refreshToken !== undefined &&
      (refreshToken === undefined ? before.reauthorizeSince === undefined : refreshToken === before.refreshToken);
    const marks = { version: newVersion(), clientID: this.#clientID };
    if (continues) {
      const { refreshToken, connectedAt, refreshTokenObtainedAt, expiryAnnounced } = before;
      const kept = { refreshToken, connectedAt, refreshTokenObtainedAt, expiryAnnounced };
      return Object.assign(record, withoutUndefined(kept), marks);
    }
    const own = refreshToken === undefined ? {} : { refreshToken, refreshTokenObtainedAt: obtainedAt };
    return Object.assign(record, own, { connectedAt: obtainedAt }, marks);
  }

  #isYoung(tokens: StoredTokenSet): boolean {
    const age = this.#clock.age(tokens);
    return age < YOUNG && age >= -this.#skew;
  }

  /** Refreshes while callers still have a token; what goes wrong is remembered for when they have none. */
  #renewAhead(key: string, { refreshToken }: StoredTokenSet): void {
    // Without a refresh token, the connection ends with its access token, not before.
    if (refreshToken === undefined && !this.#isApp) return;
    if (this.#underWay.has(key) || this.#writer.attempt(key) || this.#limits.pause(key)) return;
    this.#start(key, undefined).catch(() => {});
  }

  /** Returns other tokens than `refused`, and fresh ones; asked for once, however many callers want them. */
  async #renewed(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const tokens = await this.#underWay.get(key);
    // Who started that refresh may have been content with the very token that was refused to this caller.
    if (tokens && tokens.accessToken !== refused) return tokens;
    return this.#underWay.get(key) ?? this.#start(key, refused);
  }

  #start(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    const renewal = this.#renew(key, refused);
    this.#underWay.set(key, renewal);
    const forget = (): void => {
      this.#underWay.delete(key);
    };
    renewal.then(forget, forget);
    return renewal;
  }

  async #renew(key: string, refused: string | undefined): Promise<StoredTokenSet> {
    await this.#slots.take();
    let hasSlot = true;
    const give = (): void => {
      if (hasSlot) this.#slots.free();
      hasSlot = false;
    };
    // Those who wait for a lock for long let others go first.
    const lend = this.#timers.after(LEND_AFTER, give);
    const work = async (turn: Turn): Promise<StoredTokenSet> => {
      lend();
      if (!hasSlot) await this.#slots.take(true);
      hasSlot = true;
      try {
        return await this.#renewals.renew(key, refused, turn);
      } finally {
        give();
      }
    };
    try {
      return await this.#turns.run(key, work, true);
    } finally {
      lend();
      give();
    }
  }
}

function isLockFailure(error: unknown): boolean {
  return error instanceof TokenStoreError && error.code === 'lock_failed';
}
