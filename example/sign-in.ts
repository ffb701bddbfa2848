import { type Request, type Response, Router } from 'express';
import type { AuthenticateCallback } from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { refusal } from './failures';
import { field, type Site } from './site';

/** Signing in, with Criteo or by name, and out. */
export function signIn({ passport, criteo, users, view, fail }: Site): Router {
  // 1. The strategy: what to do with a login. `verify` gets the tokens and the portfolio and gives the user.
  passport.use(
    new CriteoStrategy({
      ...criteo,
      verify: ({ tokens, profile }) => profile && users.withPortfolio(profile, tokens),
    }),
  );

  const welcome = (req: Request, res: Response, user: Express.User, next: (error: unknown) => void) => {
    // Passport gives the person a new session at login. With `keepSessionInfo` what was in the old one comes along,
    // and with it the logins that are pending in other tabs.
    req.logIn(user, { session: true, keepSessionInfo: true }, (error: unknown) =>
      error ? next(error) : res.redirect(303, '/dashboard'),
    );
  };

  const router = Router();

  // 2. Off to Criteo.
  router.get('/criteo-auth', passport.authenticate('criteo'));

  // 3. And back. The short form is `authenticate('criteo', { successRedirect: …, failureRedirect: … })`; a callback
  // of our own lets us say what went wrong.
  router.get(new URL(criteo.callbackURL).pathname, (req, res, next) => {
    const done: AuthenticateCallback = (error: unknown, user, info) => {
      if (error) return next(error);
      if (!user) return fail(req, res, refusal(info, view(req).things));
      welcome(req, res, user, next);
    };
    passport.authenticate('criteo', done)(req, res, next);
  });

  // This stands for the login that an app has of its own: passwords, passkeys, single sign-on. Here a name will do.
  router.post('/sign-in', (req, res, next) => {
    const name = field(req, 'name').slice(0, 40);
    if (!name) return res.redirect(303, '/');
    welcome(req, res, users.named(name), next);
  });

  // The tokens stay: they are good for months, and work goes on when nobody is signed in.
  router.post('/sign-out', (req, res, next) => {
    req.logout((error: unknown) => (error ? next(error) : res.redirect(303, '/')));
  });

  return router;
}
