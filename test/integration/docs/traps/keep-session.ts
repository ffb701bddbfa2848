import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

export function mountKeepSession(app: Express, passport: Passport): void {
  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get(
    '/criteo-auth/callback',
    passport.authenticate('criteo', { keepSessionInfo: true, failureRedirect: '/login' }),
    (_req, res) => res.redirect('/dashboard'),
  );
}
