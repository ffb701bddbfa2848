import type { RequestHandler } from 'express';
import type { CriteoProfile, TokenSet } from 'passport-criteo';

interface User {
  id: string;
}

// The app's own users, for the code of the documentation.
export const users = {
  saved: [] as { id: string; tokens: TokenSet }[],
  linked: [] as { user: unknown; account: CriteoProfile | undefined; tokens: TokenSet }[],
  async save({ id }: CriteoProfile, tokens: TokenSet): Promise<User> {
    this.saved.push({ id, tokens });
    return { id };
  },
  async link(user: unknown, account: CriteoProfile | undefined, tokens: TokenSet): Promise<object> {
    const linked = { user, account, tokens };
    this.linked.push(linked);
    return linked;
  },
  idOf: (user: Express.User): string => (user as User).id,
  find: (id: string): User => ({ id }),
};

/** Lets signed-in users pass. Here, every user is Ada. */
export const signedIn: RequestHandler = (req, _res, next) => {
  req.user ??= { id: 'ada' };
  next();
};
