import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

const home = 'https://app.example.com/';

/** Returns the wanted page if it is on this site, and the home page otherwise. */
function ownPage(wanted: unknown): string {
  const url = typeof wanted === 'string' && URL.canParse(wanted, home) ? new URL(wanted, home).href : home;
  return url.startsWith(home) && url.length <= 1000 ? url : home;
}

export function mountReturnTo(app: Express, passport: Passport): void {
  app.get('/criteo-auth', (req, res, next) => {
    passport.authenticate('criteo', { state: ownPage(req.query['returnTo']) })(req, res, next);
  });
  const options = { failureRedirect: '/login', failureMessage: true };
  app.get('/criteo-auth/callback', passport.authenticate('criteo', options), (req, res) => {
    const { state } = req.authInfo as { state: string };
    res.redirect(state); // the whole URL, because a path like //evil.example would lead to another site
  });
}
