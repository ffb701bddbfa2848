import type { CriteoProfile, TokenSet } from 'passport-criteo';

/** Somebody who signed in, and what the app may do on their behalf. */
export class Account {
  constructor(
    readonly id: string,
    readonly profile: CriteoProfile,
    public tokens: TokenSet,
  ) {}
}

/**
 * The app's memory of who signed in. Tokens stay here, on the server: the browser gets a session id and nothing else.
 *
 * A real app keeps this in its database, with the tokens encrypted, because a refresh token lives for six months and
 * a new consent may not be possible before the old one is revoked: a token set that is lost is hard to get again.
 */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  find(id: string): Account | undefined {
    return this.#accounts.get(id);
  }

  /** Remembers a sign-in. Whoever shares the same portfolio has the same id: Criteo tells portfolios, not people. */
  save(profile: CriteoProfile, tokens: TokenSet): Account {
    const account = new Account(profile.id, profile, tokens);
    this.#accounts.set(account.id, account);
    return account;
  }
}
