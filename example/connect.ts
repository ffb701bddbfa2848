import { type RequestHandler, Router } from 'express';
import type { AuthorizeCallback } from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { refusal } from './failures';
import { field, type Site } from './site';
import { User, userOf } from './users';

/** Where Criteo sends people back to; registered in the Criteo app, like the one for signing in. */
export const connectCallback = '/criteo-connect/callback';

/** "Connect Criteo", for people who are signed in already: as many portfolios as they like, and off again. */
export function connect({ passport, criteo, users, view, fail }: Site): Router {
  const callbackURL = new URL(connectCallback, criteo.callbackURL).href;

  // 1. A strategy of its own beside the one for signing in: another name, another callback, another `verify`. It gives
  // the connection, not a user. `req.user` is who began: the strategy refuses everybody else (its option `bindTo`).
  passport.use(
    new CriteoStrategy({
      ...criteo,
      name: 'criteo-connect',
      callbackURL,
      // This app knows a connection by its portfolio. One that can do without keeps the tokens (the default of `authorize`).
      requireUserProfile: true,
      verify: ({ req, tokens, profile }) =>
        req.user instanceof User && profile && users.connect(req.user, profile, tokens),
    }),
  );

  const signedIn: RequestHandler = (req, res, next) => (userOf(req) ? next() : res.redirect(303, '/'));
  const router = Router();

  // 2. `authorize` instead of `authenticate`: nobody is signed in, so session and `req.user` stay as they are.
  router.get('/criteo-connect', signedIn, passport.authorize('criteo-connect'));

  // 3. And back. In the short form, without a callback of our own, the connection would be in `req.account`.
  router.get(connectCallback, (req, res, next) => {
    const done: AuthorizeCallback = (error: unknown, connection, info) => {
      if (error) return next(error);
      if (!connection) return fail(req, res, refusal(info, view(req).things));
      req.session.notice = 'Criteo is connected.';
      res.redirect('/dashboard');
    };
    passport.authorize('criteo-connect', done)(req, res, next);
  });

  // 4. Disconnecting is the app's own affair: Criteo has no way to give tokens back. Who wants to end the access itself
  // does that at Criteo, and may have to before they can connect the same portfolio again.
  router.post('/disconnect', async (req, res) => {
    const user = userOf(req);
    if (user && (await users.disconnect(user, field(req, 'connection')))) {
      req.session.notice = 'Disconnected: this app has forgotten its tokens. To withdraw access as well, go to Criteo.';
    }
    res.redirect(303, '/dashboard');
  });

  return router;
}
