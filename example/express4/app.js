const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { CriteoStrategy, consentCallback } = require('passport-criteo');

/** Returns an app at the URL `home`. `criteo` has the settings of the Criteo app. */
exports.createApp = (home, sessionSecret, { signingSecret, ...criteo }) => {
  const app = express();
  // Behind a proxy that ends TLS, Express must trust it: `app.set('trust proxy', 1)`, or no Secure cookie is set.
  const cookie = { httpOnly: true, sameSite: 'lax', secure: home.startsWith('https:') };
  app.use(session({ secret: sessionSecret, resave: false, saveUninitialized: false, cookie }));
  app.use(passport.session());
  // Replace this Map with your database. The session contains the user's id only: not the user, and no tokens.
  const users = new Map();
  passport.serializeUser((user, done) => done(null, user.id));
  passport.deserializeUser((id, done) => done(null, users.get(id) ?? false));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      verify: async ({ profile, tokens }) => {
        if (!profile) return false;
        const user = { id: profile.id, name: profile.displayName, tokens };
        users.set(user.id, user);
        return user;
      },
    }),
  );

  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get('/criteo-auth/callback', (req, res, next) => {
    const finish = (error, user, info) => {
      if (error) return next(error);
      if (!user) {
        // Show the user what happened, and log the code of the failure.
        console.warn(`Criteo login failed: ${info.code}`);
        return res.status(401).type('text').send(`${info.code}: ${info.message}`);
      }
      req.logIn(user, (problem) => (problem ? next(problem) : res.redirect('/')));
    };
    passport.authenticate('criteo', finish)(req, res, next);
  });

  // Connects Criteo to the signed-in user. The session does not change.
  const signedIn = (req, res, next) => (req.isAuthenticated() ? next() : res.redirect('/criteo-auth'));
  const connect = passport.authorize('criteo', { callbackURL: `${home}/criteo-connect/callback` });
  app.get('/criteo-connect', signedIn, connect);
  app.get('/criteo-connect/callback', signedIn, connect, (req, res) => {
    req.session.connected = [...(req.session.connected ?? []), req.account.name];
    res.redirect('/');
  });

  app.get('/', (req, res) => {
    const { user, session } = req;
    if (!user) return res.send('<a href="/criteo-auth">Sign in with Criteo</a>');
    res.json({ user: user.name, connected: session.connected ?? [] });
  });

  // Before any body parser: the signature covers the raw bytes.
  const onConsent = async (event) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) app.use('/criteo-consent', consentCallback({ secret: signingSecret, onConsent }));
  return app;
};
