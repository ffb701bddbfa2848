import connect from 'connect';
import session from 'express-session';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy, consentCallback } from 'passport-criteo';

/** An application at the URL `home`, whose Criteo app is registered as `criteo` says. */
export function createApp(home, secret, { signingSecret, ...criteo }) {
  const app = connect();
  app.use(session({ secret, resave: false, saveUninitialized: false }));
  app.use(passport.session());
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      store: new CookieStateStore({ secret }),
      // Here an application finds or makes its user, and keeps the tokens.
      verify: async ({ profile }) => ({ id: profile.id, name: profile.displayName }),
    }),
  );

  // CookieStateStore sets its cookies on req.res, which Connect does not know; SessionStateStore needs no such thing.
  app.use((req, res, next) => {
    req.res = res;
    next();
  });

  app.use('/criteo-auth', passport.authenticate('criteo'));
  app.use('/criteo-auth/callback', (req, res, next) => {
    const finish = (error, user, info) => {
      if (error) return next(error);
      if (!user) return text(res, 401, `${info.code}: ${info.message}`);
      req.logIn(user, (problem) => (problem ? next(problem) : redirect(res, '/')));
    };
    passport.authenticate('criteo', finish)(req, res, next);
  });

  // Connects Criteo to whoever is signed in, and leaves them signed in.
  const authorize = passport.authorize('criteo', { callbackURL: `${home}/criteo-connect/callback` });
  app.use('/criteo-connect', (req, res, next) => {
    if (!req.isAuthenticated()) return redirect(res, '/criteo-auth');
    authorize(req, res, (error) => {
      if (error) return next(error);
      req.session.connected = [...(req.session.connected ?? []), req.account.name];
      redirect(res, '/');
    });
  });

  // Ahead of any body parser: the signature covers the raw bytes.
  const onConsent = async (event) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) app.use('/criteo-consent', consentCallback({ secret: signingSecret, onConsent }));

  app.use((req, res) => {
    if (!req.user) return text(res, 200, '<a href="/criteo-auth">Sign in with Criteo</a>', 'text/html');
    text(res, 200, JSON.stringify({ user: req.user.name, connected: req.session.connected ?? [] }), 'application/json');
  });
  return app;
}

function text(res, status, body, type = 'text/plain') {
  res.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

function redirect(res, to) {
  res.writeHead(302, { location: to }).end();
}
