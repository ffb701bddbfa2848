const LIMIT = 5_000;

/**
 * Remembers the logins of one strategy whose code was sent to Criteo, so that none is sent twice: two callbacks that come
 * at the same moment can both get the login from the store before either takes it away, and a server may revoke the tokens
 * of a code that comes twice (RFC 6749 section 4.1.2). It remembers the last 5,000 logins, and at most twice as many, which
 * take about 1 MB.
 */
export class ExchangedLogins {
  // Two generations: deleting one by one from the front of a Set takes longer with every deletion.
  #recent = new Set<string>();
  #former = new Set<string>();

  /** Adds the name of a login, unless it is known. Returns whether it was added. */
  add(login: string): boolean {
    const { size } = this.#recent;
    if (this.#former.has(login) || this.#recent.add(detached(login)).size === size) return false;
    if (size + 1 >= LIMIT) {
      this.#former = this.#recent;
      this.#recent = new Set();
    }
    return true;
  }
}

/** Returns a copy of a text: what was cut out of a longer one, such as a URL, keeps all of that in memory. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}
