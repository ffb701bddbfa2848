/** A map that forgets its oldest entries, so that a long run does not fill the memory. */
export class BoundedMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #limit: number;
  readonly #onForgotten: (value: V) => void;

  /** @param onForgotten is told each entry that is forgotten because of the limit, or dropped */
  constructor(limit: number, onForgotten: (value: V) => void = () => {}) {
    this.#limit = limit;
    this.#onForgotten = onForgotten;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) {
      for (const [oldest, forgotten] of this.#entries) {
        this.#entries.delete(oldest);
        this.#onForgotten(forgotten);
        break;
      }
    }
  }

  /** Returns the entry and removes it: a second caller gets nothing. */
  take(key: string): V | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** Removes every entry that is meant. */
  drop(meant: (value: V) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (!meant(value)) continue;
      this.#entries.delete(key);
      this.#onForgotten(value);
    }
  }

  /** Oldest first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
