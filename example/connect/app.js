import connect from 'connect';
import session from 'express-session';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy, consentCallback } from 'passport-criteo';

/** Returns an app at the URL `home`. `criteo` has the settings of the Criteo app. */
export function createApp(home, secret, { signingSecret, ...criteo }) {
  const app = connect();
  // Behind a proxy that ends TLS, add `proxy: true`: express-session sets no Secure cookie over http.
  const cookie = { httpOnly: true, sameSite: 'lax', secure: home.startsWith('https:') };
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie }));
  app.use(passport.session());
  // Replace this Map with your database. The session contains the user's id only: not the user, and no tokens.
  const users = new Map();
  passport.serializeUser((user, done) => done(null, user.id));
  passport.deserializeUser((id, done) => done(null, users.get(id) ?? false));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      store: new CookieStateStore({ secret }),
      verify: async ({ profile, tokens }) => {
        if (!profile) return false;
        const user = { id: profile.id, name: profile.displayName, tokens };
        users.set(user.id, user);
        return user;
      },
    }),
  );

  // CookieStateStore sets its cookies on req.res, which Connect does not set. SessionStateStore does not need it.
  app.use((req, res, next) => {
    req.res = res;
    next();
  });

  // Connect matches the start of a path: `/criteo-auth` would match the callback too, so it is mounted second.
  app.use('/criteo-auth/callback', (req, res, next) => {
    const finish = (error, user, info) => {
      if (error) return next(error);
      if (!user) return failed(res, info);
      req.logIn(user, (problem) => (problem ? next(problem) : redirect(res, '/')));
    };
    passport.authenticate('criteo', finish)(req, res, next);
  });
  app.use('/criteo-auth', passport.authenticate('criteo'));

  // Connects Criteo to the signed-in user. The session does not change.
  const authorize = passport.authorize('criteo', { callbackURL: `${home}/criteo-connect/callback` });
  app.use('/criteo-connect', (req, res, next) => {
    if (!req.isAuthenticated()) return redirect(res, '/criteo-auth');
    authorize(req, res, (error) => {
      if (error) return next(error);
      req.session.connected = [...(req.session.connected ?? []), req.account.name];
      redirect(res, '/');
    });
  });

  // Before any body parser: the signature covers the raw bytes.
  const onConsent = async (event) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) app.use('/criteo-consent', consentCallback({ secret: signingSecret, onConsent }));

  app.use((req, res) => {
    if (!req.user) return text(res, 200, '<a href="/criteo-auth">Sign in with Criteo</a>', 'text/html');
    text(res, 200, JSON.stringify({ user: req.user.name, connected: req.session.connected ?? [] }), 'application/json');
  });
  return app;
}

/** Shows the user what happened, and logs the code of the failure. */
function failed(res, { code, message }) {
  console.warn(`Criteo login failed: ${code}`);
  text(res, 401, `${code}: ${message}`);
}

function text(res, status, body, type = 'text/plain') {
  res.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

function redirect(res, to) {
  res.writeHead(302, { location: to }).end();
}
