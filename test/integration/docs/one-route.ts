import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

export function hasOneRoute(app: Express, passport: Passport, options: object): void {
  app.get(['/criteo-auth', '/criteo-auth/callback'], passport.authenticate('criteo', options), (_req, res) => {
    res.redirect('/dashboard');
  });
}
