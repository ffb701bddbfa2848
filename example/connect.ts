import { type RequestHandler, Router } from 'express';
import type { AuthorizeCallback } from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { failureOfInfo } from './failures';
import { connectCallback } from './paths';
import { field, type Site } from './site';
import { User, userOf } from './users';

/** Connects portfolios to a signed-in user ("Connect Criteo"), and disconnects them. */
export function connect({ passport, criteo, users, view, fail, log }: Site): Router {
  const callbackURL = new URL(connectCallback, criteo.callbackURL).href;

  // 1. A second strategy with its own name, callback and `verify`, which returns a connection, not a user. The user who
  // started the login is `req.user`: the strategy rejects any other user (option `bindTo`).
  passport.use(
    new CriteoStrategy({
      ...criteo,
      name: 'criteo-connect',
      callbackURL,
      // This app identifies a connection by its portfolio. Other apps can keep the tokens without one, the default of
      // `authorize`.
      requireUserProfile: true,
      verify: ({ req, tokens, profile }) =>
        req.user instanceof User && profile ? users.connect(req.user, profile, tokens) : false,
    }),
  );

  const signedIn: RequestHandler = (req, res, next) => (userOf(req) ? next() : res.redirect(303, '/'));
  const router = Router();

  // 2. `authorize` does not sign the user in, unlike `authenticate`: the session and `req.user` do not change.
  router.get('/criteo-connect', signedIn, passport.authorize('criteo-connect'));

  // 3. The callback. Without a function as the last argument, Passport sets the connection as `req.account`.
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

  // 4. The app deletes its tokens itself, because Criteo has no endpoint to revoke them. Users revoke the access at
  // Criteo, and may have to do so before they can connect the same portfolio again.
  router.post('/disconnect', async (req, res) => {
    const user = userOf(req);
    if (user && (await users.disconnect(user, field(req, 'connection')))) {
      req.session.notice = 'Disconnected: this app has deleted its tokens. To revoke the access too, go to Criteo.';
    }
    res.redirect(303, '/dashboard');
  });

  return router;
}
