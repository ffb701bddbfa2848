import { performance } from 'node:perf_hooks';
import { type After, afterDeadline } from '../util/deadline';
import { LONGEST_TIMEOUT } from '../util/option-checks';

/** What the token source needs of time and chance, in one place so that a test can run it on a clock of its own. */
export interface Timers {
  /** Returns milliseconds of a monotonic clock. */
  steady(): number;
  /** Calls `run` after so many milliseconds; returns a function that cancels the call. */
  after: After;
  /** Returns a number from 0 to 1, without 1. */
  random: () => number;
}

/** The timers of node. */
export const realTimers: Timers = {
  steady: () => performance.now(),
  after: (milliseconds, run) => afterDeadline(Math.min(milliseconds, LONGEST_TIMEOUT), run),
  random: Math.random,
};

/** Settles after so many milliseconds. */
export function sleep(timers: Timers, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(milliseconds, resolve);
  });
}
