import { performance } from 'node:perf_hooks';
import type { TokenSet } from '../criteo/token-set';

// Smaller differences are the two clocks' own: their resolution, and what lies between reading one and the other.
const STEP = 1000;

/**
 * Judges how long a token still lives, by the wall clock, which is all that processes have in common, and which may be
 * set at any time. Set forward, tokens look older than they are: they are refreshed early, and that is all. Set back,
 * they look younger, and would be handed out dead. So a token from the future is not believed; and what this process
 * saw the clock lose, measured against the monotonic one, is added to the age of tokens from before.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  #offset: number;
  #lost = 0;
  #steppedAt = Number.NEGATIVE_INFINITY;

  constructor(wall: () => number, steady = () => performance.now()) {
    this.#wall = wall;
    this.#steady = steady;
    this.#offset = wall() - steady();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const now = this.#wall();
    const offset = now - this.#steady();
    if (offset < this.#offset - STEP) {
      this.#lost += this.#offset - offset;
      this.#steppedAt = now;
    }
    this.#offset = offset;
    return now;
  }

  /**
   * Milliseconds that a token still lives, none or fewer if it is dead.
   *
   * @param tolerance how far, in milliseconds, the clocks of two machines may be apart.
   */
  left({ obtainedAt, expiresAt }: TokenSet, tolerance: number): number {
    const now = this.now();
    if (obtainedAt > now + tolerance) return 0;
    return expiresAt - now - (obtainedAt < this.#steppedAt ? this.#lost : 0);
  }
}
