import { performance } from 'node:perf_hooks';
import { LONGEST_TIMEOUT } from '../util/checks';

/** What the token source needs of time and chance, in one place so that a test can run it on a clock of its own. */
export interface Timers {
  /** Returns milliseconds of a monotonic clock. */
  steady(): number;
  /** Calls `run` after so many milliseconds; returns a function that cancels it. */
  after(milliseconds: number, run: () => void): () => void;
  /** Returns a number from 0 to 1, without 1. */
  random(): number;
}

/** The timers of node. */
export const realTimers: Timers = {
  steady: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, LONGEST_TIMEOUT));
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Settles after so many milliseconds. */
export function sleep(timers: Timers, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(milliseconds, resolve);
  });
}

/** Settles as the promise does, or as `late` does if that takes longer than so many milliseconds. */
export function within<T>(
  timers: Timers,
  milliseconds: number,
  promise: PromiseLike<T>,
  late: () => T | PromiseLike<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(milliseconds, () => {
      new Promise<T>((done) => done(late())).then(resolve, reject);
    });
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error) => {
        cancel();
        reject(error);
      },
    );
  });
}

/**
 * Returns a delay between half of `milliseconds` and all of it. The random share keeps many callers and processes from
 * coming back at the same moment.
 */
export function jittered(timers: Timers, milliseconds: number): number {
  return milliseconds * (0.5 + timers.random() / 2);
}

/**
 * Returns a delay from the time that the server asked for to a tenth more, and half a second: never less than it asked
 * for, and not the same for every process.
 */
export function spread(timers: Timers, milliseconds: number): number {
  return milliseconds + timers.random() * (milliseconds / 10 + 500);
}
