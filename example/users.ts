import type { Request } from 'express';
import type { CriteoProfile, TokenSet, TokenSource } from 'passport-criteo';

/** A portfolio that a user connected. */
export interface Connection {
  /** The key of its tokens in the token store. */
  key: string;
  /** Unique among the user's connections: portfolios that overlap can have the same display name. */
  name: string;
  /** The portfolio as it was when it was connected. */
  profile: CriteoProfile;
  /** When it was connected, in milliseconds since the epoch. */
  since: number;
}

/** A user of this app. What they connect does not change who they are. */
export class User {
  /** By the portfolio's id. */
  readonly connections = new Map<string, Connection>();

  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

/** The app's users and what they connected. In a real app, two tables of its database. */
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

  /** Adds or renews a connection. Colleagues may connect the same portfolio: each has tokens of their own. */
  async connect(user: User, profile: CriteoProfile, tokens: TokenSet): Promise<Connection> {
    const name = user.connections.get(profile.id)?.name ?? freeName(user, profile.displayName);
    const connection = { key: `${user.id}/${profile.id}`, name, profile, since: tokens.obtainedAt };
    await this.#tokens.save(connection.key, tokens);
    user.connections.set(profile.id, connection);
    return connection;
  }

  /** Forgets a connection and its tokens. Returns false if there is no such connection. */
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

/** Returns the user who is signed in. */
export function userOf(req: Request): User | undefined {
  return req.user instanceof User ? req.user : undefined;
}
