import type { Express } from 'express';
import session from 'express-session';
import type passport from 'passport';
import { CookieStateStore, CriteoStrategy } from 'passport-criteo';
import { users } from '../users';

type Passport = InstanceType<typeof passport.Passport>;
type Registered = { clientID: string; clientSecret: string; callbackURL: string };

export function mountStrictSessions(app: Express, passport: Passport, registered: Registered, secret: string): void {
  const cookie = { httpOnly: true, sameSite: 'strict', secure: process.env['NODE_ENV'] === 'production' } as const;
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie }), passport.session());

  passport.use(
    new CriteoStrategy({
      ...registered,
      store: new CookieStateStore({ secret }),
      requireUserProfile: true,
      verify: async ({ profile, tokens }) => users.save(profile, tokens),
    }),
  );

  app.get('/criteo-auth', passport.authenticate('criteo'));
  // Without failureMessage, which would write a new session over that of the user, whose cookie does not come along.
  const options = { failureRedirect: '/login?failed' };
  app.get('/criteo-auth/callback', passport.authenticate('criteo', options), (_req, res) => {
    // Not res.redirect: the browser would still come from Criteo, and would not send a Strict cookie.
    res.send('<!doctype html><meta http-equiv="refresh" content="0; url=/dashboard"><title>Signed in</title>');
  });
}
