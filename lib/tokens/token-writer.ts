import { jittered } from '../util/back-off';
import { announceExpiry } from './app-hooks';
import { sleep, type Timers } from './clock';
import { contended } from './connection-errors';
import { PATIENCE, type Turn } from './lock';
import type { CheckedOptions } from './options';
import type { CheckedStore } from './store';
import type { StoredTokenSet } from './stored-tokens';
import { hasLanded, reconcile } from './write-conflict';

// How often a write is tried against others.
const WRITES = 3;
// Milliseconds until a write that failed is tried again; they double each time.
const RETRY = 250;

/** Stores the tokens of a refresh, unless the record has changed. Keeps those that the store does not take, and tries again. */
export class TokenWriter {
  readonly #store: CheckedStore;
  readonly #timeout: number;
  readonly #onExpiring: CheckedOptions['onExpiring'];
  readonly #timers: Timers;
  /** Tokens that Criteo returned and the store did not take, beside those that they replace. */
  readonly #unsaved = new Map<string, { tokens: StoredTokenSet; base: StoredTokenSet | undefined }>();
  /** The next try to store them, while the turn in which they came is still held. */
  readonly #attempts = new Map<string, Promise<void>>();

  /** @param timeout milliseconds that one call of the store may take. */
  constructor(store: CheckedStore, timeout: number, onExpiring: CheckedOptions['onExpiring'], timers: Timers) {
    this.#store = store;
    this.#timeout = timeout;
    this.#onExpiring = onExpiring;
    this.#timers = timers;
  }

  /** Returns the tokens that the store did not take yet. */
  unsaved(key: string): StoredTokenSet | undefined {
    return this.#unsaved.get(key)?.tokens;
  }

  /** Returns what will be stored when the store takes them; what it holds now if there are none, or they are outdated. */
  latest(key: string, stored: StoredTokenSet | undefined): StoredTokenSet | undefined {
    const unsaved = this.#unsaved.get(key);
    return (unsaved && reconcile(stored, unsaved.base, unsaved.tokens)) ?? stored;
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

  /** Stores what the store did not take before, unless that is outdated. */
  async saveUnsaved(key: string, turn: Turn): Promise<void> {
    const unsaved = this.#unsaved.get(key);
    if (!unsaved) return;
    await this.keep(key, unsaved.base, unsaved.tokens, turn);
    if (this.#unsaved.get(key) === unsaved) this.#unsaved.delete(key);
  }

  /**
   * Stores new tokens.
   *
   * @returns what is stored; `undefined` if another consent, or a later refresh, is stored, which stands.
   */
  async keep(
    key: string,
    base: StoredTokenSet | undefined,
    tokens: StoredTokenSet,
    turn: Turn,
  ): Promise<StoredTokenSet | undefined> {
    let expected = base;
    let next = tokens;
    try {
      for (let write = 1; write <= WRITES; write += 1) {
        if (await this.#store.replace(key, expected, next, turn)) return this.#done(key, base, next);
        const stored = await this.#store.read(key);
        if (stored && hasLanded(stored, next)) return this.#done(key, base, stored);
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
    const timers = this.#timers;
    const deadline = timers.steady() + PATIENCE * this.#timeout;
    let isSaved = false;
    for (let pause = RETRY; !isSaved && timers.steady() + pause < deadline; pause *= 2) {
      const attempt = sleep(timers, jittered(pause, timers.random)).then(() => this.saveUnsaved(key, turn));
      this.#attempts.set(key, attempt);
      isSaved = await attempt.then(
        () => true,
        () => false,
      );
    }
    this.#attempts.delete(key);
  }

  #done(key: string, base: StoredTokenSet | undefined, stored: StoredTokenSet): StoredTokenSet {
    announceExpiry(this.#onExpiring, key, stored, base);
    return stored;
  }
}
