import type { Express } from 'express';
import type passport from 'passport';
import { CookieStateStore, CriteoStrategy } from 'passport-criteo';
import { users } from './users';

type Passport = InstanceType<typeof passport.Passport>;
type Registered = { clientID: string; clientSecret: string; callbackURL: string };

export function mountStateless(app: Express, passport: Passport, registered: Registered, secret: string): void {
  passport.use(
    new CriteoStrategy({
      ...registered,
      store: new CookieStateStore({ secret }), // openssl rand -base64 32
      requireUserProfile: true,
      verify: async ({ profile, tokens }) => users.save(profile, tokens),
    }),
  );
  const stateless = passport.authenticate('criteo', { session: false });
  app.get('/criteo-auth', stateless);
  app.get('/criteo-auth/callback', stateless, (req, res) => {
    res.json({ token: 'your own, for', user: req.user });
  });
}
