// A body that comes in more chunks than this has small ones.
const MANY = 4096;

/** Collects the chunks of a body, up to a limit. */
export class CappedBody {
  readonly #limit: number;
  readonly #blocks: Uint8Array[] = [];
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** @param limit bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a chunk. Returns false, and takes nothing, if the body gets larger than the limit. */
  add(chunk: Uint8Array): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#limit) return false;
    // A chunk costs some hundred bytes of memory and may carry a single byte, so many chunks are merged into one.
    if (this.#chunks.push(chunk) >= MANY) {
      this.#blocks.push(Buffer.concat(this.#chunks));
      this.#chunks = [];
    }
    return true;
  }

  /** Returns the bytes so far. */
  bytes(): Buffer {
    const parts = [...this.#blocks, ...this.#chunks];
    const [first] = parts;
    // Most bodies come in one chunk, which needs no copy.
    return parts.length === 1 && Buffer.isBuffer(first) ? first : Buffer.concat(parts);
  }
}
