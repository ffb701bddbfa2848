/** The last moment that a Date can hold. */
const latest = 8_640_000_000_000_000;

/** A clock that can be moved; it runs on from where it was moved to. */
export class Clock {
  readonly #source: () => number;
  #offset = 0;

  /** @param source returns milliseconds since the epoch */
  constructor(source: () => number) {
    this.#source = source;
  }

  /** Returns milliseconds since the epoch. */
  now(): number {
    // The clock of an app follows the one of the sandbox: together they could leave the range.
    return Math.min(Math.max(this.#source() + this.#offset, 0), latest);
  }

  /** How far it was moved, in milliseconds; negative: back. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws TypeError if that is no number, or no date that can be shown */
  advance(milliseconds: number): void {
    const time = this.now() + milliseconds;
    if (typeof milliseconds !== 'number' || !(time >= 0 && time <= latest)) {
      throw new TypeError(
        `sandbox.advance takes milliseconds that lead to a time after 1970; it got ${String(milliseconds)}`,
      );
    }
    this.#offset += milliseconds;
  }

  /** @throws TypeError if that is no time */
  set(time: number): void {
    if (typeof time !== 'number' || !(time >= 0 && time <= latest)) {
      throw new TypeError(`sandbox.setTime takes a Date or milliseconds since the epoch; it got ${String(time)}`);
    }
    this.#offset = time - this.#source();
  }

  reset(): void {
    this.#offset = 0;
  }
}
