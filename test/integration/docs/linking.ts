import type { Express, RequestHandler } from 'express';
import type passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { users } from './users';

type Registered = { clientID: string; clientSecret: string };

type Passport = InstanceType<typeof passport.Passport>;

export function mountConnect(app: Express, passport: Passport, signedIn: RequestHandler, registered: Registered): void {
  const { clientID, clientSecret } = registered;

  passport.use(
    new CriteoStrategy({
      clientID,
      clientSecret,
      callbackURL: 'https://app.example.com/criteo-connect/callback',
      verify: async ({ req, profile, tokens }) => users.link(req.user, profile, tokens),
    }),
  );

  app.get('/criteo-connect', signedIn, passport.authorize('criteo'));
  app.get('/criteo-connect/callback', signedIn, passport.authorize('criteo'), (_req, res) => {
    res.redirect('/settings'); // the user is still signed in
  });
}
