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
    const deadline = Date.now() + patience;
    while (!(await lease.take(key, holder, DURATION))) {
      if (Date.now() > deadline) throw new Error('Another process keeps the lease');
      await sleep(50 + Math.random() * 100);
    }
    const lost = new AbortController();
    let heldUntil = Date.now() + DURATION;
    const prolong = async () => {
      const asked = Date.now();
      const isHeld = await lease.extend(key, holder, DURATION).catch(() => asked < heldUntil);
      if (isHeld) heldUntil = Math.max(heldUntil, asked + DURATION);
      else lost.abort(); // this process was frozen for too long: the TokenSource starts no new request
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
