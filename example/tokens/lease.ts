import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenLock } from 'passport-criteo';

/** A row that one process holds for some seconds. Each function resolves to whether that was done. */
interface Lease {
  take(key: string, holder: string, milliseconds: number): Promise<boolean>;
  /** Prolongs the lease, if the holder still has it. */
  extend(key: string, holder: string, milliseconds: number): Promise<boolean>;
  release(key: string, holder: string): Promise<unknown>;
}

// A process that dies leaves its lease behind for as long.
const DURATION = 5_000;

/**
 * A lock that holds no connection: a process takes a lease, prolongs it while it works, and gives it back.
 *
 * @param patience milliseconds to wait for a lease: four times the client's `timeout`, as the TokenSource does.
 */
export function leaseLock(lease: Lease, patience: number): TokenLock {
  return async (key, work) => {
    const holder = randomUUID();
    const deadline = performance.now() + patience;
    let asked = performance.now();
    while (!(await lease.take(key, holder, DURATION))) {
      if (performance.now() > deadline) throw new Error('Another process keeps the lease');
      await sleep(50 + Math.random() * 100);
      asked = performance.now();
    }
    const lost = new AbortController();
    let heldUntil = asked + DURATION;
    const prolong = async () => {
      const asked = performance.now();
      // This process was frozen, or the database was out of reach, for too long: the TokenSource starts no new request.
      if (asked >= heldUntil) return lost.abort();
      // What an error means for the lease is not known: it lasts as long as it would have without.
      const isHeld = await lease.extend(key, holder, DURATION).catch(() => undefined);
      if (isHeld) heldUntil = Math.max(heldUntil, asked + DURATION);
      if (isHeld === false) lost.abort();
    };
    const timer = setInterval(prolong, DURATION / 3);
    try {
      await work(lost.signal);
    } finally {
      clearInterval(timer);
      await lease.release(key, holder); // if that fails, the lease ends by itself
    }
  };
}
