const express = require('express');
const session = require('express-session');
const passport = require('passport');
const { CriteoStrategy, consentCallback } = require('passport-criteo');

/** An application at the URL `home`, whose Criteo app is registered as `criteo` says. */
exports.createApp = (home, sessionSecret, { signingSecret, ...criteo }) => {
  const app = express();
  app.use(session({ secret: sessionSecret, resave: false, saveUninitialized: false }));
  app.use(passport.session());
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      // Here an application finds or makes its user, and keeps the tokens.
      verify: async ({ profile }) => ({ id: profile.id, name: profile.displayName }),
    }),
  );

  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get('/criteo-auth/callback', (req, res, next) => {
    const finish = (error, user, info) => {
      if (error) return next(error);
      if (!user) return res.status(401).type('text').send(`${info.code}: ${info.message}`);
      req.logIn(user, (problem) => (problem ? next(problem) : res.redirect('/')));
    };
    passport.authenticate('criteo', finish)(req, res, next);
  });

  // Connects Criteo to whoever is signed in, and leaves them signed in.
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

  // Ahead of any body parser: the signature covers the raw bytes.
  const onConsent = async (event) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) app.use('/criteo-consent', consentCallback({ secret: signingSecret, onConsent }));
  return app;
};
