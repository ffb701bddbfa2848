import { type Request, type Response, Router } from 'express';
import type { AuthenticateCallback } from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { failureOfInfo } from './failures';
import { field, type Site } from './site';

/** Signs users in with Criteo or by name, and signs them out. */
export function signIn({ passport, criteo, users, view, fail, log }: Site): Router {
  // 1. The strategy. `verify` gets the tokens and the portfolio of a login, and returns the user.
  passport.use(
    new CriteoStrategy({
      ...criteo,
      verify: ({ tokens, profile }) => (profile ? users.withPortfolio(profile, tokens) : false),
    }),
  );

  const welcome = (req: Request, res: Response, user: Express.User, next: (error: unknown) => void): void => {
    // Passport starts a new session at login. `keepSessionInfo` copies the content of the old one, including pending logins
    // of other tabs.
    req.logIn(user, { session: true, keepSessionInfo: true }, (error: unknown) =>
      error ? next(error) : res.redirect(303, '/dashboard'),
    );
  };

  const router = Router();

  // 2. The route that redirects to Criteo.
  router.get('/criteo-auth', passport.authenticate('criteo'));

  // 3. The callback. The short form is `authenticate('criteo', { successRedirect, failureRedirect, failureMessage: true })`;
  // with a function as the last argument, the app can show what went wrong and log the code.
  router.get(new URL(criteo.callbackURL).pathname, (req, res, next) => {
    const done: AuthenticateCallback = (error: unknown, user, info) => {
      if (error) return next(error);
      if (user) return welcome(req, res, user, next);
      const failure = failureOfInfo(info, view(req).things);
      log(`${failure.facts.code}: ${failure.facts.message}`);
      fail(req, res, failure);
    };
    passport.authenticate('criteo', done)(req, res, next);
  });

  // Replace this with the app's own login: passwords, passkeys, single sign-on. In this example, a name is enough.
  router.post('/sign-in', (req, res, next) => {
    const name = field(req, 'name').slice(0, 40);
    if (!name) return res.redirect(303, '/');
    welcome(req, res, users.named(name), next);
  });

  // The tokens are kept: they are valid for months, and background jobs use them after the user has signed out.
  router.post('/sign-out', (req, res, next) => {
    req.logout((error: unknown) => (error ? next(error) : res.redirect(303, '/')));
  });

  return router;
}
