import type { TokenSet } from '../criteo/token-set';
import { type After, afterDeadline } from '../util/deadline';
import { optionError } from '../util/option-checks';

/** Time and chance as the token source uses them. A simulation has its own. */
export interface Timers {
  /** Returns milliseconds of a clock that is never set. */
  steady(): number;
  /** Calls `run` after so many milliseconds. Returns a function that cancels the call. */
  after: After;
  /** Returns a number from 0 to 1, without 1. */
  random: () => number;
}

/** The timers of node. */
export const realTimers: Timers = {
  steady: () => performance.now(),
  after: afterDeadline,
  random: Math.random,
};

/** Settles after so many milliseconds. */
export function sleep(timers: Timers, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(milliseconds, resolve);
  });
}

// Smaller differences come from the two clocks themselves: their resolution, and the time between reading the one and the
// other.
const STEP = 1000;

/**
 * Tells the age of tokens by the wall clock, because that is the only clock that processes share. It may be set at any
 * time. Set forward, tokens look older than they are: they are refreshed early, and that is all. Set back, they look
 * younger, and expired ones would be returned. So a token from the future counts as expired. And if this process saw the
 * step back, measured against a clock that is never set, the step is added to the age of older tokens.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  #offset: number;
  #lost = 0;
  #steppedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param wall returns milliseconds since the epoch. If it fails later on (throws, or returns no number), time goes on
   *   from what it returned last: a token without a time could not be stored.
   * @throws {TypeError} it returns no number.
   */
  constructor(wall: () => number, steady: () => number) {
    this.#wall = wall;
    this.#steady = steady;
    const now = wall();
    if (!Number.isFinite(now)) throw optionError('TokenSource', 'now', 'must return milliseconds since the epoch');
    this.#offset = now - steady();
  }

  /** Returns milliseconds since the epoch. */
  now(): number {
    const now = this.#read();
    const offset = now - this.#steady();
    if (offset < this.#offset - STEP) {
      this.#lost += this.#offset - offset;
      this.#steppedAt = now;
    }
    this.#offset = offset;
    return now;
  }

  /**
   * Returns the milliseconds until a token expires; 0 or less if it has expired.
   *
   * @param tolerance how far, in milliseconds, the clocks of two machines may be apart.
   */
  left(tokens: TokenSet, tolerance: number): number {
    const age = this.age(tokens);
    return age < -tolerance ? 0 : tokens.expiresAt - tokens.obtainedAt - age;
  }

  /** Returns the milliseconds since a token was asked for; less than 0 for a token from the future. */
  age({ obtainedAt }: TokenSet): number {
    const age = this.now() - obtainedAt;
    return age >= 0 && obtainedAt < this.#steppedAt ? age + this.#lost : age;
  }

  #read(): number {
    let now = Number.NaN;
    try {
      now = this.#wall();
    } catch {}
    return Number.isFinite(now) ? now : this.#offset + this.#steady();
  }
}
