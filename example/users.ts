import type { Request } from 'express';
import type { CriteoProfile, TokenSet, TokenSource } from 'passport-criteo';

/** A portfolio that a user connected. */
export interface Connection {
  /** The key of its tokens in the token store. */
  key: string;
  /** A name that is unique among the user's connections, because portfolios can have the same display name. */
  name: string;
  /** The portfolio at the time of connecting. */
  profile: CriteoProfile;
  /** The time of connecting, in milliseconds since the epoch. */
  since: number;
}

/** A user of this app. Connecting a portfolio does not change the user's identity. */
export class User {
  /** The user's connections by portfolio id. */
  readonly connections = new Map<string, Connection>();

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

/** The app's users and their connections. A real app uses two tables of its database. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #tokens: TokenSource;

  constructor(tokens: TokenSource) {
    this.#tokens = tokens;
  }

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  /** Returns the user who signs in by name. */
  named(name: string): User {
    return this.#get(`name:${name.toLowerCase()}`, name);
  }

  /**
   * Returns the user who signs in with Criteo: the account that belongs to the portfolio. Criteo identifies portfolios,
   * not people, so this is never the account of a user who has only connected the same portfolio.
   */
  async withPortfolio(profile: CriteoProfile, tokens: TokenSet): Promise<User> {
    const user = this.#get(`criteo:${profile.id}`, profile.displayName);
    await this.connect(user, profile, tokens);
    return user;
  }

  /** Adds or updates a connection. Several users may connect the same portfolio: each has their own tokens. */
  async connect(user: User, profile: CriteoProfile, tokens: TokenSet): Promise<Connection> {
    const name = user.connections.get(profile.id)?.name ?? freeName(user, profile.displayName);
    const connection = { key: `${user.id}/${profile.id}`, name, profile, since: tokens.obtainedAt };
    await this.#tokens.save(connection.key, tokens);
    user.connections.set(profile.id, connection);
    return connection;
  }

  /** Deletes a connection and its tokens. Returns false if there is no such connection. */
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

/** Returns a name that no connection of the user has: the given one, or that with a number. */
function freeName({ connections }: User, wanted: string): string {
  const taken = new Set([...connections.values()].map(({ name }) => name));
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted} (${number})`;
  return name;
}

/** Returns the signed-in user. */
export function userOf(req: Request): User | undefined {
  return req.user instanceof User ? req.user : undefined;
}
