import type { Express } from 'express';
import type passport from 'passport';
import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';
import { users } from '../users';

type Passport = InstanceType<typeof passport.Passport>;

export function mountTwoApps(
  app: Express,
  passport: Passport,
  home: string,
  marketing: Pick<CriteoStrategyOptions, 'clientID'> & { clientSecret: string },
  retail: Pick<CriteoStrategyOptions, 'clientID'> & { clientSecret: string },
): void {
  passport.use(
    new CriteoStrategy({
      ...marketing, // clientID and clientSecret of the one app
      name: 'criteo-marketing',
      callbackURL: `${home}/criteo-marketing/callback`,
      requireUserProfile: true,
      verify: async ({ profile, tokens }) => users.save(profile, tokens),
    }),
  );
  passport.use(
    new CriteoStrategy({
      ...retail, // and of the other
      name: 'criteo-retail',
      service: 'retail-media',
      callbackURL: `${home}/criteo-retail/callback`,
      requireUserProfile: true,
      verify: async ({ profile, tokens }) => users.save(profile, tokens),
    }),
  );
  const options = { keepSessionInfo: true, failureRedirect: '/login', failureMessage: true };
  for (const name of ['criteo-marketing', 'criteo-retail']) {
    app.get(`/${name}`, passport.authenticate(name));
    app.get(`/${name}/callback`, passport.authenticate(name, options), (_req, res) => res.redirect('/dashboard'));
  }
}
