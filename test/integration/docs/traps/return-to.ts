import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

const home = 'https://app.example.com/';

/** The page that was asked for, if it is one of this site's; else the home page. */
function ours(wanted: unknown): string {
  const url = typeof wanted === 'string' && URL.canParse(wanted, home) ? new URL(wanted, home).href : home;
  return url.startsWith(home) && url.length <= 1000 ? url : home;
}

export function returnsToWhereOneWas(app: Express, passport: Passport): void {
  app.get('/criteo-auth', (req, res, next) => {
    passport.authenticate('criteo', { state: ours(req.query['returnTo']) })(req, res, next);
  });
  app.get('/criteo-auth/callback', passport.authenticate('criteo', { failureRedirect: '/login' }), (req, res) => {
    const { state } = req.authInfo as { state: string };
    res.redirect(state); // the whole URL: a path like //evil.example would lead elsewhere
  });
}
