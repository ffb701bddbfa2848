import type { Request } from 'express';
import type { CriteoProfile, TokenSet } from 'passport-criteo';

/** A portfolio that somebody connected, and the tokens to work with it. */
export interface Connection {
  profile: CriteoProfile;
  tokens: TokenSet;
}

/** Somebody who uses this app: who they are here does not depend on what they have connected. */
export class User {
  /** By the portfolio's id. */
  readonly connections = new Map<string, Connection>();

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}

  /** Adds a portfolio, or renews one that is there. Colleagues may connect the same one: each has tokens of their own. */
  connect(profile: CriteoProfile, tokens: TokenSet): Connection {
    const connection = { profile, tokens };
    this.connections.set(profile.id, connection);
    return connection;
  }
}

/**
 * The app's memory. Tokens stay here, on the server: the browser gets a session id and nothing else.
 *
 * A real app keeps this in its database, with the tokens encrypted, because a refresh token lives for six months and
 * a new consent may not be possible before the old one is revoked: a token set that is lost is hard to get again.
 */
export class Users {
  readonly #users = new Map<string, User>();

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  /** Who signs in by name. */
  named(name: string): User {
    return this.#get(`name:${name.toLowerCase()}`, name);
  }

  /**
   * Who signs in with Criteo: the account that goes with the portfolio. Criteo tells portfolios, not people, so it is
   * never the account of somebody who has merely connected the same portfolio.
   */
  withPortfolio(profile: CriteoProfile, tokens: TokenSet): User {
    const user = this.#get(`criteo:${profile.id}`, profile.displayName);
    user.connect(profile, tokens);
    return user;
  }

  #get(id: string, name: string): User {
    const user = this.#users.get(id) ?? new User(id, name);
    this.#users.set(id, user);
    return user;
  }
}

/** Who is signed in. */
export function userOf(req: Request): User | undefined {
  return req.user instanceof User ? req.user : undefined;
}
