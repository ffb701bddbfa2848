import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';

type Credentials = Pick<CriteoStrategyOptions, 'clientID' | 'apiURL' | 'authorizationURL' | 'tokenURL'> & {
  clientSecret: string;
};

/** An application on a free port of this machine, with an instance of Passport of its own. */
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
  app.use(session({ secret: 'for tests only', resave: false, saveUninitialized: false }), authenticator.session());
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
