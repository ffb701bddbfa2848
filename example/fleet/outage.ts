import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { seconds } from './settings';

// So many failures within a minute are not bad luck of single calls.
const FAILURES = 5;

/** Lets the whole fleet rest while Criteo is down, or asks for it: no process takes a job until the pause is over. */
export class Outage {
  readonly #queue: Queue;
  readonly #failures: RateLimiterRedis;
  readonly #second: number;
  #isDown = false;
  /** A call finds out whether Criteo is back. */
  #isProbing = false;
  #until = 0;

  constructor(redis: Redis, queue: Queue, second: number) {
    this.#queue = queue;
    this.#second = second;
    this.#failures = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: 'fleet-outage',
      points: FAILURES,
      duration: Math.ceil((2 * seconds.rest * second) / 1000),
    });
  }

  /**
   * Asks whether this process may make a call. After a pause, one call finds out how Criteo is; the others wait for it.
   *
   * @returns the milliseconds to wait; 0 for a call now.
   */
  enter(): number {
    const left = this.left;
    if (this.#isDown && left === 0) {
      this.#isProbing = true;
      this.#until = performance.now() + seconds.probe * this.#second;
    }
    return left;
  }

  /** The milliseconds that are left of the pause. */
  get left(): number {
    return this.#isDown ? Math.max(0, this.#until - performance.now()) : 0;
  }

  /** Notes that Criteo responds. */
  worked(): void {
    this.#isDown = false;
    this.#isProbing = false;
  }

  /**
   * Notes a failure that is not about one connection.
   *
   * @param retryAfter seconds that Criteo asked for; they are for the whole fleet.
   */
  async failed(retryAfter: number | undefined): Promise<void> {
    // What was under way when the pause began fails, too.
    if (this.left > 0 && !this.#isProbing) return;
    const isOutage = this.#isDown || retryAfter !== undefined || (await this.#tooMany());
    if (!isOutage) return;
    const pause = jittered(Math.max(seconds.rest * this.#second, (retryAfter ?? 0) * 1000));
    this.#isDown = true;
    this.#isProbing = false;
    this.#until = performance.now() + pause;
    await this.#queue.rateLimit(Math.ceil(pause));
  }

  async #tooMany(): Promise<boolean> {
    return this.#failures.consume('criteo').then(
      () => false,
      (refusal: unknown) => {
        if (refusal instanceof RateLimiterRes) return true;
        throw refusal;
      },
    );
  }
}

/** Returns a number between once and twice the one given, so that what was stopped together does not start together. */
export function jittered(milliseconds: number): number {
  return milliseconds * (1 + Math.random());
}
