import type { TokenLock } from '../../../lib/tokens/lock';
import type { TokenStore } from '../../../lib/tokens/store';
import type { StoredTokenSet } from '../../../lib/tokens/stored-tokens';
import { type Course, type Process, remote, type VirtualTime } from './virtual-time';

/** What the processes share: a database and a server of locks. */
export class Shared {
  readonly rows = new Map<string, string>();
  /** When what a process knows of a key was read, and when each refresh token was first stored. */
  readonly #knownAt = new Map<Process, Map<string, number>>();
  readonly storedAt = new Map<string, number>();
  readonly #locks = new Map<string, { holder: object; until: number }>();
  readonly #time: VirtualTime;
  readonly #onWrite: (key: string, tokens: StoredTokenSet | undefined, by: Process) => void;
  /** Locks that ended before their holder released them. */
  lostLocks = 0;

  constructor(time: VirtualTime, onWrite: (key: string, tokens: StoredTokenSet | undefined, by: Process) => void) {
    this.#time = time;
    this.#onWrite = onWrite;
  }

  read(key: string): StoredTokenSet | undefined {
    const text = this.rows.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  knownAt(owner: Process, key: string): number {
    return this.#knownAt.get(owner)?.get(key) ?? 0;
  }

  /** The database as a process has it. */
  store(owner: Process, course: () => Course, isAtomic: boolean): TokenStore {
    const call = <T>(what: string, effect: () => T): Promise<T> => remote(this.#time, owner, what, course(), effect);
    const store: TokenStore = {
      get: async (key) => {
        const [tokens, at] = await call(`get ${key}`, () => [this.read(key), this.#time.now] as const);
        const known = this.#knownAt.get(owner) ?? new Map<string, number>();
        this.#knownAt.set(owner, known.set(key, at));
        return tokens;
      },
      set: (key, tokens) => {
        const text = JSON.stringify(tokens);
        return call(`set ${key} ${text}`, () => this.#write(key, text, owner));
      },
      delete: (key) => call(`delete ${key}`, () => this.#write(key, undefined, owner)),
    };
    if (!isAtomic) return store;
    return {
      ...store,
      compareAndSet: (key, expected, tokens) => {
        const text = tokens && JSON.stringify(tokens);
        return call(`compareAndSet ${key} ${expected} ${text}`, () => {
          const row = this.read(key);
          if ((row && (row.version ?? '')) !== expected) return false;
          this.#write(key, text, owner);
          return true;
        });
      },
    };
  }

  #write(key: string, text: string | undefined, by: Process): void {
    if (text === undefined) this.rows.delete(key);
    else this.rows.set(key, text);
    const tokens = this.read(key);
    const { refreshToken } = tokens ?? {};
    if (refreshToken && !this.storedAt.has(refreshToken)) this.storedAt.set(refreshToken, this.#time.now);
    this.#onWrite(key, tokens, by);
  }

  /** A lock that ends after five seconds unless its holder prolongs it, as Redlock's do. */
  lock(owner: Process, course: () => Course): TokenLock {
    const time = this.#time;
    const quick = (): Course => ({ ...course(), outcome: 'done' });
    return async (key, work) => {
      const holder = {};
      const isFree = (): boolean => {
        const lock = this.#locks.get(key);
        return !lock || lock.until <= time.now || lock.holder === holder;
      };
      const extend = (): boolean => {
        if (!isFree()) return false;
        this.#locks.set(key, { holder, until: time.now + 5000 });
        return true;
      };
      while (!(await remote(time, owner, 'lock', quick(), extend))) await time.sleep(100, owner);
      const control = new AbortController();
      let isOver = false;
      const prolong = async (): Promise<void> => {
        for (;;) {
          await time.sleep(2000, owner);
          if (isOver) return;
          const isHeld = await remote(time, owner, 'prolong', quick(), () => {
            const lock = this.#locks.get(key);
            return lock?.holder === holder && lock.until > time.now && extend();
          });
          if (isHeld || isOver) continue;
          this.lostLocks += 1;
          control.abort();
          return;
        }
      };
      prolong().catch(() => {});
      try {
        await work(control.signal);
      } finally {
        isOver = true;
        await remote(time, owner, 'unlock', quick(), () => {
          const lock = this.#locks.get(key);
          if (lock?.holder !== holder || lock.until <= time.now) this.lostLocks += 1;
          if (lock?.holder === holder) this.#locks.delete(key);
        });
      }
    };
  }
}
