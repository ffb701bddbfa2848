import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';

type Credentials = Pick<CriteoStrategyOptions, 'clientID' | 'apiURL' | 'authorizationURL' | 'tokenURL'> & {
  clientSecret: string;
};

/** Starts an app on a free port of this machine, with its own instance of Passport. */
export async function createApp(credentials: Credentials): Promise<{ url: string; close(): Promise<void> }> {
  const app = express();
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authenticator = new passport.Passport();
  authenticator.serializeUser((user, done) => done(null, user));
  authenticator.deserializeUser((user: Express.User, done) => done(null, user));
  authenticator.use(
    new CriteoStrategy({
      ...credentials,
      callbackURL: `${url}/criteo-auth/callback`,
      verify: ({ profile }) => ({ id: profile?.id }),
    }),
  );
  const cookie = { httpOnly: true, sameSite: 'lax' } as const; // and not secure: the test is served over http
  app.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false, cookie }));
  app.use(authenticator.session());
  app.get('/criteo-auth', authenticator.authenticate('criteo'));
  app.get('/criteo-auth/callback', authenticator.authenticate('criteo'), (_req, res) => res.redirect('/dashboard'));
  return {
    url,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
