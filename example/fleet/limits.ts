import type { Redis } from 'ioredis';
import { RateLimiterQueue, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

// Criteo's limit of an app with authorization code: calls a minute for each account that the user granted.
const CALLS_PER_ACCOUNT = 10;

/** The limits of Criteo, counted in Redis for all processes. Redis counts the time, too. */
export class Limits {
  readonly #redis: Redis;
  readonly #app: RateLimiterQueue;
  readonly #connections = new Map<number, RateLimiterRedis>();

  constructor(redis: Redis, callsPerMinute: number) {
    this.#redis = redis;
    this.#app = new RateLimiterQueue(
      new RateLimiterRedis({ storeClient: redis, keyPrefix: 'fleet-app', ...callsPerSecond(callsPerMinute) }),
    );
  }

  /**
   * Waits until the app may make a call, in the order in which calls came.
   *
   * @returns how many milliseconds the connection has to wait; 0 if it may call now.
   */
  async take(key: string, accounts: number): Promise<number> {
    await this.#app.removeTokens(1);
    try {
      await this.#ofConnection(accounts).consume(key);
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  }

  /** Keeps a connection from calling for so many seconds: Criteo said so. */
  async block(key: string, accounts: number, seconds: number): Promise<void> {
    await this.#ofConnection(accounts).block(key, Math.ceil(seconds));
  }

  #ofConnection(accounts: number): RateLimiterRedis {
    const known = this.#connections.get(accounts);
    if (known) return known;
    // Two of our minutes can fall into one of Criteo's: half of the limit in each keeps to it. The other half is for calls
    // outside of the fleet, when the user opens a page of yours.
    const points = (CALLS_PER_ACCOUNT / 2) * accounts;
    const limiter = new RateLimiterRedis({
      storeClient: this.#redis,
      keyPrefix: 'fleet-connection',
      points,
      duration: 60,
    });
    this.#connections.set(accounts, limiter);
    return limiter;
  }
}

/** Spreads a limit of calls a minute over seconds: a minute touches up to 61 of them. */
export function callsPerSecond(callsPerMinute: number): { points: number; duration: number } {
  const points = Math.floor(callsPerMinute / 61);
  if (points >= 1) return { points, duration: 1 };
  return { points: 1, duration: Math.ceil(60 / Math.max(1, callsPerMinute - 1)) };
}
