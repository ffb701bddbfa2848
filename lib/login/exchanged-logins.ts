// As long as the stores of this package keep a login by default: afterwards its callback finds no login anyway.
const LIFETIME = 600_000;
const LIMIT = 5_000;

/**
 * Remembers the logins of one strategy whose code was sent to Criteo, so that none is sent twice: two callbacks that come
 * at the same moment can both get the login from the store before either takes it away, and a server may revoke the tokens
 * of a code that comes twice (RFC 6749 section 4.1.2). It remembers each for ten minutes, and the last 5,000 at most twice
 * over, which take about 1 MB.
 */
export class ExchangedLogins {
  // Two generations: deleting one by one from the front of a Map takes longer with every deletion.
  #recent = new Set<string>();
  #former = new Set<string>();
  #since = 0;

  /** Adds the name of a login, unless it is known. Returns whether it was added. */
  add(login: string): boolean {
    if (this.#recent.has(login) || this.#former.has(login)) return false;
    const now = performance.now();
    if (this.#recent.size >= LIMIT || now - this.#since > LIFETIME) {
      this.#former = this.#recent;
      this.#recent = new Set();
      this.#since = now;
    }
    this.#recent.add(login);
    return true;
  }
}
