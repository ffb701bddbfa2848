/** The last moment that a Date can hold. */
const latest = 8_640_000_000_000_000;

/** The sandbox's time: somebody's clock, and what it was moved forward by. */
export class Clock {
  readonly #source: () => number;
  #offset = 0;

  constructor(source: () => number) {
    this.#source = source;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#source() + this.#offset;
  }

  /** How far it was moved forward, in milliseconds. */
  get offset(): number {
    return this.#offset;
  }

  advance(milliseconds: number): void {
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && this.now() + milliseconds <= latest)) {
      throw new TypeError(`sandbox.advance takes milliseconds, a number from 0; it got ${String(milliseconds)}`);
    }
    this.#offset += milliseconds;
  }
}
