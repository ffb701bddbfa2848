import { type RequestHandler, Router } from 'express';
import type { AuthorizeCallback } from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { failureOfInfo } from './failures';
import { connectCallback } from './paths';
import { field, type Site } from './site';
import { User, userOf } from './users';

/** "Connect Criteo" for users who are signed in: as many portfolios as they like, and disconnecting them again. */
export function connect({ passport, criteo, users, view, fail, log }: Site): Router {
  const callbackURL = new URL(connectCallback, criteo.callbackURL).href;

  // 1. A second strategy beside the one for signing in: another name, another callback, another `verify`. It returns a
  // connection, not a user. `req.user` started the login: the strategy refuses any other user (option `bindTo`).
  passport.use(
    new CriteoStrategy({
      ...criteo,
      name: 'criteo-connect',
      callbackURL,
      // This app knows a connection by its portfolio. One that can do without keeps the tokens (the default of `authorize`).
      requireUserProfile: true,
      verify: ({ req, tokens, profile }) =>
        req.user instanceof User && profile ? users.connect(req.user, profile, tokens) : false,
    }),
  );

  const signedIn: RequestHandler = (req, res, next) => (userOf(req) ? next() : res.redirect(303, '/'));
  const router = Router();

  // 2. `authorize` in place of `authenticate` signs no one in: the session and `req.user` stay as they are.
  router.get('/criteo-connect', signedIn, passport.authorize('criteo-connect'));

  // 3. The callback. In the short form, without a function of the app's own, the connection is in `req.account`.
  router.get(connectCallback, (req, res, next) => {
    const done: AuthorizeCallback = (error: unknown, connection, info) => {
      if (error) return next(error);
      if (!connection) {
        const failure = failureOfInfo(info, view(req).things);
        log(`${failure.facts.code}: ${failure.facts.message}`);
        return fail(req, res, failure);
      }
      req.session.notice = 'Criteo is connected.';
      res.redirect('/dashboard');
    };
    passport.authorize('criteo-connect', done)(req, res, next);
  });

  // 4. Disconnecting is up to the app: Criteo has no endpoint to revoke tokens. Users withdraw the access itself at
  // Criteo, and may have to before they can connect the same portfolio again.
  router.post('/disconnect', async (req, res) => {
    const user = userOf(req);
    if (user && (await users.disconnect(user, field(req, 'connection')))) {
      req.session.notice = 'Disconnected: this app has deleted its tokens. To withdraw access as well, go to Criteo.';
    }
    res.redirect(303, '/dashboard');
  });

  return router;
}
