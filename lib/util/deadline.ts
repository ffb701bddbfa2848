import { LONGEST_TIMEOUT } from './option-checks';

// Milliseconds for which bytes that keep arriving put off a deadline that has passed. What the kernel holds for a socket
// (some megabytes) is read within this time; a peer that never stops sending does not get more.
const GRACE = 250;

/**
 * Calls `late` after `milliseconds`, but not before everything that has arrived by then has been read.
 *
 * Node runs timers before it reads sockets. After a pause of the whole process (SIGSTOP, a frozen container, a long
 * garbage collection, a blocking call) a plain timer would therefore discard a response that arrived in time, and with
 * it a one-time code or a new refresh token. So a deadline that has passed waits for one turn of the event loop, in
 * which node reads its sockets, and for one more as long as bytes keep arriving.
 */
export class Deadline {
  readonly #milliseconds: number;
  readonly #late: () => void;
  readonly #received: () => number | undefined;
  #timer: NodeJS.Timeout;
  #turn: NodeJS.Immediate | undefined;

  /**
   * Starts the deadline.
   *
   * @param milliseconds from now; no more than what a timer of node holds, 24 days.
   * @param late is called once, unless the deadline is cancelled before.
   * @param received returns how much has arrived. While it changes from one turn to the next, `late` waits. If it returns
   *   undefined, nothing can have arrived and `late` does not wait. Default: one turn is enough.
   */
  constructor(milliseconds: number, late: () => void, received: () => number | undefined = () => 0) {
    this.#milliseconds = Math.min(milliseconds, LONGEST_TIMEOUT);
    this.#late = late;
    this.#received = received;
    this.#timer = this.#start();
  }

  /** Starts the deadline again, from now. */
  restart(): void {
    this.cancel();
    this.#timer = this.#start();
  }

  /** Stops the deadline: `late` is not called any more. */
  cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }

  #start(): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), this.#milliseconds);
  }

  #expire(): void {
    const end = performance.now() + GRACE;
    let before = this.#received();
    if (before === undefined) return this.#late();
    const look = (): void => {
      const now = this.#received();
      if (now === undefined || now === before || performance.now() > end) return this.#late();
      before = now;
      this.#turn = setImmediate(look);
    };
    // Runs after the next poll phase, in which node reads its sockets.
    this.#turn = setImmediate(look);
  }
}

/** Calls `run` after so many milliseconds. Returns a function that cancels the call. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** Sets a {@link Deadline}. */
export const afterDeadline: After = (milliseconds, run) => {
  const deadline = new Deadline(milliseconds, run);
  return () => deadline.cancel();
};

/**
 * Returns the outcome of `work`, or that of `late` if the work takes longer than `milliseconds`. The work itself goes on.
 *
 * @param late is called at the deadline: what it returns or throws becomes the outcome.
 * @param after sets the deadline; a test may pass the one of a simulated clock.
 */
export function within<T>(
  milliseconds: number,
  work: PromiseLike<T>,
  late: () => T | PromiseLike<T>,
  after: After = afterDeadline,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(milliseconds, () => {
      new Promise<T>((settle) => settle(late())).then(resolve, reject);
    });
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
