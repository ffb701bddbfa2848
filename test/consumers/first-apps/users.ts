// What the README calls "yours": who is signed in, and where users are kept. Each type is as strict as it can be.
import type { RequestHandler } from 'express';
import type { CriteoProfile, TokenSet } from 'passport-criteo';

declare global {
  namespace Express {
    interface User {
      id: string;
      name: string;
    }
  }
}

interface Account extends Express.User {
  connected: string[];
  tokens?: TokenSet;
}

const accounts = new Map<string, Account>();

function account(id: string, name: string): Account {
  const known = accounts.get(id) ?? { id, name, connected: [] };
  accounts.set(id, known);
  return known;
}

export const users = {
  idOf: (user: Express.User): string => user.id,
  find: (id: string): Account | false => accounts.get(id) ?? false,
  async save(profile: CriteoProfile, tokens: TokenSet): Promise<Express.User> {
    return Object.assign(account(profile.id, profile.displayName), { tokens });
  },
  async link(
    user: Express.User | undefined,
    profile: CriteoProfile | undefined,
    tokens: TokenSet,
  ): Promise<Express.User | false> {
    if (!user) return false;
    const linked = Object.assign(account(user.id, user.name), { tokens });
    linked.connected.push(profile?.displayName ?? 'not known yet');
    return linked;
  },
};

/** Stands for the login that the app has of its own: users are signed in at `/sign-in`. */
export const signedIn: RequestHandler = (req, res, next) => {
  if (req.user) return next();
  res.redirect('/login');
};

export const signIn: RequestHandler = (req, res, next) => {
  req.logIn(account('ada', 'Ada'), (error: unknown) => (error ? next(error) : res.redirect('/dashboard')));
};
