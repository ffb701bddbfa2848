import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

export function mountKeepSession(app: Express, passport: Passport): void {
  const options = { keepSessionInfo: true, failureRedirect: '/login', failureMessage: true };
  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get('/criteo-auth/callback', passport.authenticate('criteo', options), (_req, res) => {
    res.redirect('/dashboard');
  });
}
