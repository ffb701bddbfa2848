import type { Request } from 'express';
import type { CriteoProfile, TokenSet, TokenSource } from 'passport-criteo';

/** A portfolio that somebody connected. */
export interface Connection {
  /** What its tokens are kept under. */
  key: string;
  /** As it was when it was connected. */
  profile: CriteoProfile;
  /** When that was, in milliseconds since the epoch. */
  since: number;
}

/** Somebody who uses this app: who they are here does not depend on what they have connected. */
export class User {
  /** By the portfolio's id. */
  readonly connections = new Map<string, Connection>();

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

/** The app's memory of its users, and of what they connected: in a real app, two tables of its database. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #tokens: TokenSource;

  constructor(tokens: TokenSource) {
    this.#tokens = tokens;
  }

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
  async withPortfolio(profile: CriteoProfile, tokens: TokenSet): Promise<User> {
    const user = this.#get(`criteo:${profile.id}`, profile.displayName);
    await this.connect(user, profile, tokens);
    return user;
  }

  /** Adds a portfolio, or renews one that is there. Colleagues may connect the same one: each has tokens of their own. */
  async connect(user: User, profile: CriteoProfile, tokens: TokenSet): Promise<Connection> {
    const connection = { key: `${user.id}/${profile.id}`, profile, since: tokens.obtainedAt };
    await this.#tokens.save(connection.key, tokens);
    user.connections.set(profile.id, connection);
    return connection;
  }

  /** @returns whether there was such a connection */
  async disconnect(user: User, id: string): Promise<boolean> {
    const connection = user.connections.get(id);
    if (!connection) return false;
    user.connections.delete(id);
    await this.#tokens.delete(connection.key);
    return true;
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
