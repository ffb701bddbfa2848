import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenLock } from 'passport-criteo';

/** A row that one process holds for some seconds. Each function returns true if it changed the row. */
interface Lease {
  take(key: string, holder: string, milliseconds: number): Promise<boolean>;
  /** Extends the lease if the holder still has it. */
  extend(key: string, holder: string, milliseconds: number): Promise<boolean>;
  release(key: string, holder: string): Promise<unknown>;
}

// If a process ends without releasing its lease, other processes wait this long.
const DURATION = 5_000;

/**
 * Makes a lock that holds no database connection: a process takes a lease, extends it while it works, and releases it.
 *
 * @param patience milliseconds to wait for a lease: four times the client's `timeout`, like the TokenSource.
 */
export function leaseLock(lease: Lease, patience: number): TokenLock {
  return async (key, work, unwanted) => {
    const holder = randomUUID();
    const deadline = performance.now() + patience;
    let asked = performance.now();
    while (!(await lease.take(key, holder, DURATION))) {
      if (performance.now() > deadline) throw new Error('Another process holds the lease');
      await sleep(50 + Math.random() * 100, undefined, { signal: unwanted });
      asked = performance.now();
    }
    const lost = new AbortController();
    let heldUntil = asked + DURATION;
    let end: NodeJS.Timeout | undefined;
    // When the lease is over, the TokenSource starts no new request: this process was paused, or could not reach the
    // database, for too long.
    const watch = () => {
      clearTimeout(end);
      end = setTimeout(() => lost.abort(), heldUntil - performance.now());
    };
    const extend = async () => {
      const asked = performance.now();
      // After an error, it is unknown whether the lease was extended: it may end at its old time.
      const isHeld = await lease.extend(key, holder, DURATION).catch(() => undefined);
      if (isHeld === false) return lost.abort();
      if (isHeld) heldUntil = Math.max(heldUntil, asked + DURATION);
      watch();
    };
    watch();
    const timer = setInterval(extend, DURATION / 3);
    try {
      await work(lost.signal);
    } finally {
      clearInterval(timer);
      clearTimeout(end);
      await lease.release(key, holder); // if that fails, the lease ends by itself
    }
  };
}
