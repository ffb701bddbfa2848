import { once } from 'node:events';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoClient, CriteoStrategy, TokenSource } from 'passport-criteo';

/**
 * Starts the app: users sign in with Criteo and see their advertisers.
 * @param criteo the app's credentials at Criteo; in tests also the URLs of a sandbox
 */
export async function startApp(criteo, port = 0) {
  const app = express();
  const server = app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;

  // A Map forgets at the end of the process: use your database.
  const tokens = new TokenSource({ client: new CriteoClient(criteo), store: new Map() });
  // An instance for each app, so that a test can start several.
  const authenticator = new passport.Passport();
  authenticator.serializeUser((user, done) => done(null, user));
  authenticator.deserializeUser((user, done) => done(null, user));
  authenticator.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${url}/criteo-auth/callback`,
      verify: async ({ profile, tokens: obtained }) => {
        await tokens.save(profile.id, obtained);
        return { id: profile.id, name: profile.displayName };
      },
    }),
  );

  const cookie = { httpOnly: true, sameSite: 'lax', secure: process.env.NODE_ENV === 'production' };
  app.use(session({ secret: 'for this example only', resave: false, saveUninitialized: false, cookie }));
  app.use(authenticator.session());
  const signIn = authenticator.authenticate('criteo', { failureRedirect: '/?declined' });
  app.get('/criteo-auth', signIn);
  app.get('/criteo-auth/callback', signIn, (_req, res) => res.redirect('/'));

  const link = (text) => `<a href="/criteo-auth">${text}</a>`;
  app.get('/', async (req, res) => {
    const title = 'declined' in req.query ? 'You declined' : 'Welcome';
    if (!req.user) return res.send(`<h1>${title}</h1>${link('Sign in with Criteo')}`);
    const response = await tokens.fetch(req.user.id, '/2026-07/advertisers/me');
    // The user has revoked the consent.
    if (response.status === 403) return res.status(403).send(link('Connect Criteo again'));
    const { data } = await response.json();
    const names = data.map(({ attributes }) => `<li>${escapeHTML(attributes.advertiserName)}</li>`);
    return res.send(`<h1>Hello, ${escapeHTML(req.user.name)}</h1><ul>${names.join('')}</ul>`);
  });

  app.use((error, _req, res, _next) => {
    const text = error.reauthorize ? link('Connect Criteo again') : 'Criteo does not respond. Try again in a minute.';
    res.status(error.status ?? 500).send(text);
  });

  const close = async () => {
    server.close();
    server.closeAllConnections();
    await tokens.close();
  };
  return { url, close };
}

function escapeHTML(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
