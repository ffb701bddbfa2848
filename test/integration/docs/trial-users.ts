import type { Express, RequestHandler } from 'express';
import type { CriteoProfile, TokenSet } from 'passport-criteo';

// One user, who is always signed in, and connections in memory: enough for a trial only.
const connections: object[] = [];

export const users = {
  idOf: () => 'ada',
  find: (id: string) => ({ id }),
  async link(_user: unknown, profile: CriteoProfile | undefined, tokens: TokenSet) {
    connections.push({ advertisers: profile?.advertisers, validUntil: new Date(tokens.expiresAt) });
    return connections;
  },
};

export const signedIn: RequestHandler = (req, _res, next) => {
  req.user = { id: 'ada' };
  next();
};

export function start(app: Express): void {
  app.get('/settings', (_req, res) => void res.json(connections));
  app.listen(3000, 'localhost', () => console.log('Open http://localhost:3000/criteo-connect'));
}
